//! The way to the log: it never waits, and remembers what it had to drop.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crossbeam_channel::Sender;

use crate::fact::Fact;

/// The most memory that facts may take on their way, in bytes: what the busiest server makes in some
/// tenths of a second.
const MOST: usize = 32 * 1024 * 1024;

/// Facts that came to be under one lock.
pub(super) struct Notes {
    /// How many there would have been before these.
    pub(super) missed: u64,
    pub(super) facts: Vec<Fact>,
    /// Bytes they keep in memory.
    pub(super) size: usize,
}

/// The way to the log. When it is dropped, the log writes what it has, and ends.
pub struct Logger(Option<Way>);

struct Way {
    notes: Sender<Notes>,
    /// Bytes that are on their way.
    waiting: Arc<AtomicUsize>,
    /// Facts that were dropped and not reported yet.
    missed: u64,
}

impl Logger {
    /// The way to nowhere.
    pub fn none() -> Self {
        Self(None)
    }

    pub(super) fn new(notes: Sender<Notes>, waiting: Arc<AtomicUsize>) -> Self {
        Self(Some(Way { notes, waiting, missed: 0 }))
    }

    /// Hands facts over; drops them when the log does not keep up.
    pub fn log(&mut self, facts: Vec<Fact>) {
        if let Some(way) = &mut self.0 {
            way.log(facts);
        }
    }
}

impl Way {
    fn log(&mut self, facts: Vec<Fact>) {
        let size = facts.iter().map(Fact::size).sum();
        let count = facts.len() as u64;
        let is_full = self.waiting.load(Ordering::Relaxed) + size > MOST;
        // Counted before it is sent: else the log could subtract it before it was added.
        self.waiting.fetch_add(size, Ordering::Relaxed);
        if !is_full && self.notes.try_send(Notes { missed: self.missed, facts, size }).is_ok() {
            self.missed = 0;
        } else {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
            self.missed += count;
        }
    }
}

/// The last that were dropped are reported too. Nobody waits for this but whoever stops the server.
impl Drop for Way {
    fn drop(&mut self) {
        if self.missed > 0 {
            let _ = self.notes.send(Notes { missed: self.missed, facts: Vec::new(), size: 0 });
        }
    }
}
