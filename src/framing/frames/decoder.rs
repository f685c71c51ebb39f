//! Reads the frames of a client.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Head, Key, MAGIC, MOST_KEPT,
    chunks::{Added, Chunk, Chunks},
    control,
    fault::Fault,
    kind,
};
use crate::{
    command::{Command, Mistake, Verb},
    dialect::{Decode, Input, Limits, text},
    ending::Ending,
};

/// Cuts a stream of bytes into frames and reads the lines in them as commands.
pub struct Decoder {
    limits: Limits,
    key: Key,
    /// The session's id.
    session: String,
    stage: Stage,
    buffer: Vec<u8>,
    /// Where the unread part of the buffer begins.
    start: usize,
    next: Next,
    /// The lines of the last message, and where the next one begins.
    lines: Vec<u8>,
    line: usize,
    chunks: Chunks,
    /// What the last frame means, without what was asked for already.
    rest: VecDeque<Input>,
    /// The longest time between two whole frames. A client that takes longer is gone.
    idle: Option<Duration>,
    /// When the last whole frame arrived.
    heard_at: Instant,
}

/// How far the session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The client must acknowledge the session.
    Outside,
    /// The client is in the chat.
    Inside,
    /// Nothing more is read.
    Over,
}

/// What is looked for in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// The beginning of a frame.
    Frame,
    /// The end of this many bytes, which are not wanted.
    Skip(u64),
    /// The next magic, because the lengths of the last frame may be wrong.
    Magic,
}

impl Decoder {
    /// A decoder that has been fed nothing. Its first input is the answer that begins a session.
    pub fn new(limits: Limits, key: Key, idle: Option<Duration>) -> Self {
        Self::of_session(Uuid::new_v4(), limits, key, idle)
    }

    /// The same, for a session that has this id.
    pub fn of_session(session: Uuid, limits: Limits, key: Key, idle: Option<Duration>) -> Self {
        let session = session.to_string();
        let init = Command::answer(&control(kind::INIT, &session));
        Self {
            limits,
            key,
            session,
            stage: Stage::Outside,
            buffer: Vec::new(),
            start: 0,
            next: Next::Frame,
            lines: Vec::new(),
            line: 0,
            chunks: Chunks::default(),
            rest: [Input::Command(init)].into(),
            idle,
            heard_at: Instant::now(),
        }
    }

    fn mean(&mut self, command: Command) {
        self.rest.push_back(Input::Command(command));
    }

    fn answer(&mut self, kind: &str, content: impl std::fmt::Display) {
        self.mean(Command::answer(&control(kind, content)));
    }

    fn fail(&mut self, fault: Fault) {
        self.answer(kind::ERROR, fault);
        if matches!(fault, Fault::Magic | Fault::Session) {
            self.leave();
        }
    }

    fn leave(&mut self) {
        self.stage = Stage::Over;
        self.mean(Verb::find("quit").expect("the table has it").command("", self.limits.text));
    }

    /// The largest content that is read, in bytes.
    fn longest(&self) -> usize {
        MOST_KEPT.max(self.limits.line)
    }

    fn refuse_length(&mut self) {
        self.mean(Command::mistake(Mistake::LineTooLong(self.limits.line)));
    }

    /// Takes the next part of the stream. Returns `false` if more bytes are needed.
    fn advance(&mut self) -> bool {
        match self.next {
            Next::Frame => self.next_frame(),
            Next::Skip(length) => {
                let skipped = length.min((self.buffer.len() - self.start) as u64);
                self.start += usize::try_from(skipped).expect("it is in memory");
                self.next = if skipped == length { Next::Frame } else { Next::Skip(length - skipped) };
                self.next == Next::Frame
            }
            Next::Magic => {
                let unread = &self.buffer[self.start..];
                let found = memchr::memmem::find(unread, &MAGIC);
                if found.is_some() {
                    self.next = Next::Frame;
                }
                // The rest of a magic may still come.
                self.start += found.unwrap_or(unread.len().saturating_sub(MAGIC.len() - 1));
                found.is_some()
            }
        }
    }

    /// Takes a frame, or as much of it as shows that it is not wanted. Returns `false` if more bytes are needed.
    fn next_frame(&mut self) -> bool {
        let unread = &self.buffer[self.start..];
        if !MAGIC.starts_with(&unread[..unread.len().min(MAGIC.len())]) {
            self.fail(Fault::Magic);
            return true;
        }
        let Some(head) = unread.first_chunk() else { return false };
        let head = match Head::read(head) {
            Ok(head) => head,
            Err(fault) => {
                self.fail(fault);
                (self.start, self.next) = (self.start + MAGIC.len(), Next::Magic);
                return true;
            }
        };
        let header_length = head.header_length as usize;
        let Some(length) =
            usize::try_from(head.content_length).ok().filter(|&length| length <= self.longest())
        else {
            self.refuse_length();
            self.start += Head::LENGTH;
            self.next = Next::Skip(u64::from(head.header_length) + head.content_length);
            return true;
        };
        let header_start = self.start + Head::LENGTH;
        let content_start = header_start + header_length;
        let end = content_start + length;
        if self.buffer.len() < end {
            return false;
        }
        // The frame borrows the buffer while `self` changes.
        let buffer = std::mem::take(&mut self.buffer);
        self.read(&head, &buffer[header_start..content_start], &buffer[content_start..end]);
        (self.buffer, self.start) = (buffer, end);
        true
    }

    fn read(&mut self, head: &Head, header: &[u8], content: &[u8]) {
        if let Err(fault) = check(head, header, content, &self.key) {
            self.fail(fault);
            self.next = Next::Magic;
        } else if let Err(fault) = self.understand(header, content) {
            self.fail(fault);
        }
    }

    fn understand(&mut self, header: &[u8], content: &[u8]) -> Result<(), Fault> {
        let header: Map<String, Value> = serde_json::from_slice(header).map_err(|_| Fault::Header)?;
        let field = |key| header.get(key).and_then(Value::as_str).ok_or(Fault::Header);
        let (kind, session) = (field("type")?, field("session_id")?);
        if !session.eq_ignore_ascii_case(&self.session) {
            return Err(Fault::Session);
        }
        self.heard_at = Instant::now();
        match kind {
            kind::ACK if self.stage == Stage::Outside => {
                self.stage = Stage::Inside;
                self.rest.push_back(Input::Greeting(None));
            }
            kind::HEARTBEAT if content == b"ping" => self.answer(kind::HEARTBEAT, "pong"),
            kind::ACK | kind::HEARTBEAT | kind::ERROR => {}
            kind::DISCONNECT => self.leave(),
            kind::MESSAGE | kind::CHUNK if self.stage == Stage::Outside => return Err(Fault::Outside),
            kind::MESSAGE => return self.say(content.to_vec()),
            kind::CHUNK => return self.put_together(&Chunk::new(&header, content)?),
            _ => return Err(Fault::Type),
        }
        Ok(())
    }

    fn put_together(&mut self, chunk: &Chunk<'_>) -> Result<(), Fault> {
        if self.chunks.make_room(chunk) {
            self.fail(Fault::TooManyChunked);
        }
        match self.chunks.add(chunk, self.longest())? {
            Added::Part => {}
            Added::Message(content) => self.say(content)?,
            Added::TooLong => self.refuse_length(),
        }
        Ok(())
    }

    fn say(&mut self, content: Vec<u8>) -> Result<(), Fault> {
        if str::from_utf8(&content).is_err() {
            return Err(Fault::InvalidUtf8);
        }
        (self.lines, self.line) = (content, 0);
        Ok(())
    }

    /// The next line of the last message; `None` when all are read.
    fn next_line(&mut self) -> Option<Command> {
        while self.line < self.lines.len() {
            let rest = &self.lines[self.line..];
            let line = rest.split(|&byte| byte == b'\n').next().unwrap_or_default();
            self.line += line.len() + 1;
            let read = text::read_line(line, self.limits);
            if let Some(command) = read.unwrap_or_else(|mistake| Some(Command::mistake(mistake))) {
                return Some(command);
            }
        }
        self.lines = Vec::new();
        self.line = 0;
        None
    }
}

/// Checks that a frame arrived unchanged, and comes from a program that knows the key.
fn check(head: &Head, header: &[u8], content: &[u8], key: &Key) -> Result<(), Fault> {
    if crc32fast::hash(header) != head.header_checksum {
        return Err(Fault::HeaderChecksum);
    }
    if crc32fast::hash(content) != head.content_checksum {
        return Err(Fault::ContentChecksum);
    }
    if key.has_signed(header, content, &head.signature) { Ok(()) } else { Err(Fault::Signature) }
}

impl Decode for Decoder {
    fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..std::mem::take(&mut self.start));
        self.buffer.extend_from_slice(bytes);
    }

    fn next_input(&mut self) -> Option<Input> {
        loop {
            if let Some(next) = self.rest.pop_front() {
                return Some(next);
            }
            if let Some(command) = self.next_line() {
                return Some(Input::Command(command));
            }
            if self.stage == Stage::Over {
                self.start = self.buffer.len();
            }
            if self.start == self.buffer.len() {
                // An idle client keeps no memory for frames.
                (self.buffer, self.start) = (Vec::new(), 0);
                return None;
            }
            if !self.advance() {
                return None;
            }
        }
    }

    /// Part of a frame is no sign of life. So a client that sends a byte now and then is disconnected, too.
    fn patience(&self) -> Option<Duration> {
        let left = |idle: Duration| (self.heard_at + idle).saturating_duration_since(Instant::now());
        self.idle.map(|idle| left(idle).max(SHORTEST))
    }

    fn time_out(&mut self) -> Option<Ending> {
        self.idle.filter(|&idle| self.heard_at.elapsed() >= idle).map(|_| Ending::Silent)
    }
}

#[cfg(test)]
impl Decoder {
    /// Lets the client's last frame be older by this time.
    pub(super) fn age(&mut self, by: Duration) {
        self.heard_at -= by;
    }

    /// How many bytes of memory it keeps for what it has read.
    pub(super) fn kept(&self) -> usize {
        self.buffer.capacity() + self.lines.capacity()
    }
}

/// The patience of a client whose time is over. A socket does not accept a timeout of zero.
const SHORTEST: Duration = Duration::from_millis(1);
