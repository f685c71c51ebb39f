//! The text dialect of this package's own server.

use super::{Line, Speech};

pub(crate) struct Text;

impl Speech for Text {
    fn enter(&self, nick: &str, room: &str) -> Vec<u8> {
        format!("/nick {nick}\n/join {room}\n").into()
    }

    fn say(&self, _room: &str, _length: usize) -> String {
        String::new()
    }

    fn whisper(&self, nick: &str, _length: usize) -> String {
        format!("/whisper {nick} ")
    }

    fn line_end(&self) -> &'static str {
        "\n"
    }

    fn quit(&self) -> Option<&'static str> {
        Some("/quit\n")
    }

    fn cut_notice(&self) -> &'static str {
        "Disconnected: too slow to read.\n"
    }

    fn read<'a>(&self, line: &'a [u8]) -> Line<'a> {
        let after = |end: &[u8]| memchr::memmem::find(line, end).map(|at| &line[at + end.len()..]);
        match line {
            _ if line.starts_with(b"[Whisper to ") => after(b"]: ").map_or(Line::Complaint, Line::Confirmed),
            _ if line.starts_with(b"[Whisper from ") => after(b"]: ").map_or(Line::Complaint, Line::Said),
            [b'[', ..] => after(b": ").map_or(Line::Complaint, Line::Said),
            _ if line.starts_with(b"Welcome! ") || line.starts_with(b"You joined ") => Line::Ready,
            _ if NEWS.iter().any(|end| line.ends_with(end)) => Line::Chatter,
            _ if ANSWERS.iter().any(|start| line.starts_with(start)) => Line::Chatter,
            _ => Line::Complaint,
        }
    }
}

/// The ends of the sentences about other clients.
const NEWS: [&[u8]; 5] = [
    b" has joined the chat!",
    b" has joined the room.",
    b" has left the room.",
    b" has left the chat.",
    b" is a moderator of this room now.",
];

/// The beginnings of the other sentences that a client may hear here.
const ANSWERS: [&[u8]; 3] = [b"Nickname changed to ", b"Goodbye!", b"guest_"];
