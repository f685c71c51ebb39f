//! The figures of one server, by who writes them.
//!
//! Each group has cache lines of its own, so the broadcaster and the sessions do not slow each other down. There are
//! 128 bytes to a group, because processors fetch lines in pairs.

use parking_lot::Mutex;

use super::{Buckets, Counter, Gauge, Histogram, Labelled};

/// All figures of one server.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) holds: Holds,
    pub(super) broadcaster: Gauges,
    pub(super) received: Received,
    pub(super) seldom: Seldom,
}

/// How long the registry's lock was held, in nanoseconds. This is written under that lock.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Holds {
    /// The longest since the start. It is never reset: of two readers, each would take it away from the other.
    pub(super) longest: Gauge,
    pub(super) all: Histogram<{ HOLDS.len() }>,
}

/// The figures that the broadcaster keeps up to date.
#[derive(Debug)]
#[repr(align(128))]
pub struct Gauges {
    /// The most posts in one batch.
    pub largest_batch: Gauge,
    /// How many posts each batch had.
    pub batches: Histogram<{ BATCHES.len() }>,
    /// How many events clients were told: each event counts once for each of its hearers.
    pub deliveries: Gauge,
    /// Bytes that wait for clients with full sockets, each as of the last time its socket was tried.
    pub waiting_bytes: Gauge,
    /// How many clients have a full socket.
    pub waiting_clients: Gauge,
    /// Bytes sent to clients. Other threads send, too, but seldom.
    pub(super) sent: Counter,
}

/// What the threads of clients count at each read.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Received {
    pub(super) bytes: Counter,
}

/// What is counted so seldom that its writers do not meet.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Seldom {
    /// Bytes of files that were carried.
    pub(super) carried: Counter,
    /// Clients that were not let in, by reason.
    pub(super) refused: Mutex<Labelled>,
}

impl Gauges {
    /// Notes that a batch had this many posts.
    pub fn note_batch(&self, posts: u64) {
        self.largest_batch.raise(posts);
        self.batches.note(posts);
    }
}

/// All figures at nearly one moment.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The longest time that the registry's lock was held since the start, in nanoseconds.
    pub longest_hold: u64,
    /// How long it was held each time, in nanoseconds.
    pub holds: Buckets,
    /// How many posts each batch of the broadcaster had.
    pub batches: Buckets,
    /// How many events clients were told, once for each hearer.
    pub deliveries: u64,
    /// Bytes that wait for clients with full sockets.
    pub waiting_bytes: u64,
    /// How many clients have a full socket.
    pub waiting_clients: u64,
    /// Bytes read from sockets.
    pub received: u64,
    /// Bytes sent to sockets.
    pub sent: u64,
    /// Bytes of files that were carried.
    pub carried: u64,
    /// Clients that were not let in, by reason.
    pub refused: Labelled,
}

impl Figures {
    /// Reads all figures. Their writers go on meanwhile.
    pub(super) fn read(&self) -> Reading {
        Reading {
            longest_hold: self.holds.longest.get(),
            holds: self.holds.all.read(),
            batches: self.broadcaster.batches.read(),
            deliveries: self.broadcaster.deliveries.get(),
            waiting_bytes: self.broadcaster.waiting_bytes.get(),
            waiting_clients: self.broadcaster.waiting_clients.get(),
            received: self.received.bytes.get(),
            sent: self.broadcaster.sent.get(),
            carried: self.seldom.carried.get(),
            refused: self.seldom.refused.lock().clone(),
        }
    }
}

/// The holds that are told apart, in nanoseconds: from a short one to one that each user notices.
const HOLDS: [u64; 16] = [
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    100_000_000,
    1_000_000_000,
];

/// The batches that are told apart, in posts. Few are larger than the last one.
const BATCHES: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

impl Default for Holds {
    fn default() -> Self {
        Self { longest: Gauge::default(), all: Histogram::new(&HOLDS) }
    }
}

impl Default for Gauges {
    fn default() -> Self {
        Self {
            largest_batch: Gauge::default(),
            batches: Histogram::new(&BATCHES),
            deliveries: Gauge::default(),
            waiting_bytes: Gauge::default(),
            waiting_clients: Gauge::default(),
            sent: Counter::default(),
        }
    }
}
