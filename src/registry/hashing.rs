//! Passwords become hashes: slowly on purpose, and only a few at a time.
//!
//! The server stores the Argon2id hash (RFC 9106) of a password, with its own salt, in the PHC string
//! format. One hash takes tens of milliseconds and 19 MiB. That protects a stolen data file, but a
//! flood of log-ins could exhaust the machine. So there are only two permits, and a session waits for
//! one on its own thread, without the lock. Each permit owns the memory for one hash and reuses it:
//! an allocator may keep what each of a thousand threads has freed, and that would be gigabytes.

use std::mem;

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::phc::{Output, ParamsString, Salt},
};
use parking_lot::{Condvar, Mutex};
use zeroize::Zeroize;

use crate::password::{Hashed, Password};

/// How many hashes are computed at a time.
const PERMITS: usize = 2;

/// Computes hashes.
pub struct Hasher {
    params: Params,
    /// The memories of the free permits; `None` when there are no more hashes. The last one given back is
    /// taken first, so the second one stays empty as long as one hash at a time is enough.
    free: Mutex<Option<Vec<Vec<Block>>>>,
    given_back: Condvar,
}

impl Hasher {
    /// Creates a hasher for tests, whose hashes cost nothing and protect nothing.
    pub fn cheap() -> Self {
        Self::with(Params::new(Params::MIN_M_COST, 1, 1, None).expect("the smallest that are allowed"))
    }

    fn with(params: Params) -> Self {
        Self { params, free: Mutex::new(Some(vec![Vec::new(); PERMITS])), given_back: Condvar::new() }
    }

    /// Hashes a password with a new salt; `None` when the server stops or the system has no randomness.
    pub fn hash(&self, password: &Password) -> Option<Hashed> {
        let mut salt = [0; Salt::RECOMMENDED_LENGTH];
        getrandom::fill(&mut salt).ok()?;
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        let argon2 = Argon2::new(algorithm, version, self.params.clone());
        let output = self.compute(&argon2, password, &salt, Params::DEFAULT_OUTPUT_LEN)?;
        let hash = PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(&self.params).ok()?,
            salt: Some(Salt::new(&salt).ok()?),
            hash: Some(output),
        };
        Some(Hashed::new(&hash.to_string()))
    }

    /// Whether a hash is the hash of this password. Without a hash the answer is no, and it takes as
    /// long, so the time of an answer does not tell whether there is an account.
    pub fn verify(&self, password: &Password, hash: Option<&Hashed>) -> bool {
        let Some(hash) = hash else {
            self.hash(password);
            return false;
        };
        self.matches(password, hash).unwrap_or(false)
    }

    /// Compares with the costs that the hash was made with. A damaged hash matches nothing. Neither does
    /// one that costs more than ours: a strange data file must not make the server allocate gigabytes.
    fn matches(&self, password: &Password, hash: &Hashed) -> Option<bool> {
        let hash = PasswordHash::new(hash.as_str()).ok()?;
        let (algorithm, version) = (hash.algorithm.as_str().try_into().ok()?, hash.version?.try_into().ok()?);
        let (salt, expected) = (hash.salt?, hash.hash?);
        let params = Params::try_from(&hash).ok()?;
        if params.m_cost() > self.params.m_cost() || params.t_cost() > self.params.t_cost() {
            return None;
        }
        let argon2 = Argon2::new(algorithm, version, params);
        let output = self.compute(&argon2, password, &salt, expected.len())?;
        // `Output` compares in constant time.
        Some(output == expected)
    }

    fn compute(
        &self,
        argon2: &Argon2<'_>,
        password: &Password,
        salt: &[u8],
        length: usize,
    ) -> Option<Output> {
        let mut permit = self.take()?;
        let blocks = argon2.params().block_count();
        if permit.memory.len() < blocks {
            permit.memory.resize(blocks, Block::new());
        }
        let mut output = [0; Output::MAX_LENGTH];
        let output = output.get_mut(..length)?;
        let password = password.reveal().as_bytes();
        argon2.hash_password_into_with_memory(password, salt, output, &mut permit.memory).ok()?;
        Output::new(output).ok()
    }

    /// Waits for a permit; `None` when there are no more hashes.
    fn take(&self) -> Option<Permit<'_>> {
        let mut free = self.free.lock();
        self.given_back.wait_while(&mut free, |free| free.as_ref().is_some_and(Vec::is_empty));
        Some(Permit { hasher: self, memory: free.as_mut()?.pop()? })
    }

    /// Ends every wait for a permit; there are no more hashes.
    pub fn close(&self) {
        *self.free.lock() = None;
        self.given_back.notify_all();
    }
}

impl Default for Hasher {
    /// Creates a hasher with OWASP's first choice of costs for Argon2id.
    fn default() -> Self {
        Self::with(Params::default())
    }
}

/// The right to compute a hash, and the memory for it. Dropping it gives it back, also after a panic.
struct Permit<'a> {
    hasher: &'a Hasher,
    /// Empty until the first hash is computed in it, and wiped after each.
    memory: Vec<Block>,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        // What is left in the memory would let a thief try passwords cheaply.
        self.memory.iter_mut().zeroize();
        let mut free = self.hasher.free.lock();
        if let Some(free) = &mut *free {
            free.push(mem::take(&mut self.memory));
        }
        self.hasher.given_back.notify_one();
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

    /// Where the memory of each free permit is, and how many blocks it has.
    fn memories(hasher: &Hasher) -> Vec<(*const Block, usize)> {
        hasher.free.lock().iter().flatten().map(|memory| (memory.as_ptr(), memory.len())).collect()
    }

    #[test]
    fn eight_hundred_log_ins_take_the_memory_of_one() {
        let hasher = Hasher::cheap();
        assert!(memories(&hasher).iter().all(|&(_, blocks)| blocks == 0), "nothing before the first");
        let hash = hasher.hash(&password("correct-horse")).expect("a hash");
        let before = memories(&hasher);
        for _ in 0..800 {
            assert!(!hasher.verify(&password("wrong-horse"), Some(&hash)));
            assert!(!hasher.verify(&password("wrong-horse"), None));
        }
        assert_eq!(memories(&hasher), before, "the same memory each time");
        assert_eq!(before.iter().filter(|&&(_, blocks)| blocks > 0).count(), 1);
        let wiped = |block: &Block| block.as_ref().iter().all(|&word| word == 0);
        assert!(hasher.free.lock().iter().flatten().flatten().all(wiped));
    }

    #[test]
    fn a_hash_with_lower_costs_is_verified_and_one_with_higher_costs_is_refused() {
        let with = |memory, passes| Hasher::with(Params::new(memory, passes, 1, None).expect("valid costs"));
        let ours = with(64, 2);
        let hash = |hasher: &Hasher| hasher.hash(&password("correct-horse")).expect("a hash");
        let verifies = |hash: &Hashed| ours.verify(&password("correct-horse"), Some(hash));
        for cheaper in [with(8, 1), with(32, 2), with(64, 1)] {
            assert!(verifies(&hash(&cheaper)));
        }
        for dearer in [with(128, 2), with(64, 3)] {
            assert!(!verifies(&hash(&dearer)));
        }
        let huge = hash(&ours).as_str().replace("m=64,", "m=4294967295,");
        assert!(!verifies(&Hashed::new(&huge)));
        assert!(memories(&ours).iter().all(|&(_, blocks)| blocks <= 64));
    }

    /// A hash that an earlier release stored.
    #[test]
    fn a_hash_that_is_in_a_data_file_still_verifies() {
        let stored = Hashed::new(
            "$argon2id$v=19$m=19456,t=2,p=1$5ZDO5kLgN8enMP+FQ3Cn/Q$EYGlVRgNRgfMaLOANZbXS6nEMN2Zeu7vTR713I9lkqw",
        );
        assert!(Hasher::default().verify(&password("correct-horse"), Some(&stored)));
        assert!(!Hasher::default().verify(&password("wrong-horse"), Some(&stored)));
    }

    #[test]
    fn a_hash_verifies_its_password_and_has_a_new_salt_each_time() {
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
    fn no_password_matches_a_missing_or_damaged_hash() {
        let hasher = Hasher::cheap();
        assert!(!hasher.verify(&password("correct-horse"), None));
        for damaged in ["", "correct-horse", "$argon2id$v=19$m=8"] {
            assert!(!hasher.verify(&password("correct-horse"), Some(&Hashed::new(damaged))), "{damaged}");
        }
    }

    #[test]
    fn a_hash_has_the_recommended_costs() {
        let params = Params::default();
        assert!(params.m_cost() >= 19 * 1024 && params.t_cost() >= 2, "{params:?}");
    }

    #[test]
    fn at_most_two_hashes_are_computed_at_a_time_and_every_thread_gets_a_turn() {
        let hasher = Hasher::cheap();
        let (busy, turns) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..20 {
                let work = || {
                    for _ in 0..50 {
                        let _permit = hasher.take().expect("it is not closed");
                        assert!(busy.fetch_add(1, Ordering::SeqCst) < PERMITS);
                        thread::yield_now();
                        busy.fetch_sub(1, Ordering::SeqCst);
                        turns.fetch_add(1, Ordering::SeqCst);
                    }
                };
                thread::Builder::new().spawn_scoped(scope, work).expect("a thread");
            }
        });
        assert_eq!(turns.into_inner(), 20 * 50);
    }

    #[test]
    fn closing_ends_every_wait_for_a_permit() {
        let hasher = Hasher::cheap();
        let _permits = [(); PERMITS].map(|()| hasher.take().expect("it is free"));
        thread::scope(|scope| {
            let waiting = || assert!(hasher.take().is_none());
            for _ in 0..5 {
                thread::Builder::new().spawn_scoped(scope, waiting).expect("a thread");
            }
            hasher.close();
        });
    }
}
