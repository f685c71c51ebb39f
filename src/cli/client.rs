//! The command line of `chat_client`.

use std::path::PathBuf;

use clap::Parser;

use crate::{
    client::{self, Color, Options},
    names::{InvalidName, Nick, Room},
};

/// Chat from the terminal, or from a script.
///
/// On a terminal: line editing, history, Tab completion, and reconnection when the server goes away.
/// On a pipe, at either end: what comes in is said, what the server says goes out, one line each.
#[derive(Debug, Parser)]
#[command(name = "chat_client", version)]
pub struct Arguments {
    /// The server's name or address.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,

    /// The server's port.
    #[arg(long, default_value_t = 5555)]
    port: u16,

    /// The nickname to take on arrival.
    #[arg(long, value_parser = nick)]
    nick: Option<Nick>,

    /// The room to join on arrival.
    #[arg(long)]
    room: Option<Room>,

    /// When to use colours; `auto` means on a terminal, unless `NO_COLOR` is set.
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    color: Color,

    /// Show no time before each line. (On a pipe there never is one.)
    #[arg(long)]
    no_timestamps: bool,

    /// Where to keep the lines you typed, for the next time. Without it they are forgotten.
    #[arg(long, value_name = "FILE", env = "CHAT_HISTORY")]
    history: Option<PathBuf>,

    /// The folder for files that others send; it is made when the first one comes.
    #[arg(long, value_name = "FOLDER", env = "CHAT_DOWNLOADS", default_value = "downloads")]
    downloads: PathBuf,

    /// Accept every file that anybody offers. (Whoever is in the chat can then fill your disk.)
    #[arg(long)]
    accept_files: bool,

    /// Say the lines of this file, hear what is answered, and end; `-` is the standard input.
    file: Option<PathBuf>,
}

impl Arguments {
    /// Does what the command line says.
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
