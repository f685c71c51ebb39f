//! Finds where an object ends, without reading it.

use std::ops::Range;

/// Finds units in a buffer. No byte is looked at twice, however the stream is cut.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// Where the unit begins, and how far it was looked at.
    start: usize,
    at: usize,
    state: State,
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
    /// In something too long, which is skipped up to the end of the line.
    Skipping,
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
            if self.state == State::Skipping {
                self.start = self.at;
            } else if unit.len() > longest {
                self.start = self.at;
                self.state = State::Skipping;
                return Some(Found::TooLong);
            }
        }
        None
    }

    /// Looks at one byte; whether it ends a unit.
    fn step(&mut self, byte: u8) -> bool {
        let (next, has_ended) = match (self.state, byte) {
            (State::Between, b' ' | b'\t' | b'\r' | b'\n') => (State::Between, false),
            (State::Between, b'{') => (State::Object { depth: 1, string: Quoted::No }, false),
            (State::Between, _) => (State::Line, false),
            (State::Line, b'\n') => (State::Between, true),
            (State::Skipping, b'\n') => (State::Between, false),
            (state @ (State::Line | State::Skipping), _) => (state, false),
            // JSON has no newline in a string (RFC 8259 §7), so it is over. The next line can be right again.
            (State::Object { string: Quoted::Yes | Quoted::Escaped, .. }, b'\n') => (State::Between, true),
            (State::Object { depth, string }, byte) => in_object(depth, string, byte),
        };
        self.state = next;
        has_ended
    }
}

fn in_object(depth: usize, string: Quoted, byte: u8) -> (State, bool) {
    let (depth, string) = match (string, byte) {
        (Quoted::Escaped, _) => (depth, Quoted::Yes),
        (Quoted::Yes, b'\\') => (depth, Quoted::Escaped),
        (Quoted::Yes, b'"') => (depth, Quoted::No),
        (Quoted::Yes, _) => (depth, Quoted::Yes),
        (Quoted::No, b'"') => (depth, Quoted::Yes),
        (Quoted::No, b'{' | b'[') => (depth + 1, Quoted::No),
        (Quoted::No, b'}' | b']') => (depth - 1, Quoted::No),
        (Quoted::No, _) => (depth, Quoted::No),
    };
    if depth == 0 { (State::Between, true) } else { (State::Object { depth, string }, false) }
}

/// What a decoder's buffer may keep between objects, in bytes.
const IDLE_CAPACITY: usize = 256;
