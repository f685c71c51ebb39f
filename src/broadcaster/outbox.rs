//! A client's bytes that its socket has not taken yet: bounded, and sent without waiting.

use std::{io, mem, time::Duration};

use crate::{
    dialect::{Dialect, Scene},
    ending::Ending,
    event::Event,
};

/// The writing end of a connection, as the broadcaster sees it.
pub trait Sink: Send {
    /// Takes as much of `owed`, and then of `fresh`, as it can without waiting; returns how much.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when that is nothing; any other when the connection is gone.
    fn send(&mut self, owed: &[u8], fresh: &[u8]) -> io::Result<usize>;

    /// How long it takes nothing more, because its client needs time between sends.
    fn pause(&self) -> Duration {
        Duration::ZERO
    }

    /// The unit that tells the client that the stream ends, and why, where its wire has one.
    fn farewell(&mut self, _why: Option<&Event>) -> Vec<u8> {
        Vec::new()
    }

    /// Ends the stream after everything that was sent. A sink that is dropped without this hangs up.
    fn finish(&mut self);

    /// Ends the reading side, so that the client's session leaves. The first reason given is kept.
    fn hang_up(&mut self, why: Ending);

    /// After [`Sink::hang_up`], reads and forgets what the client has sent. To close a socket with unread
    /// bytes resets the connection, and the client loses what it has not read yet.
    fn drain(&mut self) {}

    /// Whether the client's machine has received nearly everything that was sent. Nothing more can be
    /// sent after this was asked.
    fn has_arrived(&mut self) -> bool {
        true
    }
}

/// The bytes that a client is owed.
pub struct Outbox {
    sink: Box<dyn Sink>,
    /// What its client understands.
    dialect: Dialect,
    /// The most bytes it may hold.
    limit: usize,
    /// The bytes; the socket has taken those before `sent`.
    bytes: Vec<u8>,
    sent: usize,
    /// Whether the last byte that the socket took ended a line.
    is_at_line_start: bool,
    state: State,
    /// Nothing more will be added: after the last byte comes the end.
    is_closing: bool,
    /// The session reads no more, so what the client still sends must be drained.
    is_hung_up: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The socket takes what it is given.
    Open,
    /// The socket was full: it is tried again by [`Outbox::retry`].
    Blocked,
    /// Hung up on, and the socket has taken everything: the end waits until everything has arrived.
    Lingering,
    /// Nothing more can be sent: the end was sent, or the connection is gone.
    Closed,
}

/// The largest buffer in bytes that an empty outbox keeps: an ordinary line or two. A history that was
/// replayed to ten thousand idle clients would keep ten megabytes with each kilobyte.
const IDLE_CAPACITY: usize = 128;

impl Outbox {
    /// An empty outbox that holds at most `limit` bytes.
    pub fn new(sink: Box<dyn Sink>, dialect: Dialect, limit: usize) -> Self {
        Self {
            sink,
            dialect,
            limit,
            bytes: Vec::new(),
            sent: 0,
            is_at_line_start: true,
            state: State::Open,
            is_closing: false,
            is_hung_up: false,
        }
    }

    /// Whether it is owed something that its socket did not take.
    pub fn is_blocked(&self) -> bool {
        self.state == State::Blocked
    }

    /// Whether [`Outbox::retry`] still has something to do.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Blocked | State::Lingering)
    }

    /// Adds whole lines, to be sent with the next [`Outbox::send`].
    pub fn queue(&mut self, lines: &[u8]) {
        self.queue_with(|bytes| bytes.extend_from_slice(lines));
    }

    /// Adds one event; returns its length in bytes.
    pub fn queue_event(&mut self, event: &Event, scene: &Scene) -> usize {
        let dialect = self.dialect;
        self.queue_with(|bytes| dialect.encode(event, scene, bytes))
    }

    /// Sends what is owed and then `fresh` whole lines. What the socket does not take is owed.
    pub fn send(&mut self, fresh: &[u8]) {
        if self.state != State::Open {
            self.queue(fresh);
        } else if self.owed() + fresh.len() > 0 {
            self.try_send(fresh);
        }
    }

    /// As [`Outbox::send`], but what the socket does not take is not copied if nothing else is owed. To copy
    /// long answers would delay all clients.
    pub fn send_long(&mut self, lines: Vec<u8>) {
        if self.state == State::Open && self.owed() == 0 {
            self.bytes = lines;
            self.send(&[]);
        } else {
            self.send(&lines);
        }
    }

    /// Tries a full socket again; whether it took anything.
    pub fn retry(&mut self) -> bool {
        if self.is_hung_up {
            self.sink.drain();
        }
        match self.state {
            State::Blocked => self.try_send(&[]),
            State::Lingering => {
                if self.sink.has_arrived() {
                    self.end();
                }
                false
            }
            State::Open | State::Closed => false,
        }
    }

    /// How long to leave it alone before the next [`Outbox::retry`].
    pub fn pause(&self) -> Duration {
        self.sink.pause()
    }

    /// Ends the stream after what is owed; now, or when the socket takes it. `why` is the event that its client
    /// was told last, if that is the reason.
    pub fn close(&mut self, why: Option<&Event>) {
        if !self.is_closing {
            self.say_farewell(why);
        }
        if self.state == State::Open {
            self.try_send(&[]);
        }
    }

    /// Makes the client's session notice that it is over.
    pub fn hang_up(&mut self, why: Ending) {
        self.is_hung_up = true;
        self.sink.hang_up(why);
    }

    /// What its client understands.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// From now on, it holds at most so many bytes. What waits already is not cut before more comes.
    pub fn limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// How many bytes wait in it.
    pub fn owed(&self) -> usize {
        self.bytes.len() - self.sent
    }

    fn queue_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> usize {
        if self.is_closing || self.state == State::Closed {
            return 0;
        }
        let before = self.bytes.len();
        write(&mut self.bytes);
        let added = self.bytes.len() - before;
        // A socket that is known to be full is not tried again here.
        if self.owed() > self.limit && self.state == State::Open {
            self.try_send(&[]);
        }
        if self.owed() > self.limit {
            self.cut();
        }
        added
    }

    /// Replaces what is owed by the reason for the end. A line that is partly sent is completed first.
    fn cut(&mut self) {
        self.bytes.drain(..mem::take(&mut self.sent));
        let begun = match self.bytes.iter().position(|&b| b == b'\n') {
            Some(end) if !self.is_at_line_start => end + 1,
            _ => 0,
        };
        self.bytes.truncate(begun);
        self.dialect.encode(&Event::TooSlow, &Scene::default(), &mut self.bytes);
        self.say_farewell(Some(&Event::TooSlow));
        self.bytes.shrink_to_fit();
        self.hang_up(Ending::TooSlow);
    }

    fn say_farewell(&mut self, why: Option<&Event>) {
        self.is_closing = true;
        if self.state != State::Closed {
            self.bytes.extend(self.sink.farewell(why));
        }
    }

    fn try_send(&mut self, fresh: &[u8]) -> bool {
        if self.owed() + fresh.len() == 0 {
            self.all_sent();
            return false;
        }
        let taken = match self.sink.send(&self.bytes[self.sent..], fresh) {
            Ok(taken) => taken,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => {
                self.die(error.kind());
                return false;
            }
        };
        self.note_sent(taken, fresh);
        taken > 0
    }

    fn note_sent(&mut self, taken: usize, fresh: &[u8]) {
        let (owed, all) = (self.owed(), self.owed() + fresh.len());
        if taken > 0 {
            let last =
                if taken <= owed { self.bytes[self.sent + taken - 1] } else { fresh[taken - owed - 1] };
            self.is_at_line_start = last == b'\n';
        }
        if taken == all {
            return self.all_sent();
        }
        self.sent += taken.min(owed);
        // Moves the rest to the front; seldom enough to be cheap.
        if self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..mem::take(&mut self.sent));
        }
        self.state = State::Blocked;
        self.queue(&fresh[taken.saturating_sub(owed)..]);
    }

    fn all_sent(&mut self) {
        self.sent = 0;
        self.bytes.clear();
        if self.bytes.capacity() > IDLE_CAPACITY {
            self.bytes = Vec::new();
        }
        match (self.is_closing, self.is_hung_up) {
            (false, _) => self.state = State::Open,
            (true, false) => self.end(),
            (true, true) => self.state = State::Lingering,
        }
    }

    fn end(&mut self) {
        self.state = State::Closed;
        self.sink.finish();
    }

    fn die(&mut self, why: io::ErrorKind) {
        self.bytes = Vec::new();
        self.sent = 0;
        self.state = State::Closed;
        self.hang_up(Ending::Lost(why));
    }
}
