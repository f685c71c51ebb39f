//! Where slow work is done: on the client's own thread, without the lock.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::{Condvar, Mutex};

use super::{
    hashing::Hasher,
    state::{Resumption, Task},
};
use crate::{
    broadcaster::{self, Encoded, Posts},
    event::Event,
    file::Token,
    store::Store,
    watch::{self, Activity, Journey, Load, Reported, Watch},
};

/// How long a client waits for the journey of its message. The broadcaster takes this long only if it
/// has failed, and a session must end even then.
const PATIENCE: Duration = Duration::from_secs(5);

/// The shortest time between two long answers, so that there are at most two thousand a second for all
/// clients together. Each also costs wake-ups and a send, and nine hundred clients that ask as fast as
/// they may would delay all others.
const ANSWER: Duration = Duration::from_micros(500);

/// How many posts are in the channel of a broadcaster that keeps up.
const FEW: usize = 4;

/// What slow work needs, and what wakes threads: those of clients that pause when the server stops, and
/// the one that waits for closing time when that changes, too.
pub(super) struct Backstage {
    pub(super) store: Store,
    pub(super) hasher: Hasher,
    watch: Watch,
    /// Only to see how full it is.
    channel: Sender<Posts>,
    /// Wakes the thread that waits at `alarm`.
    pub(super) waker: Sender<()>,
    /// Where the thread waits that watches closing time. One message is as good as many.
    pub(super) alarm: Receiver<()>,
    /// When the next long answer may be worked for; held while one is. Clients that ask for many of them wait
    /// for one another, and leave the processors to those who speak.
    next_answer: Mutex<Instant>,
    is_stopping: Mutex<bool>,
    stopping: Condvar,
}

impl Backstage {
    pub(super) fn new(store: Store, hasher: Hasher, watch: Watch, channel: Sender<Posts>) -> Self {
        let (waker, alarm) = bounded(1);
        Self {
            store,
            hasher,
            watch,
            channel,
            waker,
            alarm,
            next_answer: Mutex::new(Instant::now()),
            is_stopping: Mutex::new(false),
            stopping: Condvar::new(),
        }
    }

    /// How full the channel to the broadcaster is.
    pub(super) fn load(&self) -> Load {
        broadcaster::load(&self.channel)
    }

    /// Does slow work on the calling thread; returns how the rules go on, if they do.
    pub(super) fn perform(&self, task: Task, encode: &dyn Fn(&Event) -> Encoded) -> Option<Resumption> {
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
                next.with(Box::new(self.watch.look(self.load())))
            }
            Task::TakeJourney(Reported(report), next) => next.with(take_journey(&report)),
            Task::DrawTokens(next) => {
                next.with(draw_token().and_then(|sending| Some([sending, draw_token()?])))
            }
            Task::Encode(event, next) => {
                watch::doing(Activity::Encoding);
                next.with(self.in_turn(|| encode(&event)))
            }
            Task::Search(search, next) => next.with(self.in_turn(|| search.read())),
            Task::Wait(pause, next) => {
                watch::doing(Activity::Waiting);
                self.pause(pause);
                next.with(())
            }
            Task::WakeTimer => {
                self.wake_timer();
                return None;
            }
        })
    }

    /// The server stops: no thread waits for its turn to hash any more, nor for closing time.
    pub(super) fn stop(&self) {
        *self.is_stopping.lock() = true;
        self.stopping.notify_all();
        self.hasher.close();
        self.wake_timer();
    }

    /// Works for a long answer when it is its turn.
    pub(super) fn in_turn<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut next_answer = self.next_answer.lock();
        let now = Instant::now();
        self.pause(next_answer.saturating_duration_since(now));
        // While the broadcaster is behind, another long answer would fill the channel and so hold the lock.
        for _ in 0..100 {
            if broadcaster::load(&self.channel).held <= FEW {
                break;
            }
            self.pause(ANSWER);
        }
        *next_answer = now.max(*next_answer) + ANSWER;
        work()
    }

    /// Waits, but no longer than until the server stops.
    fn pause(&self, pause: Duration) {
        let mut is_stopping = self.is_stopping.lock();
        self.stopping.wait_while_for(&mut is_stopping, |is_stopping| !*is_stopping, pause);
    }

    /// It never waits: when the channel is full, the timer is about to look.
    fn wake_timer(&self) {
        let _ = self.waker.try_send(());
    }
}

/// The whole journey of the message that this thread has just posted.
fn take_journey(report: &Receiver<Journey>) -> Journey {
    let mut journey = watch::take_journey().unwrap_or_default();
    watch::doing(Activity::Tracing);
    if let Ok(seen) = report.recv_timeout(PATIENCE) {
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
