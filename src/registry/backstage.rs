//! Where slow things are done: on the session's own thread, without the lock.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use super::{
    hashing::Hasher,
    state::{Done, Work},
};
use crate::{
    broadcaster::{self, Posts},
    file::Token,
    store::Store,
    watch::{self, Activity, Journey, Watch},
};

/// How long somebody waits for the broadcaster to send a message that is followed. It is long gone by
/// then, unless the broadcaster has failed; and a session must end also then.
const PATIENCE: Duration = Duration::from_secs(5);

/// What slow things need.
pub(super) struct Backstage {
    store: Store,
    hasher: Hasher,
    watch: Watch,
    /// Only to see how full it is.
    channel: Sender<Posts>,
    /// The way to whoever watches the clock.
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

    /// Does it; whoever calls this waits, and nobody else does.
    pub(super) fn perform(&self, work: &Work) -> Done {
        match work {
            Work::Save => {
                watch::doing(Activity::Saving);
                Done::Saved(self.store.save())
            }
            Work::Hash(password) => {
                watch::doing(Activity::Hashing);
                Done::Hashed(self.hasher.hash(password))
            }
            Work::Verify { password, hash } => {
                watch::doing(Activity::Hashing);
                Done::Verified(self.hasher.verify(password, hash.as_ref()))
            }
            Work::Look => {
                watch::doing(Activity::Looking);
                Done::Seen(Box::new(self.watch.look(broadcaster::load(&self.channel))))
            }
            Work::Follow(report) => Done::Followed(follow(report)),
            Work::LookAtTheClock => {
                self.wake_watch();
                Done::Nothing
            }
            Work::Tokens => Done::Tokens(draw().and_then(|sending| Some([sending, draw()?]))),
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

    pub(super) fn wake_store(&self) {
        self.store.wake();
    }
}

/// The whole journey of the message that this thread has just posted.
fn follow(report: &Receiver<Journey>) -> Journey {
    let mut journey = watch::take_journey().unwrap_or_default();
    watch::doing(Activity::Following);
    if let Ok(seen) = report.recv_timeout(PATIENCE) {
        journey.join(seen);
    }
    journey
}

/// A token that nobody can guess; `None` when the system has no randomness to give.
fn draw() -> Option<Token> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok()?;
    Some(Token::new(random))
}
