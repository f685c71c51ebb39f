//! Slow things that a rule needs: asked for under the lock, done without it.

use super::{AccountThen, Decision};
use crate::password::{Hashed, Password};

/// Something slow, and how the rules go on when it is done.
#[derive(Debug)]
pub struct Task {
    /// What is to be done.
    pub work: Work,
    /// What it was for; to be given back to [`super::State::resume`].
    pub then: Then,
}

/// Something that takes too long to do under the lock.
#[derive(Debug)]
#[non_exhaustive]
pub enum Work {
    /// Wait until everything decided so far is on the disk.
    Save,
    /// Hash a password.
    Hash(Password),
    /// Compare a password with a hash; with none, take as long.
    Verify {
        /// What somebody typed.
        password: Password,
        /// What is known.
        hash: Option<Hashed>,
    },
}

/// What came of some [`Work`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Done {
    /// Whether it is on the disk now.
    Saved(bool),
    /// The hash, if there could be one.
    Hashed(Option<Hashed>),
    /// Whether it was the right password.
    Verified(bool),
}

impl Done {
    /// Whether it is on the disk now.
    pub(super) fn saved(self) -> bool {
        matches!(self, Self::Saved(true))
    }
}

/// What a task was for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Then {
    /// Tell a room what was decided about it.
    TellDecision(Decision),
    /// Something about an account.
    Account(AccountThen),
}
