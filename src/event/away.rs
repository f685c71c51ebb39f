//! What users are told about being away.

use std::fmt;

use super::{Event, moderation::Reason};
use crate::{names::Nick, text::Text};

/// Something about a user who is away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwayEvent {
    /// Confirms `/away`.
    Begun(Away),
    /// The client has said something, and so is back.
    Ended,
    /// To a client that has whispered to a user who is away.
    IsAway(Nick, Away),
}

/// A user who is away, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Away {
    /// What the user gave as the reason.
    pub reason: Option<Text>,
}

/// A member of a room, as `/users` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The member's nickname.
    pub nick: Nick,
    /// Whether the member is away.
    pub is_away: bool,
}

impl From<AwayEvent> for Event {
    fn from(event: AwayEvent) -> Self {
        Self::Away(event)
    }
}

impl fmt::Display for AwayEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begun(away) => write!(f, "You are {away}"),
            Self::Ended => f.write_str("You are no longer away."),
            Self::IsAway(nick, away) => write!(f, "{nick} is {away}"),
        }
    }
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "away{}", Reason(self.reason.as_ref()))
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.nick, if self.is_away { " (away)" } else { "" })
    }
}
