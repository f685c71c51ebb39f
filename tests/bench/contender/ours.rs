//! This package's own server, and how its text dialect sounds.

use std::{cell::Cell, path::PathBuf, process::Command};

use tempfile::TempDir;

use super::{Contender, Line};
use crate::{
    failure::Result,
    process::{Running, start_announced},
};

pub(crate) struct Ours {
    program: PathBuf,
    /// Where it keeps what is said, if it does.
    keeps: Option<Keeps>,
}

struct Keeps {
    folder: TempDir,
    /// Each start begins with nothing kept.
    starts: Cell<usize>,
}

impl Ours {
    /// The server without anything that would remember or forbid.
    pub(crate) fn plain(program: PathBuf) -> Self {
        Self { program, keeps: None }
    }

    /// The same, and it remembers what is said, in its history, and logs it.
    pub(crate) fn keeping(program: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        Self { program, keeps: Some(Keeps { folder, starts: Cell::new(0) }) }
    }
}

impl Contender for Ours {
    fn name(&self) -> String {
        if self.keeps.is_some() { "… with history and log".into() } else { "chat_server".into() }
    }

    fn start(&self, clients: usize) -> Result<Running> {
        let mut command = Command::new(&self.program);
        command.args(["--port", "0", "-q", "--max-per-address", "0", "--rate", "0"]);
        match &self.keeps {
            None => command.args(["--data", ":memory:", "--history", "0"]),
            Some(Keeps { folder, starts }) => {
                let data = folder.path().join(format!("{}.db", starts.replace(starts.get() + 1)));
                command.arg("--data").arg(data).arg("--log-dir").arg(folder.path().join("log"))
            }
        };
        command.args(["--max-clients", &(clients + 100).to_string()]);
        start_announced(command)
    }

    fn enter(&self, nick: &str, room: &str) -> String {
        format!("/nick {nick}\n/join {room}\n")
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

    fn confirms_whispers(&self) -> bool {
        true
    }
}

/// How the sentences about others end.
const NEWS: [&[u8]; 5] = [
    b" has joined the chat!",
    b" has joined the room.",
    b" has left the room.",
    b" has left the chat.",
    b" is a moderator of this room now.",
];

/// How the other sentences begin that a client of the benchmark may hear.
const ANSWERS: [&[u8]; 3] = [b"Nickname changed to ", b"Goodbye!", b"guest_"];
