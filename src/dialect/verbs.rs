//! The dialect of verbs: lines `VERB ROOM:CLIENT TEXT`, in both directions.
//!
//! A client says, with its verbs in any case:
//!
//! | line | what it does |
//! |---|---|
//! | `HELLO ROOM:CLIENT` | comes in, under this nickname, into this room, which is created if it does not exist |
//! | `JOIN ROOM:CLIENT` | goes to a room that exists |
//! | `NEW ROOM:CLIENT` | goes to a room that does not exist yet |
//! | `SEND ROOM:CLIENT TEXT` | says something in the room where it is |
//! | `LIST [WHAT]` | lists rooms and clients |
//! | `PAUSE CLIENT` | hears nothing until it says something |
//! | `QUIT CLIENT` | leaves |
//! | `ERROR TEXT` | is logged, and not answered |
//!
//! It hears `MSG FROM ROOM:CLIENT TEXT` for what is said in its room, `ERROR: …` for its mistakes and for what it may
//! not do, and `MSG …` for everything else, each on one line. In detail:
//!
//! - `main` is another name for the lobby. A room that is really called `main` is written `#main`.
//! - A client may name only itself, under its current nickname, and `SEND` only the room where it is. The rules check
//!   that when they carry out the line (see [`Condition`](crate::command::Condition)), because an administrator
//!   or a moderator may have decided something that the client has not heard yet.
//! - A client whose first line is `JOIN` or `NEW` comes into the lobby first and then goes to the room, like a
//!   person. If it may not go there, it stays in the lobby.
//! - The text of `SEND` is a line as a person types it: `SEND lobby:alice /whisper bob hi` whispers, and `//` says a
//!   slash. So programs can do everything that people can do, and a password is part of a command, which is
//!   neither said nor logged.
//! - `LIST` alone lists the rooms. `ALL` is the same as `CHAT_ROOM_AND_CLIENTS`: there is nothing else to list.
//! - While a client is paused, everything that it is told is dropped, except `ERROR: …` and the reason why it is
//!   disconnected. Any verb except `PAUSE` and `ERROR` ends the pause: after a `LIST` or a `JOIN`, too, a client
//!   wants to hear the answer.

use std::{collections::VecDeque, mem};

use super::{Decode, Dialect, Greeting, Input, Limits, text};
use crate::{
    command::{self, Among, Command, Mistake, Opening, split_word},
    names::{Nick, Room},
};

mod encode;
mod lines;

pub use encode::encode;
use lines::{Found, Lines};

/// What a control unit begins with. All other units begin with a word.
///
/// Control units are among what a client is told, and [`Pausing`](crate::framing::Pausing) removes them.
pub const CONTROL: u8 = 0x10;

/// From here on, the client hears nothing.
pub const PAUSE: &[u8] = b"\x10PAUSE\n";

/// From here on, it hears everything again.
pub const RESUME: &[u8] = b"\x10RESUME\n";

/// What follows is the end: a client that is paused hears it.
pub const END: &[u8] = b"\x10END ";

/// How far a client has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// It has not said who it is.
    New,
    /// It has said who it is, and is not in the chat yet: its nickname or its room may be refused.
    Connected,
    /// It is in the chat, and hears everything.
    Active,
    /// It is in the chat, and hears nothing.
    Paused,
    /// It has said `QUIT`. What follows counts only if that is refused, because it is another client's name.
    Closing,
}

use Status::{Active, Closing, Connected, New, Paused};

/// When a verb is allowed.
const OUTSIDE: &[Status] = &[New, Connected];
const INSIDE: &[Status] = &[Active, Paused, Closing];
const EVERYWHERE: &[Status] = &[New, Connected, Active, Paused, Closing];

/// A row of the table of verbs.
struct Row {
    name: &'static str,
    parameters: &'static str,
    /// When it is allowed.
    when: &'static [Status],
    /// Reads what follows the verb.
    read: fn(&mut Decoder, &Row, &str) -> Result<(), Mistake>,
}

/// The table.
#[rustfmt::skip]
static ROWS: [Row; 8] = [
    Row { name: "HELLO", parameters: "ROOM:CLIENT",      when: OUTSIDE,    read: Decoder::hello },
    Row { name: "JOIN",  parameters: "ROOM:CLIENT",      when: EVERYWHERE, read: Decoder::join },
    Row { name: "NEW",   parameters: "ROOM:CLIENT",      when: EVERYWHERE, read: Decoder::make },
    Row { name: "SEND",  parameters: "ROOM:CLIENT TEXT", when: INSIDE,     read: Decoder::send },
    Row { name: "LIST",  parameters: LISTS,              when: EVERYWHERE, read: Decoder::list },
    Row { name: "PAUSE", parameters: "CLIENT",           when: INSIDE,     read: Decoder::pause },
    Row { name: "QUIT",  parameters: "CLIENT",           when: EVERYWHERE, read: Decoder::quit },
    Row { name: "ERROR", parameters: "TEXT",             when: EVERYWHERE, read: Decoder::note },
];

const LISTS: &str =
    "[CHAT_ROOMS | CHAT_ROOM_AND_CLIENTS | ALL | CLIENT_CHAT_ROOMS | CLIENTS_FOR_CHAT_ROOM ROOM]";

impl Row {
    fn find(word: &str) -> Result<&'static Self, Mistake> {
        ROWS.iter().find(|row| row.name.eq_ignore_ascii_case(word)).ok_or_else(|| {
            let names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
            let word: String = word.chars().take(LONGEST_WORD).collect();
            malformed(&format!("Unknown verb '{}'. Use one of: {}.", word.escape_debug(), names.join(", ")))
        })
    }

    fn usage(&self) -> Mistake {
        malformed(&format!("Usage: {} {}", self.name, self.parameters))
    }

    /// Reads `ROOM:CLIENT`.
    fn address(&self, word: &str) -> Result<(Room, Nick), Mistake> {
        let (name, user) = word.split_once(':').ok_or_else(|| self.usage())?;
        Ok((room(name)?, nick(user)?))
    }
}

/// How many characters of an unknown verb are repeated in the answer.
const LONGEST_WORD: usize = 20;

/// How many characters of an `ERROR` are logged, and how many `ERROR`s of each client.
const LONGEST_NOTE: usize = 200;
const MOST_NOTES: u8 = 20;

/// Cuts a stream of bytes into lines and reads each as a command.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    lines: Lines,
    status: Status,
    /// What the last line means, without what was asked for already.
    rest: VecDeque<Input>,
    /// What the client does as soon as it is in the chat.
    first: Option<Command>,
    /// How many times it has said `ERROR`.
    notes: u8,
    /// The client is refused, and nothing more is read.
    is_refused: bool,
}

impl Decoder {
    /// A decoder that has been fed nothing.
    pub fn new(limits: Limits) -> Self {
        let (lines, rest) = (Lines::default(), VecDeque::new());
        Self { limits, lines, status: New, rest, first: None, notes: 0, is_refused: false }
    }

    fn is_outside(&self) -> bool {
        OUTSIDE.contains(&self.status)
    }

    /// Why a verb is not allowed now.
    fn misplaced(&self) -> Mistake {
        malformed(if self.is_outside() {
            "Say HELLO ROOM:CLIENT first."
        } else {
            "You are already in the chat. Use JOIN or NEW to change rooms."
        })
    }

    fn mean(&mut self, command: Command) {
        self.rest.push_back(Input::Command(command));
    }

    /// Tells a client that is outside why it is refused, and reads nothing more.
    fn refuse(&mut self, mistake: Mistake) {
        (self.status, self.is_refused) = (Closing, true);
        self.mean(Command::mistake(mistake));
        self.mean(typed("quit"));
    }

    fn read(&mut self, line: &[u8]) {
        // A web page can make its visitor's browser send a request with lines in it.
        if self.is_outside() && text::is_web_browser(line) {
            return self.refuse(Mistake::HttpRequest);
        }
        if let Err(mistake) = self.understand(line) {
            self.mean(Command::mistake(mistake));
        }
    }

    fn understand(&mut self, line: &[u8]) -> Result<(), Mistake> {
        let line = str::from_utf8(line).map_err(|_| Mistake::InvalidUtf8)?.trim_ascii();
        if line.is_empty() {
            return Ok(());
        }
        let (word, rest) = split_word(line);
        let row = Row::find(word)?;
        if !row.when.contains(&self.status) {
            return Err(self.misplaced());
        }
        (row.read)(self, row, rest)
    }

    fn hello(&mut self, row: &Row, rest: &str) -> Result<(), Mistake> {
        let (room, nick) = row.address(rest)?;
        self.greet(room, nick)
    }

    fn greet(&mut self, room: Room, nick: Nick) -> Result<(), Mistake> {
        if nick.is_reserved() {
            return Err(Mistake::ReservedNick(nick));
        }
        (self.status, self.first) = (Connected, None);
        let greeting = Greeting { nick, room, dialect: Dialect::Verbs };
        self.rest.push_back(Input::Greeting(Some(greeting)));
        Ok(())
    }

    fn join(&mut self, row: &Row, rest: &str) -> Result<(), Mistake> {
        self.go(row.address(rest)?, Opening::Existing)
    }

    fn make(&mut self, row: &Row, rest: &str) -> Result<(), Mistake> {
        self.go(row.address(rest)?, Opening::New)
    }

    fn go(&mut self, (room, user): (Room, Nick), opening: Opening) -> Result<(), Mistake> {
        let command = Command::join(room, opening).addressed(user, None);
        if !self.is_outside() {
            self.act(command);
            return Ok(());
        }
        self.greet(Room::lobby(), user)?;
        let is_there = room == Room::lobby() && opening == Opening::Existing;
        self.first = (!is_there).then_some(command);
        Ok(())
    }

    fn send(&mut self, row: &Row, rest: &str) -> Result<(), Mistake> {
        let (address, line) = split_word(rest);
        let (room, user) = row.address(address)?;
        let command = text::read_line(line.as_bytes(), self.limits)?.ok_or_else(|| row.usage())?;
        self.act(command.addressed(user, Some(room)));
        Ok(())
    }

    fn list(&mut self, row: &Row, rest: &str) -> Result<(), Mistake> {
        let (what, name) = split_word(rest);
        let command = match (&*what.to_ascii_uppercase(), name) {
            ("" | "CHAT_ROOMS", "") => typed("rooms"),
            _ if self.is_outside() => return Err(self.misplaced()),
            ("CHAT_ROOM_AND_CLIENTS" | "ALL", "") => Command::list_members(Among::All),
            ("CLIENT_CHAT_ROOMS", "") => Command::list_members(Among::Own),
            ("CLIENTS_FOR_CHAT_ROOM", name) if !name.is_empty() => {
                Command::list_members(Among::Room(room(name)?))
            }
            _ => return Err(row.usage()),
        };
        self.act(command);
        Ok(())
    }

    fn pause(&mut self, _row: &Row, rest: &str) -> Result<(), Mistake> {
        let command = in_name_of(rest, Command::answer(PAUSE))?;
        self.mean(command);
        self.status = Paused;
        Ok(())
    }

    fn quit(&mut self, _row: &Row, rest: &str) -> Result<(), Mistake> {
        let command = if self.is_outside() { typed("quit") } else { in_name_of(rest, typed("quit"))? };
        self.act(command);
        self.status = Closing;
        Ok(())
    }

    /// Asks for something, which ends a pause. If the rules have refused the `PAUSE`, `RESUME` changes nothing.
    fn act(&mut self, command: Command) {
        if self.status == Paused {
            self.mean(Command::answer(RESUME));
        }
        if !self.is_outside() {
            self.status = Active;
        }
        self.mean(command);
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is a row of the table")]
    fn note(&mut self, _row: &Row, rest: &str) -> Result<(), Mistake> {
        if self.notes < MOST_NOTES {
            self.notes += 1;
            let said: String = rest.chars().take(LONGEST_NOTE).collect();
            tracing::debug!(said = %said.escape_debug(), "a client reports an error");
        }
        Ok(())
    }
}

impl Decode for Decoder {
    fn feed(&mut self, bytes: &[u8]) {
        if !self.is_refused {
            self.lines.feed(bytes);
        }
    }

    fn next_input(&mut self) -> Option<Input> {
        loop {
            if let Some(next) = self.rest.pop_front() {
                return Some(next);
            }
            if self.is_refused {
                return None;
            }
            match self.lines.next(self.limits.line)? {
                Found::Line(line) => {
                    let lines = mem::take(&mut self.lines);
                    self.read(lines.line(line));
                    self.lines = lines;
                }
                // The beginning, which could show that this is an HTTP request, is gone.
                Found::TooLong if self.is_outside() => {
                    self.refuse(Mistake::LineTooLong(self.limits.line));
                }
                Found::TooLong => self.mean(Command::mistake(Mistake::LineTooLong(self.limits.line))),
            }
        }
    }

    fn welcome(&mut self, _greeting: Option<Greeting>) {
        self.status = Active;
        if let Some(first) = self.first.take() {
            self.mean(first);
        }
    }
}

fn typed(verb: &str) -> Command {
    let verb = command::Verb::find(verb).expect("the table has it");
    // These have no text.
    verb.command("", 0)
}

/// A command in the name of `CLIENT` or `ROOM:CLIENT`. Without a name, it is the client's own.
fn in_name_of(name: &str, command: Command) -> Result<Command, Mistake> {
    Ok(match name.split_once(':') {
        _ if name.is_empty() => command,
        None => command.addressed(nick(name)?, None),
        Some((name, user)) => command.addressed(nick(user)?, Some(room(name)?)),
    })
}

fn room(name: &str) -> Result<Room, Mistake> {
    if name.eq_ignore_ascii_case("main") {
        return Ok(Room::lobby());
    }
    Room::new(name).map_err(|_| Mistake::InvalidRoom)
}

fn nick(name: &str) -> Result<Nick, Mistake> {
    Nick::new(name).map_err(|_| Mistake::InvalidNick)
}

fn malformed(why: &str) -> Mistake {
    Mistake::Malformed(why.into())
}

#[cfg(test)]
mod tests;
