//! Figures that all threads can read.

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

    /// Adds to the value. With one writer, this costs as little as adding to a plain number.
    pub fn add(&self, more: u64) {
        self.set(self.get().wrapping_add(more));
    }
}

/// A figure that only grows, and to which any thread can add at any time.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// The value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Adds to the value.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }
}
