//! Why a client is gone.

use std::{fmt, io};

/// Why a client is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It sent `/quit`.
    Quit,
    /// It closed the connection.
    Closed,
    /// The connection broke.
    Lost(io::ErrorKind),
    /// It did not read what it was sent.
    TooSlow,
    /// An administrator disconnected it.
    SentAway,
    /// The server stopped.
    Stopping,
    /// Its thread panicked.
    Failed,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quit => f.write_str("quit"),
            Self::Closed => f.write_str("closed the connection"),
            Self::Lost(kind) => write!(f, "connection lost: {kind}"),
            Self::TooSlow => f.write_str("too slow to read"),
            Self::SentAway => f.write_str("sent away"),
            Self::Stopping => f.write_str("server stopping"),
            Self::Failed => f.write_str("session failed"),
        }
    }
}
