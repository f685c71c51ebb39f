//! The mutex, and what is done under it: decide and post, nothing else.

use std::{iter, ops::ControlFlow, time::Instant};

use crossbeam_channel::Sender;
use parking_lot::Mutex;

use crate::{
    broadcaster::{Post, Round, Sink},
    command::Command,
    names::ClientId,
};

pub mod state;

use state::State;

/// Everything the sessions share: nicknames and rooms behind one lock, and the way to the
/// broadcaster.
///
/// The lock is held across the send. So posts are in the channel in the order in which they were
/// decided, and everybody hears the same order. The broadcaster cannot reach this lock; when the
/// channel is full it is still draining, and whoever waits here waits only for that.
pub struct Registry {
    shared: Mutex<Shared>,
}

struct Shared {
    state: State,
    rounds: Sender<Round>,
}

impl Registry {
    /// An empty chat that posts to `rounds`.
    pub fn new(state: State, rounds: Sender<Round>) -> Self {
        Self { shared: Mutex::new(Shared { state, rounds }) }
    }

    /// Lets a client in; `None` when the server is stopping, or has nobody left to speak for it.
    pub fn enter(&self, sink: Box<dyn Sink>) -> Option<ClientId> {
        let now = Instant::now();
        let mut shared = self.shared.lock();
        if shared.state.is_stopping() {
            return None;
        }
        let (client, posts) = shared.state.enter(now);
        let round = iter::once(Post::Attach(client, sink)).chain(posts).collect();
        shared.post(round).then_some(client)
    }

    /// Applies what a client asked for, in its order; breaks when the client quits.
    pub fn apply(
        &self,
        client: ClientId,
        commands: impl ExactSizeIterator<Item = Command>,
    ) -> ControlFlow<()> {
        let now = Instant::now();
        let mut flow = ControlFlow::Continue(());
        let mut round = Vec::with_capacity(commands.len());
        let mut shared = self.shared.lock();
        for command in commands {
            if command == Command::Quit {
                flow = ControlFlow::Break(());
            }
            round.extend(shared.state.apply(client, command, now));
            if flow.is_break() {
                break;
            }
        }
        shared.post(round);
        flow
    }

    /// Removes a client. Called by its session's `Drop` and by nobody else.
    pub fn leave(&self, client: ClientId) {
        let mut shared = self.shared.lock();
        let round = shared.state.leave(client).collect();
        shared.post(round);
    }

    /// Lets nobody in any more, tells everybody, and hangs up.
    pub fn stop(&self) {
        let mut shared = self.shared.lock();
        let round = shared.state.stop().collect();
        shared.post(round);
    }
}

impl Shared {
    /// Whether there was a broadcaster to take it. One that is gone has hung up on everybody, so
    /// only who comes in needs to know.
    fn post(&self, round: Vec<Post>) -> bool {
        self.rounds.send(Round(round)).is_ok()
    }
}
