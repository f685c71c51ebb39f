//! WebSocket: messages of a dialect, each in one or several frames (RFC 6455).
//!
//! The frames are read and written here, not by a library, because the two directions are apart: a session reads,
//! and the broadcaster writes without waiting. A library that answers pings by itself would have to write from the
//! thread that reads. Here a ping becomes a *control unit*, which the [`Decoder`] puts among the answers and the
//! [`Messages`] make a frame of, so it keeps its place.

mod decoder;
mod head;
mod seal;

pub use decoder::Decoder;
pub use seal::Messages;

/// The largest message that is read, in bytes, unless a single line may be longer.
const MOST: usize = 64 * 1024;

/// What a control unit begins with, as no line does.
const CONTROL: u8 = 2;

/// The words of control units.
const PONG: &str = "pong";
const CLOSE: &str = "close";
const HEAD: &str = "head";

/// A unit that makes [`Messages`] send these bytes as they are, before the first frame: the head of the response that
/// accepts the handshake.
pub fn opening(head: &[u8]) -> Vec<u8> {
    format!("{}{HEAD} {}\n", char::from(CONTROL), decoder::hexadecimal(head)).into_bytes()
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It goes on with a message.
    More = 0,
    /// It begins a message of text.
    Text = 1,
    /// It begins a message of bytes, which no dialect has.
    Bytes = 2,
    /// It ends the connection.
    Close = 8,
    /// It asks for a pong.
    Ping = 9,
    /// It answers a ping.
    Pong = 10,
}

/// Why a connection ends (RFC 6455 §7.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    /// It has done what it was for.
    Normal = 1000,
    /// The server stops.
    GoingAway = 1001,
    /// A frame is broken.
    Protocol = 1002,
    /// A message is not text.
    Unsupported = 1003,
    /// A text is not UTF-8.
    NotText = 1007,
    /// The client must go.
    Policy = 1008,
    /// A message is too large.
    TooLarge = 1009,
}

#[cfg(test)]
mod tests;
