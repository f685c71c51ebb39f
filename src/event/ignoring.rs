//! What users are told about ignoring other users.

use std::fmt;

use super::Event;
use crate::names::Nick;

/// The answer to `/ignore` or `/unignore`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ignoring {
    /// The client ignores this user from now on.
    Begun(Nick),
    /// The client ignored this user already.
    Already(Nick),
    /// The client ignores this user no longer.
    Ended(Nick),
    /// The client did not ignore this user.
    Never(Nick),
    /// A client cannot ignore itself.
    Yourself,
    /// The client ignores as many users as it may, which is this number.
    TooMany(usize),
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
            Self::Yourself => f.write_str("You cannot ignore yourself."),
            Self::TooMany(max) => {
                write!(f, "You are already ignoring {max} users. Remove one first with /unignore.")
            }
        }
    }
}
