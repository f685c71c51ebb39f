//! How many datagrams may be sent to one address.

use std::time::{Duration, Instant};

/// A limit for the datagrams of any one second: a quarter of them may be sent at once, and the rest evenly.
#[derive(Debug)]
pub(super) struct Pace {
    /// The time from one datagram to the next, when the burst is used up.
    every: Duration,
    /// The datagrams that may be sent at once, as the time after which all of them may be sent again.
    burst: Duration,
    /// When the whole burst may be sent again.
    free_at: Instant,
}

impl Pace {
    /// A limit of `rate` a second; `None` if that is 0, which means no limit.
    pub(super) fn new(rate: u32, now: Instant) -> Option<Self> {
        let burst = (rate / 4).max(1);
        let steady = (rate - burst.min(rate)).max(1);
        let every = Duration::from_secs(1).checked_div(steady).filter(|_| rate > 0)?;
        Some(Self { every, burst: every * burst, free_at: now })
    }

    /// Whether a datagram may be sent now. If so, it counts as sent.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let free_at = self.free_at.max(now) + self.every;
        let may_send = free_at <= now + self.burst;
        if may_send {
            self.free_at = free_at;
        }
        may_send
    }

    /// How long until a datagram may be sent.
    pub(super) fn pause(&self, now: Instant) -> Duration {
        (self.free_at.max(now) + self.every).saturating_duration_since(now + self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_has_more_than_the_rate() {
        for rate in [1, 2, 3, 4, 7, 200] {
            let start = Instant::now();
            let mut pace = Pace::new(rate, start).unwrap();
            let times = (0..5000).map(|ms| start + Duration::from_millis(ms));
            let sent: Vec<_> =
                times.flat_map(|now| std::iter::repeat_n(now, 99)).filter(|&now| pace.take(now)).collect();
            for (at, first) in sent.iter().enumerate() {
                let second = sent[at..].iter().take_while(|&&then| then < *first + Duration::from_secs(1));
                assert!(second.count() <= rate as usize, "of {rate} a second");
            }
            assert!(sent.len() >= rate as usize * 2, "{} of {rate} a second in 5 s", sent.len());
        }
    }

    #[test]
    fn a_history_is_sent_at_once_and_zero_means_no_limit() {
        let now = Instant::now();
        let mut pace = Pace::new(200, now).unwrap();
        assert!(pace.pause(now).is_zero());
        assert_eq!((0..99).filter(|_| pace.take(now)).count(), 50);
        let pause = pace.pause(now);
        assert!(!pace.take(now + pause / 2) && pace.take(now + pause), "{pause:?}");
        assert!(Pace::new(0, now).is_none());
    }
}
