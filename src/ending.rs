//! Why a client is gone.

use std::{fmt, io};

/// Why a client is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The client sent `/quit`.
    Quit,
    /// The client closed the connection.
    Closed,
    /// The connection broke.
    Lost(io::ErrorKind),
    /// The client did not read what it was sent.
    TooSlow,
    /// The client sent nothing, not even the sign of life that its wire asks for.
    Silent,
    /// The server told the client to go, and hung up.
    Dismissed,
    /// The server stopped.
    Stopping,
    /// The client's thread panicked.
    Failed,
}

impl Ending {
    /// The words of all endings.
    pub const WORDS: [&'static str; 8] =
        ["quit", "closed", "lost", "too_slow", "silent", "dismissed", "stopping", "failed"];

    /// Its kind in one word, for machines.
    pub fn word(self) -> &'static str {
        Self::WORDS[match self {
            Self::Quit => 0,
            Self::Closed => 1,
            Self::Lost(_) => 2,
            Self::TooSlow => 3,
            Self::Silent => 4,
            Self::Dismissed => 5,
            Self::Stopping => 6,
            Self::Failed => 7,
        }]
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quit => f.write_str("quit"),
            Self::Closed => f.write_str("closed the connection"),
            Self::Lost(kind) => write!(f, "connection lost: {kind}"),
            Self::TooSlow => f.write_str("too slow to read"),
            Self::Silent => f.write_str("silent for too long"),
            Self::Dismissed => f.write_str("dismissed"),
            Self::Stopping => f.write_str("server stopping"),
            Self::Failed => f.write_str("session failed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_has_a_word_of_its_own() {
        use Ending::{Closed, Dismissed, Failed, Lost, Quit, Silent, Stopping, TooSlow};
        let lost = Lost(io::ErrorKind::ConnectionReset);
        let words = [Quit, Closed, lost, TooSlow, Silent, Dismissed, Stopping, Failed].map(Ending::word);
        assert_eq!(words, Ending::WORDS);
    }
}
