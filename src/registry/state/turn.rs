//! One decision: when it is made, and what follows from it.

use std::mem;

use super::{Next, Task, offers::Lifeline};
use crate::{
    broadcaster::{Except, Post},
    clock::Now,
    event::Event,
    fact::{Fact, Noting},
    names::{ClientId, RoomId},
};

/// The scratch of one decision. The registry makes it when it takes the lock and consumes it before it
/// releases the lock, so nothing of one decision can leak into the next.
pub struct Turn {
    /// The client whose turn it is; no client's key if the server decides something by itself.
    pub(super) client: ClientId,
    /// When the command was read.
    pub now: Now,
    /// What the log is told; `None` if there is no log.
    pub(super) noting: Option<Noting>,
    /// What the broadcaster is to do, in this order.
    pub posts: Vec<Post>,
    /// What the log is told.
    pub facts: Vec<Fact>,
    /// The slow work that the rules are waiting for.
    pub task: Option<Box<Task>>,
    /// Connections to close. Dropping one makes system calls, so the caller does it without the lock.
    pub hung_up: Vec<Box<dyn Lifeline>>,
}

impl Turn {
    /// A decision that begins now.
    pub fn new(now: Now, noting: Option<Noting>) -> Self {
        Self {
            client: ClientId::default(),
            now,
            noting,
            posts: Vec::new(),
            facts: Vec::new(),
            task: None,
            hung_up: Vec::new(),
        }
    }

    /// Does something in another client's name, as if it were that client's turn.
    pub(super) fn in_name_of<T>(&mut self, client: ClientId, act: impl FnOnce(&mut Self) -> T) -> T {
        let acting = mem::replace(&mut self.client, client);
        let done = act(self);
        self.client = acting;
        done
    }

    pub(super) fn post(&mut self, post: Post) {
        self.posts.push(post);
    }

    /// Tells the client whose turn it is.
    #[inline(never)]
    pub(super) fn answer(&mut self, event: impl Into<Event>) {
        self.post(Post::Tell(self.client, event.into()));
    }

    /// As [`Turn::answer`], but the event is made in here, not in the caller's frame.
    #[inline(never)]
    pub(super) fn answer_with(&mut self, event: impl FnOnce() -> Event) {
        self.post(Post::Tell(self.client, event()));
    }

    /// Answers something long. The client's thread encodes that, so no other client waits for it.
    #[inline(never)]
    pub(super) fn answer_at_length(&mut self, event: impl Into<Event>) {
        let next = Next::new(|_, turn: &mut Self, encoded| {
            turn.post(Post::TellEncoded(turn.client, encoded));
        });
        debug_assert!(self.task.is_none(), "{:?} waits for one thing at a time", self.client);
        self.wait_for(Task::Encode(event.into(), next));
    }

    /// Tells another client.
    #[inline(never)]
    pub(super) fn tell(&mut self, client: ClientId, event: impl Into<Event>) {
        self.post(Post::Tell(client, event.into()));
    }

    pub(super) fn tell_room(&mut self, room: RoomId, except: Except, event: impl Into<Event>) {
        self.post(Post::TellRoom(room, except, event.into()));
    }

    pub(super) fn tell_everyone(&mut self, event: impl Into<Event>) {
        self.post(Post::TellAll(event.into()));
    }

    /// Asks for slow work. The client's next command waits until the work is done.
    pub(super) fn wait_for(&mut self, task: Task) {
        self.task = Some(Box::new(task));
    }
}
