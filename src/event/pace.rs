//! What users are told about rate limits and mutes.

use std::{fmt, time::Duration};

use super::{Event, watched::Count};
use crate::names::Nick;

/// An answer about rate limits and mutes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PaceEvent {
    /// The first message over the limit; the next one mutes its sender.
    TooFast,
    /// The client is muted for this much longer.
    Muted(Duration),
    /// The client may not change its nickname again for this long.
    TooManyNicknames(Duration),
    /// The client may not enter another room for this long.
    TooManyMoves(Duration),
    /// The client may not whisper for this long to users who have not whispered to it.
    TooManyStrangers(Duration),
    /// The client may not offer another file for this long.
    TooManyOffers(Duration),
    /// No client of this address may create another room for this long.
    TooManyRooms(Duration),
    /// For this long, no other room gets a first topic, ban or registered moderator from this address.
    TooManyLasting(Duration),
    /// No client of this address may connect for this long.
    TooManyArrivals(Duration),
    /// The address has as many connections as it may.
    TooManyConnections,
    /// Tells a client that this administrator has muted it for this long.
    MutedBy(Nick, Duration),
    /// Tells a client that this administrator has lifted its mute.
    UnmutedBy(Nick),
    /// Confirms to the administrator that this user is muted for this long.
    MutedUser(Nick, Duration),
    /// Confirms to the administrator that the mute is lifted.
    UnmutedUser(Nick),
    /// The user is not muted.
    NotMuted(Nick),
    /// Administrators cannot be muted.
    MutingAdministrator,
    /// The muted users, with the time that each mute still lasts.
    MutedUsers(Vec<(Nick, Duration)>),
}

impl From<PaceEvent> for Event {
    fn from(event: PaceEvent) -> Self {
        Self::Pace(event)
    }
}

impl fmt::Display for PaceEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFast => f.write_str("Rate limit exceeded. Slow down."),
            Self::Muted(left) => write!(f, "You are muted for {}.", Count(seconds(*left), "more second")),
            Self::TooManyNicknames(wait) => too_often(f, "You are changing nicknames", *wait),
            Self::TooManyMoves(wait) => too_often(f, "You are changing rooms", *wait),
            Self::TooManyOffers(wait) => too_often(f, "You are offering files", *wait),
            Self::TooManyStrangers(wait) => too_often(f, "You are whispering to strangers", *wait),
            Self::TooManyRooms(wait) => too_often(f, "Rooms are being created from your address", *wait),
            Self::TooManyLasting(wait) => {
                too_often(f, "Rooms are being given topics, bans or moderators from your address", *wait)
            }
            Self::TooManyArrivals(wait) => too_often(f, "Your address is connecting", *wait),
            Self::TooManyConnections => f.write_str("Too many connections from your address."),
            Self::MutedBy(by, time) => {
                write!(f, "{by} has muted you for {}.", Count(seconds(*time), "second"))
            }
            Self::UnmutedBy(by) => write!(f, "{by} has lifted your mute."),
            Self::MutedUser(user, time) => {
                write!(f, "User '{user}' is muted for {}.", Count(seconds(*time), "second"))
            }
            Self::UnmutedUser(user) => write!(f, "User '{user}' is no longer muted."),
            Self::NotMuted(user) => write!(f, "User '{user}' is not muted."),
            Self::MutingAdministrator => f.write_str("You cannot mute an administrator."),
            Self::MutedUsers(muted) => muted_users(f, muted),
        }
    }
}

fn too_often(f: &mut fmt::Formatter<'_>, what: &str, wait: Duration) -> fmt::Result {
    write!(f, "{what} too often. Try again in {} s.", seconds(wait))
}

fn muted_users(f: &mut fmt::Formatter<'_>, muted: &[(Nick, Duration)]) -> fmt::Result {
    if muted.is_empty() {
        return f.write_str("No users are muted.");
    }
    f.write_str("Muted users: ")?;
    super::list(f, muted.iter().map(|(nick, left)| format!("{nick} ({} s)", seconds(*left))))
}

/// Rounds up, so that a user who waits for that many seconds has waited long enough.
pub(super) fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
