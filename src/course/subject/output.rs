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

use super::{family::Family, is_ready};

/// The most bytes that are kept: the longest stack trace that Java prints, so that its first line is not lost.
const KEPT: usize = 128 * 1024;

/// The most memory that a program may use, in bytes. A chat with a few hundred clients needs far less.
pub(crate) const MEMORY_LIMIT: u64 = 2 << 30;

/// How long the rest of the output is read when the program has ended.
const REST: Duration = Duration::from_millis(200);

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
    /// Starts to read. A program that uses more memory than the limit is ended.
    pub(super) fn start(pipe: PipeReader, family: Family, limit: u64) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let ours = Arc::clone(&shared);
        let reader = thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || ours.reads(pipe, &family, limit))?;
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

    /// Waits until everything is read. A process that still holds the pipe, and perhaps writes on, delays this no
    /// longer than [`REST`].
    pub(super) fn stop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            reader.thread().unpark();
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
    fn reads(&self, mut pipe: PipeReader, family: &Family, limit: u64) {
        const PAUSE: Duration = Duration::from_millis(50);
        const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
        let mut next_look = Instant::now() + BETWEEN_LOOKS;
        let mut deadline = None;
        let mut is_open = true;
        loop {
            let is_over = self.is_over.load(Ordering::Relaxed);
            if is_open && is_ready(&pipe, PAUSE) {
                is_open = self.reads_once(&mut pipe);
            } else if is_over {
                return;
            } else if !is_open {
                thread::park_timeout(PAUSE);
            }
            if is_over && Instant::now() > *deadline.get_or_insert_with(|| Instant::now() + REST) {
                return;
            }
            if Instant::now() >= next_look {
                self.looks_at_memory(family, limit);
                next_look = Instant::now() + BETWEEN_LOOKS;
            }
        }
    }

    /// Reads what is there. Returns `false` at the end.
    fn reads_once(&self, pipe: &mut PipeReader) -> bool {
        let mut bytes = [0; 16 * 1024];
        match pipe.read(&mut bytes) {
            Ok(0) => false,
            Ok(length) => {
                self.keeps(&bytes[..length]);
                true
            }
            Err(error) => error.kind() == io::ErrorKind::Interrupted,
        }
    }

    fn keeps(&self, bytes: &[u8]) {
        let mut tail = self.tail.lock();
        tail.extend(bytes);
        let excess = tail.len().saturating_sub(KEPT);
        tail.drain(..excess);
    }

    fn looks_at_memory(&self, family: &Family, limit: u64) {
        if family.memory().is_some_and(|bytes| bytes > limit) {
            self.was_greedy.store(true, Ordering::Relaxed);
            family.kill();
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{os::unix::process::CommandExt, process::Command};

    use super::*;
    use crate::course::subject::{Ended, MARK, Member};

    #[test]
    fn a_program_that_uses_too_much_memory_is_ended_also_when_it_has_closed_its_output() {
        let (reader, _) = io::pipe().expect("a pipe");
        let mut sleep = Command::new("sleep");
        sleep.arg("1000").process_group(0);
        let member = Member::start(|mark| Ok(Box::new(sleep.env(MARK, mark).spawn()?)));
        let member = member.expect("a program");
        let output = Output::start(reader, member.family.clone(), 1).expect("a thread");
        assert_eq!(member.ends(Duration::from_secs(30)), Some(Ended::Signal(9)));
        assert!(output.was_greedy());
    }
}
