//! What users are told about the commands of administrators.

use std::{fmt, time::Duration};

use super::{Event, Listing, Rough, moderation::Reason, watched::Count};
use crate::{
    names::{Network, Nick, Peer, Room},
    text::Text,
};

/// Something about the administration of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Administered {
    /// Only an administrator may use this command.
    NotAdministrator,
    /// A message from this administrator to every room.
    Announcement(Nick, Text),
    /// Tells everyone that the server stops after this time.
    ShuttingDownIn(Duration),
    /// Tells everyone that this administrator has cancelled the shutdown.
    ShutdownCalledOff(Nick),
    /// There is no shutdown to cancel.
    NoShutdown,
    /// The connected clients, room by room.
    Clients(Listing<Row>),
    /// This administrator has listed the clients; this goes only to the log.
    ClientsListed(Nick),
    /// Tells a client that this administrator has changed its nickname.
    RenamedYou(Nick),
    /// A user's nickname was changed.
    Renamed {
        /// The administrator who changed it.
        by: Nick,
        /// The previous nickname.
        old: Nick,
        /// The new nickname.
        new: Nick,
    },
    /// The last sentence to a client that this administrator disconnects, for this reason.
    DisconnectedYou(Nick, Option<Text>),
    /// Tells the room that a user is disconnected.
    Disconnected {
        /// The administrator who disconnects the user.
        by: Nick,
        /// The user.
        nick: Nick,
        /// The reason, if one was given.
        reason: Option<Text>,
    },
    /// Administrators cannot disconnect themselves.
    Yourself,
    /// The last sentence to a client whose address is banned, or the only one if it connects from there.
    AddressBanned,
    /// A network is banned.
    NetworkBanned {
        /// The network.
        network: Network,
        /// How long the ban lasts; `None` if it has no end.
        time: Option<Duration>,
        /// How many clients were disconnected.
        disconnected: usize,
    },
    /// The ban of a network is lifted.
    NetworkUnbanned(Network),
    /// There is no ban of this network to lift.
    NetworkNotBanned(Network),
    /// The banned networks, who banned each, and how much longer the ban lasts; `None` if it has no end.
    NetworkBans(Vec<(Network, Nick, Option<Duration>)>),
    /// This administrator has listed the banned networks; this goes only to the log.
    NetworkBansListed(Nick),
    /// A network that includes the server's own machine cannot be banned.
    Loopback(Network),
    /// A network from which an administrator is connected cannot be banned.
    AdministratorThere(Network),
    /// The server holds as many bans as it may, which is this number.
    TooManyNetworks(usize),
}

/// One client, as an administrator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The client's nickname.
    pub nick: Nick,
    /// The room the client is in.
    pub room: Room,
    /// The address the client connected from.
    pub peer: Peer,
    /// The scheme of the wire that the client has come by.
    pub wire: &'static str,
    /// Time since the client connected.
    pub connected: Duration,
    /// Time since the client's last command.
    pub idle: Duration,
    /// Bytes in the client's outbox.
    pub queued: u64,
}

impl From<Administered> for Event {
    fn from(administered: Administered) -> Self {
        Self::Administered(administered)
    }
}

impl fmt::Display for Administered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAdministrator => f.write_str("Admin privileges required."),
            Self::Announcement(by, text) => write!(f, "Announcement from {by}: {text}"),
            Self::ShuttingDownIn(time) => write!(f, "Server shutting down in {}.", notice(*time)),
            Self::ShutdownCalledOff(by) => write!(f, "{by} has cancelled the shutdown."),
            Self::NoShutdown => f.write_str("There is no shutdown to cancel."),
            Self::Clients(clients) => list_clients(f, clients),
            Self::ClientsListed(by) => write!(f, "{by} has listed the clients."),
            Self::RenamedYou(by) => write!(f, "{by} has changed your nickname."),
            Self::Renamed { by, old, new } => write!(f, "{by} has renamed {old} to {new}."),
            Self::DisconnectedYou(by, reason) => write!(f, "Disconnected by {by}{}", Reason(reason)),
            Self::Disconnected { by, nick, reason } => {
                write!(f, "{by} has disconnected {nick}{}", Reason(reason))
            }
            Self::Yourself => f.write_str("You cannot disconnect yourself. Use /quit to leave."),
            Self::AddressBanned => f.write_str("Your address is banned."),
            Self::NetworkBanned { network, time, disconnected } => {
                write!(f, "{network} is banned {}. Clients disconnected: {disconnected}.", left(*time))
            }
            Self::NetworkUnbanned(network) => write!(f, "{network} is no longer banned."),
            Self::NetworkNotBanned(network) => {
                write!(f, "{network} is not banned. Use /unbanip to list the banned networks.")
            }
            Self::NetworkBans(bans) => list_networks(f, bans),
            Self::NetworkBansListed(by) => write!(f, "{by} has listed the banned networks."),
            Self::Loopback(network) => write!(f, "{network} cannot be banned: it includes this machine."),
            Self::AdministratorThere(network) => {
                write!(f, "{network} cannot be banned: an administrator is connected from there.")
            }
            Self::TooManyNetworks(max) => {
                write!(f, "{max} networks are already banned. Lift a ban first with /unbanip.")
            }
        }
    }
}

fn list_clients(f: &mut fmt::Formatter<'_>, Listing { names, more }: &Listing<Row>) -> fmt::Result {
    write!(f, "Clients: {}", names.len() + more)?;
    for Row { nick, room, peer, wire, connected, idle, queued } in names {
        let (connected, idle) = (Rough(*connected), Rough(*idle));
        write!(
            f,
            "\n{nick} in '{room}' from {peer} over {wire}, connected for {connected}, idle for {idle}"
        )?;
        write!(f, ", {} queued", Count(*queued, "byte"))?;
    }
    match more {
        0 => Ok(()),
        more => write!(f, "\nand {more} more. Use /listall <room> to list one room."),
    }
}

fn list_networks(f: &mut fmt::Formatter<'_>, bans: &[(Network, Nick, Option<Duration>)]) -> fmt::Result {
    if bans.is_empty() {
        return f.write_str("No networks are banned.");
    }
    write!(f, "Banned networks: {}", bans.len())?;
    bans.iter().try_for_each(|(network, by, time)| write!(f, "\n{network}, by {by}, {}", left(*time)))
}

/// How long a ban still lasts.
fn left(time: Option<Duration>) -> String {
    time.map_or("until it is lifted".into(), |time| format!("for {}", Rough(time)))
}

/// A duration in the largest unit that is exact: `90 seconds`, `2 minutes`.
fn notice(time: Duration) -> Count {
    match time.as_secs() {
        s if s >= 3600 && s.is_multiple_of(3600) => Count(s / 3600, "hour"),
        s if s >= 60 && s.is_multiple_of(60) => Count(s / 60, "minute"),
        s => Count(s, "second"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_exact() {
        let told = |seconds| notice(Duration::from_secs(seconds)).to_string();
        assert_eq!([told(1), told(60), told(90)], ["1 second", "1 minute", "90 seconds"]);
        assert_eq!([told(600), told(3600), told(86400)], ["10 minutes", "1 hour", "24 hours"]);
    }
}
