//! What is wrong with a frame.

use std::fmt;

use super::{MOST_CONTENT, MOST_HEADER};

/// What is wrong with a frame, as its client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Magic,
    Version(u16),
    HeaderLength(u32),
    ContentLength(u64),
    HeaderChecksum,
    ContentChecksum,
    Signature,
    Header,
    Session,
    Type,
    InvalidUtf8,
    Outside,
    Chunk,
    TooManyChunked,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Magic => "This is not a frame: its magic bytes are wrong.",
            Self::Version(version) => return write!(f, "Version {version} is not supported. Use version 1."),
            Self::HeaderLength(length) => {
                return write!(f, "The JSON header cannot have {length} bytes. Send 1 to {MOST_HEADER}.");
            }
            Self::ContentLength(length) => {
                return write!(f, "The content cannot have {length} bytes. Send 1 to {MOST_CONTENT}.");
            }
            Self::HeaderChecksum => "The checksum of the JSON header is wrong.",
            Self::ContentChecksum => "The checksum of the content is wrong.",
            Self::Signature => "The signature is wrong. Use the key of this server.",
            Self::Header => "The JSON header must be an object with a type and a session_id.",
            Self::Session => "The session_id belongs to another session.",
            Self::Type => "The type of the frame is unknown.",
            Self::InvalidUtf8 => "The content is not UTF-8.",
            Self::Outside => "Send a session_ack first.",
            Self::Chunk => "The chunk_id, index or total of the chunk is wrong.",
            Self::TooManyChunked => "Too many messages arrive in chunks. The oldest was dropped.",
        })
    }
}
