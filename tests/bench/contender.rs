//! A server that can be measured: how to start it and how to speak with it.

use crate::{failure::Result, process::Running};

mod irc;
mod nats;
mod ours;
mod raw;
mod redis;

pub(crate) use self::{
    irc::{INSPIRCD, NGIRCD},
    nats::Nats,
    ours::Ours,
    raw::{Raw, serve_raw},
    redis::Redis,
};

/// One adapter for each server; the scenarios know nothing but this.
pub(crate) trait Contender {
    fn name(&self) -> String;

    /// The program's name where it may be missing: `None` means that it is part of this package.
    fn program(&self) -> Option<&'static str> {
        None
    }

    /// Starts it on a free loopback port, without limits that `clients` clients could meet.
    fn start(&self, clients: usize) -> Result<Running>;

    /// What a client sends on connecting; the server lets it in with a `Line::Ready`.
    fn hello(&self, _nick: &str) -> String {
        String::new()
    }

    /// What it sends then to be in a room, and to be whispered to; a second `Line::Ready` answers.
    fn enter(&self, nick: &str, room: &str) -> String;

    /// What makes the room hear a text of `length` bytes: this, the text and a line's end.
    fn say(&self, room: &str, length: usize) -> String;

    /// As `say`, for one client.
    fn whisper(&self, nick: &str, length: usize) -> String {
        self.say(nick, length)
    }

    fn line_end(&self) -> &'static str {
        "\r\n"
    }

    /// How many may wait for their greeting at a time: no more than its backlog holds, because a
    /// connection that does not fit is tried again only a second later.
    fn at_the_door(&self) -> usize {
        200
    }

    /// The line with which it takes leave of a client that does not read; it need not come.
    fn cut_notice(&self) -> &'static str {
        ""
    }

    /// What makes the server hang up; `None` if it has no word for it.
    fn quit(&self) -> Option<&'static str> {
        None
    }

    /// What a line without its end means.
    fn read<'a>(&self, line: &'a [u8]) -> Line<'a>;

    /// Whether who says something hears it too.
    fn echoes(&self) -> bool {
        true
    }

    /// Whether everybody in a room must hear everything in the same order (which can be told only
    /// where everybody hears everything).
    fn keeps_one_order(&self) -> bool {
        self.echoes()
    }

    /// Whether a whisper is confirmed to the whisperer.
    fn confirms_whispers(&self) -> bool {
        false
    }

    /// The raw floor has ready-made bytes of so many lines and sends them for each byte of one
    /// sender; their numbers begin anew each time.
    fn ready_made(&self) -> Option<u64> {
        None
    }
}

/// What a client may hear.
pub(crate) enum Line<'a> {
    /// The answer to the hello, or to having entered.
    Ready,
    /// A text for this client, in a room or whispered.
    Said(&'a [u8]),
    /// The text of its own whisper.
    Confirmed(&'a [u8]),
    /// Something that belongs to the text before or after it.
    Framing,
    /// News about others and answers nobody needs.
    Chatter,
    /// The server wants to hear this, to know that the client is alive.
    Ping(Vec<u8>),
    /// Nothing of the above: the server did not understand, or refused.
    Complaint,
}

/// How the clients are called: all names are equally long, so that all lines are.
pub(crate) fn nick(client: usize) -> String {
    format!("c{:05}", client % 100_000)
}

/// How the rooms are called.
pub(crate) fn room(room: usize) -> String {
    format!("r{room:04}")
}
