//! Bytes to commands, and events to bytes.
//!
//! A dialect does no input or output of its own: its decoder is *fed* bytes as they come, and
//! *asked* for commands until it answers "not yet". So it can be tested without a socket, with its
//! input cut at every byte, and used over any transport.
//!
//! In every dialect, what a client is told is a sequence of units that end with a newline. So an outbox that is
//! full can be cut between two units without knowing the dialect.

use std::time::Duration;

use crate::{
    command::Command,
    ending::Ending,
    event::Event,
    names::{Nick, Room},
};

pub mod json;
pub mod text;
pub mod verbs;

pub use text::Limits;

/// How commands and events look on a client's wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Lines of text, for people.
    #[default]
    Text,
    /// JSON objects, for programs.
    Json,
    /// The same objects in frames of WebSocket.
    Messages,
    /// JSON objects with little more than who says what.
    Terse,
    /// Lines that begin with a verb, for programs.
    Verbs,
}

/// Where an event is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scene {
    /// The room; `None` for a client that is in none.
    pub room: Option<Room>,
    /// The number of the newest line of the chat.
    pub seq: u64,
}

impl Dialect {
    /// How many dialects there are.
    pub const COUNT: usize = 5;

    /// All dialects, each at its own number.
    pub const ALL: [Self; Self::COUNT] = [Self::Text, Self::Json, Self::Messages, Self::Terse, Self::Verbs];

    /// Adds an event to `out`, as units.
    pub fn encode(self, event: &Event, scene: &Scene, out: &mut Vec<u8>) {
        match self {
            Self::Text => text::encode(event, out),
            Self::Json => json::encode(event, scene, out),
            Self::Messages => json::encode_in_messages(event, scene, out),
            Self::Terse => json::encode_tersely(event, out),
            Self::Verbs => verbs::encode(event, out),
        }
    }

    /// Whether clients hear what they say themselves. If not, their programs show it as soon as it is typed.
    pub fn has_echo(self) -> bool {
        self != Self::Terse
    }

    /// Whether a client whose nickname is taken gets it with a number behind it. If not, its program must ask for
    /// another one.
    pub fn numbers_names(self) -> bool {
        self == Self::Terse
    }

    /// An event as units.
    pub fn encoded(self, event: &Event, scene: &Scene) -> Vec<u8> {
        let mut units = Vec::new();
        self.encode(event, scene, &mut units);
        units
    }
}

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// A client wants to come in, as a guest if it does not say who it is.
    Greeting(Option<Greeting>),
    /// A command.
    Command(Command),
}

/// Who a client says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The nickname it wants.
    pub nick: Nick,
    /// The room it wants to be in.
    pub room: Room,
    /// What it speaks.
    pub dialect: Dialect,
}

/// Reads what a client sends.
pub enum Decoder {
    /// Lines of text. Their clients come in at once, and pay for nothing else.
    Lines(text::Decoder),
    /// Anything else. Its clients come in with [`Input::Greeting`].
    Other(Box<dyn Decode>),
}

/// Reads units of some kind.
pub trait Decode: Send {
    /// Takes bytes as they arrive, cut anywhere.
    fn feed(&mut self, bytes: &[u8]);

    /// What comes next; `None` means "not yet": feed more.
    fn next_input(&mut self) -> Option<Input>;

    /// The client has come in, with this greeting.
    fn welcome(&mut self, _greeting: Option<Greeting>) {}

    /// The stream has ended. What is complete with that can be asked for.
    fn finish(&mut self) {}

    /// How long the client may be silent from now on. Then [`Decode::time_out`] is called. `None` means for ever.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// The client was silent for that long. Returns why it is disconnected, if it is.
    fn time_out(&mut self) -> Option<Ending> {
        None
    }
}

impl Decoder {
    /// Lines of text.
    pub fn lines(limits: Limits) -> Self {
        Self::Lines(text::Decoder::new(limits))
    }

    /// Anything else.
    pub fn other(decoder: impl Decode + 'static) -> Self {
        Self::Other(Box::new(decoder))
    }

    /// Whether its clients come in with a greeting, and not at once.
    pub fn has_greeting(&self) -> bool {
        matches!(self, Self::Other(_))
    }

    /// As [`Decode::feed`].
    pub fn feed(&mut self, bytes: &[u8]) {
        match self {
            Self::Lines(decoder) => decoder.feed(bytes),
            Self::Other(decoder) => decoder.feed(bytes),
        }
    }

    /// As [`Decode::next_input`].
    pub fn next_input(&mut self) -> Option<Input> {
        match self {
            Self::Lines(decoder) => decoder.next_command().map(Input::Command),
            Self::Other(decoder) => decoder.next_input(),
        }
    }

    /// As [`Decode::welcome`].
    pub fn welcome(&mut self, greeting: Option<Greeting>) {
        if let Self::Other(decoder) = self {
            decoder.welcome(greeting);
        }
    }

    /// As [`Decode::finish`].
    pub fn finish(&mut self) {
        // A line of text without a newline does not count.
        if let Self::Other(decoder) = self {
            decoder.finish();
        }
    }

    /// As [`Decode::patience`].
    pub fn patience(&self) -> Option<Duration> {
        if let Self::Other(decoder) = self { decoder.patience() } else { None }
    }

    /// As [`Decode::time_out`].
    pub fn time_out(&mut self) -> Option<Ending> {
        if let Self::Other(decoder) = self { decoder.time_out() } else { None }
    }
}
