//! How often a password may be tried: so many times in any minute.
//!
//! A token bucket would let a few more through in the first minute, so the times themselves are kept:
//! three or ten of them. Attempts are counted before anything is hashed, for each client and for each
//! address: a client that reconnects for each attempt still has the same address. Loopback counts too,
//! because a program on this machine can guess as well as any other.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use crate::{names::ClientId, origin::Origin};

const MINUTE: Duration = Duration::from_secs(60);

/// Attempts in a minute.
const PER_CLIENT: usize = 3;
const PER_ADDRESS: usize = 10;

/// Addresses whose attempts are remembered. When there are more, the one that has been silent longest
/// is forgotten.
const MOST_ADDRESSES: usize = 1000;

/// What is tried. Each kind has its own count, so that a user who has just registered can log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::registry::state) enum Attempt {
    /// To give the right password.
    Guess,
    /// To register a nickname, which costs as much.
    Register,
}

/// The attempts of the last minute.
#[derive(Default)]
pub(in crate::registry::state) struct Attempts {
    by_client: HashMap<(ClientId, Attempt), Times>,
    by_origin: HashMap<(Origin, Attempt), Times>,
}

impl Attempts {
    /// Counts an attempt.
    ///
    /// # Errors
    /// How long to wait when there have been too many.
    pub(in crate::registry::state) fn count(
        &mut self,
        (client, origin): (ClientId, Origin),
        attempt: Attempt,
        now: Instant,
    ) -> Result<(), Duration> {
        if !self.by_origin.contains_key(&(origin, attempt)) {
            self.make_room(now);
        }
        let theirs = self.by_origin.entry((origin, attempt)).or_default();
        let own = self.by_client.entry((client, attempt)).or_default();
        let wait = own.wait(PER_CLIENT, now).max(theirs.wait(PER_ADDRESS, now));
        if !wait.is_zero() {
            return Err(wait);
        }
        own.count(PER_CLIENT, now);
        theirs.count(PER_ADDRESS, now);
        Ok(())
    }

    /// Forgets a client that has left.
    pub(in crate::registry::state) fn forget(&mut self, client: ClientId) {
        for attempt in [Attempt::Guess, Attempt::Register] {
            self.by_client.remove(&(client, attempt));
        }
    }

    fn make_room(&mut self, now: Instant) {
        if self.by_origin.len() < MOST_ADDRESSES {
            return;
        }
        self.by_origin.retain(|_, times| times.last().is_some_and(|last| now - last < MINUTE));
        if self.by_origin.len() >= MOST_ADDRESSES {
            let oldest = self.by_origin.iter().min_by_key(|(_, times)| times.last()).map(|(&key, _)| key);
            oldest.map(|oldest| self.by_origin.remove(&oldest));
        }
    }

    #[cfg(test)]
    pub(in crate::registry::state) fn origins(&self) -> usize {
        self.by_origin.len()
    }
}

/// When something was tried lately, oldest first.
#[derive(Default)]
struct Times(VecDeque<Instant>);

impl Times {
    /// How long to wait for the next of so many in a minute.
    fn wait(&self, most: usize, now: Instant) -> Duration {
        let last_of_most = self.0.len().checked_sub(most).map(|index| self.0[index]);
        last_of_most.map_or(Duration::ZERO, |then| (then + MINUTE).saturating_duration_since(now))
    }

    fn count(&mut self, most: usize, now: Instant) {
        self.0.push_back(now);
        if self.0.len() > most {
            self.0.pop_front();
        }
    }

    fn last(&self) -> Option<Instant> {
        self.0.back().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_in_any_minute_and_not_one_more() {
        let (mut times, start) = (Times::default(), Instant::now());
        let mut made = Vec::new();
        for second in 0..200 {
            let now = start + Duration::from_secs(second);
            if times.wait(3, now).is_zero() {
                times.count(3, now);
                made.push(second);
            }
        }
        assert_eq!(made, [0, 1, 2, 60, 61, 62, 120, 121, 122, 180, 181, 182]);
        assert_eq!(times.0.len(), 3, "no more times are kept than needed");
    }
}
