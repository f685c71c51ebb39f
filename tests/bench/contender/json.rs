//! The JSON dialect of this package's own server.

use serde_json::Value;

use super::{Line, Speech, Text};
use crate::framing::Framing;

/// In lines, in datagrams, or in messages of WebSocket.
pub(crate) struct Json(pub(crate) Framing);

impl Speech for Json {
    fn hello(&self, nick: &str) -> String {
        join(nick, "lobby")
    }

    fn enter(&self, nick: &str, room: &str) -> Vec<u8> {
        join(nick, room).into()
    }

    fn say(&self, _room: &str, _length: usize) -> String {
        "{\"type\":\"message\",\"text\":\"".into()
    }

    fn line_end(&self) -> &'static str {
        "\"}\n"
    }

    fn framing(&self) -> Framing {
        self.0
    }

    /// What the text dialect says in a sentence stands in a `system` object.
    fn read<'a>(&self, line: &'a [u8]) -> Line<'a> {
        let Ok(object) = serde_json::from_slice::<Value>(line) else { return Line::Complaint };
        let text = object["text"].as_str().unwrap_or_default();
        match object["type"].as_str() {
            // Texts have no character that is escaped, so they stand in the line as they are.
            Some("message") if object["seq"].is_u64() => memchr::memmem::find(line, text.as_bytes())
                .map_or(Line::Complaint, |at| Line::Said(&line[at..at + text.len()])),
            Some("system") => match Text.read(text.as_bytes()) {
                Line::Ready => Line::Ready,
                Line::Chatter => Line::Chatter,
                _ => Line::Complaint,
            },
            _ => Line::Complaint,
        }
    }
}

fn join(nick: &str, room: &str) -> String {
    format!("{{\"type\":\"join\",\"room\":\"{room}\",\"user\":\"{nick}\"}}\n")
}
