//! Where slow things are done: on the session's own thread, without the lock.

use super::state::{Done, Work};
use crate::store::Saver;

/// What slow things need.
pub(super) struct Backstage {
    saver: Saver,
}

impl Backstage {
    pub(super) fn new(saver: Saver) -> Self {
        Self { saver }
    }

    /// Does it; whoever calls this waits, and nobody else does.
    pub(super) fn perform(&self, work: &Work) -> Done {
        match work {
            Work::Save => Done::Saved(self.saver.save()),
        }
    }

    pub(super) fn wake_saver(&self) {
        self.saver.wake();
    }
}
