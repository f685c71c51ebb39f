//! Commands for administrators.

use std::{ops::RangeInclusive, time::Duration};

use super::{Ask, Mistake, Typed, existing, moderation::user_and_reason, new_nick, split_word};
use crate::{
    names::{Network, Nick, Room},
    text::Text,
};

/// The longest notice of a shutdown, in seconds: a day.
const LONGEST_NOTICE: u64 = 24 * 60 * 60;

/// The longest ban that ends, in minutes: ten years.
const LONGEST_BAN: u64 = 10 * 365 * 24 * 60;

/// The longest mute, in seconds: a week. For longer, there are bans.
const LONGEST_MUTE: u64 = 7 * 24 * 3600;

/// What an administrator asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Administration {
    /// Stop the server after this notice.
    ShutDown(Duration),
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
    /// Disconnect a user; the user and the room are told the reason.
    Disconnect(Nick, Option<Text>),
    /// Ban a network for this time, or until it is lifted, and disconnect the users from there.
    BanNetwork(Network, Option<Duration>),
    /// Lift the ban of a network.
    UnbanNetwork(Network),
    /// List the banned networks.
    ListNetworkBans,
}

/// What an administrator asks about mutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MutingCommand {
    /// List who is muted.
    List,
    /// Mute a user for this time, or for the usual one.
    Mute(Nick, Option<Duration>),
    /// Let a muted user speak again.
    Unmute(Nick),
}

pub(super) fn shut_down(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let order = match typed.rest.trim_end() {
        "" => Administration::ShutDown(Duration::ZERO),
        word if word.eq_ignore_ascii_case("cancel") => Administration::CancelShutdown,
        seconds => Administration::ShutDown(Duration::from_secs(number(typed, seconds, 0..=LONGEST_NOTICE)?)),
    };
    Ok(Ask::Administer(order))
}

pub(super) fn list_all(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let room = typed.name().ok().map(Room::new).transpose().map_err(|_| Mistake::InvalidRoom)?;
    Ok(Ask::Administer(Administration::ListAll(room)))
}

pub(super) fn force_rename(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let (old, new) = typed.two_words()?;
    let (old, new) = (existing(old)?, new_nick(new)?);
    Ok(Ask::Administer(Administration::ForceRename { old, new }))
}

pub(super) fn disconnect(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let (user, reason) = user_and_reason(typed)?;
    Ok(Ask::Administer(Administration::Disconnect(user, reason)))
}

pub(super) fn ban_network(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let (network, minutes) = split_word(typed.name()?);
    let time = match minutes {
        "" => None,
        minutes => Some(Duration::from_secs(number(typed, minutes, 1..=LONGEST_BAN)? * 60)),
    };
    Ok(Ask::Administer(Administration::BanNetwork(parse(network)?, time)))
}

pub(super) fn unban_network(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let network = typed.name().ok().map(parse).transpose()?;
    Ok(Ask::Administer(network.map_or(Administration::ListNetworkBans, Administration::UnbanNetwork)))
}

pub(super) fn mute(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let (user, seconds) = split_word(typed.name()?);
    let time = match seconds {
        "" => None,
        seconds => match seconds.parse() {
            Ok(seconds @ 1..=LONGEST_MUTE) => Some(Duration::from_secs(seconds)),
            _ => return Err(typed.usage()),
        },
    };
    Ok(Ask::Muting(MutingCommand::Mute(existing(user)?, time)))
}

fn parse(network: &str) -> Result<Network, Mistake> {
    Network::new(network).ok_or(Mistake::InvalidNetwork)
}

fn number(typed: &Typed<'_>, number: &str, range: RangeInclusive<u64>) -> Result<u64, Mistake> {
    let number = number.parse().map_err(|_| typed.usage())?;
    if range.contains(&number) { Ok(number) } else { Err(Mistake::OutOfRange(range)) }
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
        check("shutdown", "", Administration::ShutDown(Duration::ZERO));
        check("shutdown", "60 ", Administration::ShutDown(Duration::from_secs(60)));
        check("shutdown", "Cancel", Administration::CancelShutdown);
        check_mistake("shutdown", "soon", usage("shutdown"));
        check_mistake("shutdown", "-1", usage("shutdown"));
        check_mistake("shutdown", "86401", Mistake::OutOfRange(0..=86400));
    }

    #[test]
    fn a_network_is_banned_for_ever_or_for_some_minutes() {
        let network = Network::new("192.0.2.0/24").unwrap();
        check("banip", "192.0.2.7/24", Administration::BanNetwork(network, None));
        check(
            "banip",
            "192.0.2.0/24  5",
            Administration::BanNetwork(network, Some(Duration::from_secs(300))),
        );
        check_mistake("banip", "192.0.2.0/24 0", Mistake::OutOfRange(1..=5_256_000));
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
