//! Cuts a stream of bytes into lines.

use std::{mem, ops::Range};

/// Finds lines in a buffer. It looks at each byte once, and keeps little of a line that is too long.
#[derive(Debug, Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// Where the next line begins, and how far the search for its end has come.
    start: usize,
    searched: usize,
    /// The current line is too long, so the rest of it is dropped as it arrives.
    is_skipping: bool,
}

/// What was found.
pub(super) enum Found {
    /// A line is here, with its newline.
    Line(Range<usize>),
    /// A line has more bytes than it may have.
    TooLong,
}

/// One byte more than the limit may be the '\r' of the line's end.
const LINE_END: usize = 1;

/// What the buffer may keep between lines, in bytes.
const IDLE_CAPACITY: usize = 256;

impl Lines {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next line; `None` means "not yet".
    pub(super) fn next(&mut self, longest: usize) -> Option<Found> {
        while let Some(length) = memchr::memchr(b'\n', &self.buffer[self.searched..]) {
            let (start, end) = (self.start, self.searched + length);
            (self.start, self.searched) = (end + 1, end + 1);
            if !mem::take(&mut self.is_skipping) {
                let line = &self.buffer[start..end];
                let is_too_long = line.strip_suffix(b"\r").unwrap_or(line).len() > longest;
                return Some(if is_too_long { Found::TooLong } else { Found::Line(start..end + 1) });
            }
        }
        self.unfinished(longest)
    }

    pub(super) fn line(&self, line: Range<usize>) -> &[u8] {
        &self.buffer[line]
    }

    fn unfinished(&mut self, longest: usize) -> Option<Found> {
        self.searched = self.buffer.len();
        let is_too_long = self.searched - self.start > longest + LINE_END;
        let is_first_seen = is_too_long && !self.is_skipping;
        self.is_skipping |= is_too_long;
        if self.is_skipping {
            self.start = self.searched;
        }
        if self.start == self.buffer.len() {
            // An idle client does not keep the memory of its longest line.
            self.buffer.clear();
            self.buffer.shrink_to(IDLE_CAPACITY);
            (self.start, self.searched) = (0, 0);
        }
        is_first_seen.then_some(Found::TooLong)
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }
}
