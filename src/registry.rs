//! The mutex, and what is done under it: decide and post, nothing else.

use std::{net::SocketAddr, ops::ControlFlow, time::Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;

use crate::{
    broadcaster::{Posts, Sink},
    clock::Now,
    command::Command,
    ending::Ending,
    event::Event,
    fact::Noting,
    log::Logger,
    names::ClientId,
    record::Record,
    store::{Source, Store},
    watch::{self, Activity, Watch},
};

mod backstage;
mod files;
pub mod hashing;
pub mod state;

use backstage::Backstage;
use hashing::Hasher;
use state::{Countdown, State, Task};

/// Everything the sessions share: nicknames and rooms behind one lock, and the way to the
/// broadcaster.
///
/// The lock is held across the send. So posts are in the channel in the order in which they were
/// decided, and everybody hears the same order. The broadcaster cannot reach this lock; when the
/// channel is full it is still draining, and whoever waits here waits only for that.
pub struct Registry {
    shared: Mutex<Shared>,
    backstage: Backstage,
    watch: Watch,
    /// Something has changed about closing time. One of these is as good as many.
    alarm: Receiver<()>,
}

struct Shared {
    state: State,
    broadcaster: Sender<Posts>,
    logger: Logger,
}

impl Registry {
    /// A chat that posts to `broadcaster`, is saved in `store` and watched by `watch`, and has its
    /// passwords hashed by `hasher`.
    pub fn new(state: State, broadcaster: Sender<Posts>, store: Store, hasher: Hasher, watch: Watch) -> Self {
        let (wake, alarm) = bounded(1);
        let backstage = Backstage::new(store, hasher, watch.clone(), broadcaster.clone(), wake);
        let shared = Shared { state, broadcaster, logger: Logger::none() };
        Self { shared: Mutex::new(shared), backstage, watch, alarm }
    }

    /// The same chat; what happens in it is logged.
    #[must_use]
    pub fn logged(mut self, logger: Logger, noting: Noting) -> Self {
        let shared = self.shared.get_mut();
        shared.logger = logger;
        shared.state.start_noting(noting);
        self
    }

    /// Lets a client in.
    ///
    /// # Errors
    /// Why it is not let in: the server is stopping, or its address is banned.
    pub fn enter(&self, address: SocketAddr, sink: Box<dyn Sink>) -> Result<ClientId, Event> {
        self.decide(|state, now| match state.turns_away(address, now) {
            Some(why) => Err(why),
            None => Ok(state.enter(address, sink, now)),
        })
    }

    /// Applies what a client asked for, in its order; breaks when the client has quit, and so has left.
    pub fn apply(&self, client: ClientId, mut commands: impl Iterator<Item = Command>) -> ControlFlow<()> {
        loop {
            let (flow, task) = self.decide(|state, now| apply_burst(state, client, &mut commands, now));
            let Some(task) = task else { return flow };
            self.perform(client, task);
        }
    }

    /// Does something slow without the lock; then the rules go on, and may need something else.
    fn perform(&self, client: ClientId, task: Task) {
        let mut next = Some(task);
        while let Some(Task { work, then }) = next {
            let done = self.backstage.perform(&work);
            next = self.decide(|state, now| state.resume(client, then, done, now));
        }
    }

    /// Removes a client that goes without having quit. Called by its session's `Drop` and by nobody else.
    pub fn leave(&self, client: ClientId, why: Ending) {
        self.decide(|state, now| state.leave(client, why, now));
    }

    /// Lets nobody in any more, tells everybody, and hangs up.
    pub fn stop(&self) {
        self.decide(|state, _| state.stop());
        self.backstage.stop();
    }

    /// Watches the clock until the server is to stop: because an administrator said so and that time
    /// has come, or because it stops anyway. Somebody has to wait here, on a thread of its own.
    pub fn wait_for_closing_time(&self) {
        loop {
            // However the waiting ends: then the rules are asked again.
            let countdown = self.decide(State::count_down);
            watch::doing(Activity::Idle);
            match countdown {
                Countdown::Over => return,
                Countdown::Idle => drop(self.alarm.recv()),
                Countdown::Until(then) => drop(self.alarm.recv_deadline(then)),
            }
        }
    }

    /// Lock, decide, send, unlock. The lock is held across the send: so delivery order is decision
    /// order.
    fn decide<T>(&self, decide: impl FnOnce(&mut State, Now) -> T) -> T {
        let now = Now::read();
        let (decided, has_news, _hung_up) = self.locked(now.instant, |shared| {
            let decided = decide(&mut shared.state, now);
            shared.post();
            shared.log();
            (decided, shared.state.has_news_to_save(), shared.state.take_hung_up())
        });
        if has_news {
            self.backstage.wake_store();
        }
        decided
    }

    /// Does something under the lock, and notes for how long it was held. A lock that was free was
    /// taken when it was asked for, so that costs one reading of the clock, and a second one only who
    /// had to wait anyway.
    fn locked<T>(&self, asked: Instant, act: impl FnOnce(&mut Shared) -> T) -> T {
        watch::doing(Activity::Locking);
        let (mut shared, since) = match self.shared.try_lock() {
            Some(shared) => (shared, asked),
            None => (self.shared.lock(), Instant::now()),
        };
        watch::doing(Activity::Deciding);
        let done = act(&mut shared);
        self.watch.note_hold(since.elapsed());
        drop(shared);
        watch::doing(Activity::Working);
        done
    }
}

impl Source for Registry {
    /// Each record is made under a lock of its own, so that no session waits for all of them.
    fn changes(&self) -> Box<dyn Iterator<Item = Record> + '_> {
        let changed = self.locked(Instant::now(), |shared| shared.state.take_unsaved());
        let record = |changed| self.locked(Instant::now(), |shared| shared.state.record(changed));
        Box::new(changed.into_iter().map(record))
    }

    fn mark_everything_unsaved(&self) {
        self.locked(Instant::now(), |shared| shared.state.mark_everything_unsaved());
    }
}

/// Applies commands up to one that needs something slow, or is the last.
fn apply_burst(
    state: &mut State,
    client: ClientId,
    commands: &mut impl Iterator<Item = Command>,
    now: Now,
) -> (ControlFlow<()>, Option<Task>) {
    for command in commands {
        let is_last = command == Command::Quit;
        let task = state.apply(client, command, now);
        if is_last {
            state.leave(client, Ending::Quit, now);
            return (ControlFlow::Break(()), None);
        }
        if task.is_some() {
            return (ControlFlow::Continue(()), task);
        }
    }
    (ControlFlow::Continue(()), None)
}

impl Shared {
    /// A broadcaster that is gone takes nothing, and then there is nobody to tell: a client's writing
    /// end that is dropped, wherever that happens, hangs up on its session.
    fn post(&mut self) {
        let posts = self.state.take_posts();
        if !posts.is_empty() {
            watch::doing(Activity::Posting);
            let _ = self.broadcaster.send(Posts(posts));
        }
    }

    /// Facts are handed over in the order in which they came to be. This never waits.
    fn log(&mut self) {
        let facts = self.state.take_facts();
        if !facts.is_empty() {
            self.logger.log(facts);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use super::{
        state::tests::{NoSink, address, state},
        *,
    };
    use crate::command::Verb;

    /// How long what must happen may take.
    const DEADLINE: Duration = Duration::from_secs(30);

    /// Whoever watches the clock, and what makes it stop; it has to within the deadline.
    fn check(stop: impl FnOnce(&Registry)) {
        let (posts, broadcaster) = bounded(100);
        let registry = Registry::new(state(200), posts, Store::none(), Hasher::cheap(), Watch::start());
        let (ended, end) = bounded(1);
        thread::scope(|scope| {
            let watch = || {
                registry.wait_for_closing_time();
                let _ = ended.send(());
            };
            thread::Builder::new().spawn_scoped(scope, watch).expect("a thread");
            stop(&registry);
            let has_ended = end.recv_timeout(DEADLINE).is_ok();
            registry.stop();
            assert!(has_ended);
        });
        drop(broadcaster);
    }

    fn orders(registry: &Registry, orders: &[&str]) {
        let root = registry.enter(address(), Box::new(NoSink)).expect("is let in");
        registry.shared.lock().state.make_administrator(root);
        let shutdown = Verb::find("shutdown").expect("the table has it");
        let commands = orders.iter().map(|when| shutdown.command(when, 99));
        assert!(registry.apply(root, commands).is_continue());
    }

    #[test]
    fn whoever_watches_the_clock_hears_of_a_shutdown_at_once() {
        check(|registry| orders(registry, &[""]));
    }

    #[test]
    fn closing_time_comes_when_it_was_announced_for() {
        check(|registry| orders(registry, &["1"]));
    }

    #[test]
    fn the_last_word_about_closing_time_counts() {
        check(|registry| orders(registry, &["86400", "cancel", "3600", "0"]));
    }

    #[test]
    fn whoever_watches_the_clock_is_not_left_behind_when_the_server_stops_anyway() {
        check(Registry::stop);
        check(|registry| {
            orders(registry, &["86400"]);
            registry.stop();
        });
    }

    #[test]
    fn nobody_is_let_in_once_the_server_is_stopping() {
        let (posts, _broadcaster) = bounded(100);
        let registry = Registry::new(state(200), posts, Store::none(), Hasher::cheap(), Watch::start());
        registry.stop();
        assert_eq!(registry.enter(address(), Box::new(NoSink)), Err(Event::ShuttingDown));
    }
}
