//! One decision: when it is made, and what follows from it.

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
        Self { now, noting, posts: Vec::new(), facts: Vec::new(), task: None, hung_up: Vec::new() }
    }

    pub(super) fn post(&mut self, post: Post) {
        self.posts.push(post);
    }

    #[inline(never)]
    pub(super) fn tell(&mut self, client: ClientId, event: impl Into<Event>) {
        self.post(Post::Tell(client, event.into()));
    }

    /// As [`Turn::tell`], but the event is made in here, not in the caller's frame.
    #[inline(never)]
    pub(super) fn tell_with(&mut self, client: ClientId, event: impl FnOnce() -> Event) {
        self.post(Post::Tell(client, event()));
    }

    /// Tells one client something long. Its thread encodes that, so no other client waits for it.
    #[inline(never)]
    pub(super) fn tell_at_length(&mut self, client: ClientId, event: impl Into<Event>) {
        let next = Next::new(move |_, turn: &mut Self, client, encoded| {
            turn.post(Post::TellEncoded(client, encoded));
        });
        debug_assert!(self.task.is_none(), "{client:?} waits for one thing at a time");
        self.wait_for(Task::Encode(event.into(), next));
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
