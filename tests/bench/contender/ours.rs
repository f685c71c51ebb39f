//! This package's own server, with clients that speak text.

use std::{cell::Cell, path::PathBuf, process::Command};

use tempfile::TempDir;

use super::{Contender, Speech, Text};
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

    /// The command that starts it for this many clients.
    pub(crate) fn command(&self, clients: usize) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["--port", "0", "-q"]).env("CHAT_NO_HTTP", "1");
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
        command
    }
}

impl Contender for Ours {
    fn name(&self) -> String {
        if self.keeps.is_some() { "… with history and log".into() } else { "chat_server".into() }
    }

    fn start(&self, clients: usize) -> Result<Running> {
        start_announced(self.command(clients))
    }

    fn speaks(&self, _client: usize) -> &dyn Speech {
        &Text
    }

    fn confirms_whispers(&self) -> bool {
        true
    }
}
