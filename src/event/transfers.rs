//! What the server says about offers and transfers of files: sentences for people, and cues for
//! `chat_client`.
//!
//! A cue is a line that begins with `@file `. No other line does: what users say follows a nickname or a
//! room name, and neither can begin with `@`. `chat_client` acts on cues and does not show them. Only a
//! client that has sent `/offer` or `/take` gets cues, so a person on `nc` sees none.

use std::fmt;

use super::Event;
use crate::{
    file::{ByteCount, Fault, FileName, Label, OfferId, Promise, Side, Token},
    names::Nick,
};

mod cue;

pub use cue::Cue;

pub(super) use cue::CUE;

/// What one client is told about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileEvent {
    /// Confirms an offer to the sender.
    Offered {
        /// The offer's number.
        id: OfferId,
        /// The file.
        label: Label,
        /// The user it is offered to.
        to: Nick,
        /// How many seconds the offer lasts.
        seconds: u64,
    },
    /// The offer of the file with this digest, by which `chat_client` knows it, is refused.
    NotOffered(Promise, NotOffered),
    /// A cue without a sentence.
    NotSaid(Cue),
    /// Offers a file to its receiver.
    Requested {
        /// The sender.
        from: Nick,
        /// The file.
        label: Label,
        /// The offer's number.
        id: OfferId,
        /// Whether the client has no other offers, and needs no number.
        is_only: bool,
    },
    /// The file cannot be accepted.
    NotTaken(NotChosen),
    /// The file cannot be refused.
    NotRejected(NotChosen),
    /// Tells the sender that its offer is accepted, and to send the file now.
    Send {
        /// The offer's number.
        id: OfferId,
        /// The file's name.
        name: FileName,
        /// The receiver.
        to: Nick,
        /// The right to connect for this transfer.
        ticket: Ticket,
    },
    /// An offer or a transfer has ended.
    Over(Over),
    /// The server transfers no files.
    SwitchedOff,
    /// Only `chat_client` can be this side of a transfer.
    NeedsClient(Side),
    /// The client has connected to the port for files and does not speak its protocol.
    WrongPort,
}

impl From<FileEvent> for Event {
    fn from(event: FileEvent) -> Self {
        Self::File(event)
    }
}

/// The right to take one side of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The server's port for files.
    pub port: u16,
    /// What to show there. It works once.
    pub token: Token,
}

/// Why an offer is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotOffered {
    /// No connected user has this nickname.
    NoSuchUser(Nick),
    /// Sender and receiver are the same client.
    ToYourself,
    /// The file is larger than the server's limit.
    TooLarge(ByteCount),
    /// The sender already has an open offer to this user.
    AlreadyOffered(Nick),
    /// The sender has as many open offers as it may.
    TooManyMade(usize),
    /// This user has as many open offers as allowed.
    TooManyFor(Nick, usize),
    /// The sender's address has as many open offers as it may, in all or to this user.
    TooManyOfAddress,
    /// The server has as many open offers as it may.
    TooMany,
    /// The server transfers no files.
    SwitchedOff,
}

/// Why no offer can be accepted or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotChosen {
    /// There is no offer.
    None,
    /// There is no offer with this number.
    NotThis(OfferId),
    /// There are several offers, and the client gave no number.
    Several(Vec<(OfferId, Nick, FileName)>),
    /// The server has as many transfers as it may.
    Busy,
}

/// The end of an offer or of a transfer, as one side is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// The file's name.
    pub name: FileName,
    /// The side that is told.
    pub you: Side,
    /// The user on the other side.
    pub other: Nick,
    /// How it ended.
    pub outcome: Outcome,
    /// The offer's number.
    pub id: OfferId,
    /// Whether this side's program has taken part.
    pub has_cue: bool,
}

/// How an offer or a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has the whole file.
    Received,
    /// The receiver refused it or stopped the transfer.
    Rejected,
    /// The sender cancelled it.
    TakenBack,
    /// The receiver did not answer in time.
    Expired,
    /// This side has left the chat.
    Left(Side),
    /// The transfer failed.
    Failed(Fault),
}

impl Outcome {
    /// The words of all outcomes.
    pub const WORDS: [&'static str; 6] = ["received", "rejected", "cancelled", "expired", "left", "failed"];

    /// Its kind in one word, for machines.
    pub fn word(self) -> &'static str {
        Self::WORDS[match self {
            Self::Received => 0,
            Self::Rejected => 1,
            Self::TakenBack => 2,
            Self::Expired => 3,
            Self::Left(_) => 4,
            Self::Failed(_) => 5,
        }]
    }
}

impl FileEvent {
    /// The cue for `chat_client` that goes with the sentence.
    pub(crate) fn cue(&self) -> Option<Cue> {
        match self {
            Self::Offered { id, label, .. } => Some(Cue::Offered { id: *id, digest: label.digest }),
            Self::NotOffered(digest, _) => Some(Cue::NotOffered(*digest)),
            Self::NotSaid(cue) => Some(cue.clone()),
            Self::NotTaken(_) => Some(Cue::NotTaken),
            Self::Send { id, ticket, .. } => Some(Cue::Send { id: *id, ticket: *ticket }),
            Self::Over(Over { id, has_cue, outcome, .. }) => {
                has_cue.then_some(Cue::Over { id: *id, has_arrived: *outcome == Outcome::Received })
            }
            Self::Requested { .. }
            | Self::NotRejected(_)
            | Self::SwitchedOff
            | Self::NeedsClient(_)
            | Self::WrongPort => None,
        }
    }
}

/// Writes the sentence; nothing if there is only a cue.
impl fmt::Display for FileEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offered { label: Label { name, size, .. }, to, seconds, .. } => {
                write!(f, "You offered '{name}' ({size}) to {to}. The offer expires in {seconds} s.")
            }
            Self::NotOffered(_, why) => why.fmt(f),
            Self::NotSaid(_) => Ok(()),
            Self::Requested { from, label: Label { name, size, .. }, id, is_only } => {
                let id = if *is_only { String::new() } else { format!(" {id}") };
                write!(f, "{REQUEST}{from} wants to send {name} ({size}). ")?;
                write!(f, "Type /acceptfile{id} or /rejectfile{id}.")
            }
            Self::NotTaken(why) | Self::NotRejected(why) => why.fmt(f),
            Self::Send { name, to, .. } => write!(f, "{to} has accepted '{name}'."),
            Self::Over(over) => over.fmt(f),
            Self::SwitchedOff => f.write_str("This server does not transfer files."),
            Self::NeedsClient(Side::Sender) => f.write_str("Use chat_client to send files."),
            Self::NeedsClient(Side::Receiver) => {
                f.write_str("Use chat_client to receive files. To refuse one, type /rejectfile.")
            }
            Self::WrongPort => {
                f.write_str("This port is for files. Use chat_client to send and receive them.")
            }
        }
    }
}

impl fmt::Display for NotOffered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchUser(nick) => super::no_such_user(f, nick.as_str()),
            Self::ToYourself => f.write_str("You cannot send a file to yourself."),
            Self::TooLarge(max) => write!(f, "File too large (max {max})."),
            Self::AlreadyOffered(nick) => write!(f, "You are already offering a file to {nick}."),
            Self::TooManyMade(max) => write!(f, "You are already offering {max} files."),
            Self::TooManyFor(nick, max) => write!(f, "{nick} is already being offered {max} files."),
            Self::TooManyOfAddress => {
                f.write_str("Too many files are being offered from your address. Try again later.")
            }
            Self::TooMany => f.write_str("Too many files are being offered. Try again later."),
            Self::SwitchedOff => FileEvent::SwitchedOff.fmt(f),
        }
    }
}

impl fmt::Display for NotChosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("There is no file to accept or reject."),
            Self::NotThis(id) => write!(f, "There is no file {id} to accept or reject."),
            Self::Several(offers) => {
                f.write_str("You have several offers. Add a number: ")?;
                super::list(f, offers.iter().map(|(id, from, name)| format!("{id} for {name} from {from}")))?;
                f.write_str(".")
            }
            Self::Busy => f.write_str("Too many files are being transferred. Try again in a moment."),
        }
    }
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, you, other, outcome, .. } = self;
        match (outcome, you) {
            (Outcome::Received, Side::Sender) => write!(f, "{other} has received '{name}'."),
            (Outcome::Received, Side::Receiver) => write!(f, "You have received '{name}' from {other}."),
            (Outcome::Rejected, Side::Sender) => write!(f, "{other} has rejected '{name}'."),
            (Outcome::Rejected, Side::Receiver) => write!(f, "You have rejected '{name}' from {other}."),
            (Outcome::TakenBack, Side::Sender) => write!(f, "You have cancelled '{name}'."),
            (Outcome::TakenBack, Side::Receiver) => write!(f, "{other} has cancelled '{name}'."),
            (Outcome::Expired, Side::Sender) => write!(f, "Your offer of '{name}' to {other} has expired."),
            (Outcome::Expired, Side::Receiver) => {
                write!(f, "The offer of '{name}' from {other} has expired.")
            }
            (Outcome::Left(_), _) => write!(f, "'{name}' is cancelled: {other} has left."),
            (Outcome::Failed(fault), Side::Sender) => {
                write!(f, "Sending '{name}' to {other} failed: {}.", Because(*fault, *you, *other))
            }
            (Outcome::Failed(fault), Side::Receiver) => {
                write!(f, "Receiving '{name}' from {other} failed: {}.", Because(*fault, *you, *other))
            }
        }
    }
}

/// A fault in words, the side that is told, and the user on the other side.
struct Because(Fault, Side, Nick);

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let &Self(fault, you, other) = self;
        let whose = |side| if side == you { "your".into() } else { format!("{other}'s") };
        match fault {
            Fault::Unreadable => f.write_str("the file can no longer be read"),
            Fault::Changed => f.write_str("the file has changed since it was offered"),
            Fault::Damaged => f.write_str("the file arrived damaged (its SHA-256 differs)"),
            Fault::DiskFull => f.write_str("the receiver's disk is full"),
            Fault::Unwritable => f.write_str("the receiver cannot write the file"),
            Fault::BrokenOff(side) => write!(f, "{} connection was lost", whose(side)),
            Fault::Stalled(side) => write!(f, "{} program was idle for too long", whose(side)),
            Fault::Nonsense(side) => write!(f, "the server did not understand {} program", whose(side)),
            Fault::NotMet => f.write_str("one of the programs did not connect in time"),
            Fault::TooSlow => f.write_str("it took too long"),
            Fault::Server => f.write_str("the server had an internal error"),
        }
    }
}

/// How an offer begins. A room name has no space, so no user can forge this line.
pub(super) const REQUEST: &str = "[FILE REQUEST] ";
