//! Events as objects.

use std::fmt::{self, Write};

use super::{files, views};
use crate::{
    command::Mistake,
    dialect::{Scene, text},
    event::{
        Event, Listing, Member, bots::BotEvent, mark::Mark, moderation::Moderated, rooms::RoomEvent,
        streams::StreamEvent,
    },
    names::Room,
    record::{Line, Manner},
};

/// Adds an event to `out`: each unit is one object on a line of its own.
pub fn encode(event: &Event, scene: &Scene, out: &mut Vec<u8>) {
    if let Event::Mistaken(Mistake::HttpRequest) = event {
        // A web browser is told in its own way.
        return text::encode(event, out);
    }
    let mut out = Writer(out);
    match event {
        Event::Said(room, line) => message(&mut out, room, line),
        Event::History(room, lines) => lines.iter().for_each(|line| message(&mut out, room, line)),
        Event::Rooms(rooms) => list(&mut out, "rooms", rooms, Room::as_str, scene),
        Event::Users(_, users) => list(&mut out, "users", users, |user: &Member| user.nick.as_str(), scene),
        Event::Room(RoomEvent::Stretch(room, lines, has_older)) => {
            views::encode_stretch(out.0, *room, lines, *has_older, scene);
        }
        Event::Room(RoomEvent::Overview(overview)) => views::encode_overview(out.0, overview, scene),
        Event::AlreadyJoined(_) | Event::AlreadyInLobby => error(&mut out, "Already in that room", scene),
        _ if event.is_refusal() => error(&mut out, event, scene),
        _ => system(&mut out, event, scene),
    }
}

fn message(out: &mut Writer<'_>, room: &Room, line: &Line) {
    let Line { seq, from, text, manner, .. } = line;
    out.open("message");
    out.string("room", room.as_str());
    out.string("user", from.as_str());
    out.string("text", text.as_str());
    if *manner == Manner::Acted {
        out.field("event", "acted");
    }
    out.close(*seq);
}

/// What the text dialect says in a sentence, or as a cue for programs.
fn system(out: &mut Writer<'_>, event: &Event, scene: &Scene) {
    let sentence = event.to_string();
    if sentence.is_empty() && event.cue().is_none() {
        return;
    }
    out.open("system");
    if let Some(room) = scene.room {
        out.field("room", room);
    }
    out.field("user", "system");
    out.field("text", &sentence);
    facts(out, event);
    out.close(scene.seq);
}

/// What the event is, and what a program wants to know of it.
fn facts(out: &mut Writer<'_>, event: &Event) {
    let mut is = |name: &str, facts: &[(&str, &str)]| {
        out.field("event", name);
        for (key, value) in facts {
            out.field(key, value);
        }
    };
    match event {
        Event::Welcome(nick) => is("welcome", &[("nick", nick.as_str())]),
        Event::Arrived(nick) => is("arrived", &[("nick", nick.as_str())]),
        Event::Departed(nick) => is("departed", &[("nick", nick.as_str())]),
        Event::Entered(nick) => is("entered", &[("nick", nick.as_str())]),
        Event::Left(nick) => is("left", &[("nick", nick.as_str())]),
        Event::Renamed { old, new } => is("renamed", &[("old", old.as_str()), ("new", new.as_str())]),
        Event::NickChanged(nick) => is("nick_changed", &[("nick", nick.as_str())]),
        Event::Joined(room) => is("joined", &[("name", room.as_str())]),
        Event::Returned => is("joined", &[("name", Room::lobby().as_str())]),
        Event::WhisperFrom(from, text) => is("whisper", &[("from", from.as_str()), ("said", text.as_str())]),
        Event::WhisperTo(to, text) => is("whispered", &[("to", to.as_str()), ("said", text.as_str())]),
        Event::Topic(room, topic) => {
            let topic = topic.as_ref().map_or("", |topic| topic.as_str());
            is("topic", &[("name", room.as_str()), ("topic", topic)]);
        }
        Event::TopicSet(by, topic) => is("topic_set", &[("by", by.as_str()), ("topic", topic.as_str())]),
        Event::Whois(whois) => {
            is("whois", &[("nick", whois.nick.as_str()), ("name", whois.room.as_str())]);
        }
        Event::Mark(mark) => {
            is("mark", &[]);
            marked(out, mark);
        }
        Event::File(event) => files::facts(out, event),
        Event::Bot(BotEvent::List(bots)) => {
            is("bots", &[]);
            views::add_bots(out.0, bots);
        }
        Event::Moderated(Moderated::YouWere(room, _)) => is("expelled", &[("name", room.as_str())]),
        Event::Stream(StreamEvent::Lost(count)) => {
            is("lost", &[]);
            out.number("lost", count);
        }
        Event::Stream(StreamEvent::TakenOver) => is("taken_over", &[]),
        Event::Goodbye => is("goodbye", &[]),
        Event::TooSlow => is("too_slow", &[]),
        Event::ShuttingDown => is("shutting_down", &[]),
        _ => {}
    }
}

/// Where a program is, and which limits hold for it.
fn marked(out: &mut Writer<'_>, mark: &Mark) {
    let Mark { token, seq, rate, burst, left, text, line } = *mark;
    out.number("token", token);
    out.number("newest", seq);
    out.number("rate", rate);
    out.number("burst", burst);
    out.number("left", left);
    out.number("longest_text", text);
    out.number("longest_line", line);
}

pub(super) fn error(out: &mut Writer<'_>, why: impl fmt::Display, scene: &Scene) {
    out.open("error");
    out.field("text", why);
    out.close(scene.seq);
}

fn list<Name: fmt::Display>(
    out: &mut Writer<'_>,
    kind: &str,
    listing: &Listing<Name>,
    name: impl Fn(&Name) -> &str,
    scene: &Scene,
) {
    out.open(kind);
    out.key(kind);
    for (at, item) in listing.names().iter().enumerate() {
        // Names have no character that needs an escape.
        out.literal(if at > 0 { ",\"" } else { "[\"" });
        out.literal(name(item));
        out.literal("\"");
    }
    out.literal(if listing.names().is_empty() { "[]" } else { "]" });
    if listing.more() > 0 {
        out.number("more", listing.more());
    }
    out.close(scene.seq);
}

/// Writes objects. Keys are words of this file, so only values need escapes.
pub(super) struct Writer<'a>(pub(super) &'a mut Vec<u8>);

impl Writer<'_> {
    pub(super) fn open(&mut self, kind: &str) {
        self.literal("{\"type\":\"");
        self.literal(kind);
        self.literal("\"");
    }

    pub(super) fn field(&mut self, key: &str, value: impl fmt::Display) {
        self.key(key);
        self.literal("\"");
        write!(Escaped(self.0), "{value}").expect("writing to memory does not fail");
        self.literal("\"");
    }

    /// As [`Writer::field`], for what is said to many: formatting takes longer than writing.
    pub(super) fn string(&mut self, key: &str, value: &str) {
        self.key(key);
        self.literal("\"");
        escape(value, self.0);
        self.literal("\"");
    }

    pub(super) fn number(&mut self, key: &str, value: impl fmt::Display) {
        self.key(key);
        self.raw(value);
    }

    fn close(&mut self, seq: u64) {
        self.number("seq", seq);
        self.literal("}\n");
    }

    fn key(&mut self, key: &str) {
        self.literal(",\"");
        self.literal(key);
        self.literal("\":");
    }

    pub(super) fn literal(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(super) fn raw(&mut self, what: impl fmt::Display) {
        write!(Raw(self.0), "{what}").expect("writing to memory does not fail");
    }
}

struct Raw<'a>(&'a mut Vec<u8>);

impl fmt::Write for Raw<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.0.extend_from_slice(piece.as_bytes());
        Ok(())
    }
}

/// Escapes what must not stand in a string as it is (RFC 8259 §7).
struct Escaped<'a>(&'a mut Vec<u8>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        escape(piece, self.0);
        Ok(())
    }
}

fn escape(text: &str, out: &mut Vec<u8>) {
    let needs_escape = |byte: u8| byte < 0x20 || matches!(byte, b'"' | b'\\');
    // Nearly no text needs one. To look at all of it without stopping is several times as fast.
    if !text.bytes().fold(false, |needed, byte| needed | needs_escape(byte)) {
        return out.extend_from_slice(text.as_bytes());
    }
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| needs_escape(byte)) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            b'\n' => out.extend_from_slice(b"\\n"),
            byte @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            byte => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}
