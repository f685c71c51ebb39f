//! Where slow things are done: on the session's own thread, without the lock.

use super::{
    hashing::Hasher,
    state::{Done, Work},
};
use crate::store::Saver;

/// What slow things need.
pub(super) struct Backstage {
    saver: Saver,
    hasher: Hasher,
}

impl Backstage {
    pub(super) fn new(saver: Saver, hasher: Hasher) -> Self {
        Self { saver, hasher }
    }

    /// Does it; whoever calls this waits, and nobody else does.
    pub(super) fn perform(&self, work: &Work) -> Done {
        match work {
            Work::Save => Done::Saved(self.saver.save()),
            Work::Hash(password) => Done::Hashed(self.hasher.hash(password)),
            Work::Verify { password, hash } => Done::Verified(self.hasher.verify(password, hash.as_ref())),
        }
    }

    /// The server stops: whoever waits for their turn to hash waits no longer.
    pub(super) fn stop(&self) {
        self.hasher.close();
    }

    pub(super) fn wake_saver(&self) {
        self.saver.wake();
    }
}
