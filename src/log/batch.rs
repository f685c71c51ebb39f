//! The lines that are about to be written, and the count of those that could not be.

use std::{
    io, mem,
    time::{Duration, SystemTime},
};

use jiff::{civil::Date, tz::TimeZone};

use super::{Config, line, rotation::Rotation, stamp::Stamp};
use crate::fact::Fact;

/// The lines are written when there are so many bytes of them, or earlier.
const BATCH: usize = 256 * 1024;

/// Two threads may read the clock in one order and note their facts in the other. At midnight, a fact
/// that is no more than this late goes to the file of the new day.
const STRAGGLING: Duration = Duration::from_secs(60);

/// The lines of the log, written in batches.
pub(super) struct Batch {
    rotation: Rotation,
    stamp: Stamp,
    addresses: bool,
    /// Lines of one day that are not written yet.
    lines: Vec<u8>,
    date: Date,
    /// The latest time of a line so far.
    latest: SystemTime,
    /// How many lines are missing before these.
    missing: u64,
    /// Whether it was reported that nothing can be written.
    pub(super) is_failing: bool,
}

impl Batch {
    pub(super) fn new(rotation: Rotation, zone: TimeZone, addresses: bool) -> Self {
        let stamp = Stamp::new(zone);
        let (date, latest) = (stamp.date, SystemTime::UNIX_EPOCH);
        Self { rotation, stamp, addresses, lines: Vec::new(), date, latest, missing: 0, is_failing: false }
    }

    /// Writes as this says from now on.
    pub(super) fn adjust(&mut self, config: &Config) {
        self.addresses = config.addresses;
        self.rotation.adjust(config.max_size, config.keep);
    }

    /// Writes the first line, which shows whether the log can be written.
    pub(super) fn begin(&mut self, at: SystemTime) -> io::Result<()> {
        self.turn_to(at);
        let version = env!("CARGO_PKG_VERSION");
        line::write_own(&mut self.lines, &self.stamp, "INFO", format_args!("started version={version}"));
        let begun = self.rotation.append(self.date, &mut &self.lines[..]);
        self.lines.clear();
        begun
    }

    pub(super) fn write(&mut self, fact: &Fact) {
        self.turn_to(fact.at);
        line::write(&mut self.lines, &self.stamp, fact, self.addresses);
        if self.lines.len() >= BATCH {
            self.flush();
        }
    }

    /// Counts lines that are missing here, because they came faster than they could be written.
    pub(super) fn note_missing(&mut self, count: u64) {
        self.flush();
        self.missing += count;
    }

    /// Writes the lines. What cannot be written is dropped and counted, or it would fill the memory.
    pub(super) fn flush(&mut self) {
        let mut lines = mem::take(&mut self.lines);
        let has_missing = self.missing > 0;
        if has_missing {
            let mut first = Vec::new();
            line::write_own(&mut first, &self.stamp, "WARN", format_args!("missing lines={}", self.missing));
            lines.splice(..0, first);
        }
        let mut left = &lines[..];
        match self.rotation.append(self.date, &mut left) {
            Ok(()) if lines.is_empty() => {}
            Ok(()) => {
                self.missing = 0;
                if mem::take(&mut self.is_failing) {
                    tracing::warn!("the log is written again");
                }
            }
            Err(why) => {
                let is_reported = left.len() < lines.len();
                // The line that reports the missing ones is not missing itself.
                let before = if has_missing && !is_reported { self.missing - 1 } else { 0 };
                self.missing = before + memchr::memchr_iter(b'\n', left).count() as u64;
                if !mem::replace(&mut self.is_failing, true) {
                    tracing::error!(error = %why, "cannot write the log; the chat goes on without it");
                }
            }
        }
        lines.clear();
        self.lines = lines;
    }

    /// Writes the last line.
    pub(super) fn end(&mut self, at: SystemTime) {
        self.turn_to(at);
        line::write_own(&mut self.lines, &self.stamp, "INFO", format_args!("stopped"));
        self.flush();
        if self.missing > 0 {
            tracing::error!(lines = self.missing, "the end of the log is missing");
        }
    }

    /// Sets the time of the next line, and with it the file.
    fn turn_to(&mut self, at: SystemTime) {
        self.stamp.set(at);
        let is_late = self.latest.duration_since(at).is_ok_and(|late| late < STRAGGLING);
        if is_late {
            return;
        }
        self.latest = at;
        if self.stamp.date != self.date {
            self.flush();
            self.date = self.stamp.date;
        }
    }
}
