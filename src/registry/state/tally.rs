//! What is counted: the messages that are said, in all and recently, and how often other things happened.

use std::time::Instant;

use crate::watch::Labelled;

/// How many numbers are reserved at a time: more lines than are said before a disk has taken that.
const RESERVE: u64 = 1_000_000;

/// Numbers the lines, and counts the messages of the current second and of the last whole ones.
pub(super) struct Tally {
    /// The number of the newest line; 0 if there is none.
    pub(super) seq: u64,
    /// No line has a higher number before a higher one is reserved.
    reserved: u64,
    started: Instant,
    /// The current second, since the start.
    second: u64,
    counts: [u32; Self::PLACES],
    /// All messages so far.
    pub(super) total: u64,
    /// Those of them that were said in a room.
    pub(super) lines: u64,
    pub(super) occurrences: Occurrences,
}

/// How often things happened since the start, by kind.
#[derive(Clone, Debug, Default)]
pub struct Occurrences {
    /// Clients that have left, by [`Ending::word`](crate::ending::Ending::word).
    pub left: Labelled,
    /// Passwords that were shown: right or wrong ones, and those that came too often to be looked at.
    pub passwords: Labelled,
    /// Offers of files that have ended, by [`Outcome::word`](crate::event::transfers::Outcome::word).
    pub offers: Labelled,
}

impl Tally {
    /// How many whole seconds are looked back on.
    pub(super) const SECONDS: usize = 10;

    const PLACES: usize = Self::SECONDS + 1;

    pub(super) fn new(now: Instant) -> Self {
        let (counts, occurrences) = ([0; Self::PLACES], Occurrences::default());
        Self { seq: 0, reserved: 0, started: now, second: 0, counts, total: 0, lines: 0, occurrences }
    }

    /// Lines up to this number exist already.
    pub(super) fn continue_after(&mut self, seq: u64) {
        self.seq = self.seq.max(seq);
    }

    /// Whether numbers must be reserved soon. A server that was killed begins after those that were reserved, because
    /// programs have heard lines that it did not save, and ask for what has a higher number.
    pub(super) fn must_reserve(&self) -> bool {
        self.seq + RESERVE / 2 >= self.reserved
    }

    /// Reserves numbers, and returns the highest one.
    pub(super) fn reserve(&mut self) -> u64 {
        self.reserved = self.seq + RESERVE;
        self.reserved
    }

    /// The number of the next line, which is counted as a message.
    pub(super) fn next_line(&mut self, now: Instant) -> u64 {
        self.count(now);
        self.lines += 1;
        self.seq += 1;
        self.seq
    }

    pub(super) fn count(&mut self, now: Instant) {
        self.catch_up(now);
        self.counts[place(self.second)] += 1;
        self.total += 1;
    }

    /// Messages in the last whole seconds.
    pub(super) fn recent(&mut self, now: Instant) -> u64 {
        self.catch_up(now);
        let unfinished = u64::from(self.counts[place(self.second)]);
        self.counts.iter().map(|&count| u64::from(count)).sum::<u64>() - unfinished
    }

    /// Begins the seconds up to this one. A client that waited for the lock may bring an earlier time;
    /// its message then counts for the current second.
    fn catch_up(&mut self, now: Instant) {
        let current = now.duration_since(self.started).as_secs().max(self.second);
        for second in (self.second + 1..=current).rev().take(Self::PLACES) {
            self.counts[place(second)] = 0;
        }
        self.second = current;
    }
}

fn place(second: u64) -> usize {
    usize::try_from(second % Tally::PLACES as u64).expect("less than the number of places")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_the_last_whole_seconds_count() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut tally = Tally::new(start);
        tally.count(at(0));
        tally.count(at(999));
        assert_eq!(tally.recent(at(999)), 0, "the second is not over");
        tally.count(at(1000));
        assert_eq!(tally.recent(at(1500)), 2);
        tally.count(at(500));
        assert_eq!(tally.recent(at(2000)), 4, "a late one counts now");
        assert_eq!(tally.recent(at(10_999)), 4);
        assert_eq!(tally.recent(at(11_000)), 2);
        assert_eq!(tally.recent(at(12_000)), 0);
        tally.count(at(999_000));
        assert_eq!(tally.recent(at(1_000_000)), 1);
        assert_eq!(tally.total, 5);
    }
}
