//! The JSON dialect: one object a unit, for programs.
//!
//! A client's first object is `{"type":"join","room":"lobby","user":"alice"}`. Objects may follow each other
//! with newlines, spaces or nothing between them.
//!
//! A program that shows the chat to a person, as the page of the server does, can ask for stretches of history and
//! for an overview: see `json/views.rs`.
//!
//! A client whose first object is `{"type":"join","data":"Alice"}` speaks [`Dialect::Terse`] from then on. It may
//! give any name, which is turned into a nickname. Each `{"type":"chat","data":"…"}` is a line as a person types
//! it, so it can be a command like `/nick`, `/login` or `/whisper`. This client hears
//! `{"type":"message","from":"Bob","data":"…"}` for what others say, and `{"type":"server_message","data":"…"}`
//! for everything else. It leaves by closing the connection.

use std::{collections::VecDeque, ops::Range};

use serde_json::Value;

use super::{Decode, Dialect, Greeting, Input, Limits, text};
use crate::{
    command::{Command, Mistake, Verb, speech},
    names::{Nick, Room},
};

pub mod datagrams;
mod divide;
mod encode;
mod files;
mod messages;
mod object;
mod scan;
mod terse;
mod views;

pub use divide::divide;
pub use encode::encode;
pub use messages::{MESSAGE, encode_in_messages, head};
pub use terse::encode_tersely;

use object::Object;
use scan::{Found, Scanner};

/// Cuts a stream of bytes into objects and reads each as a command.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    buffer: Vec<u8>,
    scanner: Scanner,
    /// What the last object means, without what was asked for already.
    rest: VecDeque<Input>,
    /// Who the client said it is. `None` until it has come in.
    greeting: Option<Greeting>,
    /// The client is refused, and nothing more is read.
    is_refused: bool,
}

impl Decoder {
    /// A decoder that has been fed nothing.
    pub fn new(limits: Limits) -> Self {
        let (buffer, scanner) = (Vec::new(), Scanner::default());
        Self { limits, buffer, scanner, rest: VecDeque::new(), greeting: None, is_refused: false }
    }

    /// Never inlined: an idle client would keep the stack that many copies of this need.
    #[inline(never)]
    fn mean(&mut self, command: Command) {
        self.rest.push_back(Input::Command(command));
    }

    /// Tells a client that is outside why it is refused, and reads nothing more.
    fn refuse(&mut self, mistake: Mistake) {
        self.is_refused = true;
        self.mean(Command::mistake(mistake));
        self.mean(typed("quit", "", self.limits));
    }

    fn read(&mut self, unit: Range<usize>) {
        let object = match object(&self.buffer[unit.clone()]) {
            Ok(object) => object,
            // A web page can make its visitor's browser send a request with JSON in it.
            Err(_) if self.greeting.is_none() && text::is_web_browser(&self.buffer[unit]) => {
                return self.refuse(Mistake::HttpRequest);
            }
            Err(mistake) => return self.mean(Command::mistake(mistake)),
        };
        let id = object.get("id").filter(|id| id.is_i64() || id.is_u64());
        if let Some(id) = id.filter(|_| !self.is_terse()) {
            let ack = format!("{{\"type\":\"ack\",\"id\":{id}}}\n");
            self.mean(Command::answer(ack.as_bytes()));
        }
        if let Err(mistake) = self.understand(&object) {
            self.mean(Command::mistake(mistake));
        }
    }

    fn understand(&mut self, object: &Object) -> Result<(), Mistake> {
        let kind = required(object, "type")?;
        if self.is_terse() {
            return self.understand_tersely(kind, object);
        }
        let command = match kind {
            "join" if self.greeting.is_none() && terse::is_join(object) => return self.join_tersely(object),
            "join" => return self.join(object),
            "message" => {
                let text = speech(&one_line(required(object, "text")?), self.limits.text)?;
                text.map(Command::say).ok_or_else(|| missing("text"))?
            }
            "whisper" => {
                let (to, text) = (required(object, "to")?, one_line(required(object, "text")?));
                let to = Nick::new(to).map_err(|_| Mistake::NoSuchUser(to.into()))?;
                typed("whisper", &format!("{to} {text}"), self.limits)
            }
            "history" => views::stretch(object),
            "overview" => views::overview(object),
            "users" | "rooms" => typed(kind, "", self.limits),
            "leave" => typed("quit", "", self.limits),
            "command" => {
                let line = required(object, "text")?;
                text::read_line(line.as_bytes(), self.limits)?.ok_or_else(|| missing("text"))?
            }
            _ => return Err(unknown(kind)),
        };
        self.mean(command);
        Ok(())
    }

    /// Comes in with the first `join`. Later ones go to a room, and change the nickname if it is another one.
    fn join(&mut self, object: &Object) -> Result<(), Mistake> {
        if field(object, "room").is_none() && field(object, "user").is_none() {
            return Err(missing("room, user"));
        }
        let (room, user) = (required(object, "room")?, required(object, "user")?);
        let nick = Nick::new(user).map_err(|_| Mistake::InvalidNick)?;
        if nick.is_reserved() {
            return Err(Mistake::ReservedNick(nick));
        }
        let room = Room::new(room).map_err(|_| Mistake::InvalidRoom)?;
        if self.greeting.is_some() {
            self.mean(Command::be_called(nick));
            self.mean(typed("join", room.as_str(), self.limits));
        } else {
            let greeting = Greeting { nick, room, dialect: Dialect::Json };
            self.rest.push_back(Input::Greeting(Some(greeting)));
        }
        Ok(())
    }
}

impl Decode for Decoder {
    fn feed(&mut self, bytes: &[u8]) {
        self.scanner.drop_read(&mut self.buffer);
        self.buffer.extend_from_slice(bytes);
    }

    fn next_input(&mut self) -> Option<Input> {
        loop {
            if let Some(next) = self.rest.pop_front() {
                return Some(next);
            }
            if self.is_refused {
                return None;
            }
            match self.scanner.next(&self.buffer, self.limits.line)? {
                Found::Unit(unit) => self.read(unit),
                // The beginning, which could show that this is an HTTP request, is gone.
                Found::TooLong if self.greeting.is_none() => {
                    self.refuse(Mistake::LineTooLong(self.limits.line));
                }
                Found::TooLong => self.mean(Command::mistake(Mistake::LineTooLong(self.limits.line))),
            }
        }
    }

    fn welcome(&mut self, greeting: Option<Greeting>) {
        self.greeting = greeting;
    }

    /// The last object counts without a newline, if it is whole.
    fn finish(&mut self) {
        self.feed(b"\n");
    }
}

/// Reads one object.
fn object(unit: &[u8]) -> Result<Object, Mistake> {
    match serde_json::from_slice(unit) {
        Ok(object) => Ok(object),
        Err(error) if error.is_data() => Err(malformed("Payload must be a JSON object")),
        Err(_) if str::from_utf8(unit).is_err() => Err(Mistake::InvalidUtf8),
        Err(error) => Err(malformed(&format!("Invalid JSON: {error}"))),
    }
}

fn typed(verb: &str, rest: &str, limits: Limits) -> Command {
    Verb::find(verb).expect("the table has it").command(rest, limits.text)
}

fn field<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str)
}

fn required<'a>(object: &'a Object, key: &str) -> Result<&'a str, Mistake> {
    field(object, key).ok_or_else(|| missing(key))
}

/// A message is one line.
pub(crate) fn one_line(text: &str) -> String {
    text.replace("\r\n", " ").replace(['\n', '\r', '\t'], " ")
}

fn unknown(kind: &str) -> Mistake {
    Mistake::Malformed(format!("Unknown message type: {kind}").into())
}

fn missing(keys: &str) -> Mistake {
    Mistake::Malformed(format!("Missing fields: {keys}").into())
}

fn malformed(why: &str) -> Mistake {
    Mistake::Malformed(why.into())
}

#[cfg(test)]
mod tests;
