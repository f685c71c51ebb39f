//! A client's bytes not yet taken by its socket: bounded, and never waited for.

use std::{io, mem};

use crate::{dialect::text::encode, ending::Ending, event::Event};

/// The writing end of a connection, as the broadcaster sees it.
pub trait Sink: Send {
    /// Takes as much of `owed`, and then of `fresh`, as it can without waiting; returns how many
    /// bytes that was.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when that is nothing; any other when the connection is gone.
    fn send(&mut self, owed: &[u8], fresh: &[u8]) -> io::Result<usize>;

    /// Nothing more will be sent: the other side sees the end after what it was sent. A sink that is
    /// dropped before that has failed, and hangs up.
    fn finish(&mut self);

    /// Ends the reading side, so that the client's session notices and leaves; `why`, if nobody gave
    /// a reason before.
    fn hang_up(&mut self, why: Ending);
}

/// What a client is owed.
pub struct Outbox {
    sink: Box<dyn Sink>,
    /// The most bytes it may hold.
    limit: usize,
    /// The bytes; those before `sent` are with the socket already.
    bytes: Vec<u8>,
    sent: usize,
    /// Whether the last byte that the socket took ended a line.
    is_at_line_start: bool,
    state: State,
    /// Nothing more will be added: after the last byte comes the end.
    is_closing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The socket takes what it is given.
    Open,
    /// The socket was full: not to be tried before [`Outbox::retry`].
    Blocked,
    /// As `Blocked`, but its limit was exceeded, and it takes nothing more.
    Cut,
    /// Nothing more can be sent: the end was, or there is nobody at the other end.
    Closed,
}

/// An empty outbox keeps buffers up to this many bytes: a few lines. With ten thousand idle clients
/// every kilobyte is ten megabytes.
const IDLE_CAPACITY: usize = 1024;

impl Outbox {
    /// An empty outbox that holds at most `limit` bytes.
    pub fn new(sink: Box<dyn Sink>, limit: usize) -> Self {
        Self {
            sink,
            limit,
            bytes: Vec::new(),
            sent: 0,
            is_at_line_start: true,
            state: State::Open,
            is_closing: false,
        }
    }

    /// Whether it is owed something that its socket did not take.
    pub fn is_blocked(&self) -> bool {
        matches!(self.state, State::Blocked | State::Cut)
    }

    /// Adds whole lines, to be sent with the next [`Outbox::send`].
    pub fn queue(&mut self, lines: &[u8]) {
        self.queue_with(|bytes| bytes.extend_from_slice(lines));
    }

    /// Adds one event; returns its length in bytes.
    pub fn queue_event(&mut self, event: &Event) -> usize {
        self.queue_with(|bytes| encode(event, bytes))
    }

    /// Sends what is owed and then `fresh` whole lines, as far as the socket takes them; the rest
    /// is owed from now on.
    pub fn send(&mut self, fresh: &[u8]) {
        if self.state != State::Open {
            self.queue(fresh);
        } else if self.owed() + fresh.len() > 0 {
            self.try_send(fresh);
        }
    }

    /// Tries a full socket again; whether it took anything.
    pub fn retry(&mut self) -> bool {
        self.is_blocked() && self.try_send(&[])
    }

    /// Lets the other side see the end after what is owed; now, or when its socket takes it.
    pub fn close(&mut self) {
        self.is_closing = true;
        if self.state == State::Open {
            self.try_send(&[]);
        }
    }

    /// Makes the client's session notice that it is over.
    pub fn hang_up(&mut self) {
        self.sink.hang_up(Ending::SentAway);
    }

    /// How many bytes wait in it.
    pub fn owed(&self) -> usize {
        self.bytes.len() - self.sent
    }

    fn queue_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> usize {
        if self.is_closing || matches!(self.state, State::Cut | State::Closed) {
            return 0;
        }
        let before = self.bytes.len();
        write(&mut self.bytes);
        let added = self.bytes.len() - before;
        if self.owed() > self.limit {
            self.make_room();
        }
        added
    }

    /// Too much is owed. If the socket was not even asked lately, it is asked now; if it is full,
    /// the client is cut.
    fn make_room(&mut self) {
        if self.state == State::Open {
            self.try_send(&[]);
        }
        if self.owed() > self.limit {
            self.cut();
        }
    }

    /// Replaces all that is owed by the reason why; only a line that is partly sent is completed.
    fn cut(&mut self) {
        self.bytes.drain(..mem::take(&mut self.sent));
        let begun = match self.bytes.iter().position(|&b| b == b'\n') {
            Some(end) if !self.is_at_line_start => end + 1,
            _ => 0,
        };
        self.bytes.truncate(begun);
        encode(&Event::TooSlow, &mut self.bytes);
        self.bytes.shrink_to_fit();
        self.state = State::Cut;
        self.sink.hang_up(Ending::TooSlow);
    }

    fn try_send(&mut self, fresh: &[u8]) -> bool {
        if self.owed() + fresh.len() == 0 {
            self.all_sent();
            return false;
        }
        match self.sink.send(&self.bytes[self.sent..], fresh) {
            Ok(taken) => {
                self.note_sent(taken, fresh);
                taken > 0
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.note_sent(0, fresh);
                false
            }
            Err(error) => {
                self.die(error.kind());
                false
            }
        }
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
        self.forget_sent();
        if self.state == State::Open {
            self.state = State::Blocked;
        }
        self.queue(&fresh[taken.saturating_sub(owed)..]);
    }

    /// Moves what is left to the front, but not so often that it costs.
    fn forget_sent(&mut self) {
        if self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..mem::take(&mut self.sent));
        }
    }

    fn all_sent(&mut self) {
        self.sent = 0;
        self.bytes.clear();
        self.bytes.shrink_to(IDLE_CAPACITY);
        let is_end = self.is_closing || self.state == State::Cut;
        self.state = if is_end { State::Closed } else { State::Open };
        if is_end {
            self.sink.finish();
        }
    }

    fn die(&mut self, why: io::ErrorKind) {
        self.bytes = Vec::new();
        self.sent = 0;
        self.state = State::Closed;
        self.sink.hang_up(Ending::Lost(why));
    }
}
