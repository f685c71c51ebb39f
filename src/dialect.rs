//! Bytes to commands, and events to bytes.
//!
//! A dialect does no input or output of its own: its decoder is *fed* bytes as they come, and
//! *asked* for commands until it answers "not yet". So it can be tested without a socket, with its
//! input cut at every byte, and used over any transport.
//!
//! Whatever is told to a client is a sequence of units, and each unit ends with a newline. So a socket that
//! does not take everything is cut between units in every dialect.

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
    /// JSON objects that say only who says what.
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
    pub const COUNT: usize = 4;

    /// All dialects, each at its own number.
    pub const ALL: [Self; Self::COUNT] = [Self::Text, Self::Json, Self::Terse, Self::Verbs];

    /// Adds an event to `out`, as units.
    pub fn encode(self, event: &Event, scene: &Scene, out: &mut Vec<u8>) {
        match self {
            Self::Text => text::encode(event, out),
            Self::Json => json::encode(event, scene, out),
            Self::Terse => json::encode_tersely(event, out),
            Self::Verbs => verbs::encode(event, out),
        }
    }

    /// Whether clients hear what they say themselves. If not, their programs show it when it is typed.
    pub fn has_echo(self) -> bool {
        self != Self::Terse
    }

    /// Whether a client gets its nickname with a number behind it if it cannot have the nickname itself. If not,
    /// its program asks for another one.
    pub fn numbers_names(self) -> bool {
        self == Self::Terse
    }

    /// An event that is told to a client outside of the chat.
    pub fn encoded(self, event: &Event, scene: &Scene) -> Vec<u8> {
        let mut units = Vec::new();
        self.encode(event, scene, &mut units);
        units
    }
}

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// A client that is outside wants to come in: as a guest, if it does not say who it is.
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
    /// Anything else. Its clients come in when it says so, with [`Input::Greeting`].
    Other(Box<dyn Decode>),
}

/// Reads units of some kind.
pub trait Decode {
    /// Takes bytes as they came, cut anywhere.
    fn feed(&mut self, bytes: &[u8]);

    /// What comes next; `None` means "not yet": feed more.
    fn next_input(&mut self) -> Option<Input>;

    /// The client has come in as it wanted to.
    fn welcome(&mut self, _greeting: Option<Greeting>) {}

    /// What follows from the end of the stream.
    fn finish(&mut self) {}

    /// How long the client may now send nothing; then comes [`Decode::time_out`]. `None` means for ever.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// The client has sent nothing for so long. Returns why it must go, if it must.
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

    /// Whether its clients come in only when it says so.
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
        // A line without an end is not said.
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
