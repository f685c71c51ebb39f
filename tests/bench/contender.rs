//! A server that can be measured: how to start it, and what its clients speak.

use crate::{address::Address, failure::Result, framing::Framing, process::Running};

mod frames;
mod hyper;
mod irc;
mod json;
mod mosquitto;
mod nats;
mod node;
mod ours;
mod raw;
mod redis;
mod text;
mod wired;

pub(crate) use self::{
    frames::Frames,
    hyper::Hyper,
    irc::{INSPIRCD, NGIRCD},
    json::Json,
    mosquitto::Mosquitto,
    nats::{NATS, NATS_TLS, NATS_WEBSOCKET},
    node::{FAST_NODE, NODE},
    ours::Ours,
    raw::{Raw, serve_raw},
    redis::Redis,
    text::Text,
    wired::{FRAMES, HALF_JSON, JSON, REST, TLS, UDP, UNIX, WEBSOCKET, Wire, Wired},
};

/// The adapter for one server. The scenarios know the servers only through this trait.
pub(crate) trait Contender {
    fn name(&self) -> String;

    /// The name of a program that may not be installed; `None` if it is part of this package.
    fn program(&self) -> Option<&'static str> {
        None
    }

    /// Starts the server on a free loopback port, with limits that `clients` clients do not reach.
    fn start(&self, clients: usize) -> Result<Running>;

    /// What this client speaks.
    fn speaks(&self, client: usize) -> &dyn Speech;

    /// Where this client connects.
    fn address(&self, _client: usize, server: &Running) -> Address {
        Address::Tcp(server.address)
    }

    /// How many clients may wait for their greeting at a time. It is no more than the server's backlog
    /// holds, because the kernel tries a connection that does not fit again only after a second.
    fn at_the_door(&self) -> usize {
        200
    }

    /// Whether the sender hears its own lines.
    fn echoes(&self) -> bool {
        true
    }

    /// Whether all clients in a room must hear all lines in the same order. This can be checked only where
    /// the sender hears its own lines, too.
    fn keeps_one_order(&self) -> bool {
        self.echoes()
    }

    /// Whether the server confirms a whisper to its sender.
    fn confirms_whispers(&self) -> bool {
        false
    }

    /// For the raw floor: how many lines it sends for each byte of its one sender. They are made once, so
    /// their numbers start at 0 each time.
    fn ready_made(&self) -> Option<u64> {
        None
    }
}

/// How a client talks to a server.
pub(crate) trait Speech {
    /// What a client sends when it has connected. A `Line::Ready` answers it.
    fn hello(&self, _nick: &str) -> String {
        String::new()
    }

    /// What a client sends next to enter a room and to receive whispers. A second `Line::Ready` answers it.
    fn enter(&self, nick: &str, room: &str) -> Vec<u8>;

    /// The bytes before a text of `length` bytes that is said to a room; `line_end` follows the text.
    fn say(&self, room: &str, length: usize) -> String;

    /// As `say`, but to one client.
    fn whisper(&self, nick: &str, length: usize) -> String {
        self.say(nick, length)
    }

    fn line_end(&self) -> &'static str {
        "\r\n"
    }

    /// The last line that a client may hear when the server disconnects it for not reading.
    fn cut_notice(&self) -> &'static str {
        ""
    }

    /// The command that makes the server hang up; `None` if there is none.
    fn quit(&self) -> Option<&'static str> {
        None
    }

    /// Where each unit ends that a client hears.
    fn framing(&self) -> Framing {
        Framing::Lines
    }

    /// Reads one line, without its end; or another unit.
    fn read<'a>(&self, line: &'a [u8]) -> Line<'a>;
}

/// What a client may hear.
pub(crate) enum Line<'a> {
    /// The answer to `hello` or to `enter`.
    Ready,
    /// A text that was said in the room or whispered to the client.
    Said(&'a [u8]),
    /// The text of the client's own whisper, confirmed.
    Confirmed(&'a [u8]),
    /// A part of the message whose text comes before or after this line.
    Framing,
    /// Anything else that is as it should be, such as arrivals of other clients.
    Chatter,
    /// The server expects this answer, to know that the client is alive.
    Ping(Vec<u8>),
    /// From now on, the client sends frames of this session. The first of them acknowledges it.
    Session(String),
    /// Anything unexpected, such as an error or a refusal.
    Complaint,
}

/// The nickname of a client. All nicknames have the same length, so all lines have.
pub(crate) fn nick(client: usize) -> String {
    format!("c{:05}", client % 100_000)
}

/// The name of a room.
pub(crate) fn room(room: usize) -> String {
    format!("r{room:04}")
}
