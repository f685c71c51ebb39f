//! The chat client: a line editor on a terminal, a plain copy of lines on a pipe.
//!
//! The client does not trust the server. It filters every line again before it shows it, it limits
//! the length of a line, and it believes only what the server says: a command that was sent has not
//! succeeded yet.

use std::{
    error, fmt,
    io::{self, IsTerminal},
    net::{TcpStream, ToSocketAddrs},
    path::PathBuf,
    time::Duration,
};

use rustyline::error::ReadlineError;

use self::{transfers::Wishes, view::View};
use crate::names::{Nick, Room};

mod backoff;
mod complete;
mod editor;
mod interactive;
mod lines;
mod link;
mod listener;
mod plain;
mod questions;
mod screen;
mod secret;
mod status;
mod terminal;
mod transfers;
mod view;

/// How the client runs. The comments on the fields are what `--help` says.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Name or address of the server.
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,

    /// Port of the server.
    #[arg(long, default_value_t = 5555)]
    pub port: u16,

    /// Nickname to ask for on arrival.
    #[arg(long, value_parser = free_nick)]
    pub nick: Option<Nick>,

    /// Room to join on arrival.
    #[arg(long)]
    pub room: Option<Room>,

    /// When to use colours. `auto` means on a terminal, unless `NO_COLOR` is set.
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub color: Color,

    /// Do not show the time before each line. On a pipe, no time is shown.
    #[arg(long)]
    pub no_timestamps: bool,

    /// File that keeps the lines you type for the next start. Without it, they are forgotten.
    #[arg(long, value_name = "FILE", env = "CHAT_HISTORY")]
    pub history: Option<PathBuf>,

    /// Folder for files that you accept. It is created when the first one arrives.
    #[arg(long, value_name = "FOLDER", env = "CHAT_DOWNLOADS", default_value = "downloads")]
    pub downloads: PathBuf,

    /// Accept every file that is offered. Every user of the chat can then fill your disk.
    #[arg(long)]
    pub accept_files: bool,

    /// Send the lines of this file, print the answers, and exit. `-` is standard input.
    pub file: Option<PathBuf>,
}

fn free_nick(name: &str) -> Result<Nick, String> {
    let nick = Nick::new(name).map_err(|invalid| invalid.to_string())?;
    if nick.is_reserved() { Err("this nickname is reserved".to_owned()) } else { Ok(nick) }
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless the environment says `NO_COLOR` (<https://no-color.org>).
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Connects, and chats until the user or the server ends the chat.
///
/// # Errors
/// Any [`Error`].
pub fn run(options: &Options) -> Result<(), Error> {
    let is_interactive = options.file.is_none() && is_terminal();
    let view = View {
        colors: options.color.is_wanted(is_interactive),
        timestamps: !options.no_timestamps && is_interactive,
    };
    let address = Address { host: options.host.clone(), port: options.port };
    let wishes = Wishes { downloads: options.downloads.clone(), accepts_all: options.accept_files };
    if is_interactive {
        let server = address.connect()?;
        return interactive::run(options, address, server, view, wishes);
    }
    let input = plain::input(options.file.as_deref(), greeting(options.nick, options.room))?;
    plain::run(address.connect()?, input, view, wishes)
}

/// Whether input and output are a terminal that can move its cursor.
fn is_terminal() -> bool {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
}

impl Color {
    fn is_wanted(self, is_interactive: bool) -> bool {
        let no_color = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            Self::Auto => is_interactive && !no_color(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// The lines that ask for a nickname and a room.
fn greeting(nick: Option<Nick>, room: Option<Room>) -> String {
    let nick = nick.map(|nick| format!("/nick {nick}\n"));
    let room = room.filter(|room| *room != Room::lobby()).map(|room| format!("/join {room}\n"));
    [nick, room].into_iter().flatten().collect()
}

/// Where the server is.
#[derive(Clone, Debug)]
struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// How long one attempt may take. Without a limit, a host that drops packets takes two minutes.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Tries each address of the host until one accepts.
    fn connect(&self) -> Result<TcpStream, Error> {
        let failed = |error| Error::Connect { address: self.to_string(), error };
        let mut last = io::Error::new(io::ErrorKind::NotFound, "this name has no address");
        for address in (self.host.as_str(), self.port).to_socket_addrs().map_err(failed)? {
            match TcpStream::connect_timeout(&address, Self::PATIENCE) {
                Ok(server) => return Ok(server),
                Err(error) => last = error,
            }
        }
        Err(failed(last))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// Why there was no chat, or why it ended too early.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The server could not be reached.
    Connect {
        /// Where it was expected, as host and port.
        address: String,
        /// Why the last attempt failed.
        error: io::Error,
    },
    /// The file with the lines to send could not be opened.
    File {
        /// The file's path, as it was typed.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// Reading the lines to send failed.
    Input(io::Error),
    /// The server closed the connection, and gave this reason.
    Dismissed(String),
    /// The connection ended without a reason.
    Lost,
    /// How many files were not sent or not received.
    Files(usize),
    /// The terminal, the history file or the operating system failed.
    Io(io::Error),
}

impl Error {
    /// The status to exit with: 2 for a mistake on the command line, 1 for everything else.
    pub fn exit_status(&self) -> u8 {
        if matches!(self, Self::File { .. }) { 2 } else { 1 }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { address, error } => write!(f, "cannot connect to {address}: {error}"),
            Self::File { path, error } => write!(f, "cannot open {}: {error}", path.display()),
            Self::Input(error) => write!(f, "cannot read the input: {error}"),
            Self::Dismissed(reason) => write!(f, "the server closed the connection: {reason}"),
            Self::Lost => f.write_str("connection lost"),
            Self::Files(1) => f.write_str("a file did not arrive"),
            Self::Files(count) => write!(f, "{count} files did not arrive"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Connect { error, .. } | Self::File { error, .. } | Self::Input(error) | Self::Io(error) => {
                Some(error)
            }
            Self::Dismissed(_) | Self::Lost | Self::Files(_) => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ReadlineError> for Error {
    fn from(error: ReadlineError) -> Self {
        match error {
            ReadlineError::Io(error) => Self::Io(error),
            error => Self::Io(io::Error::other(error)),
        }
    }
}
