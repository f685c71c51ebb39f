//! Checks line by line what one client hears in a room.

use std::ops::Range;

use crate::{
    contender::{Line, Speech},
    framing::Framing,
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
    span: usize,
    /// How many bytes of it follow the text, and the last of all.
    tail: usize,
    last: u8,
    /// What it must begin with, where that is not empty.
    beginning: Vec<u8>,
    framing: Framing,
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
            span: usize::MAX,
            tail: 0,
            last: b'\n',
            beginning: Vec::new(),
            framing: Framing::Lines,
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
        speech: &dyn Speech,
        answers: &mut Vec<u8>,
        mut heard: impl FnMut(Mark),
    ) -> Result<usize, String> {
        let mut at = 0;
        loop {
            while let Some(mark) = self.expected(&bytes[at..]) {
                at += self.span;
                heard(mark);
            }
            let Some(length) = speech.framing().unit(&bytes[at..]) else { return Ok(at) };
            let unit = &bytes[at..at + length];
            at += length;
            if let Some(mark) = self.read(unit, speech, answers)? {
                heard(mark);
            }
        }
    }

    /// The fast path: returns the next mark if it is exactly where the next text must be.
    #[inline]
    fn expected(&mut self, bytes: &[u8]) -> Option<Mark> {
        let span = bytes.get(..self.span)?;
        let text = &span[self.span - self.tail - TEXT..];
        let mark = Mark::peek(text)?;
        let next = self.next.get_mut(mark.sender().wrapping_sub(self.first_sender))?;
        if *next != mark || span[self.span - 1] != self.last {
            return None;
        }
        if !self.beginning.is_empty() && !self.framing.is_alike(span, text, &self.beginning) {
            return None;
        }
        *next = mark.next_in(self.lap);
        self.order = mark.mix(self.order);
        self.heard += 1;
        Some(mark)
    }

    /// The slow path: reads any line or other unit, with its end.
    fn read(
        &mut self,
        unit: &[u8],
        speech: &dyn Speech,
        answers: &mut Vec<u8>,
    ) -> Result<Option<Mark>, String> {
        self.since_text += unit.len();
        let framing = speech.framing();
        match speech.read(framing.without_end(unit)) {
            Line::Said(text) => {
                self.learn(unit, text, framing);
                self.check(text).map(Some)
            }
            Line::Ping(answer) => {
                self.since_text = 0;
                answers.extend(answer);
                Ok(None)
            }
            Line::Complaint | Line::Confirmed(_) | Line::Session(_) => {
                Err(format!("unexpected line: {}", unit.escape_ascii()))
            }
            Line::Framing => Ok(None),
            Line::Ready | Line::Chatter => {
                self.since_text = 0;
                Ok(None)
            }
        }
    }

    /// Notes where the next text must be, and what must be around it.
    fn learn(&mut self, unit: &[u8], text: &[u8], framing: Framing) {
        self.span = std::mem::take(&mut self.since_text);
        self.tail = unit.as_ptr_range().end.addr() - text.as_ptr_range().end.addr();
        self.last = *unit.last().expect("a text is in it");
        self.beginning = framing.beginning(unit).to_vec();
        self.framing = framing;
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
