//! Why a line is not understood.

use super::Verb;
use crate::names::Nick;

/// Why a line is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mistake {
    /// No verb has this name.
    UnknownVerb(Box<str>),
    /// A parameter of the verb is missing or malformed.
    Usage(&'static Verb),
    /// The new nickname breaks the rule for nicknames.
    InvalidNick,
    /// A nickname that no user can take.
    ReservedNick(Nick),
    /// A new password is too short or too long, or has characters that cannot be seen.
    UnfitPassword,
    /// A command with a password, but something stands before its slash.
    MisplacedSecret(&'static Verb),
    /// The room's name breaks the rule for rooms.
    InvalidRoom,
    /// No user can have this name.
    NoSuchUser(Box<str>),
    /// Neither an address nor a network.
    InvalidNetwork,
    /// A number is too small or too large.
    OutOfRange {
        /// The smallest number allowed.
        min: u64,
        /// The largest number allowed.
        max: u64,
    },
    /// A name that a file cannot have on every system.
    InvalidFileName,
    /// A text of more than `max` bytes.
    TextTooLong {
        /// The limit in bytes.
        max: usize,
    },
    /// A line of more than `max` bytes on the wire.
    LineTooLong {
        /// The limit in bytes.
        max: usize,
    },
    /// A line that is not UTF-8.
    InvalidUtf8,
    /// The first line of a connection is an HTTP request. The client leaves with it.
    HttpRequest,
}
