//! What somebody has seen who looked: bounded, however many threads there are.

use std::time::Duration;

use super::{Activity, Gauges, process};

/// How full a channel is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// How much is in it.
    pub held: usize,
    /// How much goes into it.
    pub holds: usize,
}

/// One thread at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadSeen {
    /// What it is called here.
    pub name: String,
    /// What it is doing.
    pub activity: Activity,
    /// For how long, to some milliseconds.
    pub lasting: Duration,
    /// Whether it is the thread that looked.
    pub is_asking: bool,
}

/// A server at one moment; or nearly so, because nothing stood still to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The threads: first the one that looked, then those that have been there the longest.
    pub threads: Vec<ThreadSeen>,
    /// How many threads there are.
    pub total: usize,
    /// How many of them do what.
    pub counts: [usize; Activity::ALL.len()],
    /// The channel to the broadcaster.
    pub channel: Load,
    /// The longest that the registry's lock was held.
    pub longest_hold: Duration,
    /// The most posts in one batch.
    pub largest_batch: u64,
    /// Bytes that wait for clients that do not read.
    pub waiting_bytes: u64,
    /// How many clients they wait for.
    pub waiting_clients: u64,
    /// The memory that the process takes, in bytes; `None` where the system does not say.
    pub memory: Option<u64>,
    /// How many threads the system counts; `None` where it does not say.
    pub system_threads: Option<u64>,
    /// For how long the server has been running.
    pub uptime: Duration,
}

impl Seen {
    /// The most threads that are shown one by one; with ten thousand clients the counts have to do.
    pub const MOST_THREADS: usize = 50;

    pub(super) fn new(channel: Load, gauges: &Gauges, uptime: Duration) -> Self {
        Self {
            threads: Vec::new(),
            total: 0,
            counts: [0; Activity::ALL.len()],
            channel,
            longest_hold: Duration::from_nanos(gauges.longest_hold.get()),
            largest_batch: gauges.largest_batch.get(),
            waiting_bytes: gauges.waiting_bytes.get(),
            waiting_clients: gauges.waiting_clients.get(),
            memory: process::memory(),
            system_threads: process::threads(),
            uptime,
        }
    }

    /// Adds a thread, and shows it as long as there is room; the one that asks always.
    pub(super) fn add(&mut self, name: &str, activity: Activity, milliseconds: u64, is_asking: bool) {
        self.total += 1;
        self.counts[activity as usize] += 1;
        if self.threads.len() >= Self::MOST_THREADS && !is_asking {
            return;
        }
        let lasting = Duration::from_millis(milliseconds);
        let thread = ThreadSeen { name: name.to_owned(), activity, lasting, is_asking };
        let place = if is_asking { 0 } else { self.threads.len() };
        self.threads.insert(place, thread);
        self.threads.truncate(Self::MOST_THREADS);
    }
}
