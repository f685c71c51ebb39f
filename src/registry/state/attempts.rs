//! How often a password may be tried.
//!
//! A token bucket would let a few more through in the first minute, so the times themselves are kept. An
//! attempt counts as wrong before anything is hashed, so a thousand at once gain nothing; a right one is
//! taken back. Wrong passwords are counted for each account and origin, so guesses at one account do not
//! lock out another. They are also counted for each origin: 30 in a minute. But a pupil who forgot a
//! password must not lock out thirty others behind the same address. So beyond 30, an attempt still gets
//! through if two things hold for the last minute: its client has not guessed wrong (or has shown a right
//! password since), and no client of its origin has guessed wrong for this account. At 60 wrong passwords
//! this ends, which bounds what many connections of one origin can guess. Loopback counts too, because
//! local programs can guess as well.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    time::{Duration, Instant},
};

use crate::names::{ClientId, Nick, Origin};

const MINUTE: Duration = Duration::from_secs(60);

/// Attempts of one client in a minute, right or wrong.
const PER_CLIENT: usize = 3;

/// Wrong passwords from one origin in a minute: for one account, in all, and in all if the client and the
/// account are free of wrong guesses.
const WRONG_PER_ACCOUNT: usize = 5;
const WRONG_PER_ORIGIN: usize = 30;
const WRONG_PER_ORIGIN_IF_FREE: usize = 60;

/// Registrations from one origin in a minute: a class may register at once.
const REGISTRATIONS_PER_ORIGIN: usize = 40;

/// How much is remembered of each kind. Beyond that, the oldest is forgotten.
const MOST: usize = 10_000;

/// What a password is tried for. Each has its own counts, so a user who has just registered can log in.
#[derive(Clone, Copy)]
pub(super) enum Attempt {
    /// To show the password of this account; `None` means the administrators' password.
    Guess(Option<Nick>),
    /// To register a nickname, which costs as much time.
    Register,
}

#[derive(Clone, Copy)]
pub(super) struct Guesser {
    pub(super) client: ClientId,
    pub(super) origin: Origin,
    pub(super) has_guessed_wrong: bool,
}

#[derive(Default)]
pub(super) struct Attempts {
    guesses: Counts<ClientId>,
    registrations: Counts<ClientId>,
    wrong_for_account: Counts<(Origin, Option<Nick>)>,
    wrong_from_origin: Counts<Origin>,
    registrations_from_origin: Counts<Origin>,
}

impl Attempts {
    /// Counts an attempt that begins; the error is how long to wait when there have been too many.
    pub(super) fn begin(&mut self, guesser: Guesser, attempt: Attempt, now: Instant) -> Result<(), Duration> {
        let Guesser { client, origin, has_guessed_wrong } = guesser;
        let Attempt::Guess(account) = attempt else {
            let wait = self.registrations.wait(client, PER_CLIENT, now);
            none_left(wait.max(self.registrations_from_origin.wait(origin, REGISTRATIONS_PER_ORIGIN, now)))?;
            self.registrations.add(client, now);
            self.registrations_from_origin.add(origin, now);
            return Ok(());
        };
        let for_account = self.wrong_for_account.wait((origin, account), WRONG_PER_ACCOUNT, now);
        let is_free = !has_guessed_wrong && self.wrong_for_account.wait((origin, account), 1, now).is_zero();
        let most = if is_free { WRONG_PER_ORIGIN_IF_FREE } else { WRONG_PER_ORIGIN };
        let from_origin = self.wrong_from_origin.wait(origin, most, now);
        none_left(self.guesses.wait(client, PER_CLIENT, now).max(for_account).max(from_origin))?;
        self.guesses.add(client, now);
        self.wrong_for_account.add((origin, account), now);
        self.wrong_from_origin.add(origin, now);
        Ok(())
    }

    /// Takes an attempt back, because its password was right.
    pub(super) fn take_back(&mut self, origin: Origin, attempt: Attempt) {
        if let Attempt::Guess(account) = attempt {
            self.wrong_for_account.take_back((origin, account));
            self.wrong_from_origin.take_back(origin);
        }
    }

    pub(super) fn forget(&mut self, client: ClientId) {
        self.guesses.0.remove(&client);
        self.registrations.0.remove(&client);
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.wrong_from_origin.0.len()
    }
}

fn none_left(wait: Duration) -> Result<(), Duration> {
    if wait.is_zero() { Ok(()) } else { Err(wait) }
}

/// When things happened lately, by what they concern; oldest first.
struct Counts<Key>(HashMap<Key, VecDeque<Instant>>);

impl<Key> Default for Counts<Key> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<Key: Copy + Eq + Hash> Counts<Key> {
    /// How long to wait until one more is allowed, when `most` are allowed in a minute.
    fn wait(&self, key: Key, most: usize, now: Instant) -> Duration {
        let last_of_most = self.0.get(&key).and_then(|times| times.iter().rev().nth(most - 1));
        last_of_most.map_or(Duration::ZERO, |&then| (then + MINUTE).saturating_duration_since(now))
    }

    fn add(&mut self, key: Key, now: Instant) {
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            self.make_room(now);
        }
        let times = self.0.entry(key).or_default();
        while times.front().is_some_and(|&then| then + MINUTE <= now) {
            times.pop_front();
        }
        times.push_back(now);
    }

    fn take_back(&mut self, key: Key) {
        let Some(times) = self.0.get_mut(&key) else { return };
        times.pop_back();
        if times.is_empty() {
            self.0.remove(&key);
        }
    }

    fn make_room(&mut self, now: Instant) {
        self.0.retain(|_, times| times.back().is_some_and(|&last| now < last + MINUTE));
        if self.0.len() >= MOST {
            let oldest = self.0.iter().min_by_key(|(_, times)| times.back().copied()).map(|(&key, _)| key);
            oldest.map(|oldest| self.0.remove(&oldest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_in_any_minute_and_not_one_more() {
        let (mut counts, start) = (Counts::default(), Instant::now());
        let mut made = Vec::new();
        for second in 0..200 {
            let now = start + Duration::from_secs(second);
            if counts.wait("x", 3, now).is_zero() {
                counts.add("x", now);
                made.push(second);
            }
        }
        assert_eq!(made, [0, 1, 2, 60, 61, 62, 120, 121, 122, 180, 181, 182]);
        assert_eq!(counts.0["x"].len(), 3, "no more times are kept than needed");
    }
}
