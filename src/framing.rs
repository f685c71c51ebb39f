//! How units are packed for one client, on wires that need more than one unit after another.
//!
//! A dialect encodes an event once for all clients that speak it. A [`Seal`] packs the units for one of these
//! clients: with lengths and checksums, in pieces of a limited size, or with pauses between them.

use std::time::Duration;

use crate::{dialect::Dialect, event::Event};

mod divided;
pub mod frames;
pub mod pauses;
mod pausing;
mod refusing;
pub mod websocket;

pub use divided::Divided;
pub use pausing::Pausing;
pub use refusing::Refusing;

/// Packs what is told to one client.
pub trait Seal: Send {
    /// Packs whole units. Each piece that it returns is sent alone.
    fn seal(&mut self, units: &[u8]) -> Vec<Vec<u8>>;

    /// Whether these units can be sent as they are.
    fn passes(&self, _units: &[u8]) -> bool {
        false
    }

    /// The last unit: it tells the client that the stream ends, and why, if there is a reason.
    fn farewell(&self, _why: Option<&Event>) -> Vec<u8> {
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

    /// The shortest time from one send to the next.
    fn pause(&self) -> Duration {
        Duration::ZERO
    }
}

/// The seal that a dialect needs on every wire. A client can choose such a dialect when it comes in.
pub fn seal_for(dialect: Dialect) -> Option<Box<dyn Seal>> {
    (dialect == Dialect::Terse).then(|| Box::new(Divided::PACED) as _)
}
