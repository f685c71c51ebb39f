//! The chat client: a line editor on a terminal, a plain copy of lines on a pipe.
//!
//! The client does not trust the server. It filters every line again before it shows it, it limits the
//! length of a line, and it relies only on the server's answers: a command has not succeeded until the
//! server says so.

use std::{
    error, fmt,
    io::{self, IsTerminal},
    path::PathBuf,
};

use self::{stream::Stream, view::View};
use crate::{
    command::{Verb, split_word},
    names::{Nick, Room},
};

mod address;
mod asking;
mod backoff;
mod catching_up;
mod chat;
mod complete;
mod interactive;
mod lines;
mod link;
mod log;
mod options;
mod output;
mod plain;
mod presence;
mod questions;
mod seal;
mod secret;
mod settings;
mod speech;
mod standing;
mod status;
mod stream;
mod terminal;
pub(crate) mod tls;
mod transfers;
mod view;

pub use self::{address::Address, options::Options};

/// Connects, and chats until the user or the server ends the chat.
///
/// # Errors
/// Any [`Error`].
pub fn run(options: &Options) -> Result<(), Error> {
    if let Some(written) = options.generate.write::<Options>() {
        return Ok(written?);
    }
    let is_interactive = options.file.is_none() && is_terminal();
    let view = View {
        colors: options.color.is_wanted(is_interactive),
        timestamps: options.times.are_wanted() && is_interactive,
    };
    if is_interactive { interactive::run(options, view) } else { plain::run(options, view) }
}

/// Whether input and output are a terminal that can move its cursor.
fn is_terminal() -> bool {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
}

/// The lines that ask for a nickname and a room.
fn greeting(nick: Option<Nick>, room: Option<Room>) -> String {
    let nick = nick.map(|nick| format!("/nick {nick}\n"));
    let room = room.filter(|room| *room != Room::lobby()).map(|room| format!("/join {room}\n"));
    [nick, room].into_iter().flatten().collect()
}

/// The verb of a line, and what follows it; `None` if the line has none.
fn verb(line: &str) -> Option<(&'static Verb, &str)> {
    let (word, rest) = split_word(line.strip_prefix('/')?);
    Some((Verb::find(word)?, rest))
}

/// Connects to the server.
fn connect(options: &Options) -> Result<Stream, Error> {
    let address = options.address();
    Stream::connect(&address, &options.security).map_err(|error| Error::Connect(address, error))
}

/// Why there was no chat, or why it ended too early.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The server at this address could not be reached, and why the last attempt failed.
    Connect(Address, io::Error),
    /// The log, the history or the file with the lines to send, under this path, could not be opened.
    File(PathBuf, io::Error),
    /// Reading the lines to send failed.
    Input(io::Error),
    /// The server's lines could not be written to standard output.
    Output(io::Error),
    /// The history could not be saved to the file of this path.
    History(PathBuf, io::Error),
    /// The server closed the connection, and gave this reason.
    Dismissed(String),
    /// The connection ended without a reason.
    Lost,
    /// The nickname that was asked for is taken.
    NickTaken,
    /// The nickname is registered, and the first line is not `/login`.
    NickRegistered,
    /// The server has refused this command, which would have changed the nickname or the room.
    CommandRefused(String),
    /// How many lines were refused, by the server or by this client.
    Refused(usize),
    /// How many files were not sent or not received.
    Files(usize),
    /// The terminal or the operating system failed.
    Io(io::Error),
}

impl Error {
    /// The status to exit with: 2 for a mistake on the command line, 1 for everything else.
    pub fn exit_status(&self) -> u8 {
        if matches!(self, Self::File(..)) { 2 } else { 1 }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(address, error) => {
                write!(f, "cannot connect to {address}: {}", reason(error))?;
                let is_refused = error.kind() == io::ErrorKind::ConnectionRefused;
                let command = address.command().filter(|_| is_refused);
                command.map_or(Ok(()), |command| write!(f, "\nStart one with: {command}"))
            }
            Self::File(path, error) => write!(f, "cannot open {}: {}", path.display(), reason(error)),
            Self::Input(error) => write!(f, "cannot read the input: {}", reason(error)),
            Self::Output(error) => write!(f, "cannot write the output: {}", reason(error)),
            Self::History(path, error) => {
                write!(f, "cannot save the history in {}: {}", path.display(), reason(error))
            }
            Self::Dismissed(reason) => write!(f, "the server closed the connection: {reason}"),
            Self::Lost => f.write_str("connection lost"),
            Self::NickTaken => f.write_str("the nickname is taken, so nothing was sent"),
            Self::NickRegistered => {
                f.write_str("the nickname is registered, so nothing was sent. Begin with /login")
            }
            Self::CommandRefused(command) => {
                write!(f, "the server refused {command}, so nothing after it was sent")
            }
            Self::Refused(1) => f.write_str("a line was not delivered"),
            Self::Refused(count) => write!(f, "{count} lines were not delivered"),
            Self::Files(1) => f.write_str("a file did not arrive"),
            Self::Files(count) => write!(f, "{count} files did not arrive"),
            Self::Io(error) => f.write_str(&reason(error)),
        }
    }
}

/// The system's words for an error, without their number.
fn reason(error: &io::Error) -> String {
    let words = error.to_string();
    words.split(" (os error").next().unwrap_or_default().to_owned()
}

impl error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
