//! Commands for administrators.

use super::{About, Ask, Made, Mistake, Typed, existing, moderation::user_and_reason, new_nick, split_word};
use crate::{
    names::{Network, Nick, Room},
    text::Text,
};

/// The longest notice of a shutdown, in seconds: a day.
const LONGEST_NOTICE: u64 = 24 * 60 * 60;

/// The longest ban that ends, in minutes: ten years.
const LONGEST_BAN: u64 = 10 * 365 * 24 * 60;

/// What an administrator asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Administration {
    /// Stop the server.
    ShutDown {
        /// The notice in seconds.
        seconds: u64,
    },
    /// Cancel a shutdown.
    CancelShutdown,
    /// Send a message to every room.
    Broadcast(Text),
    /// List all users, or those of one room.
    ListAll(Option<Room>),
    /// Change a user's nickname.
    ForceRename {
        /// The nickname until now.
        old: Nick,
        /// The nickname from now on.
        new: Nick,
    },
    /// Disconnect a user.
    Disconnect {
        /// The user's nickname.
        user: Nick,
        /// What the user and the room are told as the reason.
        reason: Option<Text>,
    },
    /// Ban a network, and disconnect the users from there.
    BanNetwork {
        /// An address or a network.
        network: Network,
        /// The time in minutes; `None` means until it is lifted.
        minutes: Option<u64>,
    },
    /// Lift the ban of a network.
    UnbanNetwork(Network),
    /// List the banned networks.
    ListNetworkBans,
}

pub(super) fn shut_down(typed: &Typed<'_>) -> Result<Made, Mistake> {
    let seconds = match typed.rest.trim_end() {
        "" => 0,
        word if word.eq_ignore_ascii_case("cancel") => {
            return Ok(Ask::Administer(Administration::CancelShutdown).into());
        }
        seconds => number(typed, seconds, 0, LONGEST_NOTICE)?,
    };
    Ok(Ask::Administer(Administration::ShutDown { seconds }).about(About::Seconds(seconds)))
}

pub(super) fn broadcast(typed: &Typed<'_>) -> Result<Made, Mistake> {
    typed.speech().map(|text| Ask::Administer(Administration::Broadcast(text)).into())
}

pub(super) fn list_all(typed: &Typed<'_>) -> Result<Made, Mistake> {
    let Ok(room) = typed.name() else { return Ok(Ask::Administer(Administration::ListAll(None)).into()) };
    let room = Room::new(room).map_err(|_| Mistake::InvalidRoom)?;
    Ok(Ask::Administer(Administration::ListAll(Some(room))).about(room))
}

pub(super) fn force_rename(typed: &Typed<'_>) -> Result<Made, Mistake> {
    let (old, new) = split_word(typed.name()?);
    if new.is_empty() {
        return Err(typed.usage());
    }
    let (old, new) = (existing(old)?, new_nick(new)?);
    Ok(Ask::Administer(Administration::ForceRename { old, new }).about(old))
}

pub(super) fn disconnect(typed: &Typed<'_>) -> Result<Made, Mistake> {
    let (user, reason) = user_and_reason(typed)?;
    Ok(Ask::Administer(Administration::Disconnect { user, reason }).about(user))
}

pub(super) fn ban_network(typed: &Typed<'_>) -> Result<Made, Mistake> {
    let (network, minutes) = split_word(typed.name()?);
    let minutes = match minutes {
        "" => None,
        minutes => Some(number(typed, minutes, 1, LONGEST_BAN)?),
    };
    let network = parse(network)?;
    Ok(Ask::Administer(Administration::BanNetwork { network, minutes }).about(network))
}

pub(super) fn unban_network(typed: &Typed<'_>) -> Result<Made, Mistake> {
    let Ok(network) = typed.name() else {
        return Ok(Ask::Administer(Administration::ListNetworkBans).into());
    };
    let network = parse(network)?;
    Ok(Ask::Administer(Administration::UnbanNetwork(network)).about(network))
}

fn parse(network: &str) -> Result<Network, Mistake> {
    Network::new(network).ok_or(Mistake::InvalidNetwork)
}

fn number(typed: &Typed<'_>, number: &str, min: u64, max: u64) -> Result<u64, Mistake> {
    let number = number.parse().map_err(|_| typed.usage())?;
    if (min..=max).contains(&number) { Ok(number) } else { Err(Mistake::OutOfRange { min, max }) }
}

#[cfg(test)]
mod tests {
    use super::{super::Verb, *};

    #[track_caller]
    fn check(verb: &str, rest: &str, expected: Administration) {
        let verb = Verb::find(verb).expect("the table has it");
        assert_eq!(verb.command(rest, 1000).ask, Ask::Administer(expected));
    }

    #[track_caller]
    fn check_mistake(verb: &str, rest: &str, expected: Mistake) {
        let verb = Verb::find(verb).expect("the table has it");
        assert_eq!(verb.command(rest, 1000).ask, Ask::Mistake(expected));
    }

    fn usage(verb: &str) -> Mistake {
        Mistake::Usage(Verb::find(verb).expect("the table has it"))
    }

    #[test]
    fn a_shutdown_is_now_or_in_some_seconds_or_not_at_all() {
        check("shutdown", "", Administration::ShutDown { seconds: 0 });
        check("shutdown", "60 ", Administration::ShutDown { seconds: 60 });
        check("shutdown", "Cancel", Administration::CancelShutdown);
        check_mistake("shutdown", "soon", usage("shutdown"));
        check_mistake("shutdown", "-1", usage("shutdown"));
        check_mistake("shutdown", "86401", Mistake::OutOfRange { min: 0, max: 86400 });
    }

    #[test]
    fn a_network_is_banned_for_ever_or_for_some_minutes() {
        let network = Network::new("192.0.2.0/24").unwrap();
        check("banip", "192.0.2.7/24", Administration::BanNetwork { network, minutes: None });
        check("banip", "192.0.2.0/24  5", Administration::BanNetwork { network, minutes: Some(5) });
        check_mistake("banip", "192.0.2.0/24 0", Mistake::OutOfRange { min: 1, max: 5_256_000 });
        check_mistake("banip", "192.0.2.0/24 soon", usage("banip"));
        check_mistake("banip", "bob", Mistake::InvalidNetwork);
        check("unbanip", "", Administration::ListNetworkBans);
        check("unbanip", "192.0.2.0/24", Administration::UnbanNetwork(network));
    }

    #[test]
    fn a_forced_nickname_obeys_the_rule() {
        let nick = |name| Nick::new(name).unwrap();
        check("forcerename", "bob  rob ", Administration::ForceRename { old: nick("bob"), new: nick("rob") });
        check_mistake("forcerename", "bob", usage("forcerename"));
        check_mistake("forcerename", "bob a b", Mistake::InvalidNick);
        check_mistake("forcerename", "bob server", Mistake::ReservedNick(nick("server")));
    }
}
