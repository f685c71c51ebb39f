//! Binary frames of this package's own server, with lines of its text dialect in them.

use super::{Line, Speech, Text};
use crate::{frame, framing::Framing};

/// A client packs each line that it sends itself, with its session.
pub(crate) struct Frames;

impl Speech for Frames {
    fn enter(&self, nick: &str, room: &str) -> Vec<u8> {
        Text.enter(nick, room)
    }

    fn say(&self, room: &str, length: usize) -> String {
        Text.say(room, length)
    }

    fn line_end(&self) -> &'static str {
        Text.line_end()
    }

    fn framing(&self) -> Framing {
        Framing::Frames
    }

    fn read<'a>(&self, unit: &'a [u8]) -> Line<'a> {
        let Some((header, content)) = frame::read(unit) else { return Line::Complaint };
        let field = |key: &str| header[key].as_str().unwrap_or_default();
        match (field("type"), field("content_type")) {
            ("session_init", _) => Line::Session(field("session_id").to_owned()),
            ("message", "text/plain") => Text.read(content),
            _ => Line::Complaint,
        }
    }
}
