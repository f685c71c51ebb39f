//! What users are told about being away.

use std::fmt;

use super::{Event, moderation::Reason};
use crate::{names::Nick, text::Text};

/// Something about a user who is away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwayEvent {
    /// Confirms `/away`, with the reason.
    Begun(Option<Text>),
    /// The client has said something, and so is back.
    Ended,
    /// To a client that has whispered to a user who is away, with the reason.
    IsAway(Nick, Option<Text>),
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
            Self::Begun(reason) => write!(f, "You are away{}", Reason(reason.as_ref())),
            Self::Ended => f.write_str("You are no longer away."),
            Self::IsAway(nick, reason) => write!(f, "{nick} is away{}", Reason(reason.as_ref())),
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.nick, if self.is_away { " (away)" } else { "" })
    }
}
