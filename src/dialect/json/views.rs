//! What a program asks that shows the chat to a person, as the page of the server does.
//!
//! `{"type":"history","before":41,"limit":100}` asks for lines of the room where the client is: at most 100, the newest
//! with a number below 41. `after` asks for those above a number. All three may be left out. The answer has all lines
//! in one object, each with its time in seconds since 1970, and says with `more` whether there are older ones:
//! `{"type":"history","room":"lobby","lines":[{"user":"alice","text":"Hello","seq":3,"at":1795251959}],"more":false,"seq":7}`.
//!
//! `{"type":"overview","seen":{"dev":17}}` asks what is going on. The answer lists the members of the room where the
//! client is, and the rooms. `unread` is how many lines of a room are newer than what the client has seen there:
//! `{"type":"overview","room":"lobby","users":[{"name":"alice","away":true}],"rooms":[{"name":"dev","users":3,"unread":2}],"seq":7}`.

use std::{fmt, io::Write, time::UNIX_EPOCH};

use serde_json::Value;

use super::Object;
use crate::{
    command::{Command, Stretch},
    dialect::Scene,
    event::{
        Listing,
        bots::Listed,
        rooms::{Glance, Overview},
    },
    names::Room,
    record::{Line, Manner},
};

/// How many lines are shown if the client does not say how many.
const USUAL: u64 = 50;

/// How many rooms a client may know.
const MOST_KNOWN: usize = 100;

/// The lines that a client asks for.
pub(super) fn stretch(object: &Object) -> Command {
    let number = |key, default| object.get(key).and_then(Value::as_u64).unwrap_or(default);
    let most = usize::try_from(number("limit", USUAL)).unwrap_or(usize::MAX);
    let (after, before) = (number("after", 0), number("before", u64::MAX));
    Command::show_stretch(Stretch { room: None, after, before, most })
}

/// The overview that a client asks for. What is no room or no number is not looked for.
pub(super) fn overview(object: &Object) -> Command {
    let seen = object.get("seen").and_then(Value::as_object).into_iter().flatten();
    let known = seen.filter_map(|(room, seq)| Some((Room::new(room).ok()?, seq.as_u64()?)));
    Command::show_overview(known.take(MOST_KNOWN).collect())
}

pub(super) fn encode_stretch(out: &mut Vec<u8>, room: Room, lines: &[Line], has_older: bool, scene: &Scene) {
    write(out, format_args!("{{\"type\":\"history\",\"room\":\"{room}\",\"lines\":["));
    list(out, lines, |out, Line { seq, at, from, text, manner }| {
        let text = Value::from(text.as_str());
        let acted = if *manner == Manner::Acted { ",\"event\":\"acted\"" } else { "" };
        let at = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        write(out, format_args!("{{\"user\":\"{from}\",\"text\":{text}{acted},\"seq\":{seq},\"at\":{at}}}"));
    });
    write(out, format_args!("],\"more\":{has_older},\"seq\":{}}}\n", scene.seq));
}

pub(super) fn encode_overview(out: &mut Vec<u8>, overview: &Overview, scene: &Scene) {
    let Overview { room, users, rooms } = overview;
    write(out, format_args!("{{\"type\":\"overview\",\"room\":\"{room}\",\"users\":["));
    list(out, users.names(), |out, user| {
        let away = if user.is_away { ",\"away\":true" } else { "" };
        write(out, format_args!("{{\"name\":\"{}\"{away}}}", user.nick));
    });
    write(out, format_args!("],{}\"rooms\":[", more("more_users", users)));
    list(out, rooms.names(), |out, Glance { room, users, unread }| {
        write(out, format_args!("{{\"name\":\"{room}\",\"users\":{users},\"unread\":{unread}}}"));
    });
    write(out, format_args!("],{}\"seq\":{}}}\n", more("more_rooms", rooms), scene.seq));
}

/// Adds the bots to an object, as `"bots":[{"name":"trivia","room":"lobby","purpose":"asks questions"}]`.
pub(super) fn add_bots(out: &mut Vec<u8>, bots: &Listing<Listed>) {
    write(out, format_args!(",\"bots\":["));
    list(out, bots.names(), |out, Listed { nick, room, purpose }| {
        let purpose = Value::from(purpose.as_str());
        write(out, format_args!("{{\"name\":\"{nick}\",\"room\":\"{room}\",\"purpose\":{purpose}}}"));
    });
    write(out, format_args!("]"));
}

/// How many names of a listing are left out, if some are.
fn more<Name>(key: &str, listing: &Listing<Name>) -> String {
    if listing.more() > 0 { format!("\"{key}\":{},", listing.more()) } else { String::new() }
}

fn list<Item>(out: &mut Vec<u8>, items: &[Item], write_item: impl Fn(&mut Vec<u8>, &Item)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_item(out, item);
    }
}

fn write(out: &mut Vec<u8>, what: fmt::Arguments<'_>) {
    out.write_fmt(what).expect("writing to memory does not fail");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Map, json};

    use super::*;
    use crate::{
        dialect::{Decode, Dialect, Greeting, Input, Limits, json::Decoder},
        event::{Event, Member, bots::BotEvent, rooms::RoomEvent},
        names::Nick,
        text::Text,
    };

    const SCENE: Scene = Scene { room: None, seq: 7 };

    #[track_caller]
    fn check_asked(object: &Value, expected: Command) {
        let mut decoder = Decoder::new(Limits { line: 9000, text: 100 });
        let (nick, room) = (Nick::new("alice").unwrap(), Room::lobby());
        decoder.welcome(Some(Greeting { nick, room, dialect: Dialect::Json }));
        decoder.feed(object.to_string().as_bytes());
        assert_eq!(decoder.next_input(), Some(Input::Command(expected)));
        assert_eq!(decoder.next_input(), None);
    }

    #[track_caller]
    fn check_told(event: RoomEvent, expected: &str) {
        let told = Dialect::Json.encoded(&event.into(), &SCENE);
        assert_eq!(str::from_utf8(&told), Ok(&*format!("{expected}\n")));
        assert!(serde_json::from_slice::<Value>(&told).is_ok());
    }

    #[test]
    fn a_program_asks_for_lines_by_their_numbers() {
        let stretch =
            |after, before, most| Command::show_stretch(Stretch { room: None, after, before, most });
        check_asked(&json!({"type": "history"}), stretch(0, u64::MAX, 50));
        let all = json!({"type": "history", "after": 3, "before": 41, "limit": 9});
        check_asked(&all, stretch(3, 41, 9));
        check_asked(&json!({"type": "history", "before": -1, "limit": "9"}), stretch(0, u64::MAX, 50));
    }

    #[test]
    fn a_program_says_what_it_has_seen_in_a_bounded_number_of_rooms() {
        let known = |known: &[(&str, u64)]| {
            Command::show_overview(known.iter().map(|(name, seq)| (Room::new(name).unwrap(), *seq)).collect())
        };
        check_asked(&json!({"type": "overview"}), known(&[]));
        let seen = json!({"type": "overview", "seen": {"dev": 17, "a b": 1, "ops": -1, "#x": 0}});
        check_asked(&seen, known(&[("x", 0), ("dev", 17)]));
        let many = (0..200).map(|n| (format!("room-{n:03}"), n)).collect::<Vec<_>>();
        let seen: Map<String, Value> = many.iter().map(|(name, seq)| (name.clone(), json!(seq))).collect();
        let first = many[..100].iter().map(|(name, seq)| (&name[..], *seq)).collect::<Vec<_>>();
        check_asked(&json!({"type": "overview", "seen": seen}), known(&first));
    }

    #[test]
    fn lines_of_the_history_have_their_time() {
        let line = |seq, typed: &str, manner| Line {
            seq,
            at: UNIX_EPOCH + Duration::from_millis(1_795_251_959_900),
            from: Nick::new("bob").unwrap(),
            text: Text::new(typed, 99).unwrap().unwrap(),
            manner,
        };
        let lines = vec![line(3, "\"ë\\", Manner::Said), line(5, "waves", Manner::Acted)];
        check_told(
            RoomEvent::Stretch(Room::lobby(), lines, true),
            r#"{"type":"history","room":"lobby","lines":[{"user":"bob","text":"\"ë\\","seq":3,"at":1795251959},{"user":"bob","text":"waves","event":"acted","seq":5,"at":1795251959}],"more":true,"seq":7}"#,
        );
        check_told(
            RoomEvent::Stretch(Room::lobby(), Vec::new(), false),
            r#"{"type":"history","room":"lobby","lines":[],"more":false,"seq":7}"#,
        );
    }

    #[test]
    fn an_overview_says_who_is_away_and_how_much_it_leaves_out() {
        let member = |name, is_away| Member { nick: Nick::new(name).unwrap(), is_away };
        let users = Listing::new(502, [member("alice", true), member("bob", false)].into_iter());
        let dev = Glance { room: Room::new("dev").unwrap(), users: 3, unread: 2 };
        let overview = Overview { room: Room::lobby(), users, rooms: Listing::new(1, [dev].into_iter()) };
        check_told(
            RoomEvent::Overview(Box::new(overview)),
            r#"{"type":"overview","room":"lobby","users":[{"name":"alice","away":true},{"name":"bob"}],"more_users":2,"rooms":[{"name":"dev","users":3,"unread":2}],"seq":7}"#,
        );
    }

    #[test]
    fn bots_are_listed_with_what_they_do() {
        let purpose = Text::new("says \"hi\"", 99).unwrap().unwrap();
        let bot = Listed { nick: Nick::new("greeter").unwrap(), room: Room::lobby(), purpose };
        let event = BotEvent::List(Listing::new(1, [bot].into_iter()));
        let told = Dialect::Json.encoded(&event.into(), &SCENE);
        let told: Value = serde_json::from_slice(&told).unwrap();
        assert_eq!(told["bots"], json!([{"name": "greeter", "room": "lobby", "purpose": "says \"hi\""}]));
        assert_eq!((&told["event"], &told["seq"]), (&json!("bots"), &json!(7)));
    }

    #[test]
    fn other_dialects_have_words_for_both() {
        let stretch = Event::from(RoomEvent::Stretch(Room::lobby(), Vec::new(), false));
        assert_eq!(stretch.to_string(), "'lobby' has no history.");
    }
}
