//! Why a measurement has no result.

use std::{fmt, io, time::Duration};

use crate::contender::nick;

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

#[derive(Debug)]
pub(crate) enum Failure {
    Io {
        doing: &'static str,
        source: io::Error,
    },
    TooLate {
        after: Duration,
        waited_for: String,
    },
    /// Something was lost, doubled, reordered, leaked or refused.
    Broken(String),
}

impl Failure {
    /// For `map_err`: adds what was being done.
    pub(crate) fn io(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }

    /// Adds which client was affected.
    pub(crate) fn to(self, client: usize) -> Self {
        match self {
            Self::Broken(what) => Self::Broken(format!("client {client} ({}): {what}", nick(client))),
            other => other,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, source } => write!(f, "{doing}: {source}"),
            Self::TooLate { after, waited_for } => {
                write!(f, "waited {} s for {waited_for}", after.as_secs())
            }
            Self::Broken(what) => write!(f, "{what}"),
        }
    }
}
