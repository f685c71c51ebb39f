//! Cuts received bytes into lines and keeps the lines until they are read.

use std::{collections::VecDeque, mem};

/// Lines that were received and not read yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    lines: VecDeque<Vec<u8>>,
    /// The received part of the next line.
    incomplete: Vec<u8>,
}

impl Inbox {
    /// Adds received bytes.
    pub(super) fn add(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let mut line = mem::take(&mut self.incomplete);
            line.extend(&bytes[..end]);
            self.lines.push_back(line);
            bytes = &bytes[end + 1..];
        }
        self.incomplete.extend(bytes);
    }

    /// Takes the next line, without its newline.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        self.lines.pop_front()
    }

    /// Puts lines back in front of the others.
    pub(super) fn put_back(&mut self, lines: Vec<Vec<u8>>) {
        lines.into_iter().rev().for_each(|line| self.lines.push_front(line));
    }

    /// The bytes after the last newline.
    pub(super) fn incomplete(&self) -> &[u8] {
        &self.incomplete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_wherever_the_bytes_are_cut() {
        let bytes = b"one\n\ntwo\r\nthr";
        for at in 0..bytes.len() {
            let mut inbox = Inbox::default();
            inbox.add(&bytes[..at]);
            inbox.add(&bytes[at..]);
            let lines: Vec<_> = std::iter::from_fn(|| inbox.take()).collect();
            assert_eq!(lines, [&b"one"[..], b"", b"two\r"], "cut at {at}");
            assert_eq!(inbox.incomplete(), b"thr", "cut at {at}");
        }
    }
}
