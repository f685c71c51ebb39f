//! What people are told about the orders of administrators.

use std::{fmt, net::SocketAddr, time::Duration};

use super::{Event, Rough, moderation::Reason};
use crate::{
    names::{Network, Nick, Room},
    text::Text,
};

/// Something about the administration of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Administered {
    /// To everybody in every room.
    Announcement {
        /// Who says it.
        by: Nick,
        /// What.
        text: Text,
    },
    /// To everybody: the server will stop.
    ShuttingDownIn(Duration),
    /// To everybody: it will not, after all.
    ShutdownCalledOff {
        /// Who decided that.
        by: Nick,
    },
    /// Nobody was going to stop it.
    NoShutdown,
    /// Who is here.
    Clients(Roster),
    /// Somebody has looked at that list; this is only noted.
    ClientsListed {
        /// Who has.
        by: Nick,
    },
    /// To a client: its nickname was changed.
    RenamedYou {
        /// Who did it.
        by: Nick,
    },
    /// Somebody's nickname was changed.
    Renamed {
        /// Who did it.
        by: Nick,
        /// The nickname until now.
        old: Nick,
        /// The nickname from now on.
        new: Nick,
    },
    /// To a client: this is the end.
    DisconnectedYou {
        /// Who decided that.
        by: Nick,
        /// Why, if it was said.
        reason: Option<Text>,
    },
    /// To the room: somebody is hung up on.
    Disconnected {
        /// Who decided that.
        by: Nick,
        /// Who.
        nick: Nick,
        /// Why, if it was said.
        reason: Option<Text>,
    },
    /// Whoever hangs up on oneself means `/quit`.
    Oneself,
    /// To a client, or to somebody who would have been one: nobody from there is let in.
    AddressBanned,
    /// Nobody from a network is let in.
    NetworkBanned {
        /// Which.
        network: Network,
        /// For how long; for ever if `None`.
        time: Option<Duration>,
        /// How many were here.
        disconnected: usize,
    },
    /// They are let in again.
    NetworkUnbanned(Network),
    /// They are let in already.
    NetworkNotBanned(Network),
    /// The networks that are banned.
    NetworkBans(Vec<NetworkBanned>),
    /// Somebody has looked at that list; this is only noted.
    NetworkBansListed {
        /// Who has.
        by: Nick,
    },
    /// The machine itself cannot be banned.
    Loopback(Network),
    /// An administrator cannot be banned.
    AdministratorThere(Network),
    /// No more networks can be banned.
    TooManyNetworks {
        /// How many can.
        max: usize,
    },
}

/// Who is here: the first of them, room by room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// The first of them.
    pub shown: Vec<Row>,
    /// How many there are.
    pub total: usize,
}

/// One client, as an administrator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is called.
    pub nick: Nick,
    /// Where it is.
    pub room: Room,
    /// Where it comes from.
    pub address: SocketAddr,
    /// Time since it connected.
    pub connected: Duration,
    /// Time since it last asked for anything.
    pub idle: Duration,
    /// Bytes that wait because it does not read.
    pub queued: u64,
}

/// One ban of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkBanned {
    /// Which.
    pub network: Network,
    /// Who banned it.
    pub by: Nick,
    /// How long it is still banned; for ever if `None`.
    pub left: Option<Duration>,
}

impl From<Administered> for Event {
    fn from(administered: Administered) -> Self {
        Self::Administered(administered)
    }
}

impl fmt::Display for Administered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Announcement { by, text } => write!(f, "Announcement from {by}: {text}"),
            Self::ShuttingDownIn(left) => write!(f, "Server shutting down in {}.", Notice(*left)),
            Self::ShutdownCalledOff { by } => write!(f, "{by} has called the shutdown off."),
            Self::NoShutdown => f.write_str("No shutdown was announced."),
            Self::Clients(roster) => roster.fmt(f),
            Self::ClientsListed { by } => write!(f, "{by} has listed the clients."),
            Self::RenamedYou { by } => write!(f, "{by} has changed your nickname."),
            Self::Renamed { by, old, new } => write!(f, "{by} has renamed {old} to {new}."),
            Self::DisconnectedYou { by, reason } => {
                write!(f, "Disconnected by {by}{}", Reason(reason.as_ref()))
            }
            Self::Disconnected { by, nick, reason } => {
                write!(f, "{by} has disconnected {nick}{}", Reason(reason.as_ref()))
            }
            Self::Oneself => f.write_str("You cannot disconnect yourself; /quit does."),
            Self::AddressBanned => f.write_str("Your address is banned."),
            Self::NetworkBanned { network, time, disconnected } => {
                let for_long = Left(*time);
                write!(f, "{network} is banned {for_long}; {disconnected} were connected from there.")
            }
            Self::NetworkUnbanned(network) => write!(f, "{network} is no longer banned."),
            Self::NetworkNotBanned(network) => write!(f, "{network} is not banned; /unbanip lists what is."),
            Self::NetworkBans(bans) => list_networks(f, bans),
            Self::NetworkBansListed { by } => write!(f, "{by} has listed the banned networks."),
            Self::Loopback(network) => write!(f, "{network} cannot be banned: this machine is in it."),
            Self::AdministratorThere(network) => {
                write!(f, "{network} cannot be banned: an administrator is connected from there.")
            }
            Self::TooManyNetworks { max } => {
                write!(f, "{max} networks are banned already; lift one first (/unbanip).")
            }
        }
    }
}

impl fmt::Display for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shown, total } = self;
        write!(f, "Clients: {total}")?;
        for Row { nick, room, address, connected, idle, queued } in shown {
            let (connected, idle) = (Rough(*connected), Rough(*idle));
            write!(f, "\n{nick} in '{room}' from {address}, connected for {connected}, idle for {idle}")?;
            write!(f, ", {queued} bytes queued")?;
        }
        match total - shown.len() {
            0 => Ok(()),
            more => write!(f, "\nand {more} more; /listall <room> lists one room"),
        }
    }
}

fn list_networks(f: &mut fmt::Formatter<'_>, bans: &[NetworkBanned]) -> fmt::Result {
    if bans.is_empty() {
        return f.write_str("No address is banned.");
    }
    write!(f, "Banned networks: {}", bans.len())?;
    bans.iter().try_for_each(|NetworkBanned { network, by, left }| {
        write!(f, "\n{network}, by {by}, {}", Left(*left))
    })
}

/// How long something still holds.
struct Left(Option<Duration>);

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(left) => write!(f, "for {}", Rough(left)),
            None => f.write_str("until it is lifted"),
        }
    }
}

/// A time that is counted down, exactly: `90 seconds`, `2 minutes`.
struct Notice(Duration);

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self.0.as_secs() {
            s if s >= 3600 && s.is_multiple_of(3600) => (s / 3600, "hour"),
            s if s >= 60 && s.is_multiple_of(60) => (s / 60, "minute"),
            s => (s, "second"),
        };
        let plural = if number == 1 { "" } else { "s" };
        write!(f, "{number} {unit}{plural}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_exact() {
        let told = |seconds| Notice(Duration::from_secs(seconds)).to_string();
        assert_eq!([told(1), told(60), told(90)], ["1 second", "1 minute", "90 seconds"]);
        assert_eq!([told(600), told(3600), told(86400)], ["10 minutes", "1 hour", "24 hours"]);
    }
}
