//! Where slow work is done: on the client's own thread, without the lock.

use std::time::Duration;

use crossbeam_channel::Sender;

use super::{
    hashing::Hasher,
    state::{Resumption, Task},
};
use crate::{
    broadcaster::{self, Posts},
    file::Token,
    store::Store,
    watch::{self, Activity, Journey, Reported, Watch},
};

/// How long a client waits for the journey of its message. The broadcaster takes this long only if it
/// has failed, and a session must end even then.
const PATIENCE: Duration = Duration::from_secs(5);

/// What slow work needs.
pub(super) struct Backstage {
    store: Store,
    hasher: Hasher,
    watch: Watch,
    /// Only to see how full it is.
    channel: Sender<Posts>,
    /// Wakes the thread that waits for closing time.
    alarm: Sender<()>,
}

impl Backstage {
    pub(super) fn new(
        store: Store,
        hasher: Hasher,
        watch: Watch,
        channel: Sender<Posts>,
        alarm: Sender<()>,
    ) -> Self {
        Self { store, hasher, watch, channel, alarm }
    }

    /// Does slow work on the calling thread; returns how the rules go on, if they do.
    pub(super) fn perform(&self, task: Task) -> Option<Resumption> {
        Some(match task {
            Task::Save(next) => {
                watch::doing(Activity::Saving);
                next.saved(self.store.save())
            }
            Task::Hash(password, next) => {
                watch::doing(Activity::Hashing);
                next.with(self.hasher.hash(&password))
            }
            Task::Verify(password, hash, next) => {
                watch::doing(Activity::Hashing);
                next.with(self.hasher.verify(&password, hash.as_ref()))
            }
            Task::Look(next) => {
                watch::doing(Activity::Looking);
                next.with(Box::new(self.watch.look(broadcaster::load(&self.channel))))
            }
            Task::Follow(report, next) => next.with(follow(&report)),
            Task::DrawTokens(next) => {
                next.with(draw_token().and_then(|sending| Some([sending, draw_token()?])))
            }
            Task::WakeTimer => {
                self.wake_timer();
                return None;
            }
        })
    }

    /// The server stops: no thread waits for its turn to hash any more, nor for closing time.
    pub(super) fn stop(&self) {
        self.hasher.close();
        self.wake_timer();
    }

    /// It never waits: when the channel is full, the timer is about to look.
    fn wake_timer(&self) {
        let _ = self.alarm.try_send(());
    }

    pub(super) fn wake_store(&self) {
        self.store.wake();
    }
}

/// The whole journey of the message that this thread has just posted.
fn follow(report: &Reported) -> Journey {
    let mut journey = watch::take_journey().unwrap_or_default();
    watch::doing(Activity::Following);
    if let Some(seen) = report.wait(PATIENCE) {
        journey.join(seen);
    }
    journey
}

/// A token that cannot be guessed; `None` when the system has no randomness to give.
fn draw_token() -> Option<Token> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok()?;
    Some(Token::new(random))
}
