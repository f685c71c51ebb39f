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

    /// How many tokens are added in a second.
    pub(in super::super) fn a_second(self) -> u32 {
        let count = Duration::from_secs(1).as_nanos().checked_div(self.every.as_nanos());
        count.and_then(|count| count.try_into().ok()).unwrap_or(u32::MAX)
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

    /// How many tokens it holds now.
    pub(super) fn left(&self, rate: Rate, now: Instant) -> u32 {
        let until_full =
            self.full_at.map_or(Duration::ZERO, |full_at| full_at.saturating_duration_since(now));
        let missing = until_full.as_nanos().div_ceil(rate.every.as_nanos().max(1));
        rate.burst.saturating_sub(missing.try_into().unwrap_or(u32::MAX))
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
    fn what_is_left_can_be_taken_and_no_more() {
        let (rate, start) = (rate(5, 5), Instant::now());
        for quarters in 0..12 {
            let (mut bucket, now) = (Bucket::default(), start + quarters * SECOND / 4);
            taken(&mut bucket, rate, start);
            let left = bucket.left(rate, now);
            assert_eq!(taken(&mut bucket, rate, now), left as usize, "after {quarters} quarters of a second");
            assert_eq!(bucket.left(rate, now), 0);
        }
        assert_eq!(Bucket::default().left(rate, start), 5);
    }

    #[test]
    fn a_rate_says_how_much_it_is_in_a_second() {
        for n in [1, 2, 3, 5, 7, 10, 60, 100, 1000, u32::MAX] {
            assert_eq!(rate(n, 1).a_second(), n);
        }
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
