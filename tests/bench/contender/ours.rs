//! This package's own server, and what it says in its text dialect.

use std::{cell::Cell, path::PathBuf, process::Command};

use tempfile::TempDir;

use super::{Contender, Line};
use crate::{
    failure::Result,
    process::{Running, start_announced},
};

pub(crate) struct Ours {
    program: PathBuf,
    /// Where the server keeps its history; `None` if it keeps none.
    keeps: Option<Keeps>,
    has_default_limits: bool,
}

struct Keeps {
    folder: TempDir,
    /// Each start has a data file of its own.
    starts: Cell<usize>,
}

/// The default of `--max-clients`.
const DEFAULT_CLIENTS: usize = 1000;

impl Keeps {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        Self { folder, starts: Cell::new(0) }
    }

    fn next_file(&self) -> PathBuf {
        self.folder.path().join(format!("{}.db", self.starts.replace(self.starts.get() + 1)))
    }
}

impl Ours {
    /// The server without history, log and limits.
    pub(crate) fn plain(program: PathBuf) -> Self {
        Self { program, keeps: None, has_default_limits: false }
    }

    /// The server with history and log, but without limits.
    pub(crate) fn keeping(program: PathBuf) -> Self {
        Self { program, keeps: Some(Keeps::new()), has_default_limits: false }
    }

    /// The server with the limits and the history that it has without options.
    pub(crate) fn with_default_limits(program: PathBuf) -> Self {
        Self { program, keeps: Some(Keeps::new()), has_default_limits: true }
    }
}

impl Contender for Ours {
    fn name(&self) -> String {
        if self.keeps.is_some() { "… with history and log".into() } else { "chat_server".into() }
    }

    fn start(&self, clients: usize) -> Result<Running> {
        let mut command = Command::new(&self.program);
        command.args(["--port", "0", "-q"]);
        match &self.keeps {
            None => command.args(["--data", ":memory:", "--history", "0"]),
            Some(keeps) => command.arg("--data").arg(keeps.next_file()),
        };
        let mut most = clients + 100;
        if self.has_default_limits {
            most = most.max(DEFAULT_CLIENTS);
        } else {
            command.args(["--max-per-address", "0", "--rate", "0"]);
            command.args(
                self.keeps.iter().flat_map(|keeps| ["--log-dir".into(), keeps.folder.path().join("log")]),
            );
        }
        command.args(["--max-clients", &most.to_string()]);
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
