//! Reads the messages of a client.

use std::{collections::VecDeque, time::Duration};

use super::{
    CLOSE, CONTROL, Code, Kind, MOST, PONG,
    head::{Fault, Head},
};
use crate::{
    command::{Command, Verb},
    dialect::{self, Decode, Dialect, Greeting, Input, Limits},
    ending::Ending,
};

/// Cuts a stream of bytes into frames, and gives the messages in them to the decoder of a dialect.
pub struct Decoder {
    inner: dialect::Decoder,
    limits: Limits,
    buffer: Vec<u8>,
    /// Where in the buffer begins what was not read.
    start: usize,
    /// The frame that is being read.
    frame: Option<Frame>,
    /// What has come of the message.
    message: Vec<u8>,
    /// Whether more of the message follows in another frame.
    is_fragmented: bool,
    /// The payload of a control frame, which may come within a message.
    control: Vec<u8>,
    /// What the last frame means, as far as it was not asked for yet.
    rest: VecDeque<Input>,
    /// Nothing more is read.
    is_over: bool,
}

/// A frame, and how much of its payload has come.
struct Frame {
    head: Head,
    taken: usize,
}

impl Decoder {
    /// A decoder around that of a dialect. Where the dialect has no greeting, the client comes in at once.
    pub fn new(inner: dialect::Decoder, limits: Limits) -> Self {
        let rest = if inner.has_greeting() { VecDeque::new() } else { [Input::Greeting(None)].into() };
        Self {
            inner,
            limits,
            buffer: Vec::new(),
            start: 0,
            frame: None,
            message: Vec::new(),
            is_fragmented: false,
            control: Vec::new(),
            rest,
            is_over: false,
        }
    }

    /// Takes the next part of the stream; whether it was there.
    fn advance(&mut self) -> Result<bool, Fault> {
        let Some(frame) = &mut self.frame else {
            let Some((head, length)) = Head::read(&self.buffer[self.start..])? else { return Ok(false) };
            self.check(&head)?;
            self.start += length;
            self.frame = Some(Frame { head, taken: 0 });
            return Ok(true);
        };
        let payload = if frame.head.kind.is_control() { &mut self.control } else { &mut self.message };
        frame.take(&mut self.buffer, &mut self.start, payload);
        if frame.head.length != frame.taken as u64 {
            return Ok(false);
        }
        let head = frame.head;
        self.frame = None;
        self.end_frame(&head).map(|()| true)
    }

    /// Whether a frame may come here, and is not too large.
    fn check(&self, head: &Head) -> Result<(), Fault> {
        match head.kind {
            Kind::More if !self.is_fragmented => Err((Code::Protocol, "there is no message to go on with")),
            Kind::Text | Kind::Bytes if self.is_fragmented => Err((Code::Protocol, "a message is not whole")),
            Kind::Bytes => Err((Code::Unsupported, "only text is spoken here")),
            _ if self.message.len() as u64 + head.length > self.most() => {
                Err((Code::TooLarge, "a message is too large"))
            }
            _ => Ok(()),
        }
    }

    /// The most bytes of a message. A control frame within it counts, too.
    fn most(&self) -> u64 {
        MOST.max(self.limits.line) as u64
    }

    fn end_frame(&mut self, head: &Head) -> Result<(), Fault> {
        match head.kind {
            Kind::Ping => self.answer(PONG, &hexadecimal(&self.control)),
            Kind::Close => return self.close(),
            Kind::Pong => {}
            Kind::More | Kind::Text | Kind::Bytes => {
                self.is_fragmented = !head.is_last;
                if head.is_last {
                    self.end_message()?;
                }
            }
        }
        self.control = Vec::new();
        Ok(())
    }

    fn end_message(&mut self) -> Result<(), Fault> {
        let message = std::mem::take(&mut self.message);
        if str::from_utf8(&message).is_err() {
            return Err((Code::NotText, "a text is not UTF-8"));
        }
        self.inner.feed(&message);
        // A message is a unit, or several with newlines between them.
        if !message.ends_with(b"\n") {
            self.inner.feed(b"\n");
        }
        Ok(())
    }

    /// The client wants to end, and hears the same code in return.
    fn close(&mut self) -> Result<(), Fault> {
        let code = match &self.control[..] {
            [] => Code::Normal as u16,
            [_] => return Err((Code::Protocol, "the reason of a close has one byte")),
            [high, low, reason @ ..] => {
                if str::from_utf8(reason).is_err() {
                    return Err((Code::NotText, "the reason of a close is not UTF-8"));
                }
                u16::from_be_bytes([*high, *low])
            }
        };
        // The numbers that may be sent (RFC 6455 §7.4).
        if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
            return Err((Code::Protocol, "the reason of a close is no code"));
        }
        self.leave(code, "");
        Ok(())
    }

    fn answer(&mut self, word: &str, what: &str) {
        let unit = format!("{}{word} {what}\n", char::from(CONTROL));
        self.rest.push_back(Input::Command(Command::answer(unit.as_bytes())));
    }

    fn leave(&mut self, code: u16, why: &str) {
        self.is_over = true;
        self.answer(CLOSE, &format!("{code} {why}"));
        let quit = Verb::find("quit").expect("the table has it").command("", self.limits.text);
        self.rest.push_back(Input::Command(quit));
    }
}

impl Frame {
    /// Takes what has come of the payload, without its mask.
    fn take(&mut self, buffer: &mut [u8], start: &mut usize, payload: &mut Vec<u8>) {
        let unread = &mut buffer[*start..];
        let left = usize::try_from(self.head.length).expect("it was checked") - self.taken;
        let length = left.min(unread.len());
        for (at, byte) in unread[..length].iter_mut().enumerate() {
            *byte ^= self.head.mask[(self.taken + at) % 4];
        }
        payload.extend_from_slice(&unread[..length]);
        (self.taken, *start) = (self.taken + length, *start + length);
    }
}

/// Bytes as digits, since a unit has no newline in it.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).expect("a nibble");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

impl Decode for Decoder {
    fn feed(&mut self, bytes: &[u8]) {
        if !self.is_over {
            self.buffer.drain(..self.start);
            self.start = 0;
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Each frame is read to its end before the next one, so answers keep the order of the frames.
    fn next_input(&mut self) -> Option<Input> {
        loop {
            if let Some(next) = self.rest.pop_front() {
                return Some(next);
            }
            if let Some(mut next) = self.inner.next_input() {
                if let Input::Greeting(Some(greeting)) = &mut next
                    && greeting.dialect == Dialect::Json
                {
                    greeting.dialect = Dialect::Messages;
                }
                return Some(next);
            }
            if self.is_over {
                self.start = self.buffer.len();
            }
            let has_more = !self.is_over
                && self.advance().unwrap_or_else(|(code, why)| {
                    self.leave(code as u16, why);
                    true
                });
            if self.start == self.buffer.len() {
                // An idle client keeps no memory for frames.
                (self.buffer, self.start) = (Vec::new(), 0);
            }
            if !has_more {
                return None;
            }
        }
    }

    fn welcome(&mut self, greeting: Option<Greeting>) {
        self.inner.welcome(greeting);
    }

    fn patience(&self) -> Option<Duration> {
        self.inner.patience()
    }

    fn time_out(&mut self) -> Option<Ending> {
        self.inner.time_out()
    }
}

#[cfg(test)]
impl Decoder {
    /// How many bytes of memory it keeps for what it has read.
    pub(super) fn kept(&self) -> usize {
        self.buffer.capacity() + self.message.capacity() + self.control.capacity()
    }
}
