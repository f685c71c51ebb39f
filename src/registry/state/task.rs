//! Slow things that a rule needs: asked for under the lock, done without it.

use crossbeam_channel::Receiver;

use super::watching;
use crate::watch::{Journey, Seen};

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
    /// Look at what the threads are doing.
    Look,
    /// Wait until the message that was just posted is sent.
    Follow(Receiver<Journey>),
}

/// What came of some [`Work`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Done {
    /// Whether it is on the disk now.
    Saved(bool),
    /// What there was to see.
    Seen(Box<Seen>),
    /// How the message travelled.
    Followed(Journey),
}

/// What a task was for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Then {
    /// Show it.
    Watch(watching::Then),
}
