//! Figures that one thread keeps and others look at.

use std::sync::atomic::{AtomicU64, Ordering};

/// A figure that anybody may read at any time. Writers take turns by some other means, mostly because
/// there is only one: so reading and then storing is enough, and a figure that has not changed is not
/// stored and disturbs nobody's cache.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// What it says.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Makes it say this.
    pub fn set(&self, value: u64) {
        if self.get() != value {
            self.0.store(value, Ordering::Relaxed);
        }
    }

    /// Makes it say this if that is more.
    pub fn raise(&self, value: u64) {
        if self.get() < value {
            self.0.store(value, Ordering::Relaxed);
        }
    }
}

/// What the server's parts say about themselves.
#[derive(Debug, Default)]
pub struct Gauges {
    /// The longest that the registry's lock was held, in nanoseconds; written under that lock.
    pub longest_hold: Gauge,
    /// The most posts in one batch; written by the broadcaster, like those below.
    pub largest_batch: Gauge,
    /// Bytes that full sockets have not taken, as of the last time that they were tried.
    pub waiting_bytes: Gauge,
    /// How many clients these bytes are for.
    pub waiting_clients: Gauge,
}
