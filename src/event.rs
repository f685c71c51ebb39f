//! What the server may say. The `Display` of [`Event`] holds every sentence for users.

use std::{fmt, time::Duration};

use crate::{
    command::{Mistake, Rank, Verb},
    emoji::Found,
    names::{Nick, Room},
    record::{Line, Manner},
    text::Text,
    watch::{Journey, Seen},
};

pub mod account;
pub mod administration;
pub mod bots;
mod emojis;
pub mod heard;
mod help;
pub mod ignoring;
pub mod mark;
mod mistaken;
pub mod moderation;
pub mod pace;
mod past;
pub mod refusal;
pub mod rooms;
pub mod streams;
pub mod transfers;
pub mod watched;

pub use help::{Help, Usage};

use account::AccountEvent;
use administration::Administered;
use bots::BotEvent;
use ignoring::Ignoring;
use mark::Mark;
use moderation::{Moderated, Reason};
use pace::PaceEvent;
use rooms::RoomEvent;
use streams::StreamEvent;
use transfers::{Cue, FileEvent};
use watched::Stats;

/// What the server tells one client, a room or everyone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Greets a new client with its nickname.
    Welcome(Nick),
    /// Tells the others in the lobby that a user has connected.
    Arrived(Nick),
    /// Tells the others in the room that a user has left the chat.
    Departed(Nick),
    /// Tells the others in the room that a user has come from another room.
    Entered(Nick),
    /// Tells the others in the room that a user has gone to another room.
    Left(Nick),
    /// A message or an action, to this room.
    Said(Room, Line),
    /// The last messages of this room, oldest first.
    History(Room, Vec<Line>),
    /// The last messages of this room that contain this, oldest first.
    Matches(Room, Text, Vec<Line>),
    /// Tells the others in the room that a user has a new nickname.
    Renamed {
        /// The previous nickname.
        old: Nick,
        /// The new nickname.
        new: Nick,
    },
    /// Confirms a client's new nickname.
    NickChanged(Nick),
    /// Another user has this nickname.
    NickTaken(Nick),
    /// Confirms that the client is in this room now.
    Joined(Room),
    /// The client was in this room already.
    AlreadyJoined(Room),
    /// Confirms that the client is in the lobby again.
    Returned,
    /// The client was in the lobby already.
    AlreadyInLobby,
    /// The rooms that have members.
    Rooms(Listing<Room>),
    /// The members of this room.
    Users(Room, Listing<Member>),
    /// About rooms that programs ask for.
    Room(RoomEvent),
    /// A whisper from this user, to its target.
    WhisperFrom(Nick, Text),
    /// Confirms a whisper to this user, to its sender.
    WhisperTo(Nick, Text),
    /// No connected user has this nickname.
    NoSuchUser(Nick),
    /// There is no whisper to reply to.
    NoWhisper,
    /// The answer to `/whois`. Boxed, because it is large and rare.
    Whois(Box<Whois>),
    /// The topic of this room, if one is set, to a client that asks or joins.
    Topic(Room, Option<Text>),
    /// Tells the room that this user has set its topic.
    TopicSet(Nick, Text),
    /// The answer to `/emojis`.
    Emojis(Found),
    /// About moderators, kicks and bans.
    Moderated(Moderated),
    /// About the administration of the server.
    Administered(Administered),
    /// About accounts and passwords.
    Account(AccountEvent),
    /// About rate limits and mutes.
    Pace(PaceEvent),
    /// Confirms `/away`.
    YouAreAway(Away),
    /// The client has said something, so it is no longer away.
    NoLongerAway,
    /// To a client that has whispered to a user who is away.
    IsAway(Nick, Away),
    /// About `/ignore` and `/unignore`.
    Ignoring(Ignoring),
    /// About `/bot` and `/bots`.
    Bot(BotEvent),
    /// What each thread of the server is doing.
    Threads(Box<Seen>),
    /// The hops of one message through the threads.
    Journey(Journey),
    /// Figures about the server.
    Stats(Box<Stats>),
    /// About an offer or a transfer of a file.
    File(FileEvent),
    /// Tells a program where in the chat its client is.
    Mark(Mark),
    /// The commands that a user of this rank may use.
    Commands(Rank),
    /// One command, explained.
    Explained(&'static Verb),
    /// The line was not a valid command.
    Mistaken(Mistake),
    /// Confirms `/quit`.
    Goodbye,
    /// About the stream of events that a program hears.
    Stream(StreamEvent),
    /// The server has reached its limit of clients.
    Full,
    /// The client is disconnected because it did not read what it was sent.
    TooSlow,
    /// Tells everyone that the server is stopping.
    ShuttingDown,
}

impl Event {
    /// The cue for `chat_client` that goes with the sentence; most events have none.
    pub fn cue(&self) -> Option<Cue> {
        if let Self::File(event) = self { event.cue() } else { None }
    }
}

/// Who a user is, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whois {
    /// The user asked about.
    pub nick: Nick,
    /// The room the user is in.
    pub room: Room,
    /// The scheme of the wire that the user has come by.
    pub wire: &'static str,
    /// Time since the user connected.
    pub connected: Duration,
    /// Time since the user's last command.
    pub idle: Duration,
    /// Why the user is away, if that is so.
    pub away: Option<Away>,
    /// What the user does, if it is a bot.
    pub purpose: Option<Text>,
}

/// A user who is away, and the reason that the user gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Away(pub Option<Text>);

/// A member of a room, as `/users` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The member's nickname.
    pub nick: Nick,
    /// Whether the member is away.
    pub is_away: bool,
}

/// The first names or rows of an answer, and how many more there are. So answers do not grow with the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<Name> {
    names: Vec<Name>,
    more: usize,
}

impl<Name> Listing<Name> {
    /// The most names one answer shows.
    pub const MAX: usize = 500;

    /// The names.
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// How many more there are.
    pub fn more(&self) -> usize {
        self.more
    }

    /// Lists the first of `total` sorted names.
    pub fn new(total: usize, names: impl Iterator<Item = Name>) -> Self {
        Self { names: names.take(Self::MAX).collect(), more: total.saturating_sub(Self::MAX) }
    }
}

impl<Name: fmt::Display> fmt::Display for Listing<Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, &self.names)?;
        if self.more > 0 { write!(f, " and {} more", self.more) } else { Ok(()) }
    }
}

/// Writes items with commas between them.
fn list(f: &mut fmt::Formatter<'_>, items: impl IntoIterator<Item = impl fmt::Display>) -> fmt::Result {
    for (i, item) in items.into_iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        write!(f, "{comma}{item}")?;
    }
    Ok(())
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Welcome(nick) => welcome(f, nick),
            Self::Arrived(nick) => write!(f, "{nick} has joined the chat!"),
            Self::Departed(nick) => write!(f, "{nick} has left the chat."),
            Self::Entered(nick) => write!(f, "{nick} has joined the room."),
            Self::Left(nick) => write!(f, "{nick} has left the room."),
            Self::Said(room, line) => said(f, room, line),
            Self::History(room, lines) => past::history(f, room, lines),
            Self::Matches(room, text, lines) => past::matches(f, room, text, lines),
            Self::Renamed { old, new } => write!(f, "{old} is now known as {new}."),
            Self::NickChanged(nick) => write!(f, "Nickname changed to '{nick}'."),
            Self::NickTaken(nick) => write!(f, "Nickname '{nick}' is already taken."),
            Self::Joined(room) => write!(f, "You joined room '{room}'."),
            Self::AlreadyJoined(room) => write!(f, "You are already in room '{room}'."),
            Self::Returned => f.write_str("You returned to the lobby."),
            Self::AlreadyInLobby => f.write_str("You are already in the lobby."),
            Self::Rooms(rooms) => write!(f, "Active rooms: {rooms}"),
            Self::Users(room, users) => write!(f, "Users in {room}: {users}"),
            Self::Room(event) => event.fmt(f),
            Self::WhisperFrom(from, text) => write!(f, "[Whisper from {from}]: {text}"),
            Self::WhisperTo(to, text) => write!(f, "[Whisper to {to}]: {text}"),
            Self::NoSuchUser(nick) => no_such_user(f, nick.as_str()),
            Self::NoWhisper => f.write_str("You have no whisper to reply to."),
            Self::Whois(whois) => whois.fmt(f),
            Self::Topic(room, topic) => show_topic(f, room, topic.as_ref()),
            Self::TopicSet(by, topic) => write!(f, "{by} has set the topic: {topic}"),
            Self::Emojis(found) => found.fmt(f),
            Self::Moderated(moderated) => moderated.fmt(f),
            Self::Administered(administered) => administered.fmt(f),
            Self::YouAreAway(away) => write!(f, "You are {away}"),
            Self::NoLongerAway => f.write_str("You are no longer away."),
            Self::IsAway(nick, away) => write!(f, "{nick} is {away}"),
            Self::Ignoring(ignoring) => ignoring.fmt(f),
            Self::Bot(event) => event.fmt(f),
            Self::Account(event) => event.fmt(f),
            Self::Pace(event) => event.fmt(f),
            Self::Threads(seen) => watched::threads(f, seen),
            Self::Journey(journey) => watched::journey(f, journey),
            Self::Stats(stats) => watched::stats(f, stats),
            Self::File(event) => event.fmt(f),
            Self::Mark(mark) => mark.fmt(f),
            Self::Commands(rank) => help::commands(f, *rank),
            Self::Explained(verb) => help::explain(f, verb),
            Self::Mistaken(mistake) => mistaken::mistaken(f, mistake),
            Self::Goodbye => f.write_str("Goodbye!"),
            Self::Stream(event) => event.fmt(f),
            Self::Full => f.write_str("Server is full."),
            Self::TooSlow => f.write_str("Disconnected: too slow to read."),
            Self::ShuttingDown => f.write_str("Server shutting down."),
        }
    }
}

fn welcome(f: &mut fmt::Formatter<'_>, nick: &Nick) -> fmt::Result {
    write!(f, "Welcome! Your nickname is '{nick}'. Use /nick <name> to change it.")
}

impl fmt::Display for Whois {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nick, room, wire, connected, idle, away, purpose } = self;
        let (connected, idle) = (Rough(*connected), Rough(*idle));
        write!(f, "{nick} is in room '{room}', connected over {wire} for {connected}, idle for {idle}.")?;
        away.as_ref().map_or(Ok(()), |away| write!(f, " {nick} is {away}"))?;
        purpose.as_ref().map_or(Ok(()), |purpose| write!(f, " {nick} is a bot: {purpose}"))
    }
}

fn said(f: &mut fmt::Formatter<'_>, room: &Room, line: &Line) -> fmt::Result {
    let Line { from, text, manner, .. } = line;
    match manner {
        Manner::Said => write!(f, "[{room}] {from}: {text}"),
        Manner::Acted => write!(f, "* {from} {text}"),
    }
}

fn show_topic(f: &mut fmt::Formatter<'_>, room: &Room, topic: Option<&Text>) -> fmt::Result {
    match topic {
        Some(topic) => write!(f, "Topic of '{room}': {topic}"),
        None => write!(f, "No topic is set in '{room}'."),
    }
}

fn no_such_user(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    write!(f, "User '{name}' not found.")
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "away{}", Reason(&self.0))
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.nick, if self.is_away { " (away)" } else { "" })
    }
}

/// A duration, rounded down to its largest unit: `3 h`.
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
    fn a_listing_is_bounded_and_says_how_many_names_it_left_out() {
        let names: Vec<_> = (0..503).map(Nick::guest).collect();
        let listing = Listing::new(503, names.iter().copied()).to_string();
        assert!(listing.ends_with(", guest_499 and 3 more"), "{listing}");
        assert_eq!(Listing::new(2, names.into_iter().take(2)).to_string(), "guest_0, guest_1");
    }

    #[test]
    fn durations_are_shown_in_their_largest_unit() {
        let told = |seconds| Rough(Duration::from_secs(seconds)).to_string();
        assert_eq!([told(59), told(60), told(7199), told(86400)], ["59 s", "1 min", "1 h", "1 d"]);
    }
}
