//! Bytes to commands, and events to bytes.
//!
//! A dialect does no input or output of its own: its decoder is *fed* bytes as they come, and
//! *asked* for commands until it answers "not yet". So it can be tested without a socket, with its
//! input cut at every byte, and used over any transport.
//!
//! Whatever is told to a client is a sequence of units, and each unit ends with a newline. So a socket that
//! does not take everything is cut between units in every dialect.

use crate::{
    command::Command,
    event::Event,
    names::{Nick, Room},
};

pub mod json;
pub mod text;

pub use text::Limits;

/// How commands and events look on a client's wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Lines of text, for people.
    #[default]
    Text,
    /// JSON objects, for programs.
    Json,
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
    pub const COUNT: usize = 2;

    /// All dialects, each at its own number.
    pub const ALL: [Self; Self::COUNT] = [Self::Text, Self::Json];

    /// Adds an event to `out`, as units.
    pub fn encode(self, event: &Event, scene: &Scene, out: &mut Vec<u8>) {
        match self {
            Self::Text => text::encode(event, out),
            Self::Json => json::encode(event, scene, out),
        }
    }

    /// An event that is told to a client outside of the chat.
    pub fn encoded(self, event: &Event, scene: &Scene) -> Vec<u8> {
        let mut units = Vec::new();
        self.encode(event, scene, &mut units);
        units
    }

    /// A decoder that has been fed nothing.
    pub fn decoder(self, limits: Limits) -> Decoder {
        match self {
            Self::Text => Decoder::Text(text::Decoder::new(limits)),
            Self::Json => Decoder::Json(Box::new(json::Decoder::new(limits))),
        }
    }

    /// Whether a client says who it is before it comes in. The server is silent until then.
    pub fn has_greeting(self) -> bool {
        self != Self::Text
    }
}

/// Reads what a client sends.
pub enum Decoder {
    /// Lines of text.
    Text(text::Decoder),
    /// JSON objects. Boxed, because it is large, and clients of the text dialect must not pay for it.
    Json(Box<json::Decoder>),
}

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// A client that is outside says who it is, and wants to come in.
    Greeting(Greeting),
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
}

impl Decoder {
    /// Takes bytes as they came, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        match self {
            Self::Text(decoder) => decoder.feed(bytes),
            Self::Json(decoder) => decoder.feed(bytes),
        }
    }

    /// What comes next; `None` means "not yet": feed more.
    pub fn next_input(&mut self) -> Option<Input> {
        match self {
            Self::Text(decoder) => decoder.next_command().map(Input::Command),
            Self::Json(decoder) => decoder.next_input(),
        }
    }

    /// The client has come in as it wanted to.
    pub fn welcome(&mut self, greeting: Greeting) {
        if let Self::Json(decoder) = self {
            decoder.welcome(greeting);
        }
    }

    /// What follows from the end of the stream.
    pub fn finish(&mut self) {
        match self {
            // A line without an end is not said.
            Self::Text(_) => {}
            Self::Json(decoder) => decoder.finish(),
        }
    }
}
