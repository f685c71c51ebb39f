//! A body that is read piece by piece, because it may be larger than memory.

use super::{
    Problem,
    body::{Body, Part},
    head::Length,
};

/// A body, and what has come of it.
///
/// Feed it, then ask for its content until it says "not yet". It keeps what was fed and not read.
#[derive(Debug, PartialEq, Eq)]
pub struct Upload {
    body: Body,
    buffer: Vec<u8>,
    /// Where in the buffer begins what was not read, and how many of those bytes are content.
    start: usize,
    ready: usize,
    waits: bool,
    /// How long it is, if that is known.
    length: Option<u64>,
}

/// What comes next in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// These bytes, which are not none.
    Bytes(&'a [u8]),
    /// More must be fed.
    NotYet,
    /// Nothing: the body is whole.
    End,
}

impl Upload {
    pub(super) fn new(length: Length, waits: bool, first: Vec<u8>) -> Result<Self, Problem> {
        let known = if let Length::Known(length) = length { Some(length) } else { None };
        let body = Body::new(length, u64::MAX)?;
        Ok(Self { body, buffer: first, start: 0, ready: 0, waits, length: known })
    }

    /// How long it is; `None` if that is known only at its end.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Whether the client waits for `100 Continue`. One that has begun to send does not.
    pub fn waits(&self) -> bool {
        self.waits && self.buffer.is_empty()
    }

    /// Takes bytes as they came, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The content that comes next. It stays the same until it is [taken](Self::take).
    ///
    /// # Errors
    /// The body is malformed, and nothing can be made of what follows.
    pub fn content(&mut self) -> Result<Content<'_>, Problem> {
        while self.ready == 0 {
            match self.body.part(&self.buffer[self.start..])? {
                Part::Content(length) => self.ready = length,
                Part::Framing(length) => self.start += length,
                Part::NotYet => return Ok(Content::NotYet),
                Part::End => return Ok(Content::End),
            }
        }
        Ok(Content::Bytes(&self.buffer[self.start..self.start + self.ready]))
    }

    /// Takes so much of the content.
    pub fn take(&mut self, length: usize) {
        debug_assert!(length <= self.ready, "only what was shown is taken");
        self.start += length;
        self.ready -= length;
    }
}

#[cfg(test)]
impl Upload {
    /// How many bytes of memory it keeps for what it has read.
    pub(super) fn kept(&self) -> usize {
        self.buffer.capacity()
    }
}
