//! What a client can tell from a line of the text dialect.
//!
//! This parses the sentences that [`Event`](super::Event)'s `Display` writes; tests keep the two
//! together. A user cannot forge a sentence by typing it, because what users say always follows
//! `[room] nick: `, `* nick `, `[Whisper …]: ` or the words that introduce a topic.

use super::{mark::Mark, transfers};
use crate::names::Nick;

/// A line from the server, as far as a client needs to understand it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// This is the client's nickname now.
    YourNick(&'a str),
    /// Another user has the nickname that the client asked for.
    NickTaken(&'a str),
    /// The nickname that the client asked for is registered, and the client has not logged in to it.
    NickRegistered,
    /// The client is in this room now.
    YourRoom(&'a str),
    /// The client already was in the room that it asked for.
    AlreadyThere,
    /// A message to the room.
    Said {
        /// The room it was said in.
        room: &'a str,
        /// The sender.
        from: &'a str,
        /// The message.
        text: &'a str,
    },
    /// An action in the room.
    Acted {
        /// The user who acts.
        from: &'a str,
        /// The action, without the user's name.
        text: &'a str,
    },
    /// A whisper to the client.
    WhisperFrom,
    /// A whisper that the client has sent.
    WhisperTo,
    /// A file is offered to the client.
    FileRequest,
    /// A line for this program and not for its user, to be parsed as a [`Cue`](super::transfers::Cue).
    Cue(&'a str),
    /// The answer to `/mark`.
    Mark(Mark),
    /// The topic of the client's room; empty if it has none.
    Topic(&'a str),
    /// The answer to `/users`.
    Users(Names<'a>),
    /// The answer to `/rooms`.
    Rooms(Names<'a>),
    /// The password was right, or is the account's new one.
    PasswordAccepted,
    /// The password was wrong, or there is no account for it.
    PasswordRefused,
    /// The client's nickname is no longer registered.
    Unregistered,
    /// A message from the history, with its own time.
    Past,
    /// The heading of such messages.
    PastTitle,
    /// The server closes the connection because the client sent `/quit`.
    Goodbye,
    /// The server closes the connection, and connecting again at once would not help: it is full, or the
    /// client was too slow, logged in elsewhere, disconnected or banned.
    Dismissed,
    /// The server is stopping, and may come back.
    ShuttingDown,
    /// The server does not know this command.
    UnknownCommand(&'a str),
    /// Any other line, to be shown as it is.
    Other,
}

impl<'a> Heard<'a> {
    /// What was said to the room; empty for any other line.
    pub fn text(&self) -> &'a str {
        match self {
            Self::Said { text, .. } | Self::Acted { text, .. } => text,
            _ => "",
        }
    }

    /// Parses one line, without its newline.
    pub fn new(line: &'a str) -> Self {
        if let Some(mark) = Mark::read(line) {
            return Self::Mark(mark);
        }
        match line {
            "You returned to the lobby." => Self::YourRoom("lobby"),
            "You are already in the lobby." => Self::AlreadyThere,
            "Server shutting down." => Self::ShuttingDown,
            "Goodbye!" => Self::Goodbye,
            "Server is full." | "Too many connections from your address." | "Your address is banned." => {
                Self::Dismissed
            }
            "Login successful." | "Registration successful." | "Password changed." => Self::PasswordAccepted,
            "Invalid password." | "Nickname not registered." | "Nickname already registered." => {
                Self::PasswordRefused
            }
            _ if line.starts_with("Disconnected by ") || line.starts_with("Disconnected: ") => {
                Self::Dismissed
            }
            _ if is_dated(line) => Self::Past,
            _ if is_title(line) => Self::PastTitle,
            _ if line.starts_with(transfers::CUE) => Self::Cue(line),
            _ if line.starts_with(transfers::REQUEST) => Self::FileRequest,
            _ => speech(line).or_else(|| notice(line)).unwrap_or(Self::Other),
        }
    }
}

fn speech(line: &str) -> Option<Heard<'_>> {
    if let Some(rest) = line.strip_prefix("* ") {
        let (from, text) = rest.split_once(' ')?;
        return Some(Heard::Acted { from, text });
    }
    let (head, rest) = line.strip_prefix('[')?.split_once(']')?;
    if head.starts_with("Whisper from ") {
        return rest.starts_with(": ").then_some(Heard::WhisperFrom);
    }
    if head.starts_with("Whisper to ") {
        return rest.starts_with(": ").then_some(Heard::WhisperTo);
    }
    let (from, text) = rest.strip_prefix(' ')?.split_once(": ")?;
    Some(Heard::Said { room: head, from, text })
}

fn notice(line: &str) -> Option<Heard<'_>> {
    let between = |start, end| line.strip_prefix(start).and_then(|rest: &str| rest.strip_suffix(end));
    between("Welcome! Your nickname is '", "'. Use /nick <name> to change it.")
        .or_else(|| between("Nickname changed to '", "'."))
        .map(Heard::YourNick)
        .or_else(|| between("Nickname '", "' is already taken.").map(Heard::NickTaken))
        .or_else(|| {
            between("'", " <password>.")?
                .split_once("' is registered. Use /login ")
                .map(|_| Heard::NickRegistered)
        })
        .or_else(|| between("Nickname '", "' is no longer registered.").map(|_| Heard::Unregistered))
        .or_else(|| between("You joined room '", "'.").map(Heard::YourRoom))
        .or_else(|| between("You are already in room '", "'.").map(|_| Heard::AlreadyThere))
        .or_else(|| line.strip_prefix("Active rooms: ").map(|list| Heard::Rooms(Names(list))))
        .or_else(|| {
            let (_, list) = line.strip_prefix("Users in ")?.split_once(": ")?;
            Some(Heard::Users(Names(list)))
        })
        .or_else(|| {
            // A suggestion may follow.
            let rest = line.strip_prefix("Unknown command: /")?;
            let (word, _) = rest.split_once(". Type /help for available commands.")?;
            Some(Heard::UnknownCommand(word))
        })
        .or_else(|| topic(line).map(Heard::Topic))
}

fn topic(line: &str) -> Option<&str> {
    if line.starts_with("No topic is set in '") {
        return Some("");
    }
    if let Some(rest) = line.strip_prefix("Topic of '") {
        return rest.split_once("': ").map(|(_, topic)| topic);
    }
    let (by, topic) = line.split_once(" has set the topic: ")?;
    Nick::new(by).is_ok().then_some(topic)
}

/// The names in the answer to `/users` or `/rooms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names<'a>(&'a str);

impl<'a> Names<'a> {
    /// How many names there are, with those left out.
    pub fn count(self) -> usize {
        let more = self.0.rsplit_once(" and ").and_then(|(_, more)| more.split(' ').next()?.parse().ok());
        self.iter().count() + more.unwrap_or(0)
    }

    /// The names, without the number of those left out.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        self.0.split(", ").map(|name| name.split(' ').next().unwrap_or(name))
    }
}

/// Whether a line is the heading of messages from the history, like `Last 3 messages in 'lobby':`.
fn is_title(line: &str) -> bool {
    line.starts_with("Last ") && line.contains(" messages in '") && line.ends_with("':")
}

/// Whether a line begins with a time and a room, like `2026-11-21 09:05 [`.
fn is_dated(line: &str) -> bool {
    const LIKE: &[u8; 18] = b"0000-00-00 00:00 [";
    let is_like = |(&at, &like): (&u8, &u8)| if like == b'0' { at.is_ascii_digit() } else { at == like };
    line.len() > LIKE.len() && line.as_bytes().iter().zip(LIKE).all(is_like)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::Mistake,
        event::{
            Event, Listing, Member,
            account::AccountEvent,
            administration::Administered,
            pace::PaceEvent,
            transfers::{Cue, FileEvent},
        },
        file::{ByteCount, Digest, FileName, Label, OfferId},
        names::{Nick, Room},
        record::{Line, Manner},
        text::Text,
    };

    #[track_caller]
    fn check(event: &Event, expected: Heard<'_>) {
        assert_eq!(Heard::new(&event.to_string()), expected);
    }

    fn text(typed: &str) -> Text {
        Text::new(typed, 99).unwrap().unwrap()
    }

    fn line(from: Nick, typed: &str, manner: Manner) -> Line {
        Line { seq: 1, at: std::time::UNIX_EPOCH, from, text: text(typed), manner }
    }

    #[test]
    fn what_the_server_says_is_understood() {
        let (bob, room) = (Nick::new("bob").unwrap(), Room::new("ops").unwrap());
        check(&Event::Welcome(bob), Heard::YourNick("bob"));
        check(&Event::NickChanged(bob), Heard::YourNick("bob"));
        check(&Event::NickTaken(bob), Heard::NickTaken("bob"));
        check(&AccountEvent::LoginRequired(bob).into(), Heard::NickRegistered);
        check(&Event::Joined(room), Heard::YourRoom("ops"));
        check(&Event::Returned, Heard::YourRoom("lobby"));
        check(&Event::AlreadyJoined(room), Heard::AlreadyThere);
        check(&Event::AlreadyInLobby, Heard::AlreadyThere);
        check(&Event::ShuttingDown, Heard::ShuttingDown);
        check(&Event::Goodbye, Heard::Goodbye);
        assert_eq!(Heard::new("2026-11-21 09:05 [ops] bob: hi"), Heard::Past);
        assert_eq!(Heard::new("2026-11-21 is a day"), Heard::Other);
        check(&Event::History(room, Vec::new()), Heard::Other);
        assert_eq!(Heard::new("Last 3 messages in 'ops':"), Heard::PastTitle);
        check(&Event::TopicSet(bob, text("a: b")), Heard::Topic("a: b"));
        check(&Event::Topic(room, Some(text("a': b"))), Heard::Topic("a': b"));
        check(&Event::Topic(room, None), Heard::Topic(""));
        check(&Event::Full, Heard::Dismissed);
        check(&PaceEvent::TooManyConnections.into(), Heard::Dismissed);
        check(&Event::TooSlow, Heard::Dismissed);
        check(&AccountEvent::LoggedInElsewhere(bob).into(), Heard::Dismissed);
        check(&AccountEvent::LoggedIn.into(), Heard::PasswordAccepted);
        check(&AccountEvent::Registered.into(), Heard::PasswordAccepted);
        check(&AccountEvent::PasswordChanged.into(), Heard::PasswordAccepted);
        check(&AccountEvent::WrongPassword.into(), Heard::PasswordRefused);
        check(&AccountEvent::NotRegistered.into(), Heard::PasswordRefused);
        check(&AccountEvent::AlreadyRegistered.into(), Heard::PasswordRefused);
        check(&AccountEvent::Unregistered(bob).into(), Heard::Unregistered);
        check(&Administered::AddressBanned.into(), Heard::Dismissed);
        check(&Administered::DisconnectedYou(bob, None).into(), Heard::Dismissed);
        check(&Administered::DisconnectedYou(bob, Some(text("x"))).into(), Heard::Dismissed);
        let said = Event::Said(room, line(bob, "a]: b", Manner::Said));
        check(&said, Heard::Said { room: "ops", from: "bob", text: "a]: b" });
        let acted = Event::Said(room, line(bob, "waves", Manner::Acted));
        check(&acted, Heard::Acted { from: "bob", text: "waves" });
        let mark = Mark { token: 7, seq: 1, rate: 5, burst: 5, left: 5, text: 99, line: 999 };
        check(&Event::Mark(mark), Heard::Mark(mark));
        check(&Event::WhisperFrom(bob, text("hi")), Heard::WhisperFrom);
        check(&Event::WhisperTo(bob, text("hi")), Heard::WhisperTo);
        let cue = Cue::NotTaken.to_string();
        assert_eq!(Heard::new(&cue), Heard::Cue(&cue));
        check(&Event::Mistaken(Mistake::unknown_verb("x")), Heard::UnknownCommand("x"));
        check(&Event::Mistaken(Mistake::unknown_verb("qit")), Heard::UnknownCommand("qit"));
        check(&Event::Mistaken(Mistake::InvalidUtf8), Heard::Other);
        check(&Event::Arrived(bob), Heard::Other);
    }

    #[test]
    fn an_offer_of_a_file_is_understood() {
        let (from, name) = (Nick::new("bob").unwrap(), FileName::tamed("a] b"));
        let label = Label { name, size: ByteCount(1), digest: Digest([0; 32]).into() };
        for is_only in [true, false] {
            let (label, id) = (label.clone(), OfferId(1));
            check(&FileEvent::Requested { from, label, id, is_only }.into(), Heard::FileRequest);
        }
    }

    #[test]
    fn a_user_cannot_forge_a_cue() {
        let (bob, room, cue) = (Nick::new("bob").unwrap(), Room::lobby(), text("@file not-taken"));
        for event in [
            Event::Said(room, line(bob, cue.as_str(), Manner::Said)),
            Event::Said(room, line(bob, cue.as_str(), Manner::Acted)),
            Event::WhisperFrom(bob, cue.clone()),
            Event::TopicSet(bob, cue.clone()),
            Event::Topic(room, Some(cue)),
            Event::Mistaken(Mistake::unknown_verb("@file")),
            Event::Mistaken(Mistake::NoSuchUser("@file".into())),
        ] {
            assert!(!matches!(Heard::new(&event.to_string()), Heard::Cue(_) | Heard::FileRequest), "{event}");
        }
        assert!(Nick::new("@file").is_err() && Room::new("@file").is_err());
    }

    #[test]
    fn lists_are_understood_even_when_they_are_cut() {
        let names: Vec<_> = (0..502).map(Nick::guest).collect();
        let members = names.iter().map(|&nick| Member { nick, is_away: nick == names[1] });
        let users = Event::Users(Room::lobby(), Listing::new(502, members)).to_string();
        let Heard::Users(heard) = Heard::new(&users) else { panic!("{users}") };
        assert_eq!(
            heard.iter().collect::<Vec<_>>(),
            names[..500].iter().map(Nick::as_str).collect::<Vec<_>>()
        );
    }
}
