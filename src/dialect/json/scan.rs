//! Finds where an object ends, without reading it.

use std::{mem, ops::Range};

/// Finds units in a buffer. No byte is looked at twice, however the stream is cut.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// Where the unit begins, and how far it was looked at.
    start: usize,
    at: usize,
    state: State,
    /// The unit is too long. It is skipped up to its end, or to the end of the line.
    is_skipping: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Between units.
    #[default]
    Between,
    /// In an object, so deep in braces and brackets.
    Object { depth: usize, string: Quoted },
    /// In something that is no object. It ends with the line.
    Line,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quoted {
    No,
    Yes,
    /// Behind a backslash.
    Escaped,
}

/// What was found.
pub(super) enum Found {
    /// A unit is here in the buffer.
    Unit(Range<usize>),
    /// A unit has more bytes than it may have.
    TooLong,
}

impl Scanner {
    /// Drops the part of the buffer that was read.
    pub(super) fn drop_read(&mut self, buffer: &mut Vec<u8>) {
        buffer.drain(..self.start);
        self.at -= self.start;
        self.start = 0;
        if buffer.is_empty() {
            buffer.shrink_to(IDLE_CAPACITY);
        }
    }

    /// The next unit; `None` means "not yet".
    pub(super) fn next(&mut self, buffer: &[u8], longest: usize) -> Option<Found> {
        while let Some(&byte) = buffer.get(self.at) {
            self.at += 1;
            let has_ended = self.step(byte);
            let unit = self.start..self.at;
            if self.state == State::Between {
                self.start = self.at;
            }
            if has_ended {
                return Some(Found::Unit(unit));
            }
            if self.is_skipping {
                self.start = self.at;
            } else if unit.len() > longest {
                self.start = self.at;
                self.is_skipping = true;
                return Some(Found::TooLong);
            }
        }
        None
    }

    /// Looks at one byte; whether it ends a unit.
    fn step(&mut self, byte: u8) -> bool {
        let was = self.state;
        self.state = match (was, byte) {
            // Its braces may be wrong. The next line can be right again.
            (_, b'\n') if self.is_skipping => State::Between,
            (State::Object { depth, string: Quoted::No }, byte) => beside_strings(depth, byte),
            // JSON has no newline in a string (RFC 8259 §7), so it is over. The next line can be right again.
            (_, b'\n') | (State::Between, b' ' | b'\t' | b'\r') => State::Between,
            (State::Between, b'{') => State::Object { depth: 1, string: Quoted::No },
            (State::Object { depth, string }, byte) => State::Object { depth, string: string.after(byte) },
            (State::Between | State::Line, _) => State::Line,
        };
        let has_ended = self.state == State::Between && was != State::Between;
        // What was skipped ends, too, but is no unit.
        has_ended && !mem::take(&mut self.is_skipping)
    }
}

/// The state after a byte of an object that is in none of its strings.
fn beside_strings(depth: usize, byte: u8) -> State {
    let depth = match byte {
        b'{' | b'[' => depth + 1,
        b'}' | b']' => depth - 1,
        _ => depth,
    };
    let string = if byte == b'"' { Quoted::Yes } else { Quoted::No };
    if depth == 0 { State::Between } else { State::Object { depth, string } }
}

impl Quoted {
    /// The state after a byte of a string.
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Yes, b'\\') => Self::Escaped,
            (Self::Yes, b'"') => Self::No,
            _ => Self::Yes,
        }
    }
}

/// What a decoder's buffer may keep between objects, in bytes.
const IDLE_CAPACITY: usize = 256;
