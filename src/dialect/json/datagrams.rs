//! JSON in datagrams: one object in each.
//!
//! A datagram can be lost, doubled or overtaken. So a program gives each datagram a number, an integer `id`, and
//! sends it again until `{"type":"ack","id":…}` arrives. A datagram is carried out once, and acknowledged each
//! time. A number is remembered until 1024 others have come from its address, and for half a minute after the
//! client has left. After that, the same number means a new datagram. A program that chooses its port, and so may
//! come back at the same one, should begin with a random number.
//!
//! The receiver finds the number with [`look`], and hands each datagram on as a line. [`Decoder`] reads the object
//! on the line.

use serde_json::Value;

use super::{
    Object,
    encode::{Writer, error},
};
use crate::{
    command::{Command, Mistake},
    dialect::{Decode, Greeting, Input, Limits, Scene},
    event::Event,
};

/// What a datagram is, before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Empty, or white space: a sign of life.
    Nothing,
    /// An answer of a server: of another one, whose address a forger has used, or of this one. If servers
    /// answered each other, they would never stop.
    FromServer,
    /// Something to read, which may be wrong.
    Unit {
        /// The number by which it is acknowledged.
        id: Option<i128>,
    },
}

/// The types of objects that no client sends.
const ONLY_FROM_SERVERS: [&str; 4] = ["ack", "error", "system", "server_message"];

/// Looks at a datagram.
pub fn look(datagram: &[u8]) -> Look {
    if datagram.trim_ascii().is_empty() {
        return Look::Nothing;
    }
    let Ok(object) = serde_json::from_slice::<Object>(datagram) else { return Look::Unit { id: None } };
    let id = integer(&object, "id");
    let kind = object.get("type").and_then(Value::as_str);
    let is_theirs = kind.is_some_and(|kind| ONLY_FROM_SERVERS.contains(&kind));
    // Everything else that servers send has a `seq`.
    if is_theirs || (id.is_none() && integer(&object, "seq").is_some()) {
        return Look::FromServer;
    }
    Look::Unit { id }
}

fn integer(object: &Object, key: &str) -> Option<i128> {
    let value = object.get(key)?;
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}

/// The acknowledgement of the datagram with this number.
pub fn ack(id: i128) -> Vec<u8> {
    format!("{{\"type\":\"ack\",\"id\":{id}}}\n").into_bytes()
}

/// A datagram as a line for [`Decoder`].
pub fn line(datagram: &[u8]) -> Vec<u8> {
    // JSON allows a tab wherever it allows a newline, and nowhere else (RFC 8259 §2, §7).
    let mut line: Vec<_> = datagram.iter().map(|&byte| if byte == b'\n' { b'\t' } else { byte }).collect();
    line.push(b'\n');
    line
}

/// The fewest characters to which the text of an error is cut. A shorter one would say nothing.
const FEWEST: usize = 6;

/// The most bytes that a character takes as an escape: `\u0000`.
const LONGEST_ESCAPE: usize = 6;

/// An error as a unit of at most `longest` bytes. Its text is cut if necessary; `None` if that leaves too little.
pub fn error_within(why: &Event, scene: &Scene, longest: usize) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    error(&mut Writer(&mut whole), why, scene);
    if whole.len() <= longest {
        return Some(whole);
    }
    let unit = |text: String| format!("{{\"type\":\"error\",\"text\":{}}}\n", Value::from(text));
    let (why, mut length) = (why.to_string(), unit(String::new()).len());
    let fits = |c: &char| {
        length += if c.is_control() || matches!(c, '"' | '\\') { LONGEST_ESCAPE } else { c.len_utf8() };
        length <= longest
    };
    let text: String = why.chars().take_while(fits).collect();
    (text.chars().count() >= FEWEST).then(|| unit(text).into_bytes())
}

/// Reads datagrams, which are fed as lines. They are acknowledged as they arrive, so not here.
#[derive(Debug)]
pub struct Decoder {
    objects: super::Decoder,
    limits: Limits,
    /// The lines that were not read yet. Only the beginning of a line that is too long is kept.
    lines: Vec<u8>,
    /// Where the last line begins, which is not complete yet.
    last: usize,
}

impl Decoder {
    /// A decoder that has been fed nothing.
    pub fn new(limits: Limits) -> Self {
        Self { objects: super::Decoder::new(limits), limits, lines: Vec::new(), last: 0 }
    }

    fn read(&mut self, line: &[u8]) {
        let understood = if line.len() > self.limits.line {
            Err(Mistake::LineTooLong(self.limits.line))
        } else if line.trim_ascii().is_empty() {
            Ok(())
        } else {
            super::object(line).and_then(|object| self.objects.understand(&object))
        };
        if let Err(mistake) = understood {
            self.objects.mean(Command::mistake(mistake));
        }
    }
}

impl Decode for Decoder {
    fn feed(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let (text, has_ended) = piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
            let room = (self.limits.line + 1).saturating_sub(self.lines.len() - self.last);
            self.lines.extend_from_slice(&text[..text.len().min(room)]);
            if has_ended {
                self.lines.push(b'\n');
                self.last = self.lines.len();
            }
        }
    }

    fn next_input(&mut self) -> Option<Input> {
        loop {
            if let Some(next) = self.objects.rest.pop_front() {
                return Some(next);
            }
            let end = memchr::memchr(b'\n', &self.lines)?;
            let line: Vec<_> = self.lines.drain(..=end).collect();
            self.last -= line.len();
            if self.lines.is_empty() {
                self.lines = Vec::new();
            }
            self.read(&line[..end]);
        }
    }

    fn welcome(&mut self, greeting: Option<Greeting>) {
        self.objects.welcome(greeting);
    }
}

#[cfg(test)]
mod tests;
