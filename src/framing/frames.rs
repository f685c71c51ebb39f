//! Binary frames: each has lengths, checksums and a signature, and in it stands text.
//!
//! A frame is a [`Head`] of 64 bytes, a JSON header and a content, which is never empty. The server speaks
//! first: it sends the session's id in a `session_init`, and a client comes in with a `session_ack` that has
//! the same id. From then on the content of a `message` is lines of the text dialect in both directions.
//!
//! Beside the lines of the text dialect, a client's outbox holds *control units*, which begin with a control
//! character, as no line does. The [`Decoder`] writes them among the answers, and the [`FrameSeal`] makes frames
//! of other types of them. Nothing between the two knows what they are.

use std::fmt::Display;

mod chunks;
mod decoder;
mod fault;
mod head;
mod key;
mod seal;

pub use decoder::Decoder;
pub use head::{Head, MAGIC};
pub use key::{Key, WELL_KNOWN};
pub use seal::FrameSeal;

/// The largest JSON header that is read, in bytes.
const MOST_HEADER: u32 = 64 * 1024;

/// The largest content that is skipped, in bytes. If more is announced, the length is taken for a lie.
const MOST_CONTENT: u64 = 10 * 1024 * 1024;

/// The largest content that is kept, in bytes, unless a single line may be longer: a frame may have many lines.
const MOST_KEPT: usize = 64 * 1024;

/// The types of frames.
mod kind {
    pub(super) const INIT: &str = "session_init";
    pub(super) const ACK: &str = "session_ack";
    pub(super) const MESSAGE: &str = "message";
    pub(super) const HEARTBEAT: &str = "heartbeat";
    pub(super) const CHUNK: &str = "chunk";
    pub(super) const ERROR: &str = "error";
    pub(super) const DISCONNECT: &str = "disconnect";
}

/// What a control unit begins with.
const CONTROL: u8 = 1;

/// A unit that the seal makes a frame of this type of.
fn control(kind: &str, content: impl Display) -> Vec<u8> {
    format!("{}{kind} {content}\n", char::from(CONTROL)).into_bytes()
}

#[cfg(test)]
mod tests;
