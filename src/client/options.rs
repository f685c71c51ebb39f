//! The command line of `chat_client`.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::names::{InvalidName, Nick, Room};

/// Chat from a terminal or a script.
///
/// On a terminal, the client offers line editing, a history, Tab completion, and it reconnects when the
/// connection is lost. On a pipe, it sends each line of its input and prints each line of the server.
#[derive(Clone, Debug, Parser)]
#[command(name = "chat_client", version)]
pub struct Options {
    /// Name or address of the server.
    #[arg(long, default_value = "127.0.0.1")]
    pub(super) host: String,

    /// Port of the server.
    #[arg(long, default_value_t = 5555)]
    pub(super) port: u16,

    /// Nickname to ask for on arrival.
    #[arg(long, value_parser = nick)]
    pub(super) nick: Option<Nick>,

    /// Room to join on arrival.
    #[arg(long, value_parser = Room::new)]
    pub(super) room: Option<Room>,

    /// When to use colours. `auto` means on a terminal, unless `NO_COLOR` is set.
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,

    /// Do not show the time before each line. On a pipe, no time is shown.
    #[arg(long)]
    pub(super) no_timestamps: bool,

    /// File that keeps the lines you type for the next start. Without it, they are forgotten.
    #[arg(long, value_name = "FILE", env = "CHAT_HISTORY")]
    pub(super) history: Option<PathBuf>,

    /// Notify the desktop when you are mentioned while the terminal has not the focus (OSC 9).
    #[arg(long)]
    pub(super) notify: bool,

    /// Folder for files that you accept. It is created when the first one arrives.
    #[arg(long, value_name = "FOLDER", env = "CHAT_DOWNLOADS", default_value = "downloads")]
    pub(super) downloads: PathBuf,

    /// Accept every file that is offered. Every user of the chat can then fill your disk.
    #[arg(long)]
    pub(super) accept_files: bool,

    /// Send the lines of this file, print the answers, and exit. `-` is standard input.
    pub(super) file: Option<PathBuf>,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless the environment says `NO_COLOR` (<https://no-color.org>).
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    pub(super) fn is_wanted(self, is_interactive: bool) -> bool {
        let no_color = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            Self::Auto => is_interactive && !no_color(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

fn nick(name: &str) -> Result<Nick, String> {
    let nick = Nick::new(name).map_err(|invalid: InvalidName| invalid.to_string())?;
    if nick.is_reserved() { Err("this nickname is reserved".to_owned()) } else { Ok(nick) }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, error::ErrorKind};

    use super::*;

    #[track_caller]
    fn refused(arguments: &[&str]) -> String {
        let all = ["chat_client"].iter().chain(arguments);
        let error = Options::try_parse_from(all).expect_err("a usage error");
        assert_eq!(error.exit_code(), 2);
        assert_ne!(error.kind(), ErrorKind::DisplayHelp);
        error.to_string()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn a_nickname_that_the_server_would_refuse_is_a_usage_error() {
        assert!(refused(&["--nick", "guest_7"]).contains("this nickname is reserved"));
        assert!(refused(&["--nick", "Server"]).contains("this nickname is reserved"));
        assert!(refused(&["--nick", "a b"]).contains("starting with a letter"));
        assert!(refused(&["--room", "9"]).contains("starting with a letter"));
    }

    #[test]
    fn a_lone_dash_is_a_file_name() {
        let arguments = Options::try_parse_from(["chat_client", "-"]).expect("valid");
        assert_eq!(arguments.file, Some("-".into()));
    }
}
