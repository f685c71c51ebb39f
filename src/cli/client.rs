//! The command line of `chat_client`.

use std::path::PathBuf;

use clap::Parser;

use crate::{
    client::{self, Color, Options},
    names::{InvalidName, Nick, Room},
};

/// Chat from a terminal or a script.
///
/// On a terminal, the client offers line editing, a history, Tab completion, and it reconnects when the
/// connection is lost. On a pipe, it sends each line of its input and prints each line of the server.
#[derive(Debug, Parser)]
#[command(name = "chat_client", version)]
pub struct Arguments {
    /// Name or address of the server.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,

    /// Port of the server.
    #[arg(long, default_value_t = 5555)]
    port: u16,

    /// Nickname to ask for on arrival.
    #[arg(long, value_parser = nick)]
    nick: Option<Nick>,

    /// Room to join on arrival.
    #[arg(long, value_parser = Room::new)]
    room: Option<Room>,

    /// When to use colours. `auto` means on a terminal, unless `NO_COLOR` is set.
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    color: Color,

    /// Do not show the time before each line. On a pipe, no time is shown.
    #[arg(long)]
    no_timestamps: bool,

    /// File that keeps the lines you type for the next start. Without it, they are forgotten.
    #[arg(long, value_name = "FILE", env = "CHAT_HISTORY")]
    history: Option<PathBuf>,

    /// Folder for files that you accept. It is created when the first one arrives.
    #[arg(long, value_name = "FOLDER", env = "CHAT_DOWNLOADS", default_value = "downloads")]
    downloads: PathBuf,

    /// Accept every file that is offered. Every user of the chat can then fill your disk.
    #[arg(long)]
    accept_files: bool,

    /// Send the lines of this file, print the answers, and exit. `-` is standard input.
    file: Option<PathBuf>,
}

impl Arguments {
    /// Runs the client.
    ///
    /// # Errors
    /// Any [`client::Error`].
    pub fn run(self) -> Result<(), client::Error> {
        client::run(&self.into())
    }
}

impl From<Arguments> for Options {
    fn from(arguments: Arguments) -> Self {
        Self {
            host: arguments.host,
            port: arguments.port,
            nick: arguments.nick,
            room: arguments.room,
            color: arguments.color,
            timestamps: !arguments.no_timestamps,
            history: arguments.history,
            downloads: arguments.downloads,
            accept_files: arguments.accept_files,
            file: arguments.file,
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
        let error = Arguments::try_parse_from(all).expect_err("a usage error");
        assert_eq!(error.exit_code(), 2);
        assert_ne!(error.kind(), ErrorKind::DisplayHelp);
        error.to_string()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
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
        let arguments = Arguments::try_parse_from(["chat_client", "-"]).expect("valid");
        assert_eq!(arguments.file, Some("-".into()));
    }
}
