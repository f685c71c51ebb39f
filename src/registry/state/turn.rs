//! One decision: whose it is, what follows from it, and the slow work that it waits for.
//!
//! A rule asks for slow work under the lock, and the client's thread does it without the lock. A
//! [`Task`] says what is to be done and carries how the rules go on. [`Next`] takes exactly what the
//! work yields, so the two cannot be paired wrongly.

use std::{
    mem,
    sync::{Arc, Weak},
    time::Duration,
};

use slotmap::Key;

use super::{Search, State, offers::Lifeline};
use crate::{
    broadcaster::{Encoded, Except, Post},
    clock::Now,
    event::Event,
    fact::{Fact, Noting},
    file::Token,
    names::{ClientId, RoomId},
    password::{Hashed, Password},
    watch::{Journey, Reported, Seen},
};

/// The working values of one decision. The registry makes them when it takes the lock and consumes them
/// before it releases the lock, so nothing of one decision can leak into the next.
pub struct Turn {
    /// The client whose turn it is; a null key when the server decides by itself.
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

/// Work that takes too long to do under the lock, and what follows it.
#[non_exhaustive]
pub enum Task {
    /// Wait until everything decided so far is on the disk. Yields whether it is.
    Save(Next<bool>),
    /// Hash a password. Yields `None` when the server is stopping.
    Hash(Password, Next<Option<Hashed>>),
    /// Compare a password with a hash; without a hash, take as long and fail.
    Verify(Password, Option<Hashed>, Next<bool>),
    /// Look at what the threads are doing.
    Look(Next<Box<Seen>>),
    /// Wait until the message that was just posted has been sent.
    TakeJourney(Reported, Next<Journey>),
    /// Draw random tokens for the two sides of a transfer: the sender's and the receiver's.
    DrawTokens(Next<Option<[Token; 2]>>),
    /// Encode a long answer, which would delay all other clients on the broadcaster's thread.
    Encode(Event, Next<Encoded>),
    /// Read a page of a room's history.
    Search(Search, Next<Search>),
    /// Wait for this long, because the client asks too fast.
    Wait(Duration, Next<()>),
    /// Wake the thread that waits for closing time, because closing time has changed.
    WakeTimer,
}

/// How the rules go on when they know a `T`.
pub struct Next<T>(GoOn<T>);

/// The rest of a rule.
type GoOn<T> = Box<dyn FnOnce(&mut State, &mut Turn, T) + Send>;

/// A [`Next`] that has been given what it waited for.
pub struct Resumption {
    go_on: GoOn<()>,
    /// The decision was made before the work, so it is completed even for a dismissed client.
    completes: bool,
}

impl Turn {
    /// A decision that begins now. It is not a client's yet.
    pub fn new(now: Now, noting: Option<Noting>) -> Self {
        let (posts, facts, hung_up) = (Vec::new(), Vec::new(), Vec::new());
        Self { client: ClientId::default(), now, noting, posts, facts, task: None, hung_up }
    }

    /// Does something in another client's name, as if it were that client's turn.
    pub(super) fn in_name_of(&mut self, client: ClientId, act: impl FnOnce(&mut Self)) {
        let acting = mem::replace(&mut self.client, client);
        act(self);
        self.client = acting;
    }

    /// Takes the answers to a client's command: what the client alone is told, and the line that it says. A refusal
    /// is not told besides.
    pub fn take_answers(&mut self, client: ClientId, answers: &mut Vec<Event>) {
        self.posts.retain(|post| match post {
            Post::Tell(told, event) if *told == client => {
                answers.push(event.clone());
                !event.is_refusal()
            }
            Post::TellRoom(_, _, event @ Event::Said(..)) => {
                answers.push(event.clone());
                true
            }
            _ => true,
        });
    }

    pub(super) fn post(&mut self, post: Post) {
        self.posts.push(post);
    }

    /// Tells the client whose turn it is.
    #[inline(never)]
    pub(super) fn answer(&mut self, event: impl Into<Event>) {
        debug_assert!(!self.client.is_null(), "it is a client's turn");
        self.post(Post::Tell(self.client, event.into()));
    }

    /// As [`Turn::answer`], but the event is made in here, not in the caller's frame.
    #[inline(never)]
    pub(super) fn answer_with(&mut self, event: impl FnOnce() -> Event) {
        debug_assert!(!self.client.is_null(), "it is a client's turn");
        self.post(Post::Tell(self.client, event()));
    }

    /// Answers something long. The client's thread encodes that, so no other client waits for it.
    #[inline(never)]
    pub(super) fn answer_at_length(&mut self, event: impl Into<Event>) {
        debug_assert!(!self.client.is_null(), "it is a client's turn");
        let next = Next::new(|state, turn, encoded| {
            let under_way = Arc::downgrade(&state.people[turn.client].link.backlog);
            turn.post(Post::TellEncoded(turn.client, encoded, under_way));
        });
        self.wait_for(Task::Encode(event.into(), next));
    }

    /// Answers something that is no event, in bytes of the client's dialect.
    #[inline(never)]
    pub(super) fn answer_in_bytes(&mut self, bytes: &[u8]) {
        self.post(Post::TellEncoded(self.client, Encoded::verbatim(bytes), Weak::new()));
    }

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
        debug_assert!(self.task.is_none(), "{:?} waits for one thing at a time", self.client);
        self.task = Some(Box::new(task));
    }
}

impl<T: Send + 'static> Next<T> {
    pub(super) fn new(go_on: impl FnOnce(&mut State, &mut Turn, T) + Send + 'static) -> Self {
        Self(Box::new(go_on))
    }

    pub(super) fn go_on(self, state: &mut State, turn: &mut Turn, done: T) {
        (self.0)(state, turn, done);
    }

    /// What the work has yielded.
    pub fn with(self, done: T) -> Resumption {
        Resumption { go_on: Box::new(|state, turn, ()| self.go_on(state, turn, done)), completes: false }
    }
}

impl Next<bool> {
    /// Whether a decision that holds already is on the disk.
    pub fn saved(self, is_saved: bool) -> Resumption {
        Resumption { completes: true, ..self.with(is_saved) }
    }
}

impl State {
    /// Goes on with a command whose work is done. A client that was dismissed in the meantime begins
    /// nothing new; a decision that was made before is completed.
    pub fn resume(&mut self, turn: &mut Turn, client: ClientId, resumption: Resumption) {
        let Some(resuming) = self.people.get(client) else { return };
        if !self.closing.is_stopping && (resumption.completes || !resuming.is_dismissed) {
            turn.client = client;
            (resumption.go_on)(self, turn, ());
        }
    }
}
