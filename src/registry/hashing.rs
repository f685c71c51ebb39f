//! Passwords become hashes, slowly on purpose, and never many at a time.
//!
//! What is kept of a password is its Argon2id hash (RFC 9106) with a salt of its own, in the PHC
//! string format. To compute one takes tens of milliseconds and 19 MiB: that is what makes a stolen
//! file useless, and it is also what would let a flood of log-ins take the machine. So there are only
//! two permits, and whoever wants to hash waits for one: on its own thread, without the lock.

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use parking_lot::{Condvar, Mutex};

use crate::password::{Hashed, Password};

/// How many hashes are computed at a time.
const PERMITS: usize = 2;

/// Computes hashes.
pub struct Hasher {
    argon2: Argon2<'static>,
    permits: Semaphore,
}

impl Hasher {
    /// A hasher whose hashes cost what they should (OWASP's first choice for Argon2id).
    pub fn new() -> Self {
        Self::with(Params::default())
    }

    /// A hasher for tests, whose hashes cost nothing and protect nothing.
    pub fn cheap() -> Self {
        Self::with(Params::new(Params::MIN_M_COST, 1, 1, None).expect("the smallest that are allowed"))
    }

    fn with(params: Params) -> Self {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Self { argon2, permits: Semaphore::new(PERMITS) }
    }

    /// The hash of a password, with a new salt; `None` when the server stops, or the operating system
    /// has no random numbers.
    pub fn hash(&self, password: &Password) -> Option<Hashed> {
        let _permit = self.permits.take()?;
        let hash = self.argon2.hash_password(password.reveal().as_bytes()).ok()?;
        Some(Hashed::new(&hash.to_string()))
    }

    /// Whether this is the hash of the password. Without any hash it is not, and to find that out
    /// takes as long: so the time of an answer does not tell whether there is an account.
    pub fn verify(&self, password: &Password, hash: Option<&Hashed>) -> bool {
        let Some(hash) = hash else {
            self.hash(password);
            return false;
        };
        let Some(_permit) = self.permits.take() else { return false };
        // It is checked with the costs that it says it was made with, and not with ours.
        PasswordHash::new(hash.as_str())
            .is_ok_and(|hash| self.argon2.verify_password(password.reveal().as_bytes(), &hash).is_ok())
    }

    /// Whoever waits, waits no longer; there are no more hashes.
    pub fn close(&self) {
        self.permits.close();
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

/// So many permits, given out one by one and given back: a counter behind a mutex, and a condition
/// variable for those who wait for it to be more than zero.
struct Semaphore {
    permits: Mutex<Permits>,
    given_back: Condvar,
}

struct Permits {
    free: usize,
    is_closed: bool,
}

impl Semaphore {
    fn new(free: usize) -> Self {
        Self { permits: Mutex::new(Permits { free, is_closed: false }), given_back: Condvar::new() }
    }

    /// Waits for a permit; `None` when it is closed.
    fn take(&self) -> Option<Permit<'_>> {
        let mut permits = self.permits.lock();
        // Asked again each time: between the call and our waking up, somebody else may have come.
        while permits.free == 0 && !permits.is_closed {
            self.given_back.wait(&mut permits);
        }
        if permits.is_closed {
            return None;
        }
        permits.free -= 1;
        Some(Permit(self))
    }

    fn close(&self) {
        self.permits.lock().is_closed = true;
        self.given_back.notify_all();
    }
}

/// Given back when it is dropped, so also after a panic.
struct Permit<'a>(&'a Semaphore);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.permits.lock().free += 1;
        self.0.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
    };

    use super::*;

    fn password(letters: &str) -> Password {
        Password::attempt(letters)
    }

    #[test]
    fn a_password_is_known_by_its_hash_which_is_another_one_each_time() {
        let hasher = Hasher::cheap();
        let [first, second] = [(); 2].map(|()| hasher.hash(&password("correct-horse")).expect("a hash"));
        assert_ne!(first, second, "each has its own salt");
        for hash in [&first, &second] {
            assert!(hash.as_str().starts_with("$argon2id$v=19$"), "{}", hash.as_str());
            assert!(!hash.as_str().contains("correct-horse"));
            assert!(hasher.verify(&password("correct-horse"), Some(hash)));
            assert!(!hasher.verify(&password("correct-hors"), Some(hash)));
        }
    }

    #[test]
    fn without_a_hash_or_with_a_damaged_one_no_password_is_right() {
        let hasher = Hasher::cheap();
        assert!(!hasher.verify(&password("correct-horse"), None));
        for damaged in ["", "correct-horse", "$argon2id$v=19$m=8"] {
            assert!(!hasher.verify(&password("correct-horse"), Some(&Hashed::new(damaged))), "{damaged}");
        }
    }

    #[test]
    fn a_hash_costs_what_it_should() {
        let params = Params::default();
        assert!(params.m_cost() >= 19 * 1024 && params.t_cost() >= 2, "{params:?}");
    }

    #[test]
    fn no_more_than_two_are_at_it_at_a_time_and_everybody_gets_a_turn() {
        let semaphore = Semaphore::new(PERMITS);
        let (at_it, turns) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..20 {
                let work = || {
                    for _ in 0..50 {
                        let _permit = semaphore.take().expect("it is open");
                        assert!(at_it.fetch_add(1, Ordering::SeqCst) < PERMITS);
                        thread::yield_now();
                        at_it.fetch_sub(1, Ordering::SeqCst);
                        turns.fetch_add(1, Ordering::SeqCst);
                    }
                };
                thread::Builder::new().spawn_scoped(scope, work).expect("a thread");
            }
        });
        assert_eq!(turns.into_inner(), 20 * 50);
    }

    #[test]
    fn who_waits_when_it_is_closed_waits_no_longer() {
        let semaphore = Semaphore::new(0);
        thread::scope(|scope| {
            let waiting = || assert!(semaphore.take().is_none());
            for _ in 0..5 {
                thread::Builder::new().spawn_scoped(scope, waiting).expect("a thread");
            }
            semaphore.close();
        });
    }
}
