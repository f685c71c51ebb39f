//! A token bucket: so many at once, and then so many a second.
//!
//! No thread has to add tokens: it is enough to remember when the bucket will be full again. Each token
//! that is taken moves that moment further away, and the bucket is empty when it is a whole bucket's time
//! away. So a silent client costs nothing.

use std::time::{Duration, Instant};

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The time after which a token is added.
    pub every: Duration,
    /// How many tokens it holds.
    pub burst: u32,
}

impl Rate {
    /// `rate` a second, and `burst` at once; `None`, which means no limit, if one of them is 0.
    pub fn per_second(rate: u32, burst: u32) -> Option<Self> {
        (rate > 0 && burst > 0).then(|| Self { every: Duration::from_secs(1) / rate, burst })
    }
}

/// One bucket, which is full at first.
#[derive(Default)]
pub(super) struct Bucket {
    /// When it is full again; `None` if nothing was taken yet.
    pub(super) full_at: Option<Instant>,
}

impl Bucket {
    pub(super) fn is_full(&self, now: Instant) -> bool {
        self.full_at.is_none_or(|full_at| full_at <= now)
    }

    /// Takes a token; the error is how long it takes until there is one. Asking for too much costs nothing.
    pub(super) fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now)) + rate.every;
        let holds = rate.every * rate.burst;
        let missing = (full_at - now).saturating_sub(holds);
        if !missing.is_zero() {
            return Err(missing);
        }
        self.full_at = Some(full_at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rate(per_second: u32, burst: u32) -> Rate {
        Rate::per_second(per_second, burst).expect("not zero")
    }

    fn taken(bucket: &mut Bucket, rate: Rate, now: Instant) -> usize {
        (0..100).take_while(|_| bucket.take(rate, now).is_ok()).count()
    }

    #[test]
    fn a_full_bucket_gives_its_burst_at_once_and_then_one_at_a_time() {
        let (rate, now) = (rate(5, 5), Instant::now());
        let mut bucket = Bucket::default();
        assert_eq!(taken(&mut bucket, rate, now), 5);
        assert_eq!(bucket.take(rate, now), Err(SECOND / 5), "it says how long to wait");
        assert_eq!(bucket.take(rate, now + SECOND / 10), Err(SECOND / 10), "asking costs nothing");
        assert_eq!(taken(&mut bucket, rate, now + SECOND / 5), 1);
        assert_eq!(taken(&mut bucket, rate, now + SECOND), 4);
    }

    #[test]
    fn long_silence_saves_up_no_more_than_a_bucket() {
        let (rate, now) = (rate(5, 3), Instant::now());
        let mut bucket = Bucket::default();
        taken(&mut bucket, rate, now);
        assert_eq!(taken(&mut bucket, rate, now + 3600 * SECOND), 3);
    }

    #[test]
    fn in_the_long_run_the_rate_is_kept_exactly() {
        let (rate, start) = (rate(3, 1), Instant::now());
        let mut bucket = Bucket::default();
        let tries = (0..10_000).map(|millisecond| start + Duration::from_millis(millisecond));
        assert_eq!(tries.filter(|&now| bucket.take(rate, now).is_ok()).count(), 30);
    }

    #[test]
    fn zero_means_no_limit() {
        assert_eq!(Rate::per_second(0, 5), None);
        assert_eq!(Rate::per_second(5, 0), None);
    }

    #[test]
    fn the_largest_numbers_overflow_nothing() {
        let now = Instant::now();
        for rate in [rate(1, u32::MAX), rate(u32::MAX, 1), rate(u32::MAX, u32::MAX)] {
            assert_eq!(Bucket::default().take(rate, now), Ok(()));
        }
    }
}
