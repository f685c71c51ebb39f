//! The mutex, and what is done under it: decide and post, nothing else.

use std::{ops::ControlFlow, time::Instant};

use crossbeam_channel::Sender;
use parking_lot::Mutex;

use crate::{
    broadcaster::{Post, Sink},
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
    posts: Sender<Post>,
    is_stopping: bool,
}

impl Registry {
    /// An empty chat that posts to `posts`.
    pub fn new(state: State, posts: Sender<Post>) -> Self {
        Self { shared: Mutex::new(Shared { state, posts, is_stopping: false }) }
    }

    /// Lets a client in; `None` once the server is stopping.
    pub fn enter(&self, sink: Box<dyn Sink>) -> Option<ClientId> {
        let now = Instant::now();
        let mut shared = self.shared.lock();
        if shared.is_stopping {
            return None;
        }
        let Shared { state, posts, .. } = &mut *shared;
        let (client, events) = state.enter(now);
        post(posts, Post::Attach(client, sink));
        events.for_each(|event| post(posts, event));
        Some(client)
    }

    /// Applies what a client asked for, in its order; breaks when the client quits.
    pub fn apply(&self, client: ClientId, commands: impl IntoIterator<Item = Command>) -> ControlFlow<()> {
        let now = Instant::now();
        let mut shared = self.shared.lock();
        let Shared { state, posts, .. } = &mut *shared;
        for command in commands {
            let is_last = command == Command::Quit;
            state.apply(client, command, now).for_each(|event| post(posts, event));
            if is_last {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// Removes a client. Called by its session's `Drop` and by nobody else.
    pub fn leave(&self, client: ClientId) {
        let mut shared = self.shared.lock();
        let Shared { state, posts, .. } = &mut *shared;
        state.leave(client).for_each(|event| post(posts, event));
    }

    /// Lets nobody in any more, tells everybody, and hangs up.
    pub fn stop(&self) {
        let mut shared = self.shared.lock();
        shared.is_stopping = true;
        let Shared { state, posts, .. } = &mut *shared;
        state.stop().for_each(|event| post(posts, event));
    }
}

/// A broadcaster that is gone has taken every connection with it: nobody is left to hear this.
fn post(posts: &Sender<Post>, post: Post) {
    let _ = posts.send(post);
}
