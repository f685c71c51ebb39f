//! What a client may ask. The one table of verbs that says how is [`GROUPS`].

use self::transfers::FileCommand;
use crate::{
    emoji::{Found, expand},
    names::{ClientId, Nick, Room},
    text::{Text, TooLong},
};

pub mod account;
mod administration;
mod bots;
mod logged;
mod mistake;
mod moderation;
mod rooms;
pub mod transfers;
mod unlisted;
mod verbs;

pub use administration::{Administration, MutingCommand};
pub use logged::{About, Asked};
pub use mistake::Mistake;
pub use moderation::Moderation;
pub use rooms::{Among, Condition, Known, Opening, Stretch};
pub use verbs::{GROUPS, Group, Kind, Rank, Verb, verbs};

use account::AccountCommand;

/// A line that was understood. A mistake is a command too, so its answer keeps its place in the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The verb's row, which says who may use it, what it costs and what the log is told.
    pub verb: &'static Verb,
    /// What is asked.
    pub ask: Ask,
    /// What must be true of the client. Boxed, because it is rare.
    pub condition: Option<Box<Condition>>,
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ask {
    /// Say something to the room.
    Say(Text),
    /// Describe what the client does to the room.
    Act(Text),
    /// As [`Ask::Say`], and show how the message travels through the threads.
    Trace(Text),
    /// Show others that the client is away, with a reason.
    Away(Option<Text>),
    /// Change the client's nickname.
    Rename(Nick),
    /// Go to a room, if it is one of these.
    Join(Room, Opening),
    /// Go back to the lobby.
    Leave,
    /// List the rooms that have members.
    ListRooms,
    /// List the members of the client's room.
    ListUsers,
    /// List these rooms and their members.
    ListMembers(Among),
    /// Show the rooms, what is new in these, and the members of the client's own.
    ShowOverview(Known),
    /// Send a private message to the user of this nickname.
    Whisper(Nick, Text),
    /// Send a private message to this client, under any nickname.
    WhisperTo(ClientId, Text),
    /// Whisper to the last user who whispered.
    Reply(Text),
    /// Show where a user is.
    Whois(Nick),
    /// Show others that the client is a bot, and what it does.
    BeBot(Text),
    /// List the bots.
    ListBots,
    /// Show the room's topic.
    ShowTopic,
    /// Set the room's topic.
    SetTopic(Text),
    /// Show the room's last lines: this many, or the usual number.
    ShowHistory(Option<usize>),
    /// Show the room's last lines that contain this.
    SearchHistory(Text),
    /// Show the lines of the client's room that were said after the line of this number.
    ShowMissed(u64),
    /// Show these lines of a room.
    ShowStretch(Stretch),
    /// Answer with this number, and with where in the chat the client is and which limits hold.
    Mark(u64),
    /// Send these bytes, which the client's program expects and no rule knows.
    Answer(Box<[u8]>),
    /// Show these emoji. They are looked up when the line is read, so not under the lock.
    ShowEmojis(Found),
    /// Decide who may be in the client's room.
    Moderate(Moderation),
    /// Run the server.
    Administer(Administration),
    /// Stop seeing a user's messages.
    Ignore(Nick),
    /// See a user's messages again.
    Unignore(Nick),
    /// Something about an account.
    Account(AccountCommand),
    /// Something about mutes.
    Muting(MutingCommand),
    /// Show what every thread is doing.
    ShowThreads,
    /// Show the server's figures.
    ShowStats,
    /// Something about a file. Boxed, because it is large and rare.
    File(Box<FileCommand>),
    /// List the commands that one may use, or all.
    Help {
        /// Also those that one may not use.
        all: bool,
    },
    /// Explain a command.
    Explain(&'static Verb),
    /// Leave for good.
    Quit,
    /// Tell the client what was wrong.
    Mistake(Mistake),
}

impl Command {
    fn new(verb: &'static Verb, ask: Ask) -> Self {
        Self { verb, ask, condition: None }
    }

    /// A plain line.
    pub fn say(text: Text) -> Self {
        Self::new(&verbs::SAY, Ask::Say(text))
    }

    /// A line that was not understood.
    pub fn mistake(mistake: Mistake) -> Self {
        Self::new(&verbs::MISTAKE, Ask::Mistake(mistake))
    }

    /// An answer to the client's program, in bytes of its dialect.
    pub fn answer(bytes: &[u8]) -> Self {
        Self::new(&unlisted::ANSWER, Ask::Answer(bytes.into()))
    }

    /// What a client asks that types this.
    #[cfg(test)]
    pub(crate) fn typed(verb: &str, rest: &str) -> Self {
        Verb::find(verb).expect("the table has it").command(rest, 99)
    }

    /// Whether other users will read a text of the client's: it is limited, and a muted client may not.
    pub fn is_speech(&self) -> bool {
        use Moderation::{Ban, Kick};
        match &self.ask {
            Ask::Moderate(Kick(_, reason) | Ban(_, reason)) | Ask::Away(reason) => reason.is_some(),
            Ask::SetTopic(_) | Ask::BeBot(_) => true,
            _ => self.verb.kind == Kind::Speech,
        }
    }

    /// Who may give this command.
    pub fn rank(&self) -> Rank {
        self.verb.rank_to_say.filter(|_| self.is_speech()).unwrap_or(self.verb.rank)
    }

    /// Whether only the client gets the answer, which is long.
    pub fn is_long(&self) -> bool {
        self.verb.kind == Kind::Listing || matches!(self.ask, Ask::ShowOverview(_))
    }

    /// Whether no other command is applied under the same lock after it: its answer is long, or it is
    /// traced. A client that asks for many of these is served one at a time.
    pub fn ends_burst(&self) -> bool {
        self.is_long() || self.is_traced()
    }

    /// Whether others' lines go first. The mark behind a line goes with it.
    pub fn can_wait(&self) -> bool {
        !self.is_speech() && !matches!(self.ask, Ask::Mark(_))
    }

    /// Whether the client is told the journey of the message.
    pub fn is_traced(&self) -> bool {
        matches!(self.ask, Ask::Trace(_))
    }

    /// What the log is told. Speech is logged as such, mistakes are not carried out, and what a
    /// program says by itself is no news: for these it is `None`.
    pub fn logged(&self) -> Option<Asked> {
        let is_hidden = matches!(self.verb.kind, Kind::Speech | Kind::Automatic);
        let is_logged = !is_hidden && !matches!(self.ask, Ask::Mistake(_));
        is_logged.then(|| Asked { verb: self.verb.name, about: About::of(&self.ask) })
    }
}

/// What was typed after a verb.
struct Typed<'a> {
    verb: &'static Verb,
    rest: &'a str,
    /// The longest text that may be said, in bytes.
    max_text: usize,
}

/// The first word of a line, and what follows it without the spaces between.
pub fn split_word(line: &str) -> (&str, &str) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    (word, rest.trim_start_matches(' '))
}

/// A text of at most `max` bytes; `None` when nothing in it is visible.
pub(crate) fn text(typed: &str, max: usize) -> Result<Option<Text>, Mistake> {
    Text::new(typed, max).map_err(|TooLong| Mistake::TextTooLong(max))
}

/// As [`text`], but the names of emoji become emoji, unless that makes the text too long.
pub(crate) fn speech(typed: &str, max: usize) -> Result<Option<Text>, Mistake> {
    text(&expand(typed), max).or_else(|_| text(typed, max))
}

impl<'a> Typed<'a> {
    fn usage(&self) -> Mistake {
        Mistake::Usage(self.verb)
    }

    /// The words that a single name can be made of.
    fn name(&self) -> Result<&'a str, Mistake> {
        let name = self.rest.trim_end();
        if name.is_empty() { Err(self.usage()) } else { Ok(name) }
    }

    /// A word, and what follows it.
    fn two_words(&self) -> Result<(&'a str, &'a str), Mistake> {
        match split_word(self.name()?) {
            (_, "") => Err(self.usage()),
            words => Ok(words),
        }
    }

    fn user(&self) -> Result<Nick, Mistake> {
        existing(self.name()?)
    }

    fn speech(&self) -> Result<Text, Mistake> {
        speech(self.rest, self.max_text)?.ok_or_else(|| self.usage())
    }
}

fn existing(name: &str) -> Result<Nick, Mistake> {
    Nick::new(name).map_err(|_| Mistake::NoSuchUser(name.into()))
}

fn new_nick(name: &str) -> Result<Nick, Mistake> {
    let nick = Nick::new(name).map_err(|_| Mistake::InvalidNick)?;
    if nick.is_reserved() { Err(Mistake::ReservedNick(nick)) } else { Ok(nick) }
}
