//! Commands of those who run the server.

use super::{Command, Mistake, Typed, existing, moderation::user_and_reason, new_nick, split_word};
use crate::{
    names::{Network, Nick, Room},
    text::Text,
};

/// The longest notice of a shutdown, in seconds: a day.
const LONGEST_NOTICE: u64 = 24 * 60 * 60;

/// The longest ban that ends, in minutes: ten years. Whoever means longer means for ever.
const LONGEST_BAN: u64 = 10 * 365 * 24 * 60;

/// What an administrator asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Administration {
    /// Stop the server, in so many seconds.
    ShutDown {
        /// In how many.
        seconds: u64,
    },
    /// Do not stop it after all.
    CallShutdownOff,
    /// Say something to everybody in every room.
    Announce(Text),
    /// List who is here, or who is in one room.
    ListAll(Option<Room>),
    /// Give somebody another nickname.
    ForceRename {
        /// Whom.
        old: Nick,
        /// Which.
        new: Nick,
    },
    /// Hang up on somebody.
    Disconnect {
        /// On whom.
        user: Nick,
        /// Why, if it is said.
        reason: Option<Text>,
    },
    /// Let nobody from a network in.
    BanNetwork {
        /// Which.
        network: Network,
        /// For how many minutes; for ever if `None`.
        minutes: Option<u64>,
    },
    /// Let them in again.
    UnbanNetwork(Network),
    /// Which networks are banned?
    ListNetworkBans,
}

pub(super) fn shut_down(typed: &Typed<'_>) -> Result<Command, Mistake> {
    let order = match typed.rest.trim_end() {
        "" => Administration::ShutDown { seconds: 0 },
        word if word.eq_ignore_ascii_case("cancel") => Administration::CallShutdownOff,
        seconds => Administration::ShutDown { seconds: number(typed, seconds, 0, LONGEST_NOTICE)? },
    };
    Ok(Command::Administer(order))
}

pub(super) fn announce(typed: &Typed<'_>) -> Result<Command, Mistake> {
    typed.speech().map(|text| Command::Administer(Administration::Announce(text)))
}

pub(super) fn list_all(typed: &Typed<'_>) -> Result<Command, Mistake> {
    let room = match typed.name() {
        Ok(room) => Some(Room::new(room).map_err(|_| Mistake::InvalidRoom)?),
        Err(_) => None,
    };
    Ok(Command::Administer(Administration::ListAll(room)))
}

pub(super) fn force_rename(typed: &Typed<'_>) -> Result<Command, Mistake> {
    let (old, new) = split_word(typed.name()?);
    if new.is_empty() {
        return Err(typed.usage());
    }
    Ok(Command::Administer(Administration::ForceRename { old: existing(old)?, new: new_nick(new)? }))
}

pub(super) fn disconnect(typed: &Typed<'_>) -> Result<Command, Mistake> {
    let (user, reason) = user_and_reason(typed)?;
    Ok(Command::Administer(Administration::Disconnect { user, reason }))
}

pub(super) fn ban_network(typed: &Typed<'_>) -> Result<Command, Mistake> {
    let (network, minutes) = split_word(typed.name()?);
    let minutes = match minutes {
        "" => None,
        minutes => Some(number(typed, minutes, 1, LONGEST_BAN)?),
    };
    Ok(Command::Administer(Administration::BanNetwork { network: parse(network)?, minutes }))
}

pub(super) fn unban_network(typed: &Typed<'_>) -> Result<Command, Mistake> {
    let order = match typed.name() {
        Ok(network) => Administration::UnbanNetwork(parse(network)?),
        Err(_) => Administration::ListNetworkBans,
    };
    Ok(Command::Administer(order))
}

fn parse(network: &str) -> Result<Network, Mistake> {
    Network::new(network).map_err(|_| Mistake::InvalidNetwork)
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
        assert_eq!(verb.command(rest, 1000), Command::Administer(expected));
    }

    #[track_caller]
    fn check_mistake(verb: &str, rest: &str, expected: Mistake) {
        let verb = Verb::find(verb).expect("the table has it");
        assert_eq!(verb.command(rest, 1000), Command::Mistake(expected));
    }

    fn usage(verb: &str) -> Mistake {
        Mistake::Usage(Verb::find(verb).expect("the table has it"))
    }

    #[test]
    fn a_shutdown_is_now_or_in_some_seconds_or_not_at_all() {
        check("shutdown", "", Administration::ShutDown { seconds: 0 });
        check("shutdown", "60 ", Administration::ShutDown { seconds: 60 });
        check("shutdown", "Cancel", Administration::CallShutdownOff);
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
