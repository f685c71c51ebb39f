//! The delay before the next attempt to connect.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Delays that double up to a limit, with random jitter: when a server with a thousand clients comes
/// back, they must not all connect at the same moment.
#[derive(Default)]
pub(super) struct Backoff {
    /// How many times [`Backoff::next_delay`] was called.
    pub(super) attempts: u32,
}

/// The longest delay, in milliseconds. All clients are back half a minute after the server is.
const MAX: u64 = 30_000;

impl Backoff {
    /// The delay before the next attempt: 1, 2, 4 … seconds, shortened at random by up to a half.
    pub(super) fn next_delay(&mut self) -> Duration {
        let half = (500 << self.attempts.min(10)).min(MAX / 2);
        self.attempts += 1;
        // Every `RandomState` has random keys, which is random enough here.
        let random = RandomState::new().hash_one(());
        Duration::from_millis(half + random % (half + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_half_a_minute_and_are_shortened_by_at_most_a_half() {
        let mut backoff = Backoff::default();
        for full in [1, 2, 4, 8, 16, 30, 30, 30].map(Duration::from_secs) {
            let delay = backoff.next_delay();
            assert!(full / 2 <= delay && delay <= full, "{delay:?} of {full:?}");
        }
    }

    #[test]
    fn two_clients_wait_for_different_times() {
        let first: Vec<_> = (0..20).map(|_| Backoff::default().next_delay()).collect();
        assert!(first.iter().any(|delay| *delay != first[0]));
    }
}
