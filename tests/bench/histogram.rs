//! Percentiles of many durations in little memory.

use std::time::Duration;

/// Counts durations in buckets that are 3 % wide: there are 32 for each power of two of nanoseconds.
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; 64 * 32], total: 0 }
    }

    #[inline]
    pub(crate) fn add(&mut self, nanoseconds: u64) {
        self.counts[bucket(nanoseconds)] += 1;
        self.total += 1;
    }

    /// The duration that `share` (0 to 1) of all durations do not exceed; `None` if there are none.
    pub(crate) fn percentile(&self, share: f64) -> Option<Duration> {
        let wanted = (share * self.total as f64).ceil();
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen > 0 && seen as f64 >= wanted
        })?;
        Some(Duration::from_nanos(middle(found)))
    }
}

fn bucket(nanoseconds: u64) -> usize {
    let doublings = nanoseconds.max(32).ilog2();
    ((doublings - 5) as usize) * 32 + (nanoseconds >> (doublings - 5)) as usize
}

fn middle(bucket: usize) -> u64 {
    if bucket < 64 {
        return bucket as u64;
    }
    let doublings = bucket / 32 - 1;
    (((32 + bucket % 32) as u64) << doublings) + (1 << doublings) / 2
}
