//! The lines that are about to be written, and what is admitted when they cannot be.

use std::{
    io, mem,
    time::{Duration, SystemTime},
};

use jiff::{civil::Date, tz::TimeZone};

use super::{
    line,
    rotation::{Rotation, Unwritten},
    stamp::Stamp,
};
use crate::fact::Fact;

/// Lines are written when there are so many bytes of them, if not before.
const BATCH: usize = 256 * 1024;

/// Two threads that look at the clock one after the other may note their facts the other way round.
/// Around midnight, a fact that is only so much late stays in the file of the new day.
const STRAGGLING: Duration = Duration::from_secs(60);

/// The log, as lines that are written in batches.
pub(super) struct Batch {
    rotation: Rotation,
    stamp: Stamp,
    addresses: bool,
    /// Whole lines of one day that are not written yet.
    lines: Vec<u8>,
    date: Date,
    /// The time of the last line that was not late.
    latest: SystemTime,
    /// Lines that should stand before these, and do not.
    missing: u64,
    /// It was told that nothing can be written.
    pub(super) is_failing: bool,
}

impl Batch {
    pub(super) fn new(rotation: Rotation, zone: TimeZone, addresses: bool) -> Self {
        let stamp = Stamp::new(zone);
        let (date, latest) = (stamp.date(), SystemTime::UNIX_EPOCH);
        Self { rotation, stamp, addresses, lines: Vec::new(), date, latest, missing: 0, is_failing: false }
    }

    /// Writes the first line, and so finds out whether there can be others.
    pub(super) fn begin(&mut self, at: SystemTime) -> io::Result<()> {
        self.turn_to(at);
        let version = env!("CARGO_PKG_VERSION");
        line::write_own(&mut self.lines, &self.stamp, "INFO", format_args!("started version={version}"));
        let begun = self.rotation.append(self.date, &self.lines).map_err(|Unwritten { why, .. }| why);
        self.lines.clear();
        begun
    }

    /// Adds the line about a fact.
    pub(super) fn write(&mut self, fact: &Fact) {
        self.turn_to(fact.at);
        line::write(&mut self.lines, &self.stamp, fact, self.addresses);
        if self.lines.len() >= BATCH {
            self.flush();
        }
    }

    /// Some lines are missing here: nobody could write as fast as they came.
    pub(super) fn note_missing(&mut self, count: u64) {
        self.flush();
        self.missing += count;
    }

    /// Writes what there is. What cannot be written is lost, or it would fill the memory; it is
    /// counted, and that is told once, until it is over.
    pub(super) fn flush(&mut self) {
        let mut lines = mem::take(&mut self.lines);
        let is_admitting = self.missing > 0;
        if is_admitting {
            lines.splice(..0, self.admission());
        }
        match self.rotation.append(self.date, &lines) {
            Ok(()) if lines.is_empty() => {}
            Ok(()) => self.succeed(),
            Err(Unwritten { lines: left, why }) => {
                let is_admitted = left.len() < lines.len();
                // The admission itself is no line that anybody could miss.
                let before = if is_admitting && !is_admitted { self.missing - 1 } else { 0 };
                self.missing = before + count(left);
                self.fail(&why);
            }
        }
        lines.clear();
        self.lines = lines;
    }

    /// Writes the last line, with everything before it.
    pub(super) fn end(&mut self, at: SystemTime) {
        self.turn_to(at);
        line::write_own(&mut self.lines, &self.stamp, "INFO", format_args!("stopped"));
        self.flush();
        if self.missing > 0 {
            tracing::error!(lines = self.missing, "the end of the log is missing");
        }
    }

    /// The line that says how many are missing in its place.
    fn admission(&self) -> Vec<u8> {
        let mut admission = Vec::new();
        line::write_own(&mut admission, &self.stamp, "WARN", format_args!("missing lines={}", self.missing));
        admission
    }

    fn succeed(&mut self) {
        self.missing = 0;
        if mem::take(&mut self.is_failing) {
            tracing::warn!("the log is written again");
        }
    }

    fn fail(&mut self, why: &io::Error) {
        if !mem::replace(&mut self.is_failing, true) {
            tracing::error!(error = %why, "cannot write the log; the chat goes on without");
        }
    }

    /// What comes now is of this moment, and goes to the file of its day.
    fn turn_to(&mut self, at: SystemTime) {
        self.stamp.set(at);
        let is_late = self.latest.duration_since(at).is_ok_and(|late| late < STRAGGLING);
        if is_late {
            return;
        }
        self.latest = at;
        if self.stamp.date() != self.date {
            self.flush();
            self.date = self.stamp.date();
        }
    }
}

fn count(lines: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', lines).count() as u64
}
