//! The command line of `chat_client`.

use std::{ffi::OsString, path::PathBuf};

use clap::{
    ArgAction, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, ValueEnum,
    builder::BoolishValueParser, error::ErrorKind, parser::ValueSource,
};

use super::{
    address::{self, Address, PORT},
    settings,
    tls::Security,
};
use crate::{
    manual::Generate,
    names::{InvalidName, Nick, Room},
};

/// Chat from a terminal or a script.
///
/// On a terminal, the client has line editing, a history and Tab completion, and it reconnects when the
/// connection is lost. On a pipe, it sends each line of its input and prints each line from the server.
#[derive(Clone, Debug, Parser)]
#[command(name = "chat_client", version, after_long_help = SETTINGS)]
pub struct Options {
    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    pub(super) security: Security,

    /// Ask for this nickname on arrival.
    #[arg(long, env = "CHAT_NICK", value_parser = nick)]
    pub(super) nick: Option<Nick>,

    /// Join this room on arrival.
    #[arg(long, env = "CHAT_ROOM", value_parser = Room::new)]
    pub(super) room: Option<Room>,

    /// When to use colours. `auto` means on a terminal, unless `NO_COLOR` is set.
    #[arg(long, env = "CHAT_COLOR", value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,

    #[command(flatten)]
    pub(super) times: Times,

    /// Keep the lines you type in this file for the next start. Without it, they are forgotten.
    #[arg(long, value_name = "FILE", env = "CHAT_HISTORY")]
    pub(super) history: Option<PathBuf>,

    /// Append what is shown and typed to this file, with dates and times but without passwords. A new file
    /// can be read only by you.
    #[arg(long, value_name = "FILE", env = "CHAT_LOG")]
    pub(super) log: Option<PathBuf>,

    /// Notify the desktop when you are mentioned while the terminal does not have the focus (OSC 9).
    #[arg(long, env = "CHAT_NOTIFY", value_name = "YES|NO", action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(default_value = "false", default_missing_value = "true", hide_possible_values = true, value_parser = BoolishValueParser::new())]
    pub(super) notify: bool,

    /// Save accepted files in this folder. It is created when the first file arrives.
    #[arg(long, value_name = "FOLDER", env = "CHAT_DOWNLOADS", default_value = "downloads")]
    pub(super) downloads: PathBuf,

    /// Accept every offered file. Any user of the chat can then fill your disk.
    #[arg(long, env = "CHAT_ACCEPT_FILES", value_name = "YES|NO", action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(default_value = "false", default_missing_value = "true", hide_possible_values = true, value_parser = BoolishValueParser::new())]
    pub(super) accept_files: bool,

    /// Send the lines of this file, print the answers, and exit. `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,

    /// Read this settings file, which must exist, instead of the usual one.
    #[arg(long, env = "CHAT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    pub(super) generate: Generate,
}

const SETTINGS: &str = "Settings: the command line overrides the environment, which overrides the settings \
file, which overrides the defaults. The file is chat/client.toml in $XDG_CONFIG_HOME, or else in ~/.config \
(on macOS in ~/Library/Application Support). It has one setting on each line, such as:

  nick = \"alice\"
  port = 6000
  timestamps = false
  downloads = \"~/Downloads\"

Its keys are host, port, tls, tls-ca, nick, room, color, timestamps, notify, history, log, downloads and \
accept-files.";

impl Options {
    /// Reads the command line, the environment and the settings file. Ends the program if they are wrong,
    /// and after `--help`.
    pub fn read() -> Self {
        let arguments: Vec<_> = std::env::args_os().collect();
        Self::try_read(&arguments).unwrap_or_else(|error| error.exit())
    }

    fn try_read(arguments: &[OsString]) -> Result<Self, clap::Error> {
        let config = Self::try_parse_from(arguments)?.config;
        let mut command = settings::apply(Self::command(), config.as_deref())?;
        let matches = command.try_get_matches_from_mut(arguments)?;
        let mut options = Self::from_arg_matches(&matches)?;
        let conflict = |words| command.error(ErrorKind::ArgumentConflict, words);
        options.place.settle(&matches).map_err(conflict)?;
        Ok(options)
    }

    /// The address of the server, with a port unless it is a Unix socket.
    pub(super) fn address(&self) -> Address {
        let Place { server, host, port } = &self.place;
        server.as_ref().unwrap_or(host).or_port(*port)
    }
}

/// Where the server is.
#[derive(Args, Clone, Debug)]
struct Place {
    /// The server: `HOST`, `HOST:PORT`, `[IPV6]:PORT` or `unix:///PATH`.
    #[arg(value_name = "SERVER")]
    server: Option<Address>,

    /// Connect to this host name or address, with or without a port.
    #[arg(long, env = "CHAT_HOST", value_name = "HOST[:PORT]", default_value = "127.0.0.1")]
    host: Address,

    /// Connect to this port, unless the address has one.
    #[arg(long, env = "CHAT_PORT", default_value_t = PORT, value_parser = address::port)]
    port: u16,
}

impl Place {
    /// Decides between two hosts or two ports: the command line overrides earlier settings.
    fn settle(&mut self, matches: &ArgMatches) -> Result<(), &'static str> {
        let source = |id| matches.value_source(id).unwrap_or(ValueSource::DefaultValue);
        let is_typed = |id| source(id) == ValueSource::CommandLine;
        if self.server.is_some() && (is_typed("host") || is_typed("port")) {
            return Err("SERVER cannot be used with --host or --port. Write HOST:PORT.");
        }
        if self.host.has_port() && is_typed("host") && is_typed("port") {
            return Err("--host has a port, so it cannot be used with --port");
        }
        if let Address::Tcp { port, .. } = &mut self.host
            && source("port") > source("host")
        {
            *port = None;
        }
        Ok(())
    }
}

/// Whether to show times. Of the two options, the last one counts.
#[derive(Args, Clone, Debug)]
pub(super) struct Times {
    /// Show the time before each line. On a pipe, no time is shown.
    #[arg(overrides_with = "no_timestamps", long, env = "CHAT_TIMESTAMPS", value_name = "YES|NO", action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(default_value = "true", default_missing_value = "true", hide_possible_values = true, value_parser = BoolishValueParser::new())]
    timestamps: bool,

    /// Do not show the time.
    #[arg(long, overrides_with = "timestamps")]
    no_timestamps: bool,
}

impl Times {
    pub(super) fn are_wanted(&self) -> bool {
        self.timestamps && !self.no_timestamps
    }
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
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

    fn read(arguments: &[&str]) -> Result<Options, clap::Error> {
        // An empty settings file, so that the tester's own settings have no effect.
        let all = ["chat_client", "--config", "/dev/null"].iter().chain(arguments);
        Options::try_read(&all.map(OsString::from).collect::<Vec<_>>())
    }

    #[track_caller]
    fn refused(arguments: &[&str]) -> String {
        let error = read(arguments).expect_err("a usage error");
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

    #[track_caller]
    fn address(arguments: &[&str]) -> String {
        read(arguments).expect("valid").address().to_string()
    }

    #[test]
    fn the_server_is_given_in_one_word_or_in_two() {
        assert_eq!(address(&[]), "127.0.0.1:5555");
        assert_eq!(address(&["::1"]), "[::1]:5555");
        assert_eq!(address(&["example.org:6000"]), "example.org:6000");
        assert_eq!(address(&["--host", "example.org", "--port", "6000"]), "example.org:6000");
        assert_eq!(address(&["--host", "localhost:5755"]), "localhost:5755");
        assert_eq!(address(&["unix:///run/chat.sock"]), "unix:///run/chat.sock");
    }

    #[test]
    fn a_server_that_is_given_twice_is_a_usage_error() {
        assert!(refused(&["localhost", "--host", "::1"]).contains("SERVER cannot be used with"));
        assert!(refused(&["localhost", "--port", "5555"]).contains("SERVER cannot be used with"));
        assert!(refused(&["--host", "localhost:1", "--port", "2"]).contains("--host has a port"));
    }

    #[test]
    fn a_file_without_its_option_is_a_usage_error_that_names_the_option() {
        for file in ["-", "./lines.txt"] {
            assert!(refused(&[file]).contains("use --file FILE"), "{file}");
        }
        let options = read(&["--file", "-"]).expect("valid");
        assert_eq!(options.file, Some("-".into()));
    }

    #[test]
    fn the_command_line_overrides_the_settings_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("client.toml");
        std::fs::write(&file, "host = 'example.org:6000'\nnick = 'bob'\ntimestamps = false\nnotify = true\n")
            .expect("a file");
        let file = file.to_str().expect("a plain name");
        let read = |typed: &[&str]| {
            let all = ["chat_client", "--config", file].into_iter().chain(typed.iter().copied());
            Options::try_read(&all.map(OsString::from).collect::<Vec<_>>()).expect("valid")
        };
        let set = read(&[]);
        assert_eq!(set.address().to_string(), "example.org:6000");
        assert_eq!(set.nick, Nick::new("bob").ok());
        assert!(!set.times.are_wanted() && set.notify && !set.accept_files);
        let typed = read(&["--nick=eve", "--timestamps", "--notify=no", "--port=7000", "--accept-files"]);
        assert_eq!(typed.address().to_string(), "example.org:7000");
        assert_eq!(typed.nick, Nick::new("eve").ok());
        assert!(typed.times.are_wanted() && !typed.notify && typed.accept_files);
        assert!(!read(&["--timestamps", "--no-timestamps"]).times.are_wanted());
        assert_eq!(read(&["localhost"]).address().to_string(), "localhost:5555");
    }
}
