//! How often somebody may try a password: so many times in a minute, and not once more.
//!
//! A bucket would let through a few more in the first minute, so here the times themselves are kept:
//! three or ten of them. They are counted before anything is hashed. Each client has a count, and each
//! address: whoever takes a new connection for each attempt is still the same address. Loopback counts
//! too, for a program on this machine can guess as well as any other.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::State;
use crate::{event::account::AccountEvent, names::ClientId, origin::Origin};

const MINUTE: Duration = Duration::from_secs(60);

/// Attempts in a minute.
const PER_CLIENT: usize = 3;
const PER_ADDRESS: usize = 10;

/// Addresses whose attempts are remembered. When there are more, the one that was silent the longest
/// is forgotten: it bounds what a crowd of them can make the server keep.
const MOST_ADDRESSES: usize = 1000;

/// What is tried. Each is counted on its own, so that somebody who has just registered can log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Attempt {
    /// To give the right password.
    Guess,
    /// To register a nickname, which costs as much.
    Register,
}

/// When somebody has tried lately, oldest first.
#[derive(Clone, Default)]
pub(super) struct Attempts(VecDeque<Instant>);

impl Attempts {
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

impl State {
    /// Whether a client may try now; then this was an attempt. If not, it has been told why.
    pub(super) fn may_attempt(&mut self, client: ClientId, attempt: Attempt) -> bool {
        let now = self.now.instant;
        let address = (Origin::of(self.clients[client].address), attempt);
        if !self.attempts.contains_key(&address) {
            self.make_room_for_attempts();
        }
        let theirs = self.attempts.entry(address).or_default();
        let own = &mut self.clients[client].attempts[attempt as usize];
        let wait = own.wait(PER_CLIENT, now).max(theirs.wait(PER_ADDRESS, now));
        if wait.is_zero() {
            own.count(PER_CLIENT, now);
            theirs.count(PER_ADDRESS, now);
            return true;
        }
        self.tell(client, AccountEvent::TooManyAttempts(wait).into());
        false
    }

    fn make_room_for_attempts(&mut self) {
        if self.attempts.len() < MOST_ADDRESSES {
            return;
        }
        let now = self.now.instant;
        self.attempts.retain(|_, attempts| attempts.last().is_some_and(|last| now - last < MINUTE));
        if self.attempts.len() >= MOST_ADDRESSES {
            let oldest = self.attempts.iter().min_by_key(|(_, attempts)| attempts.last());
            let oldest = oldest.map(|(&address, _)| address);
            oldest.map(|address| self.attempts.remove(&address));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_in_any_minute_and_not_one_more() {
        let (mut attempts, start) = (Attempts::default(), Instant::now());
        let mut made = Vec::new();
        for second in 0..200 {
            let now = start + Duration::from_secs(second);
            if attempts.wait(3, now).is_zero() {
                attempts.count(3, now);
                made.push(second);
            }
        }
        assert_eq!(made, [0, 1, 2, 60, 61, 62, 120, 121, 122, 180, 181, 182]);
        assert_eq!(attempts.0.len(), 3, "no more times are kept than needed");
    }
}
