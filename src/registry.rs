//! The mutex, and what is done under it: decide and post, nothing else.

use std::{net::SocketAddr, ops::ControlFlow};

use crossbeam_channel::Sender;
use parking_lot::Mutex;

use crate::{
    broadcaster::{Posts, Sink},
    clock::Now,
    command::Command,
    names::ClientId,
    store::{Record, Saver},
};

mod backstage;
mod files;
pub mod state;

use backstage::Backstage;
use state::{State, Task};

/// Everything the sessions share: nicknames and rooms behind one lock, and the way to the
/// broadcaster.
///
/// The lock is held across the send. So posts are in the channel in the order in which they were
/// decided, and everybody hears the same order. The broadcaster cannot reach this lock; when the
/// channel is full it is still draining, and whoever waits here waits only for that.
pub struct Registry {
    shared: Mutex<Shared>,
    backstage: Backstage,
}

struct Shared {
    state: State,
    broadcaster: Sender<Posts>,
}

impl Registry {
    /// A chat that posts to `broadcaster` and is kept by `saver`.
    pub fn new(state: State, broadcaster: Sender<Posts>, saver: Saver) -> Self {
        Self { shared: Mutex::new(Shared { state, broadcaster }), backstage: Backstage::new(saver) }
    }

    /// Lets a client in; `None` once the server is stopping.
    pub fn enter(&self, address: SocketAddr, sink: Box<dyn Sink>) -> Option<ClientId> {
        let now = Now::read();
        self.decide(|state| (!state.is_stopping()).then(|| state.enter(address, sink, now)))
    }

    /// Applies what a client asked for, in its order; breaks when the client quits.
    pub fn apply(&self, client: ClientId, mut commands: impl Iterator<Item = Command>) -> ControlFlow<()> {
        loop {
            let now = Now::read();
            let (flow, task) = self.decide(|state| apply_burst(state, client, &mut commands, now));
            let Some(task) = task else { return flow };
            self.perform(client, task);
        }
    }

    /// Does something slow without the lock; then the rules go on, and may need something else.
    fn perform(&self, client: ClientId, task: Task) {
        let mut next = Some(task);
        while let Some(Task { work, then }) = next {
            let done = self.backstage.perform(&work);
            let now = Now::read();
            next = self.decide(|state| state.resume(client, then, done, now));
        }
    }

    /// Removes a client. Called by its session's `Drop` and by nobody else.
    pub fn leave(&self, client: ClientId) {
        let now = Now::read();
        self.decide(|state| state.leave(client, now));
    }

    /// Lets nobody in any more, tells everybody, and hangs up.
    pub fn stop(&self) {
        self.decide(State::stop);
    }

    /// One thing that has changed since it was last saved, as it is now.
    pub fn take_unsaved(&self) -> Option<Record> {
        self.shared.lock().state.take_unsaved()
    }

    /// Lock, decide, send, unlock. The lock is held across the send: so delivery order is decision
    /// order.
    fn decide<T>(&self, decide: impl FnOnce(&mut State) -> T) -> T {
        let mut shared = self.shared.lock();
        let decided = decide(&mut shared.state);
        shared.post();
        let has_news = shared.state.has_news_to_save();
        let hung_up = shared.state.take_hung_up();
        drop(shared);
        drop(hung_up);
        if has_news {
            self.backstage.wake_saver();
        }
        decided
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
            let _ = self.broadcaster.send(Posts(posts));
        }
    }
}
