//! The log: what happens in the chat, written to files by a thread of its own.
//!
//! The rules note facts in memory. The registry hands them to the [`Logger`], which never waits, and
//! the thread of the [`Log`] turns them into lines and writes many at once. What waits for that thread
//! is bounded: when the disk is too slow or full, facts are dropped and counted.
//!
//! # The format
//!
#![doc = include_str!("log/format.md")]

use std::{
    fmt, io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, after, bounded};
use parking_lot::Mutex;

use crate::{
    clock::{self, Now},
    fact::Fact,
    watch::{self, Activity},
};

mod batch;
mod line;
mod rotation;
mod stamp;
#[cfg(test)]
mod tests;

use batch::Batch;
use rotation::Rotation;

/// The format of the log, for users.
pub const FORMAT: &str = include_str!("log/format.md");

/// What is logged, and where.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder for the files.
    pub folder: PathBuf,
    /// The largest size of a file in bytes; `None` for one file a day.
    pub max_size: Option<u64>,
    /// How many files are kept; `None` means all.
    pub keep: Option<usize>,
    /// Whether the text of whispers is logged.
    pub whispers: bool,
    /// Whether the addresses of clients are logged.
    pub addresses: bool,
}

/// How long a fact may wait for others. All that come in this time are one write and one wake-up.
const GATHERING: Duration = Duration::from_millis(10);

/// How many [`Notes`] the channel holds: ten times what a busy server sends while this thread waits.
const CHANNEL: usize = 16 * 1024;

/// The most bytes that waiting facts may take: what a busy server notes in some tenths of a second.
const MOST: usize = 32 * 1024 * 1024;

/// After so many [`Notes`] the thread yields its processor. Otherwise sessions and the broadcaster would
/// wait until it has written everything that has gathered.
const TURN: usize = 8;

/// The log cannot be opened.
#[derive(Debug)]
pub struct Error {
    folder: PathBuf,
    source: io::Error,
}

/// Creates the folder and the first file. Returns the handle to the log, and the log.
///
/// # Errors
/// When the folder or the file cannot be created.
pub fn open(config: &Config) -> Result<(Logger, Log), Error> {
    let failed = |source| Error { folder: config.folder.clone(), source };
    let rotation = Rotation::new(config.folder.clone(), config.max_size, config.keep).map_err(failed)?;
    let mut batch = Batch::new(rotation, clock::zone().clone(), config.addresses);
    batch.begin(Now::read().wall).map_err(failed)?;
    let (sender, notes) = bounded(CHANNEL);
    let waiting = Arc::new(AtomicUsize::new(0));
    Ok((
        Logger { notes: sender, waiting: Arc::clone(&waiting), missed: 0, dropped: 0 },
        Log { changes: Changes(Arc::default()), notes, waiting, batch },
    ))
}

/// Facts that were noted under one lock.
struct Notes {
    /// How many facts were dropped before these.
    missed: u64,
    facts: Vec<Fact>,
    /// Bytes that they take in memory.
    size: usize,
}

/// The handle to the log. When it is dropped, the log writes what it has, and ends.
pub struct Logger {
    notes: Sender<Notes>,
    /// Bytes of the facts that wait in the channel.
    waiting: Arc<AtomicUsize>,
    /// How many facts were dropped and not reported yet.
    missed: u64,
    /// How many facts were ever dropped.
    dropped: u64,
}

/// What waits for the log.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Bytes of the facts that wait.
    pub waiting: usize,
    /// How many facts were dropped since the start, because too many waited.
    pub dropped: u64,
}

impl Logger {
    /// What waits for the log.
    pub fn load(&self) -> Load {
        Load { waiting: self.waiting.load(Ordering::Relaxed), dropped: self.dropped }
    }

    /// Hands facts to the log, or drops them if too many wait already.
    pub fn log(&mut self, facts: Vec<Fact>) {
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
            self.dropped += count;
        }
    }
}

/// Reports the last facts that were dropped. Only the thread that stops the server can wait here.
impl Drop for Logger {
    fn drop(&mut self) {
        if self.missed > 0 {
            let _ = self.notes.send(Notes { missed: self.missed, facts: Vec::new(), size: 0 });
        }
    }
}

/// Changes a log from another thread while it is written.
#[derive(Clone)]
pub struct Changes(Arc<Mutex<Option<Config>>>);

impl Changes {
    /// Changes how large files become, how many are kept, and whether they have addresses. The folder stays.
    pub fn change(&self, config: Config) {
        *self.0.lock() = Some(config);
    }
}

/// The job of the thread that writes.
pub struct Log {
    /// What is to be changed before the next line.
    changes: Changes,
    notes: Receiver<Notes>,
    /// As the [`Logger`]'s.
    waiting: Arc<AtomicUsize>,
    batch: Batch,
}

impl Log {
    /// What changes this log.
    pub fn changes(&self) -> Changes {
        self.changes.clone()
    }

    /// Writes facts until the [`Logger`] is dropped and everything is written.
    pub fn run(mut self) {
        watch::doing(Activity::Idle);
        while let Ok(first) = self.notes.recv() {
            watch::doing(Activity::Writing);
            let changed = self.changes.0.lock().take();
            if let Some(config) = changed {
                self.batch.adjust(&config);
            }
            self.take(&first);
            let mut turn = 0;
            while let Ok(next) = self.notes.try_recv() {
                self.take(&next);
                turn = (turn + 1) % TURN;
                if turn == 0 {
                    thread::yield_now();
                }
            }
            self.batch.flush();
            watch::doing(Activity::Idle);
            let _ = after(GATHERING).recv();
        }
        self.batch.end(Now::read().wall);
    }

    fn take(&mut self, notes: &Notes) {
        if notes.missed > 0 {
            self.batch.note_missing(notes.missed);
        }
        for fact in &notes.facts {
            self.batch.write(fact);
        }
        self.waiting.fetch_sub(notes.size, Ordering::Relaxed);
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write a log in '{}': {}", self.folder.display(), self.source)
    }
}

impl std::error::Error for Error {}
