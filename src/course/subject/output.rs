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
use rustix::process::{Pid, Signal, kill_process_group};

use super::{is_ready, member::memory_of};

/// The most bytes that are kept, which is more than a verdict shows.
const KEPT: usize = 8 * 1024;

/// The most memory that a program may use, in bytes. A chat with a few hundred clients needs far less.
const MEMORY_LIMIT: u64 = 2 << 30;

/// A thread that reads the output and watches the memory.
#[derive(Debug)]
pub(crate) struct Output {
    shared: Arc<Shared>,
    reader: Option<JoinHandle<()>>,
}

/// The state that the thread shares with the grader.
#[derive(Debug, Default)]
struct Shared {
    tail: Mutex<Vec<u8>>,
    is_over: AtomicBool,
    was_greedy: AtomicBool,
}

impl Output {
    pub(super) fn start(pipe: PipeReader, group: Pid) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let ours = Arc::clone(&shared);
        let reader =
            thread::Builder::new().name("output".to_owned()).spawn(move || ours.reads(pipe, group))?;
        Ok(Self { shared, reader: Some(reader) })
    }

    /// The end of the output up to now.
    pub(crate) fn tail(&self) -> String {
        String::from_utf8_lossy(&self.shared.tail.lock()).into_owned()
    }

    /// Whether the program was killed for using too much memory.
    pub(crate) fn was_greedy(&self) -> bool {
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

impl Drop for Output {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn reads(&self, mut pipe: PipeReader, group: Pid) {
        let mut next_look = Instant::now() + Duration::from_secs(1);
        let mut bytes = [0; 16 * 1024];
        loop {
            if is_ready(&pipe, Duration::from_millis(50)) {
                match pipe.read(&mut bytes) {
                    Ok(0) | Err(_) => return,
                    Ok(length) => self.keeps(&bytes[..length]),
                }
            } else if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            if Instant::now() >= next_look {
                self.looks_at_memory(group);
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

    fn looks_at_memory(&self, group: Pid) {
        if memory_of(group).is_some_and(|bytes| bytes > MEMORY_LIMIT) {
            self.was_greedy.store(true, Ordering::Relaxed);
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
