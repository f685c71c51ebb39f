//! Clients that have left and are still owed something.

use std::time::{Duration, Instant};

use super::Outbox;

/// A client that has left gets this long, from its last sign of life, to read what it is owed.
pub(super) const LINGER: Duration = Duration::from_secs(5);

/// The outbox of a client that has left.
pub(super) struct Leaving {
    outbox: Outbox,
    give_up: Instant,
}

impl Leaving {
    pub(super) fn new(outbox: Outbox, now: Instant) -> Self {
        Self { outbox, give_up: now + LINGER }
    }

    /// Tries its socket again; whether anything moved.
    pub(super) fn retry(&mut self, now: Instant) -> bool {
        let has_moved = self.outbox.retry();
        if has_moved {
            self.give_up = now + LINGER;
        }
        has_moved
    }

    /// Whether everything is done or its time is over. Once the server stops, its own deadline counts.
    pub(super) fn is_over(&self, now: Instant, stop_at: Option<Instant>) -> bool {
        !self.outbox.is_pending() || now >= stop_at.unwrap_or(self.give_up)
    }
}
