//! What is said about not hearing somebody.

use std::fmt;

use super::Event;
use crate::names::Nick;

/// What came of ignoring somebody, or of hearing them again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ignoring {
    /// You hear nothing more from this user.
    Begun(Nick),
    /// You heard nothing from this user already.
    Already(Nick),
    /// You hear this user again.
    Ended(Nick),
    /// You heard this user all along.
    Never(Nick),
    /// Ignoring oneself would be confusing.
    Oneself,
    /// The list of users you ignore is full.
    TooMany {
        /// How many it holds.
        max: usize,
    },
}

impl From<Ignoring> for Event {
    fn from(ignoring: Ignoring) -> Self {
        Self::Ignoring(ignoring)
    }
}

impl fmt::Display for Ignoring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begun(nick) => write!(f, "You are now ignoring '{nick}'."),
            Self::Already(nick) => write!(f, "You are already ignoring '{nick}'."),
            Self::Ended(nick) => write!(f, "You are no longer ignoring '{nick}'."),
            Self::Never(nick) => write!(f, "You are not ignoring '{nick}'."),
            Self::Oneself => f.write_str("You cannot ignore yourself."),
            Self::TooMany { max } => write!(f, "You are ignoring {max} users already."),
        }
    }
}
