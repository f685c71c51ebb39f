//! What travels between the clients: an ordinary whisper that begins with `seal1`.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::exchange::{Commitment, Key};

/// How many bytes a whisper has besides its part: the words before it. Base64 makes 4 bytes of 3.
const HEAD: usize = "seal1 text ".len();

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// Asks for a seal, with the hash of a key.
    Hail(Commitment),
    /// Answers with a key.
    Key(Key),
    /// Shows the key whose hash came first.
    Open(Key),
    /// A part of a text.
    Text(Vec<u8>),
    /// There is no seal here, or no longer.
    None,
    /// It begins like a message, but cannot be read.
    Damaged,
}

impl Message {
    /// Parses the text of a whisper; `None` if it is an ordinary one. What follows in brackets is for people.
    pub(super) fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("seal1 ")?;
        let (kind, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let data = URL_SAFE_NO_PAD.decode(rest.split(' ').next().unwrap_or_default());
        let key = || data.as_ref().ok().and_then(|data| data.as_slice().try_into().ok());
        let message = match kind {
            "hail" => key().map(Self::Hail),
            "key" => key().map(Self::Key),
            "open" => key().map(Self::Open),
            "text" => data.ok().map(Self::Text),
            "none" => Some(Self::None),
            _ => None,
        };
        Some(message.unwrap_or(Self::Damaged))
    }

    /// The longest part of a text that fits into a whisper of so many bytes.
    pub(super) fn longest_part(whisper: usize) -> usize {
        whisper.saturating_sub(HEAD) / 4 * 3
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write = |f: &mut fmt::Formatter<'_>, kind: &str, data: &[u8]| {
            write!(f, "seal1 {kind} {}", URL_SAFE_NO_PAD.encode(data))
        };
        match self {
            Self::Hail(hash) => {
                write(f, "hail", hash)?;
                f.write_str(" (asks for sealed whispers, which chat_client can read)")
            }
            Self::Key(key) => write(f, "key", key),
            Self::Open(key) => write(f, "open", key),
            Self::Text(part) => write(f, "text", part),
            Self::None | Self::Damaged => f.write_str("seal1 none (cannot read sealed whispers from you)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_were_written() {
        for message in [
            Message::Hail([1; 32]),
            Message::Key([0xff; 32]),
            Message::Open([0xfb; 32]),
            Message::Text(vec![0, 1, 2]),
            Message::Text(Vec::new()),
            Message::None,
        ] {
            assert_eq!(Message::read(&message.to_string()), Some(message.clone()), "{message}");
        }
        let part = Message::Text(vec![0xff; Message::longest_part(1024)]);
        assert!((1020..=1024).contains(&part.to_string().len()), "{}", part.to_string().len());
    }

    #[test]
    fn what_begins_like_a_message_is_damaged_and_all_else_an_ordinary_whisper() {
        for text in ["seal1 ", "seal1 dance", "seal1 key AAAA", "seal1 text A", "seal1 text !", "seal1 hail"]
        {
            assert_eq!(Message::read(text), Some(Message::Damaged), "{text}");
        }
        for text in ["seal1", "seal2 text AAAA", " seal1 none", "hello", ""] {
            assert_eq!(Message::read(text), None, "{text}");
        }
    }
}
