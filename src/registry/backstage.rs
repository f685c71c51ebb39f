//! Where slow things are done: on the session's own thread, without the lock.

use crossbeam_channel::Sender;

use super::state::{Done, Work};
use crate::store::Saver;

/// What slow things need.
pub(super) struct Backstage {
    saver: Saver,
    /// The way to whoever watches the clock.
    alarm: Sender<()>,
}

impl Backstage {
    pub(super) fn new(saver: Saver, alarm: Sender<()>) -> Self {
        Self { saver, alarm }
    }

    /// Does it; whoever calls this waits, and nobody else does.
    pub(super) fn perform(&self, work: &Work) -> Done {
        match work {
            Work::Save => Done::Saved(self.saver.save()),
            Work::LookAtTheClock => {
                self.wake_watch();
                Done::Nothing
            }
        }
    }

    /// It never waits: when the channel is full, whoever watches the clock is about to look.
    pub(super) fn wake_watch(&self) {
        let _ = self.alarm.try_send(());
    }

    pub(super) fn wake_saver(&self) {
        self.saver.wake();
    }
}
