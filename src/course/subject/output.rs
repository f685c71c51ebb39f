//! Reads a program's output all the time, so that the program never blocks, and keeps the end of it.

use std::{
    io::{self, PipeReader, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, Signal, kill_process_group},
};

use super::memory;

/// The most bytes that are kept, which is more than a verdict shows.
const KEPT: usize = 8 * 1024;

/// A thread that reads the output and watches the memory.
#[derive(Debug)]
pub(super) struct Output {
    shared: Arc<Shared>,
    reader: Option<JoinHandle<()>>,
}

/// The state that the thread shares with the grader.
#[derive(Debug, Default)]
struct Shared {
    /// The end of the output.
    tail: Mutex<Vec<u8>>,
    is_over: AtomicBool,
    was_greedy: AtomicBool,
}

impl Output {
    pub(super) fn start(pipe: PipeReader, group: Pid, memory_limit: u64) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let ours = Arc::clone(&shared);
        let reader = thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || ours.reads(pipe, group, memory_limit))?;
        Ok(Self { shared, reader: Some(reader) })
    }

    /// The end of the output up to now.
    pub(super) fn tail(&self) -> String {
        String::from_utf8_lossy(&self.shared.tail.lock()).into_owned()
    }

    /// The end of the whole output, after the program has ended.
    pub(super) fn all(&mut self) -> String {
        self.stop();
        self.tail()
    }

    pub(super) fn was_greedy(&self) -> bool {
        self.shared.was_greedy.load(Ordering::Relaxed)
    }

    /// Waits until everything is read. A process that left the group and still holds the pipe does not delay this.
    pub(super) fn stop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            // If the thread panicked, there is less output to show.
            let _ = reader.join();
        }
    }
}

impl Shared {
    fn reads(&self, mut pipe: PipeReader, group: Pid, memory_limit: u64) {
        let tick = Timespec::try_from(Duration::from_millis(50)).expect("it is short");
        let mut next_look = Instant::now() + Duration::from_secs(1);
        let mut bytes = [0; 16 * 1024];
        loop {
            let is_ready = poll(&mut [PollFd::new(&pipe, PollFlags::IN)], Some(&tick)).is_ok_and(|n| n > 0);
            if is_ready {
                match pipe.read(&mut bytes) {
                    Ok(0) | Err(_) => return,
                    Ok(length) => self.keeps(&bytes[..length]),
                }
            } else if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            if Instant::now() >= next_look {
                self.looks_at_memory(group, memory_limit);
                next_look = Instant::now() + Duration::from_secs(1);
            }
        }
    }

    fn keeps(&self, bytes: &[u8]) {
        let mut tail = self.tail.lock();
        tail.extend(bytes);
        let excess = tail.len().saturating_sub(KEPT);
        tail.drain(..excess);
    }

    fn looks_at_memory(&self, group: Pid, limit: u64) {
        if memory::of_group(group).is_some_and(|bytes| bytes > limit) {
            self.was_greedy.store(true, Ordering::Relaxed);
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
