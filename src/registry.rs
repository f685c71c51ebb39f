//! The mutex, and what is done under it: decide and post, nothing else.

use std::{mem, ops::ControlFlow, time::Instant};

use crossbeam_channel::Sender;
use parking_lot::{Mutex, MutexGuard};

use crate::{
    broadcaster::{Encoded, Post, Posts, Sink},
    clock::Now,
    command::{Ask, Command},
    dialect::{Dialect, Scene},
    ending::Ending,
    event::Event,
    fact::{Fact, Noting},
    log::Logger,
    names::{ClientId, Peer},
    record::Record,
    store::{Source, Store},
    watch::{self, Activity, Watch},
};

mod adjusting;
mod asking;
mod backstage;
mod carrying;
mod counting;
pub mod hashing;
pub mod state;

use backstage::Backstage;
use hashing::Hasher;
use state::{Census, Countdown, Newcomer, State, Task, Turn};

/// Everything the sessions share: nicknames and rooms behind one lock, and the way to the broadcaster.
///
/// The broadcaster never takes this lock, so it keeps draining a full channel. A thread that waits here for
/// room in the channel waits only for that.
pub struct Registry {
    shared: Mutex<Shared>,
    /// Messages take only the lock. Work that can wait takes this first, one thread at a time. So a message
    /// waits for at most one such thread, even while thousands arrive, ask or leave.
    turnstile: Mutex<()>,
    backstage: Backstage,
    watch: Watch,
    /// What is logged.
    noting: adjusting::Noted,
}

struct Shared {
    state: State,
    broadcaster: Sender<Posts>,
    logger: Option<Logger>,
}

impl Registry {
    /// Creates a registry without a log.
    pub fn new(state: State, broadcaster: Sender<Posts>, store: Store, hasher: Hasher, watch: Watch) -> Self {
        let backstage = Backstage::new(store, hasher, watch.clone(), broadcaster.clone());
        let shared = Mutex::new(Shared { state, broadcaster, logger: None });
        Self { shared, turnstile: Mutex::default(), backstage, watch, noting: adjusting::Noted::default() }
    }

    /// Adds a log.
    #[must_use]
    pub fn logged(mut self, logger: Logger, noting: Noting) -> Self {
        self.shared.get_mut().logger = Some(logger);
        self.noting = noting.into();
        self
    }

    /// Lets a client in.
    ///
    /// # Errors
    /// Why it is not let in: the server is stopping, or its address is banned or has connected too often.
    /// The sink is taken only when the client is let in.
    pub fn enter(&self, newcomer: &Newcomer, sink: &mut Option<Box<dyn Sink>>) -> Result<ClientId, Event> {
        let _one_at_a_time = self.wait_in_line();
        let entered = self.decide(|state, turn| {
            let numbered = state.numbered(newcomer);
            let newcomer = numbered.as_deref().unwrap_or(newcomer);
            state.admit(turn, newcomer)?;
            Ok(state.enter(turn, newcomer, sink.take().expect("a client comes in once")))
        });
        entered.inspect_err(|why: &Event| self.watch.note_refusal(why.why_not_let_in()))
    }

    /// Applies a client's commands in order, and empties the list. Breaks when the client has quit, because
    /// it has then left.
    pub fn apply(&self, client: ClientId, dialect: Dialect, commands: &mut Vec<Command>) -> ControlFlow<()> {
        let can_wait = commands.iter().any(Command::can_wait);
        let mut commands = commands.drain(..);
        loop {
            let one_at_a_time = can_wait.then(|| self.wait_in_line());
            let (flow, task) = self.decide(|state, turn| {
                let flow = apply_burst(state, turn, client, &mut commands);
                (flow, turn.task.take())
            });
            drop(one_at_a_time);
            let Some(task) = task else { return flow };
            self.perform(client, dialect, task);
        }
    }

    /// Does slow work without the lock. Then the rules go on, and may ask for more.
    #[inline(never)]
    fn perform(&self, client: ClientId, dialect: Dialect, task: Box<Task>) {
        let encode = |event: &Event| Encoded::new(event, dialect, &self.outside());
        let mut next = Some(task);
        while let Some(resumption) = next.and_then(|task| self.backstage.perform(*task, &encode)) {
            next = self.decide(|state, turn| {
                state.resume(turn, client, resumption);
                turn.task.take()
            });
        }
    }

    /// Removes a client that has not quit. Its session's `Drop` calls this, or what serves it instead of a session.
    pub fn leave(&self, client: ClientId, why: Ending) {
        let _one_at_a_time = self.wait_in_line();
        self.decide(|state, turn| state.leave(turn, client, why));
    }

    /// Lets no more clients in, tells all users, and disconnects them.
    pub fn stop(&self) {
        self.decide(State::stop);
        self.backstage.stop();
    }

    /// Waits until an administrator's shutdown is due, or until the server stops for another reason. This
    /// needs a thread of its own. Whenever it wakes up, it calls `meanwhile`, which says when to wake up again.
    pub fn wait_for_closing_time(&self, meanwhile: &dyn Fn() -> Option<Instant>) {
        loop {
            // However the waiting ends, the rules are asked again.
            let (due, countdown) = (meanwhile(), self.decide(State::count_down));
            watch::doing(Activity::Idle);
            let then = match countdown {
                Countdown::Over => return,
                Countdown::Idle => due,
                Countdown::Until(then) => Some(due.map_or(then, |due| due.min(then))),
            };
            match then {
                None => drop(self.backstage.alarm.recv()),
                Some(then) => drop(self.backstage.alarm.recv_deadline(then)),
            }
        }
    }

    /// What wakes that thread. It never waits.
    pub fn waker(&self) -> impl Fn() + Send + Sync + use<> {
        let waker = self.backstage.waker.clone();
        move || {
            let _ = waker.try_send(());
        }
    }

    /// Why a client from this address may not ask for anything before it comes in, if there is a reason.
    pub fn refusal_at_door(&self, peer: Peer) -> Option<Event> {
        self.decide(|state, turn| state.refusal_at_door(peer, turn))
    }

    /// The rooms that have members.
    pub fn rooms(&self) -> Event {
        let _one_at_a_time = self.wait_in_line();
        self.decide(|state, _| state.rooms())
    }

    /// How many clients are in the chat, and how many members each room has.
    pub fn census(&self) -> Census {
        let _one_at_a_time = self.wait_in_line();
        self.decide(|state, _| state.census())
    }

    /// Whether the server is about to stop, and lets no more clients in.
    pub fn is_stopping(&self) -> bool {
        self.decide(|state, _| state.is_stopping())
    }

    /// Where something is told that is told in no room.
    pub fn outside(&self) -> Scene {
        Scene { room: None, seq: self.decide(|state, _| state.newest_line()) }
    }

    fn wait_in_line(&self) -> MutexGuard<'_, ()> {
        watch::doing(Activity::Locking);
        self.turnstile.lock()
    }

    /// Lock, decide, send, unlock. The lock is held across the send, so delivery order is decision order.
    fn decide<T>(&self, decide: impl FnOnce(&mut State, &mut Turn) -> T) -> T {
        let mut turn = Turn::new(Now::read(), self.noting.now());
        let (decided, has_changes) = self.locked(turn.now.instant, |shared| {
            let decided = decide(&mut shared.state, &mut turn);
            shared.post(mem::take(&mut turn.posts));
            shared.log(mem::take(&mut turn.facts));
            (decided, shared.state.has_changes_to_save())
        });
        if has_changes {
            self.backstage.store.wake();
        }
        decided
    }

    /// Does something under the lock, and notes how long the lock was held. A free lock is taken at once,
    /// so only a thread that has to wait reads the clock again.
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
    /// Each record is made under a lock of its own, so no session waits for all of them.
    fn changes(&self) -> Box<dyn Iterator<Item = Record> + '_> {
        let changed = self.locked(Instant::now(), |shared| shared.state.take_unsaved());
        let record = |changed| self.locked(Instant::now(), |shared| shared.state.record(changed));
        Box::new(changed.into_iter().map(record))
    }

    fn mark_everything_unsaved(&self) {
        self.locked(Instant::now(), |shared| shared.state.mark_everything_unsaved());
    }
}

/// Applies commands until one needs slow work or none is left.
fn apply_burst(
    state: &mut State,
    turn: &mut Turn,
    client: ClientId,
    commands: &mut impl Iterator<Item = Command>,
) -> ControlFlow<()> {
    for mut command in commands {
        if let Some(condition) = command.condition.take()
            && !state.meets(client, &condition, &mut command)
        {
            continue;
        }
        let is_last = command.ask == Ask::Quit;
        state.apply(turn, client, command);
        if is_last {
            state.leave(turn, client, Ending::Quit);
            return ControlFlow::Break(());
        }
        if turn.task.is_some() {
            break;
        }
    }
    ControlFlow::Continue(())
}

impl Shared {
    /// If the broadcaster is gone, there is no client to tell: a session ends when its sink is dropped.
    #[inline(never)]
    fn post(&self, posts: Vec<Post>) {
        if !posts.is_empty() {
            watch::doing(Activity::Posting);
            let _ = self.broadcaster.send(Posts(posts));
        }
    }

    /// Facts are handed over in the order in which they were noted. This never waits.
    #[inline(never)]
    fn log(&mut self, facts: Vec<Fact>) {
        if let Some(logger) = &mut self.logger
            && !facts.is_empty()
        {
            logger.log(facts);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use crossbeam_channel::bounded;

    use super::{
        state::tests::{NoSink, guest, state},
        *,
    };
    use crate::command::Verb;

    /// How long an expected event may take.
    const DEADLINE: std::time::Duration = std::time::Duration::from_secs(30);

    /// The thread that waits for closing time ends within the deadline after `stop`.
    fn check(stop: impl FnOnce(&Registry)) {
        let (posts, broadcaster) = bounded(100);
        let registry = Registry::new(state(200), posts, Store::none(), Hasher::cheap(), Watch::start());
        let (ended, end) = bounded(1);
        thread::scope(|scope| {
            let watch = || {
                registry.wait_for_closing_time(&|| None);
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
        let root = registry.enter(&guest(), &mut Some(Box::new(NoSink))).expect("is let in");
        registry.shared.lock().state.make_administrator(root);
        let shutdown = Verb::find("shutdown").expect("the table has it");
        let mut commands = orders.iter().map(|when| shutdown.command(when, 99)).collect();
        assert!(registry.apply(root, Dialect::Text, &mut commands).is_continue());
    }

    #[test]
    fn the_timer_hears_of_a_shutdown_at_once() {
        check(|registry| orders(registry, &[""]));
    }

    #[test]
    fn closing_time_comes_when_it_was_planned() {
        check(|registry| orders(registry, &["1"]));
    }

    #[test]
    fn the_last_order_about_closing_time_counts() {
        check(|registry| orders(registry, &["86400", "cancel", "3600", "0"]));
    }

    #[test]
    fn the_timer_ends_when_the_server_stops_anyway() {
        check(Registry::stop);
        check(|registry| {
            orders(registry, &["86400"]);
            registry.stop();
        });
    }

    #[test]
    fn no_client_is_let_in_once_the_server_is_stopping() {
        let (posts, _broadcaster) = bounded(100);
        let registry = Registry::new(state(200), posts, Store::none(), Hasher::cheap(), Watch::start());
        registry.stop();
        assert_eq!(registry.enter(&guest(), &mut Some(Box::new(NoSink))), Err(Event::ShuttingDown));
    }

    #[test]
    fn lines_pass_those_that_wait_in_line() {
        let (posts, broadcaster) = bounded(100);
        let registry = Registry::new(state(200), posts, Store::none(), Hasher::cheap(), Watch::start());
        let alice = registry.enter(&guest(), &mut Some(Box::new(NoSink))).expect("is let in");
        let bob = registry.enter(&guest(), &mut Some(Box::new(NoSink))).expect("is let in");
        drop(broadcaster.try_iter().collect::<Vec<_>>());
        let apply =
            |client, verb, rest| registry.apply(client, Dialect::Text, &mut vec![Command::typed(verb, rest)]);
        thread::scope(|scope| {
            let line = registry.turnstile.lock();
            for (verb, rest) in [("whois", "guest_1"), ("ignore", "guest_1"), ("nick", "bob")] {
                thread::Builder::new().spawn_scoped(scope, move || apply(bob, verb, rest)).expect("a thread");
            }
            thread::Builder::new().spawn_scoped(scope, || apply(alice, "me", "waves")).expect("a thread");
            let heard = broadcaster.recv_timeout(DEADLINE);
            drop(line);
            assert!(matches!(heard.expect("the line is told").0[..], [Post::TellRoom(..)]));
        });
        assert_eq!(broadcaster.try_iter().count(), 3);
    }
}
