//! Where slow things are done: on the session's own thread, without the lock.

use crossbeam_channel::Sender;

use super::{
    hashing::Hasher,
    state::{Done, Work},
};
use crate::store::Saver;

/// What slow things need.
pub(super) struct Backstage {
    saver: Saver,
    hasher: Hasher,
    /// The way to whoever watches the clock.
    alarm: Sender<()>,
}

impl Backstage {
    pub(super) fn new(saver: Saver, hasher: Hasher, alarm: Sender<()>) -> Self {
        Self { saver, hasher, alarm }
    }

    /// Does it; whoever calls this waits, and nobody else does.
    pub(super) fn perform(&self, work: &Work) -> Done {
        match work {
            Work::Save => Done::Saved(self.saver.save()),
            Work::Hash(password) => Done::Hashed(self.hasher.hash(password)),
            Work::Verify { password, hash } => Done::Verified(self.hasher.verify(password, hash.as_ref())),
            Work::LookAtTheClock => {
                self.wake_watch();
                Done::Nothing
            }
        }
    }

    /// The server stops: whoever waits for their turn to hash waits no longer, nor does whoever
    /// watches the clock.
    pub(super) fn stop(&self) {
        self.hasher.close();
        self.wake_watch();
    }

    /// It never waits: when the channel is full, whoever watches the clock is about to look.
    fn wake_watch(&self) {
        let _ = self.alarm.try_send(());
    }

    pub(super) fn wake_saver(&self) {
        self.saver.wake();
    }
}
