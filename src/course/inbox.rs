//! Cuts received bytes into lines and keeps the lines until they are read.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind},
    mem,
    time::{Duration, Instant},
};

use super::peer::{Heard, is_timeout};

/// The most bytes that are read, four times what any check sends. A program that never stops sending fails.
const MOST: usize = 64 << 20;

/// Lines that were received and not read yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    lines: VecDeque<Vec<u8>>,
    /// The received part of the next line.
    incomplete: Vec<u8>,
    /// How the stream has ended.
    pub(super) ending: Option<Heard>,
    /// The number of bytes received.
    received: usize,
}

impl Inbox {
    /// The next line or event, or silence at the deadline. `read` reads once and waits for at most the given time.
    pub(super) fn next(
        &mut self,
        deadline: Instant,
        mut read: impl FnMut(&mut [u8], Duration) -> io::Result<usize>,
    ) -> Heard {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Heard::Line(line);
            }
            if let Some(ending) = &self.ending {
                return ending.clone();
            }
            if self.received > MOST {
                return Heard::Silence;
            }
            // A timeout of zero would be an error.
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            let mut bytes = [0; 16 * 1024];
            match read(&mut bytes, left) {
                Ok(0) => self.ending = Some(Heard::End),
                Ok(length) => self.add(&bytes[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Heard::Silence,
                Err(_) => self.ending = Some(Heard::Reset),
            }
        }
    }

    fn add(&mut self, mut bytes: &[u8]) {
        self.received += bytes.len();
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let mut line = mem::take(&mut self.incomplete);
            line.extend(&bytes[..end]);
            self.lines.push_back(line);
            bytes = &bytes[end + 1..];
        }
        self.incomplete.extend(bytes);
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
            let lines: Vec<_> = inbox.lines.drain(..).collect();
            assert_eq!(lines, [&b"one"[..], b"", b"two\r"], "cut at {at}");
            assert_eq!(inbox.incomplete(), b"thr", "cut at {at}");
        }
    }
}
