//! What a client hears that calls over HTTP: it is kept here until a stream takes it.
//!
//! The broadcaster writes into the mailbox and never waits for the stream. While a stream is open, nothing is
//! dropped: what finds no room waits in the client's outbox, and a stream that is too slow is cut like any other
//! client. While none is open, the oldest events make room for new ones, and the next stream is told how many.

use std::{
    collections::VecDeque,
    fmt,
    io::{self, ErrorKind},
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use crate::{
    broadcaster::Sink,
    dialect::{
        Dialect, Scene,
        verbs::{CONTROL, PAUSE, RESUME},
    },
    ending::Ending,
    event::Event,
};

/// The most bytes of events that are kept, heard and unheard together.
const MOST: usize = 64 * 1024;

/// Of how many dropped events the ids are kept, so that a stream that comes back learns how many it has missed.
const MOST_DROPPED: usize = 1024;

/// The most bytes that a stream takes at once.
const TOGETHER: usize = 16 * 1024;

/// How long a stream waits for the last words after the client was hung up on.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The events of one client.
pub(super) struct Mailbox {
    state: Mutex<State>,
    changed: Condvar,
    /// Told when the client must leave. It must not wait, because the broadcaster calls it.
    on_hang_up: Box<dyn Fn() + Send + Sync>,
}

/// Which event it is: the number of the newest line, and how many events after it this is. The event of a line has
/// a bare number. Ids of one client rise, so a stream can go on behind any of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    seq: u64,
    more: u64,
}

/// An event, and its object with a newline behind it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) id: Id,
    pub(super) unit: Box<[u8]>,
}

#[derive(Default)]
struct State {
    /// Oldest first. A stream has taken the first `taken` of them.
    events: VecDeque<Kept>,
    taken: usize,
    /// The bytes of the events, and of those that no stream has taken.
    bytes: usize,
    waiting: usize,
    newest: Id,
    /// The ids of the newest events that were dropped, and how many were dropped before those.
    dropped: VecDeque<Id>,
    forgotten: u64,
    /// How many were dropped that no stream has taken.
    unheard: u64,
    is_paused: bool,
    /// The number of the newest stream, and whether it is open.
    stream: u64,
    is_heard: bool,
    hung_up: Option<(Ending, Instant)>,
    is_finished: bool,
    /// The number of the newest writing end. Those before it count no more.
    writer: u64,
}

/// What a stream finds.
pub(super) enum Found {
    /// These events, in this order.
    Events(Vec<Kept>),
    /// Nothing new for a while.
    Nothing,
    /// Another stream has taken over.
    TakenOver,
    /// There will be nothing more.
    End,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { seq, more: 0 } => write!(f, "{seq}"),
            Self { seq, more } => write!(f, "{seq}.{more}"),
        }
    }
}

impl FromStr for Id {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (seq, more) = text.split_once('.').unwrap_or((text, "0"));
        Ok(Self { seq: seq.parse()?, more: more.parse()? })
    }
}

impl Id {
    /// The id of an event behind this one.
    fn next(self, seq: u64) -> Self {
        if seq > self.seq { Self { seq, more: 0 } } else { Self { more: self.more + 1, ..self } }
    }
}

impl Mailbox {
    pub(super) fn new(on_hang_up: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        let (state, changed) = (Mutex::default(), Condvar::new());
        Arc::new(Self { state, changed, on_hang_up: Box::new(on_hang_up) })
    }

    /// A writing end, which replaces the one before it.
    pub(super) fn sink(self: &Arc<Self>) -> Box<dyn Sink> {
        let mut state = self.state.lock();
        (state.writer, state.is_finished) = (state.writer + 1, false);
        Box::new(Writer { mailbox: Arc::clone(self), number: state.writer })
    }

    /// Ends the stream that is open, because the client hears everything in another way.
    pub(super) fn interrupt(&self) {
        let mut state = self.state.lock();
        (state.stream, state.is_heard) = (state.stream + 1, false);
        self.changed.notify_all();
    }

    /// Opens a stream that goes on behind an event, or behind what other streams have taken. Returns its number, and
    /// how many events it has missed. The stream before it ends.
    pub(super) fn open(&self, after: Option<Id>) -> (u64, u64) {
        let mut state = self.state.lock();
        state.stream += 1;
        state.is_heard = true;
        let unheard = std::mem::take(&mut state.unheard);
        self.changed.notify_all();
        let Some(after) = after else { return (state.stream, unheard) };
        state.taken = state.events.partition_point(|kept| kept.id <= after);
        state.waiting = state.events.range(state.taken..).map(|kept| kept.unit.len()).sum();
        let known = state.dropped.partition_point(|id| *id <= after);
        let older = if known == 0 { state.forgotten } else { 0 };
        (state.stream, older + (state.dropped.len() - known) as u64)
    }

    /// Takes what this stream has not heard, and waits so long for it.
    pub(super) fn take(&self, stream: u64, patience: Duration) -> Found {
        let mut state = self.state.lock();
        self.changed.wait_while_for(&mut state, |state| state.is_quiet(stream), patience);
        if state.stream != stream {
            return Found::TakenOver;
        }
        let events = state.take();
        match events.is_empty() {
            false => Found::Events(events),
            true if state.is_over() => Found::End,
            true => Found::Nothing,
        }
    }

    /// The stream has ended.
    pub(super) fn close(&self, stream: u64) {
        let mut state = self.state.lock();
        state.is_heard &= state.stream != stream;
    }

    /// Whether a stream is open.
    pub(super) fn is_heard(&self) -> bool {
        self.state.lock().is_heard
    }

    /// Why our side ended this client's presence, if it did.
    pub(super) fn hung_up(&self) -> Option<Ending> {
        self.state.lock().hung_up.map(|(why, _)| why)
    }
}

impl State {
    fn is_quiet(&mut self, stream: u64) -> bool {
        self.stream == stream && self.taken == self.events.len() && !self.is_over()
    }

    fn is_over(&self) -> bool {
        self.is_finished || self.hung_up.is_some_and(|(_, since)| since.elapsed() >= LAST_WORDS)
    }

    fn take(&mut self) -> Vec<Kept> {
        let (mut events, mut bytes) = (Vec::new(), 0);
        while let Some(kept) = self.events.get(self.taken).filter(|_| bytes < TOGETHER) {
            bytes += kept.unit.len();
            events.push(kept.clone());
            self.taken += 1;
        }
        self.waiting -= bytes;
        events
    }

    /// Takes as many of these units as there is room for; returns how many bytes they have.
    fn put(&mut self, units: &[u8]) -> usize {
        let mut put = 0;
        for unit in units.split_inclusive(|&byte| byte == b'\n') {
            match unit {
                PAUSE => self.is_paused = true,
                RESUME => self.is_paused = false,
                [CONTROL, ..] => {}
                _ if self.is_paused => {}
                _ if self.is_full_for(unit) => break,
                _ => self.keep(unit),
            }
            put += unit.len();
        }
        put
    }

    /// A stream that is open is not to miss anything.
    fn is_full_for(&self, unit: &[u8]) -> bool {
        self.is_heard && self.waiting > 0 && self.waiting + unit.len() > MOST
    }

    fn keep(&mut self, unit: &[u8]) {
        self.newest = self.newest.next(seq(unit).unwrap_or(0));
        self.events.push_back(Kept { id: self.newest, unit: unit.into() });
        (self.bytes, self.waiting) = (self.bytes + unit.len(), self.waiting + unit.len());
        while self.bytes > MOST && self.events.len() > 1 && (self.taken > 0 || !self.is_heard) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some(Kept { id, unit }) = self.events.pop_front() else { return };
        self.bytes -= unit.len();
        if self.taken > 0 {
            self.taken -= 1;
        } else {
            self.waiting -= unit.len();
            self.unheard += 1;
        }
        self.dropped.push_back(id);
        if self.dropped.len() > MOST_DROPPED {
            self.dropped.pop_front();
            self.forgotten += 1;
        }
    }

    /// Makes room for the reason why a client is cut.
    fn drop_waiting(&mut self) {
        self.events.truncate(self.taken);
        (self.bytes, self.waiting) = (self.bytes - self.waiting, 0);
    }
}

/// The number at the end of an object: `…,"seq":7}`.
fn seq(unit: &[u8]) -> Option<u64> {
    let end = unit.trim_ascii_end().strip_suffix(b"}")?;
    let digits = end.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, number) = end.split_at(end.len() - digits);
    before.ends_with(b"\"seq\":").then(|| str::from_utf8(number).ok()?.parse().ok())?
}

/// What the broadcaster sends through.
struct Writer {
    mailbox: Arc<Mailbox>,
    number: u64,
}

impl Sink for Writer {
    fn send(&mut self, owed: &[u8], fresh: &[u8]) -> io::Result<usize> {
        let mut state = self.mailbox.state.lock();
        let mut put = state.put(owed);
        if put == owed.len() {
            put += state.put(fresh);
        }
        self.mailbox.changed.notify_all();
        if put == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(put) }
    }

    /// A client that is paused hears at least why it must go.
    fn farewell(&mut self, why: Option<&Event>) -> Vec<u8> {
        let Some(why) = why.filter(|_| self.mailbox.state.lock().is_paused) else { return Vec::new() };
        [RESUME, &Dialect::Json.encoded(why, &Scene::default())].concat()
    }

    fn finish(&mut self) {
        let mut state = self.mailbox.state.lock();
        state.is_finished |= state.writer == self.number;
        self.mailbox.changed.notify_all();
    }

    fn hang_up(&mut self, why: Ending) {
        let mut state = self.mailbox.state.lock();
        if state.writer != self.number {
            return;
        }
        if why == Ending::TooSlow {
            state.drop_waiting();
        }
        state.hung_up.get_or_insert((why, Instant::now()));
        drop(state);
        (self.mailbox.on_hang_up)();
    }
}

/// A writing end that is dropped writes nothing more.
impl Drop for Writer {
    fn drop(&mut self) {
        self.finish();
    }
}

#[cfg(test)]
mod tests;
