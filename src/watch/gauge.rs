//! Figures that one thread keeps up to date and all threads can read.

use std::sync::atomic::{AtomicU64, Ordering};

/// A figure that any thread can read at any time. Only one thread may write at a time. A value that has
/// not changed is not stored, so that it stays in the readers' caches.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// The value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Sets the value.
    pub fn set(&self, value: u64) {
        if self.get() != value {
            self.0.store(value, Ordering::Relaxed);
        }
    }

    /// Sets the value if it is more than the old one.
    pub fn raise(&self, value: u64) {
        if self.get() < value {
            self.0.store(value, Ordering::Relaxed);
        }
    }
}

/// The figures of one server.
#[derive(Debug, Default)]
pub struct Gauges {
    /// The longest time that the registry's lock was held, in nanoseconds; written under that lock.
    pub longest_hold: Gauge,
    /// The most posts in one batch; written by the broadcaster, as are those below.
    pub largest_batch: Gauge,
    /// Bytes that wait for clients with full sockets, each as of the last time its socket was tried.
    pub waiting_bytes: Gauge,
    /// How many clients have a full socket.
    pub waiting_clients: Gauge,
}
