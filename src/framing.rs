//! How what is told to a client is packed, where its wire wants more than units one after another.
//!
//! What a dialect encodes is the same for all clients that speak it. A [`Seal`] packs it for one of them: with a
//! length and a checksum, in pieces of a size, or with pauses.

use std::time::Duration;

use crate::dialect::Dialect;

mod datagrams;
pub mod frames;
mod paced;
pub mod pauses;
mod pausing;

pub use datagrams::Datagrams;
pub use paced::Paced;
pub use pausing::Pausing;

/// Packs what is told to one client.
pub trait Seal: Send {
    /// Packs these units, which are whole. Each piece is a send of its own.
    fn seal(&mut self, units: &[u8]) -> Vec<Vec<u8>>;

    /// The unit that tells a client that the stream ends, and why, if there is a reason.
    fn farewell(&self, _why: Option<&str>) -> Vec<u8> {
        Vec::new()
    }

    /// What is sent after all units when the stream ends, as it is.
    fn last(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// The most bytes of units that are packed together. With 0, each unit is packed alone.
    fn most_together(&self) -> usize {
        0
    }

    /// How long after a send the next one may follow.
    fn pause(&self) -> Duration {
        Duration::ZERO
    }
}

/// What packs what a client is told that speaks this dialect, on a wire that does not pack it otherwise.
pub fn seal_for(dialect: Dialect) -> Option<Box<dyn Seal>> {
    (dialect == Dialect::Terse).then(|| Box::new(Paced) as _)
}
