//! Slow things that a rule needs: asked for under the lock, done without it.

use super::Decision;

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
}

/// What came of some [`Work`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Done {
    /// Whether it is on the disk now.
    Saved(bool),
}

impl Done {
    /// Whether it is on the disk now.
    pub(super) fn saved(self) -> bool {
        match self {
            Self::Saved(is_saved) => is_saved,
        }
    }
}

/// What a task was for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Then {
    /// Tell a room what was decided about it.
    TellDecision(Decision),
}
