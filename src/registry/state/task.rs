//! Slow things that a rule needs: asked for under the lock, done without it.

use crate::file::{OfferId, Token};

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
    /// Draw random tokens for the two sides of a transfer.
    Tokens,
}

/// What came of some [`Work`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Done {
    /// Whether it is on the disk now.
    Saved(bool),
    /// The sender's and the receiver's; `None` when there is no randomness to be had.
    Tokens(Option<[Token; 2]>),
}

/// What a task was for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Then {
    /// For the file of this offer.
    Transfer(OfferId),
}

impl Done {
    /// What came of [`Work::Tokens`].
    pub(super) fn tokens(self) -> Option<[Token; 2]> {
        if let Self::Tokens(tokens) = self { tokens } else { None }
    }
}
