//! A snapshot of the server, of bounded size however many threads there are.

use std::time::Duration;

use super::{Activity, coarse, figures::Figures};

/// How full a channel is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// How many messages are in it.
    pub held: usize,
    /// How many messages it can hold.
    pub holds: usize,
}

/// One thread at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadSeen {
    /// The name under which it is listed.
    pub name: String,
    /// What it is doing.
    pub activity: Activity,
    /// How long it has been doing this, to some milliseconds.
    pub for_how_long: Duration,
    /// Whether it is the thread that took the snapshot.
    pub is_asking: bool,
}

/// A server at nearly one moment: its threads go on while they are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Some of the threads: first the one that looked, then the oldest.
    pub threads: Vec<ThreadSeen>,
    /// How many threads are watched.
    pub total: usize,
    /// How many of them are in each activity.
    pub counts: [usize; Activity::ALL.len()],
    /// How full the channel to the broadcaster is.
    pub channel: Load,
    /// The longest time that the registry's lock was held.
    pub longest_hold: Duration,
    /// The most posts in one batch.
    pub largest_batch: u64,
    /// Bytes that wait for clients with full sockets.
    pub waiting_bytes: u64,
    /// How many clients have a full socket.
    pub waiting_clients: u64,
    /// The resident memory of the process in bytes, if the system tells it.
    pub memory: Option<u64>,
    /// The number of threads that the system counts, if it tells it.
    pub system_threads: Option<u64>,
    /// How long the server has been running.
    pub uptime: Duration,
}

impl Seen {
    /// The most threads that are listed one by one; the counts cover the rest.
    pub const MOST_THREADS: usize = 50;

    pub(super) fn new(channel: Load, figures: &Figures, uptime: Duration) -> Self {
        let (process, gauges) = (Process::read(), &figures.broadcaster);
        Self {
            threads: Vec::new(),
            total: 0,
            counts: [0; Activity::ALL.len()],
            channel,
            longest_hold: Duration::from_nanos(figures.holds.longest.get()),
            largest_batch: gauges.largest_batch.get(),
            waiting_bytes: gauges.waiting_bytes.get(),
            waiting_clients: gauges.waiting_clients.get(),
            memory: process.memory,
            system_threads: process.threads,
            uptime,
        }
    }

    /// Counts a thread, and lists it if there is room. The thread that looks is always listed.
    pub(super) fn add(&mut self, name: &str, activity: Activity, milliseconds: u64, is_asking: bool) {
        self.total += 1;
        self.counts[activity as usize] += 1;
        if self.threads.len() >= Self::MOST_THREADS && !is_asking {
            return;
        }
        let for_how_long = Duration::from_millis(milliseconds);
        let thread = ThreadSeen { name: name.to_owned(), activity, for_how_long, is_asking };
        let place = if is_asking { 0 } else { self.threads.len() };
        self.threads.insert(place, thread);
        self.threads.truncate(Self::MOST_THREADS);
    }
}

/// What the system tells about the process; what it does not tell is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// The resident memory in bytes.
    pub memory: Option<u64>,
    /// The number of threads.
    pub threads: Option<u64>,
    /// The time that it has used of all processors.
    pub used: Option<Duration>,
}

impl Process {
    pub(super) fn read() -> Self {
        Self {
            memory: of_process("VmRSS:").map(|kibibytes| kibibytes * 1024),
            threads: of_process("Threads:"),
            used: coarse::used(),
        }
    }
}

/// A number from `/proc/self/status` (proc(5)), which only Linux has.
fn of_process(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let rest = status.lines().find_map(|line| line.strip_prefix(field))?;
    rest.split_whitespace().next()?.parse().ok()
}
