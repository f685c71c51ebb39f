//! How much is said: messages a second, lately.

use std::time::Instant;

/// Counts messages by the second. It remembers the last whole seconds, and the one that is not over.
pub(super) struct Throughput {
    started: Instant,
    /// The second that is not over, since the start.
    second: u64,
    counts: [u32; Self::SECONDS + 1],
    total: u64,
}

impl Throughput {
    /// How many whole seconds are looked back on.
    pub(super) const SECONDS: usize = 10;

    pub(super) fn new(now: Instant) -> Self {
        Self { started: now, second: 0, counts: [0; Self::SECONDS + 1], total: 0 }
    }

    /// One message more.
    pub(super) fn count(&mut self, now: Instant) {
        self.catch_up(now);
        let place = self.place();
        self.counts[place] += 1;
        self.total += 1;
    }

    /// Messages in the last whole seconds.
    pub(super) fn recent(&mut self, now: Instant) -> u64 {
        self.catch_up(now);
        let unfinished = u64::from(self.counts[self.place()]);
        self.counts.iter().map(|&count| u64::from(count)).sum::<u64>() - unfinished
    }

    /// Messages since the start.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Begins the seconds up to this one. Who had to wait for the lock brings an earlier time along;
    /// its message then counts for the second at hand.
    fn catch_up(&mut self, now: Instant) {
        let second = now.duration_since(self.started).as_secs();
        let missed = second.saturating_sub(self.second).min(self.counts.len() as u64);
        self.second = self.second.max(second) - missed;
        for _ in 0..missed {
            self.second += 1;
            let place = self.place();
            self.counts[place] = 0;
        }
    }

    fn place(&self) -> usize {
        usize::try_from(self.second % self.counts.len() as u64).expect("less than the length")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_the_last_whole_seconds_count() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut pace = Throughput::new(start);
        pace.count(at(0));
        pace.count(at(999));
        assert_eq!(pace.recent(at(999)), 0, "the second is not over");
        pace.count(at(1000));
        assert_eq!(pace.recent(at(1500)), 2);
        pace.count(at(500));
        assert_eq!(pace.recent(at(2000)), 4, "a late one counts now");
        assert_eq!(pace.recent(at(10_999)), 4);
        assert_eq!(pace.recent(at(11_000)), 2);
        assert_eq!(pace.recent(at(12_000)), 0);
        pace.count(at(999_000));
        assert_eq!(pace.recent(at(1_000_000)), 1);
        assert_eq!(pace.total(), 5);
    }
}
