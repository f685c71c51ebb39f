//! The log: what has happened, written to files by a thread of its own.
//!
//! A chat must never wait for a disk. So the rules only note facts in memory, the registry hands them
//! over without waiting, and the thread of the [`Log`] makes lines of them, and writes many at once.
//! What waits for it is bounded: when the disk cannot follow, or takes nothing at all, facts are
//! dropped and counted, and the log itself says how many lines are missing and where.

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

use crossbeam_channel::{Receiver, after, bounded};

use crate::{
    clock::Now,
    watch::{self, Activity},
};

mod batch;
mod line;
mod logger;
mod rotation;
mod stamp;
#[cfg(test)]
mod tests;

pub use logger::Logger;

use batch::Batch;
use logger::Notes;
use rotation::Rotation;

/// What is logged, and where.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of the files.
    pub folder: PathBuf,
    /// Bytes after which a day's next file begins; `None` for one file a day.
    pub max_size: Option<u64>,
    /// How many files are kept; `None` for all.
    pub keep: Option<usize>,
    /// Whether it is logged what people whisper, and not only that they do.
    pub whispers: bool,
    /// Whether the addresses of clients are logged.
    pub addresses: bool,
}

/// How long a fact may wait for others. Everything that comes in the meantime costs its sender no
/// waking up of this thread, and all of it is one write.
const GATHERING: Duration = Duration::from_millis(10);

/// How many [`Notes`] the channel holds: what the busiest server makes while this thread waits for
/// others, ten times over. How much memory they take is bounded separately.
const CHANNEL: usize = 16 * 1024;

/// After so many [`Notes`] the log offers its processor to others: whoever speaks and whoever fans out are woken
/// up all the time, and would have to wait until it has written all that has gathered.
const TURN: usize = 8;

/// The log cannot be begun.
#[derive(Debug)]
pub struct Error {
    folder: PathBuf,
    source: io::Error,
}

/// Makes the folder and the first file; the way to the log, and the log.
///
/// # Errors
/// When the folder or the file cannot be made.
pub fn open(config: &Config) -> Result<(Logger, Log), Error> {
    let failed = |source| Error { folder: config.folder.clone(), source };
    let rotation = Rotation::new(config.folder.clone(), config.max_size, config.keep).map_err(failed)?;
    let mut batch = Batch::new(rotation, jiff::tz::TimeZone::system(), config.addresses);
    batch.begin(Now::read().wall).map_err(failed)?;
    let (sender, notes) = bounded(CHANNEL);
    let waiting = Arc::new(AtomicUsize::new(0));
    Ok((Logger::new(sender, Arc::clone(&waiting)), Log { notes, waiting, batch }))
}

/// The thread that writes.
pub struct Log {
    notes: Receiver<Notes>,
    /// Bytes that wait in the channel.
    waiting: Arc<AtomicUsize>,
    batch: Batch,
}

impl Log {
    /// Writes what is handed over, until the [`Logger`] is dropped and everything is written.
    pub fn run(mut self) {
        watch::doing(Activity::Idle);
        while let Ok(first) = self.notes.recv() {
            watch::doing(Activity::Writing);
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

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
