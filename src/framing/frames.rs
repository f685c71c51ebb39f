//! Binary frames: lines of text with lengths, checksums and a signature.
//!
//! A frame is a [`Head`] of 64 bytes, a JSON header and a content, which is never empty. The server speaks
//! first: it sends the session's id in a `session_init`, and a client comes in with a `session_ack` that has
//! the same id. From then on the content of a `message` is lines of the text dialect in both directions.
//!
//! Besides lines of the text dialect, a client's outbox holds *control units*. They begin with a control
//! character, and no line does. The [`Decoder`] gives them as answers, and the [`FrameSeal`] turns them into
//! frames of other types. The code between the two does not know them.

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

/// The largest content that is skipped, in bytes. A head that announces more is treated as damaged.
const MOST_CONTENT: u64 = 10 * 1024 * 1024;

/// The largest content that is read, in bytes, unless a line may be longer. A frame can hold many lines.
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

/// A control unit. The seal turns it into a frame of this type.
fn control(kind: &str, content: impl Display) -> Vec<u8> {
    format!("{}{kind} {content}\n", char::from(CONTROL)).into_bytes()
}

#[cfg(test)]
mod tests;
