//! What users are told about being away.

use std::fmt;

use super::moderation::Reason;
use crate::{names::Nick, text::Text};

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

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "away{}", Reason(&self.reason))
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.nick, if self.is_away { " (away)" } else { "" })
    }
}
