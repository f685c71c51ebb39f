//! What the server may say; its `Display` is the one place where sentences for users live.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use crate::{
    command::{Mistake, Rank, VERBS, Verb},
    emoji::Found,
    names::{Nick, Room},
    text::Text,
};

pub mod account;
pub mod administration;
mod emojis;
pub mod files;
pub mod heard;
pub mod ignoring;
pub mod moderation;
pub mod pace;
pub mod past;
pub mod watched;

use account::AccountEvent;
use administration::Administered;
use files::FileEvent;
use ignoring::Ignoring;
use moderation::Moderated;
use pace::PaceEvent;
use past::Past;
use watched::Watched;

/// Something that happened, as its hearers are told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// To a client: it has arrived, and this is its name.
    Welcome(Nick),
    /// To the others in the lobby: somebody has connected.
    Arrived(Nick),
    /// To the others in the room: somebody has left for good.
    Departed(Nick),
    /// To the others in the room: somebody has come from another room.
    Entered(Nick),
    /// To the others in the room: somebody has gone to another room.
    Left(Nick),
    /// To the room: somebody said something.
    Said {
        /// In which room.
        room: Room,
        /// Who.
        from: Nick,
        /// What.
        text: Text,
        /// The place in the server's order of everything said; each room hears them rising.
        seq: u64,
        /// When.
        at: SystemTime,
    },
    /// To the room: somebody did something.
    Acted {
        /// Who.
        from: Nick,
        /// What.
        text: Text,
        /// The place in the server's order of everything said.
        seq: u64,
        /// When.
        at: SystemTime,
    },
    /// What was said in your room before you came.
    Past(Past),
    /// Nothing was, or nobody remembers.
    NoPast(Room),
    /// To the others in the room: somebody has a new nickname.
    Renamed {
        /// The nickname until now.
        old: Nick,
        /// The nickname from now on.
        new: Nick,
    },
    /// The new nickname is yours.
    NickChanged(Nick),
    /// Somebody else has this nickname.
    NickTaken(Nick),
    /// You are in this room now.
    Joined(Room),
    /// You were there already.
    AlreadyJoined(Room),
    /// You are in the lobby again.
    Returned,
    /// You were in the lobby already.
    AlreadyInLobby,
    /// The rooms that have somebody in them.
    Rooms(Listing<Room>),
    /// Who is in the room.
    Users {
        /// Which room.
        room: Room,
        /// Who.
        users: Listing<Nick>,
    },
    /// Somebody whispered to you.
    WhisperFrom {
        /// Who.
        from: Nick,
        /// What.
        text: Text,
    },
    /// You whispered to somebody.
    WhisperTo {
        /// To whom.
        to: Nick,
        /// What.
        text: Text,
    },
    /// Nobody here has this name.
    NoSuchUser(Nick),
    /// There is nobody to reply to.
    NobodyWhispered,
    /// What you asked about somebody.
    Whois {
        /// Who.
        nick: Nick,
        /// Where.
        room: Room,
        /// Time since they connected.
        connected: Duration,
        /// Time since they last asked for anything.
        idle: Duration,
    },
    /// What your room is about.
    Topic {
        /// Which room.
        room: Room,
        /// What about, if anything.
        topic: Option<Text>,
    },
    /// To the room: it has a new topic.
    TopicSet {
        /// Who set it.
        by: Nick,
        /// What about.
        topic: Text,
    },
    /// The emoji you asked for.
    Emojis(Found),
    /// Something about who may be in a room.
    Moderated(Moderated),
    /// Something about the administration of the server.
    Administered(Administered),
    /// Something about accounts and passwords.
    Account(AccountEvent),
    /// Something about speaking too much.
    Pace(PaceEvent),
    /// Only an administrator may do that.
    AdministratorsOnly,
    /// Something about not hearing somebody.
    Ignoring(Ignoring),
    /// The server at work.
    Watched(Watched),
    /// Something about a file.
    File(FileEvent),
    /// The list of commands.
    Commands,
    /// One command, explained.
    Explained(&'static Verb),
    /// You made a mistake.
    Mistaken(Mistake),
    /// You asked to leave.
    Goodbye,
    /// There is no room for you.
    Full,
    /// You did not read what you were sent.
    TooSlow,
    /// The server is stopping.
    ShuttingDown,
}

/// The first of some sorted names, and how many more there are: an answer whose size does not grow
/// with the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<Name> {
    names: Vec<Name>,
    more: usize,
}

impl<Name> Listing<Name> {
    /// The most names one answer shows.
    pub const MAX: usize = 500;

    /// Lists `total` names that come in their order.
    pub fn new(total: usize, names: impl Iterator<Item = Name>) -> Self {
        Self { names: names.take(Self::MAX).collect(), more: total.saturating_sub(Self::MAX) }
    }
}

impl<Name: fmt::Display> fmt::Display for Listing<Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.names.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{name}")?;
        }
        if self.more > 0 { write!(f, " and {} more", self.more) } else { Ok(()) }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Welcome(nick) => {
                write!(f, "Welcome! Your nickname is '{nick}'. Use /nick <name> to change it.")
            }
            Self::Arrived(nick) => write!(f, "{nick} has joined the chat!"),
            Self::Departed(nick) => write!(f, "{nick} has left the chat."),
            Self::Entered(nick) => write!(f, "{nick} has joined the room."),
            Self::Left(nick) => write!(f, "{nick} has left the room."),
            Self::Said { room, from, text, .. } => write!(f, "[{room}] {from}: {text}"),
            Self::Acted { from, text, .. } => write!(f, "* {from} {text}"),
            Self::Past(past) => past.fmt(f),
            Self::NoPast(room) => write!(f, "Nothing is remembered of '{room}'."),
            Self::Renamed { old, new } => write!(f, "{old} is now known as {new}."),
            Self::NickChanged(nick) => write!(f, "Nickname changed to '{nick}'."),
            Self::NickTaken(nick) => write!(f, "Nickname '{nick}' is already taken."),
            Self::Joined(room) => write!(f, "You joined room '{room}'."),
            Self::AlreadyJoined(room) => write!(f, "You are already in room '{room}'."),
            Self::Returned => f.write_str("You returned to the lobby."),
            Self::AlreadyInLobby => f.write_str("You are already in the lobby."),
            Self::Rooms(rooms) => write!(f, "Active rooms: {rooms}"),
            Self::Users { room, users } => write!(f, "Users in {room}: {users}"),
            Self::WhisperFrom { from, text } => write!(f, "[Whisper from {from}]: {text}"),
            Self::WhisperTo { to, text } => write!(f, "[Whisper to {to}]: {text}"),
            Self::NoSuchUser(nick) => no_such_user(f, nick.as_str()),
            Self::NobodyWhispered => f.write_str("Nobody has whispered to you yet."),
            Self::Whois { nick, room, connected, idle } => {
                let (connected, idle) = (Rough(*connected), Rough(*idle));
                write!(f, "{nick} is in room '{room}', connected for {connected}, idle for {idle}.")
            }
            Self::Topic { room, topic: Some(topic) } => write!(f, "Topic of '{room}': {topic}"),
            Self::Topic { room, topic: None } => write!(f, "No topic is set in '{room}'."),
            Self::TopicSet { by, topic } => write!(f, "{by} has set the topic: {topic}"),
            Self::Emojis(found) => found.fmt(f),
            Self::Moderated(moderated) => moderated.fmt(f),
            Self::Administered(administered) => administered.fmt(f),
            Self::Ignoring(ignoring) => ignoring.fmt(f),
            Self::Account(event) => event.fmt(f),
            Self::Pace(event) => event.fmt(f),
            Self::AdministratorsOnly => f.write_str("Admin privileges required."),
            Self::Watched(watched) => watched.fmt(f),
            Self::File(event) => event.fmt(f),
            Self::Commands => commands(f),
            Self::Explained(verb) => explain(f, verb),
            Self::Mistaken(mistake) => mistaken(f, mistake),
            Self::Goodbye => f.write_str("Goodbye!"),
            Self::Full => f.write_str("Server is full."),
            Self::TooSlow => f.write_str("Disconnected: too slow to read."),
            Self::ShuttingDown => f.write_str("Server shutting down."),
        }
    }
}

fn mistaken(f: &mut fmt::Formatter<'_>, mistake: &Mistake) -> fmt::Result {
    match mistake {
        Mistake::UnknownVerb(word) => {
            write!(f, "Unknown command: /{word}. Type /help for available commands.")
        }
        Mistake::Usage(verb) => write!(f, "Usage: {}", Usage(verb)),
        Mistake::InvalidNick => name_rule(f, "A nickname", Nick::MAX),
        Mistake::ReservedNick(nick) => write!(f, "Nickname '{nick}' is reserved."),
        Mistake::UnfitPassword => account::password_rule(f),
        Mistake::MisplacedSecret(verb) => account::misplaced(f, verb),
        Mistake::InvalidRoom => name_rule(f, "A room name", Room::MAX),
        Mistake::NoSuchUser(name) => no_such_user(f, name),
        Mistake::InvalidNetwork => {
            f.write_str("Expected an address or a network, like 192.0.2.7 or 192.0.2.0/24.")
        }
        Mistake::OutOfRange { min, max } => write!(f, "Expected a number from {min} to {max}."),
        Mistake::InvalidFileName => f.write_str("A file cannot have this name on every system."),
        Mistake::TextTooLong { max } => write!(f, "Message too long (max {max} bytes)."),
        Mistake::LineTooLong { max } => write!(f, "Line too long (max {max} bytes)."),
        Mistake::InvalidUtf8 => f.write_str("That line is not valid UTF-8."),
        Mistake::HttpRequest => http_answer(f),
    }
}

/// A whole answer (RFC 9112 §6), except for the newline at the end of its body.
fn http_answer(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let body = "This is a chat server, not a web server. Connect with chat_client or nc.";
    f.write_str("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n")?;
    write!(f, "Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len() + 1)
}

fn name_rule(f: &mut fmt::Formatter<'_>, what: &str, max: usize) -> fmt::Result {
    write!(f, "{what} is 1 to {max} letters (A-Z, a-z), digits, '_' or '-', and starts with a letter.")
}

fn no_such_user(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    write!(f, "User '{name}' not found.")
}

fn commands(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("Available commands:")?;
    VERBS.iter().try_for_each(|verb| write!(f, "\n{} - {}", Usage(verb), Help(verb)))
}

fn explain(f: &mut fmt::Formatter<'_>, verb: &Verb) -> fmt::Result {
    write!(f, "{} - {}", Usage(verb), Help(verb))?;
    verb.alias.map_or(Ok(()), |alias| write!(f, " Short: /{alias}"))
}

/// How a verb is used: `/whisper <user> <message>`.
pub struct Usage<'a>(pub &'a Verb);

impl fmt::Display for Usage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verb { name, parameters, .. } = self.0;
        let space = if parameters.is_empty() { "" } else { " " };
        write!(f, "/{name}{space}{parameters}")
    }
}

/// What a verb does, and who may use it if that is not everybody.
pub struct Help<'a>(pub &'a Verb);

impl fmt::Display for Help<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.help)?;
        match self.0.rank {
            Rank::Everybody => Ok(()),
            Rank::Moderator => f.write_str(" Moderators only."),
            Rank::Administrator => f.write_str(" Administrators only."),
        }
    }
}

/// A duration to its leading unit, as people say it: `3 h`.
struct Rough(Duration);

impl fmt::Display for Rough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            s @ ..60 => write!(f, "{s} s"),
            s @ 60..3600 => write!(f, "{} min", s / 60),
            s @ 3600..86400 => write!(f, "{} h", s / 3600),
            s => write!(f, "{} d", s / 86400),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_has_one_line_for_each_verb() {
        let help = Event::Commands.to_string();
        assert!(help.starts_with("Available commands:\n/nick <nickname> - Change your nickname.\n"));
        assert_eq!(help.lines().count(), 1 + VERBS.len());
    }

    #[test]
    fn a_verb_is_explained_with_its_alias() {
        let whisper = Verb::find("w").expect("the table has it");
        assert_eq!(
            Event::Explained(whisper).to_string(),
            "/whisper <user> <message> - Say something to one user only. Short: /w"
        );
    }

    #[test]
    fn a_listing_is_bounded_and_says_what_it_left_out() {
        let names: Vec<_> = (0..503).map(Nick::guest).collect();
        let listing = Listing::new(503, names.iter().copied()).to_string();
        assert!(listing.ends_with(", guest_499 and 3 more"), "{listing}");
        assert_eq!(Listing::new(2, names.into_iter().take(2)).to_string(), "guest_0, guest_1");
    }

    #[test]
    fn durations_are_told_to_their_leading_unit() {
        let told = |seconds| Rough(Duration::from_secs(seconds)).to_string();
        assert_eq!([told(59), told(60), told(7199), told(86400)], ["59 s", "1 min", "1 h", "1 d"]);
    }
}
