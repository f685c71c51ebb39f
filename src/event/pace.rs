//! What is said to those who go too fast, and about those who may say nothing.

use std::{fmt, time::Duration};

use super::Event;
use crate::names::Nick;

/// An answer about limits and mutes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PaceEvent {
    /// You have said too much at once.
    TooFast,
    /// You may say nothing for so long.
    Muted(Duration),
    /// You have had too many nicknames; for so long no new one.
    TooManyNicknames(Duration),
    /// You have been in too many rooms; for so long no other one.
    TooManyMoves(Duration),
    /// You have whispered to too many people who do not know you; for so long to no other one.
    TooManyStrangers(Duration),
    /// You offer files too fast: try again after so long.
    TooManyOffers(Duration),
    /// An administrator has muted you.
    MutedBy {
        /// Who.
        by: Nick,
        /// For how long.
        time: Duration,
    },
    /// An administrator has lifted your mute.
    UnmutedBy(Nick),
    /// You have muted somebody.
    MutedUser {
        /// Whom.
        user: Nick,
        /// For how long.
        time: Duration,
    },
    /// You have lifted somebody's mute.
    UnmutedUser(Nick),
    /// There was no mute to lift.
    NotMuted(Nick),
    /// An administrator cannot be muted.
    MutingAdministrator,
    /// Who is muted, and for how long.
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
            Self::Muted(left) => write!(f, "You are muted for {} more seconds.", seconds(*left)),
            Self::TooManyNicknames(wait) => too_often(f, "You change nicknames", *wait),
            Self::TooManyMoves(wait) => too_often(f, "You change rooms", *wait),
            Self::TooManyOffers(wait) => too_often(f, "You offer files", *wait),
            Self::TooManyStrangers(wait) => too_often(f, "You whisper to strangers", *wait),
            Self::MutedBy { by, time } => write!(f, "{by} has muted you for {} seconds.", seconds(*time)),
            Self::UnmutedBy(by) => write!(f, "{by} has lifted your mute."),
            Self::MutedUser { user, time } => {
                write!(f, "User '{user}' is muted for {} seconds.", seconds(*time))
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
        return f.write_str("Nobody is muted.");
    }
    f.write_str("Muted users: ")?;
    for (i, (nick, left)) in muted.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        write!(f, "{comma}{nick} ({} s)", seconds(*left))?;
    }
    Ok(())
}

/// Rounded up: who waits for so many seconds has waited long enough.
pub(super) fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
