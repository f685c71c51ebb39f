//! What the server may say about files: sentences for people, and cues for `chat_client`.
//!
//! A cue is a line that begins with `@file `, which nothing else does: whatever users say stands
//! behind their name or a room's, and neither can begin so. `chat_client` acts on cues and does not
//! show them. They go only to whoever has said `/offer` or `/take`, so a person on `nc` sees none.

use std::fmt;

use super::Event;
use crate::{
    file::{ByteCount, Digest, Fault, FileName, Label, OfferId, Side, Token},
    names::Nick,
};

mod cue;

pub use cue::Cue;

pub(super) use cue::CUE;

/// Something about a file, as one client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileEvent {
    /// Your offer stands.
    Offered {
        /// Its number.
        id: OfferId,
        /// What.
        label: Label,
        /// To whom.
        to: Nick,
        /// For how many seconds.
        seconds: u64,
    },
    /// Your offer was not made.
    NotOffered {
        /// Of what.
        digest: Digest,
        /// Why.
        why: NotOffered,
    },
    /// What only your program has to know.
    NotSaid(Cue),
    /// Somebody offers you a file.
    Requested {
        /// Who.
        from: Nick,
        /// What.
        label: Label,
        /// Its number, if there are others.
        id: Option<OfferId>,
    },
    /// You cannot take a file.
    NotTaken(NotChosen),
    /// You cannot refuse a file.
    NotRejected(NotChosen),
    /// Your offer was accepted: send the file now.
    Send {
        /// Which.
        id: OfferId,
        /// Its name.
        name: FileName,
        /// To whom.
        to: Nick,
        /// Where, and what to show there.
        ticket: Ticket,
    },
    /// Receive a file now.
    Receive {
        /// Which.
        id: OfferId,
        /// What.
        label: Label,
        /// From whom.
        from: Nick,
        /// Where, and what to show there.
        ticket: Ticket,
    },
    /// An offer, or a transfer, is over.
    Over(Over),
    /// You need another program for this.
    NeedsClient(Side),
    /// You have called the port for files, and do not know what to say there.
    WrongPort,
}

impl From<FileEvent> for Event {
    fn from(event: FileEvent) -> Self {
        Self::File(event)
    }
}

/// Where a file is to be sent or fetched, and the right to do so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The server's port for files.
    pub port: u16,
    /// To be shown there, once.
    pub token: Token,
}

/// Why an offer was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotOffered {
    /// Nobody here has this name.
    NoSuchUser(Nick),
    /// You have the file already.
    ToOneself,
    /// The file is larger than the server takes.
    TooLarge(ByteCount),
    /// One at a time.
    AlreadyOffered(Nick),
    /// You have made so many offers that are still open.
    TooManyMade(usize),
    /// So many are made to this user already.
    TooManyFor(Nick, usize),
    /// There are too many in all.
    TooMany,
}

/// Why it is not clear, or not possible, which offer is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotChosen {
    /// There is none.
    None,
    /// There is none of this number.
    NotThis(OfferId),
    /// There are several: from whom, and what.
    Several(Vec<(OfferId, Nick, FileName)>),
    /// The server is busy with so many others.
    Busy,
}

/// The end of an offer, or of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// What it was about.
    pub name: FileName,
    /// Which side of it you are.
    pub you: Side,
    /// Who the other side is.
    pub other: Nick,
    /// How it ended.
    pub outcome: Outcome,
    /// Its number, for those whose program wants to know.
    pub cue: Option<OfferId>,
}

/// How an offer or a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The file is there.
    Received,
    /// The receiver did not want it, or not any more.
    Rejected,
    /// The sender did not want to send it any more.
    TakenBack,
    /// Nobody answered.
    Expired,
    /// This side has left the chat.
    Left(Side),
    /// It did not arrive.
    Failed(Fault),
}

impl FileEvent {
    /// What `chat_client` is told beside the sentence.
    pub(super) fn cue(&self) -> Option<Cue> {
        match self {
            Self::Offered { id, label, .. } => Some(Cue::Offered { id: *id, digest: label.digest }),
            Self::NotOffered { digest, .. } => Some(Cue::NotOffered(*digest)),
            Self::NotSaid(cue) => Some(cue.clone()),
            Self::NotTaken(_) => Some(Cue::NotTaken),
            Self::Send { id, ticket, .. } => Some(Cue::Send { id: *id, ticket: *ticket }),
            Self::Receive { id, label, from, ticket } => {
                Some(Cue::Receive { id: *id, ticket: *ticket, label: label.clone(), from: *from })
            }
            Self::Over(Over { cue, outcome, .. }) => {
                cue.map(|id| Cue::Over { id, has_arrived: *outcome == Outcome::Received })
            }
            Self::Requested { .. } | Self::NotRejected(_) | Self::NeedsClient(_) | Self::WrongPort => None,
        }
    }
}

/// The sentence; nothing where there is only a cue.
impl fmt::Display for FileEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offered { label: Label { name, size, .. }, to, seconds, .. } => {
                write!(f, "You offered '{name}' ({size}) to {to}. The offer stands for {seconds} s.")
            }
            Self::NotOffered { why, .. } => why.fmt(f),
            Self::NotSaid(_) | Self::Receive { .. } => Ok(()),
            Self::Requested { from, label: Label { name, size, .. }, id } => {
                let id = id.map(|id| format!(" {id}")).unwrap_or_default();
                write!(f, "{REQUEST}{from} wants to send {name} ({size}). ")?;
                write!(f, "Type /acceptfile{id} or /rejectfile{id}.")
            }
            Self::NotTaken(why) | Self::NotRejected(why) => why.fmt(f),
            Self::Send { name, to, .. } => write!(f, "{to} accepts '{name}'."),
            Self::Over(over) => over.fmt(f),
            Self::NeedsClient(Side::Sender) => {
                f.write_str("Files are sent with chat_client: it can read them, and the server cannot.")
            }
            Self::NeedsClient(Side::Receiver) => f.write_str(
                "Files are received with chat_client: it can write them, and the server cannot. \
                 To refuse one, type /rejectfile.",
            ),
            Self::WrongPort => f.write_str("This port is for files, and chat_client knows how to use it."),
        }
    }
}

impl fmt::Display for NotOffered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchUser(nick) => super::no_such_user(f, nick.as_str()),
            Self::ToOneself => f.write_str("You cannot send a file to yourself."),
            Self::TooLarge(max) => write!(f, "File too large (max {max})."),
            Self::AlreadyOffered(nick) => write!(f, "You are offering a file to {nick} already."),
            Self::TooManyMade(max) => write!(f, "You are offering {max} files already."),
            Self::TooManyFor(nick, max) => write!(f, "{nick} is being offered {max} files already."),
            Self::TooMany => f.write_str("Too many files are being offered. Try again later."),
        }
    }
}

impl fmt::Display for NotChosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("There is no file to accept or to reject."),
            Self::NotThis(id) => write!(f, "There is no file {id} to accept or to reject."),
            Self::Several(offers) => {
                f.write_str("There are several files:")?;
                for (id, from, name) in offers {
                    write!(f, " {id} is {name} from {from},")?;
                }
                f.write_str(" so add a number.")
            }
            Self::Busy => f.write_str("Too many files are on their way. Try again in a moment."),
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
            (Outcome::TakenBack, Side::Sender) => write!(f, "You have taken back '{name}'."),
            (Outcome::TakenBack, Side::Receiver) => write!(f, "{other} has taken back '{name}'."),
            (Outcome::Expired, Side::Sender) => write!(f, "Your offer of '{name}' to {other} has expired."),
            (Outcome::Expired, Side::Receiver) => {
                write!(f, "The offer of '{name}' from {other} has expired.")
            }
            (Outcome::Left(_), _) => write!(f, "'{name}' is cancelled: {other} has left."),
            (Outcome::Failed(fault), Side::Sender) => {
                write!(f, "Sending '{name}' to {other} has failed: {}.", Because(*fault, *you, *other))
            }
            (Outcome::Failed(fault), Side::Receiver) => {
                write!(f, "Receiving '{name}' from {other} has failed: {}.", Because(*fault, *you, *other))
            }
        }
    }
}

/// A fault in words, for one side.
struct Because(Fault, Side, Nick);

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let &Self(fault, you, other) = self;
        match fault {
            Fault::Unreadable => f.write_str("the file can no longer be read"),
            Fault::Changed => f.write_str("the file has changed since it was offered"),
            Fault::Damaged => f.write_str("what arrived is not what was offered (SHA-256)"),
            Fault::DiskFull => f.write_str("the receiver's disk is full"),
            Fault::Unwritable => f.write_str("the receiver cannot write the file"),
            Fault::BrokenOff(side) if side == you => f.write_str("your connection broke off"),
            Fault::BrokenOff(_) => write!(f, "{other}'s connection broke off"),
            Fault::Stalled(side) if side == you => f.write_str("your side did nothing for too long"),
            Fault::Stalled(_) => write!(f, "{other}'s side did nothing for too long"),
            Fault::Nonsense(side) if side == you => f.write_str("the server did not understand your program"),
            Fault::Nonsense(_) => write!(f, "the server did not understand {other}'s program"),
            Fault::NotMet => f.write_str("not both programs have called the server's port for files"),
            Fault::TooSlow => f.write_str("it took too long"),
            Fault::Server => f.write_str("the server could not do its part"),
        }
    }
}

/// How a request begins. No room has a name with a space, so nobody can say this.
pub(super) const REQUEST: &str = "[FILE REQUEST] ";
