//! Slow things that a rule needs: asked for under the lock, done without it.

use super::{AccountThen, Decision, watching};
use crate::{
    event::Event,
    file::{OfferId, Token},
    password::{Hashed, Password},
    watch::{Journey, Reported, Seen},
};

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
    /// Look at what the threads are doing.
    Look,
    /// Wait until the message that was just posted is sent.
    Follow(Reported),
    /// Wake whoever watches the clock: closing time has changed.
    LookAtTheClock,
    /// Draw random tokens for the two sides of a transfer.
    Tokens,
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
    /// What there was to see.
    Seen(Box<Seen>),
    /// How the message travelled.
    Followed(Journey),
    /// The sender's and the receiver's; `None` when there is no randomness to be had.
    Tokens(Option<[Token; 2]>),
    /// There is nothing to say about it.
    Nothing,
}

impl Done {
    /// Whether it is on the disk now.
    pub(super) fn saved(self) -> bool {
        matches!(self, Self::Saved(true))
    }

    /// What came of [`Work::Tokens`].
    pub(super) fn tokens(self) -> Option<[Token; 2]> {
        if let Self::Tokens(tokens) = self { tokens } else { None }
    }
}

/// What a task was for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Then {
    /// Tell a room what was decided about it.
    TellDecision(Decision),
    /// Tell whoever asked.
    Answer(Event),
    /// Something about an account.
    Account(AccountThen),
    /// Show it.
    Watch(watching::Then),
    /// Nothing.
    Nothing,
    /// For the file of this offer.
    Transfer(OfferId),
}
