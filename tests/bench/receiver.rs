//! Checks line by line what one client hears in a room.

use std::ops::Range;

use crate::{
    contender::{Contender, Line},
    mark::{Mark, TEXT},
};

/// Knows which lines the client must hear next.
pub(crate) struct Receiver {
    /// The next mark from each sender in its room.
    next: Vec<Mark>,
    first_sender: usize,
    /// After this many texts the numbers start at 0 again, because ready-made bytes repeat.
    lap: Option<u64>,
    /// The length of a text with everything around it, learned from the one before. With it, an expected
    /// line is recognized without a search for its end.
    frame: usize,
    /// How many bytes of a frame follow its text.
    tail: usize,
    since_text: usize,
    heard: u64,
    order: u64,
}

impl Receiver {
    pub(crate) fn new(senders: Range<usize>, lap: Option<u64>) -> Self {
        Self {
            first_sender: senders.start,
            next: senders.map(|sender| Mark::new(sender, 0)).collect(),
            lap,
            frame: usize::MAX,
            tail: 0,
            since_text: 0,
            heard: 0,
            order: 0,
        }
    }

    /// How many texts the client has heard.
    pub(crate) fn heard(&self) -> u64 {
        self.heard
    }

    /// A sum that is the same for two receivers that have heard the same texts in the same order.
    pub(crate) fn order(&self) -> u64 {
        self.order
    }

    pub(crate) fn next(&self) -> &[Mark] {
        &self.next
    }

    /// Takes all complete lines, passes each text's mark to `heard`, and returns how many bytes they
    /// have. Answers that the server expects are appended to `answers`.
    ///
    /// # Errors
    ///
    /// Describes the line that was lost, doubled, reordered, leaked or refused.
    pub(crate) fn take(
        &mut self,
        bytes: &[u8],
        contender: &dyn Contender,
        answers: &mut Vec<u8>,
        mut heard: impl FnMut(Mark),
    ) -> Result<usize, String> {
        let mut at = 0;
        loop {
            while let Some(mark) = self.expected(&bytes[at..]) {
                at += self.frame;
                heard(mark);
            }
            let Some(length) = memchr::memchr(b'\n', &bytes[at..]) else { return Ok(at) };
            let line = &bytes[at..at + length];
            at += length + 1;
            if let Some(mark) = self.read(line, contender, answers)? {
                heard(mark);
            }
        }
    }

    /// The fast path: returns the next mark if it is exactly where the next text must be.
    #[inline]
    fn expected(&mut self, bytes: &[u8]) -> Option<Mark> {
        let frame = bytes.get(..self.frame)?;
        let mark = Mark::peek(&frame[self.frame - self.tail - TEXT..])?;
        let next = self.next.get_mut(mark.sender().wrapping_sub(self.first_sender))?;
        if *next != mark || frame[self.frame - 1] != b'\n' {
            return None;
        }
        *next = mark.next_in(self.lap);
        self.order = mark.mix(self.order);
        self.heard += 1;
        Some(mark)
    }

    /// The slow path: reads any line.
    fn read(
        &mut self,
        line: &[u8],
        contender: &dyn Contender,
        answers: &mut Vec<u8>,
    ) -> Result<Option<Mark>, String> {
        self.since_text += line.len() + 1;
        let stripped = line.strip_suffix(b"\r").unwrap_or(line);
        match contender.read(stripped) {
            Line::Said(text) => {
                self.tail = line.len() + 1 - stripped.len();
                self.frame = std::mem::take(&mut self.since_text);
                self.check(text).map(Some)
            }
            Line::Ping(answer) => {
                self.since_text = 0;
                answers.extend(answer);
                Ok(None)
            }
            Line::Complaint | Line::Confirmed(_) => Err(format!("unexpected line: {}", line.escape_ascii())),
            Line::Framing => Ok(None),
            Line::Ready | Line::Chatter => {
                self.since_text = 0;
                Ok(None)
            }
        }
    }

    fn check(&mut self, text: &[u8]) -> Result<Mark, String> {
        let Some(mark) = Mark::of(text) else { return Err(format!("garbled: {}", text.escape_ascii())) };
        let Some(next) = self.next.get_mut(mark.sender().wrapping_sub(self.first_sender)) else {
            return Err(format!("leaked from another room: {mark}"));
        };
        if mark == *next {
            *next = mark.next_in(self.lap);
            self.order = mark.mix(self.order);
            self.heard += 1;
            return Ok(mark);
        }
        let what = if mark.number() > next.number() { "lost" } else { "doubled or reordered" };
        Err(format!("{what}: {mark} came where {next} was due"))
    }
}
