//! Slow work: a rule asks for it under the lock, and the client's thread does it without the lock.
//!
//! A [`Task`] says what is to be done and carries how the rules go on. [`Next`] takes exactly what the
//! work yields, so the two cannot be paired wrongly.

use std::time::Duration;

use crossbeam_channel::Receiver;

use super::{State, Turn};
use crate::{
    broadcaster::Encoded,
    event::Event,
    file::Token,
    names::ClientId,
    password::{Hashed, Password},
    watch::{Journey, Seen},
};

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
    TakeJourney(Receiver<Journey>, Next<Journey>),
    /// Draw random tokens for the two sides of a transfer: the sender's and the receiver's.
    DrawTokens(Next<Option<[Token; 2]>>),
    /// Encode a long answer, which would delay all other clients on the broadcaster's thread.
    Encode(Event, Next<Encoded>),
    /// Wait for this long, because the client asks too fast.
    Wait(Duration, Next<()>),
    /// Wake the thread that waits for closing time, because closing time has changed.
    WakeTimer,
}

/// How the rules go on when they know a `T`.
pub struct Next<T>(Box<dyn FnOnce(T) -> GoOn + Send>);

/// The rest of a rule. It takes the client that the rule is carried out for.
type GoOn = Box<dyn FnOnce(&mut State, &mut Turn, ClientId) + Send>;

/// A [`Next`] that has been given what it waited for.
pub struct Resumption {
    go_on: GoOn,
    /// What it goes on with was decided before, so even a dismissed client's is completed.
    completes: bool,
}

impl<T: Send + 'static> Next<T> {
    pub(super) fn new(go_on: impl FnOnce(&mut State, &mut Turn, ClientId, T) + Send + 'static) -> Self {
        Self(Box::new(|done| Box::new(|state, turn, client| go_on(state, turn, client, done))))
    }

    /// What the work has yielded.
    pub fn with(self, done: T) -> Resumption {
        Resumption { go_on: (self.0)(done), completes: false }
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
            (resumption.go_on)(self, turn, client);
        }
    }
}
