//! The mutex, and what is done under it: decide and post, nothing else.

use std::{iter, ops::ControlFlow, time::Instant};

use crossbeam_channel::Sender;
use parking_lot::Mutex;

use crate::{
    broadcaster::{Post, Posts, Sink},
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
    broadcaster: Sender<Posts>,
}

impl Registry {
    /// An empty chat that posts to `broadcaster`.
    pub fn new(state: State, broadcaster: Sender<Posts>) -> Self {
        Self { shared: Mutex::new(Shared { state, broadcaster }) }
    }

    /// Lets a client in; `None` once the server is stopping.
    pub fn enter(&self, sink: Box<dyn Sink>) -> Option<ClientId> {
        let now = Instant::now();
        let mut shared = self.shared.lock();
        if shared.state.is_stopping() {
            return None;
        }
        let (client, posts) = shared.state.enter(now);
        let posts = iter::once(Post::Attach(client, sink)).chain(posts).collect();
        shared.post(posts);
        Some(client)
    }

    /// Applies what a client asked for, in its order; breaks when the client quits.
    pub fn apply(
        &self,
        client: ClientId,
        commands: impl ExactSizeIterator<Item = Command>,
    ) -> ControlFlow<()> {
        let now = Instant::now();
        let mut flow = ControlFlow::Continue(());
        let mut posts = Vec::with_capacity(commands.len());
        let mut shared = self.shared.lock();
        for command in commands {
            if command == Command::Quit {
                flow = ControlFlow::Break(());
            }
            posts.extend(shared.state.apply(client, command, now));
            if flow.is_break() {
                break;
            }
        }
        shared.post(posts);
        flow
    }

    /// Removes a client. Called by its session's `Drop` and by nobody else.
    pub fn leave(&self, client: ClientId) {
        let mut shared = self.shared.lock();
        let posts = shared.state.leave(client).collect();
        shared.post(posts);
    }

    /// Lets nobody in any more, tells everybody, and hangs up.
    pub fn stop(&self) {
        let mut shared = self.shared.lock();
        let posts = shared.state.stop().collect();
        shared.post(posts);
    }
}

impl Shared {
    /// A broadcaster that is gone takes nothing, and then there is nobody to tell: a client's writing
    /// end that is dropped, wherever that happens, hangs up on its session.
    fn post(&self, posts: Vec<Post>) {
        let _ = self.broadcaster.send(Posts(posts));
    }
}
