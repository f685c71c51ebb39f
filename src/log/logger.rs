//! The handle to the log: it never waits, and counts what it has to drop.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crossbeam_channel::Sender;

use crate::fact::Fact;

/// The most memory that waiting facts may take, in bytes: what a busy server notes in some tenths of a
/// second.
const MOST: usize = 32 * 1024 * 1024;

/// Facts that were noted under one lock.
pub(super) struct Notes {
    /// How many facts were dropped before these.
    pub(super) missed: u64,
    pub(super) facts: Vec<Fact>,
    /// Bytes that they take in memory.
    pub(super) size: usize,
}

/// The handle to the log. When it is dropped, the log writes what it has, and ends.
pub struct Logger(Option<Way>);

struct Way {
    notes: Sender<Notes>,
    /// Bytes of the facts that wait in the channel.
    waiting: Arc<AtomicUsize>,
    /// How many facts were dropped and not reported yet.
    missed: u64,
}

impl Logger {
    /// A handle that drops everything.
    pub fn none() -> Self {
        Self(None)
    }

    pub(super) fn new(notes: Sender<Notes>, waiting: Arc<AtomicUsize>) -> Self {
        Self(Some(Way { notes, waiting, missed: 0 }))
    }

    /// Hands facts to the log, or drops them if too many wait already.
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
        // Added before it is sent: otherwise the log could subtract it first.
        self.waiting.fetch_add(size, Ordering::Relaxed);
        if !is_full && self.notes.try_send(Notes { missed: self.missed, facts, size }).is_ok() {
            self.missed = 0;
        } else {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
            self.missed += count;
        }
    }
}

/// Reports the last facts that were dropped. Only the thread that stops the server can wait here.
impl Drop for Way {
    fn drop(&mut self) {
        if self.missed > 0 {
            let _ = self.notes.send(Notes { missed: self.missed, facts: Vec::new(), size: 0 });
        }
    }
}
