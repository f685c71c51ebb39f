//! The JSON dialect, in both directions.

use std::time::UNIX_EPOCH;

use proptest::{prelude::*, test_runner::Config};
use serde_json::json;

use super::*;
use crate::{
    dialect::Scene,
    event::{Event, Listing},
    record::{Line, Manner},
    text::Text,
};

const LIMITS: Limits = Limits { line: 200, text: 100 };

fn greeting(nick: &str, room: &str) -> Greeting {
    Greeting { nick: Nick::new(nick).unwrap(), room: Room::new(room).unwrap(), dialect: Dialect::Json }
}

/// A decoder of a client that is in the chat as alice.
fn inside() -> Decoder {
    let mut decoder = Decoder::new(LIMITS);
    decoder.welcome(Some(greeting("alice", "lobby")));
    decoder
}

fn decode(mut decoder: Decoder, pieces: &[&[u8]]) -> Vec<Input> {
    let mut inputs = Vec::new();
    for piece in pieces {
        decoder.feed(piece);
        inputs.extend(std::iter::from_fn(|| decoder.next_input()));
    }
    decoder.finish();
    inputs.extend(std::iter::from_fn(|| decoder.next_input()));
    inputs
}

/// However the bytes are cut, they mean the same.
#[track_caller]
fn check(bytes: impl AsRef<[u8]>, expected: &[Command]) {
    let bytes = bytes.as_ref();
    let expected: Vec<_> = expected.iter().cloned().map(Input::Command).collect();
    assert_eq!(decode(inside(), &[bytes]), expected, "in one piece");
    for cut in 0..=bytes.len() {
        assert_eq!(decode(inside(), &[&bytes[..cut], &bytes[cut..]]), expected, "cut at {cut}");
    }
    assert_eq!(decode(inside(), &bytes.chunks(1).collect::<Vec<_>>()), expected, "byte by byte");
}

fn said(typed: &str) -> Command {
    Command::say(Text::new(typed, 99).unwrap().unwrap())
}

fn wrong(why: &str) -> Command {
    Command::mistake(malformed(why))
}

#[test]
fn objects_follow_each_other_with_anything_or_nothing_between_them() {
    let say = |text: &str| json!({"type": "message", "text": text, "room": "lobby"}).to_string();
    for between in ["\n", "", "  ", "\r\n\r\n", "\t"] {
        check([say("a}"), say("b\"{\\"), say("c")].join(between), &[said("a}"), said("b\"{\\"), said("c")]);
    }
    check("{\n \"type\" : \"message\",\n \"text\" : \"hi\"\n}", &[said("hi")]);
}

#[test]
fn escapes_are_decoded() {
    check(r#"{"type":"message","text":"Zo\u00eb \ud83d\ude00 \u003c"}"#, &[said("Zoë 😀 <")]);
    check(r#"{"type":"message","text":"a\nb\u001b[31mc"}"#, &[said("a bc")]);
}

#[test]
fn every_kind_of_object_is_its_command() {
    let kinds = r#"{"type":"whisper","to":"bob","text":"a  b"}{"type":"users"}{"type":"rooms"}
        {"type":"command","text":"/topic tea"}{"type":"command","text":"hello"}{"type":"leave"}"#;
    check(
        kinds,
        &[
            Command::typed("whisper", "bob a  b"),
            Command::typed("users", ""),
            Command::typed("rooms", ""),
            Command::typed("topic", "tea"),
            said("hello"),
            Command::typed("quit", ""),
        ],
    );
}

#[test]
fn the_first_join_comes_in_and_later_ones_go_to_a_room_under_a_name() {
    let join = |room, user| json!({"type": "join", "room": room, "user": user}).to_string();
    let outside = decode(Decoder::new(LIMITS), &[join("#dev", "alice").as_bytes()]);
    assert_eq!(outside, [Input::Greeting(Some(greeting("alice", "dev")))]);
    let bob = Command::be_called(Nick::new("bob").unwrap());
    check(
        join("dev", "bob") + &join("ops", "bob"),
        &[bob.clone(), Command::typed("join", "dev"), bob, Command::typed("join", "ops")],
    );
    check(r#"{"type":"join","room":"dev"}"#, &[wrong("Missing fields: user")]);
    check(r#"{"type":"join","user":7}"#, &[wrong("Missing fields: room, user")]);
    check(join("dev", "1st"), &[Command::mistake(Mistake::InvalidNick)]);
    check(join("a b", "bob"), &[Command::mistake(Mistake::InvalidRoom)]);
    check(join("dev", "admin"), &[Command::mistake(Mistake::ReservedNick(Nick::new("admin").unwrap()))]);
}

#[test]
fn an_id_is_acknowledged_before_anything_that_follows_from_it() {
    let ack = |id: &str| Command::answer(format!("{{\"type\":\"ack\",\"id\":{id}}}\n").as_bytes());
    check(r#"{"type":"message","text":"a","id":42}"#, &[ack("42"), said("a")]);
    check(r#"{"id":-7,"type":"dance"}"#, &[ack("-7"), wrong("Unknown message type: dance")]);
    check(r#"{"type":"message","text":"a","id":"42"}"#, &[said("a")]);
    check(r#"{"type":"message","text":"a","id":1.5}"#, &[said("a")]);
}

#[test]
fn what_is_not_understood_is_answered_in_its_place_and_the_connection_stays() {
    let ok = r#"{"type":"message","text":"ok"}"#;
    for (bad, why) in [
        ("[1]\n", "Payload must be a JSON object"),
        ("42\n", "Payload must be a JSON object"),
        ("{}", "Missing fields: type"),
        (r#"{"type":7}"#, "Missing fields: type"),
        (r#"{"type":"message"}"#, "Missing fields: text"),
        (r#"{"type":"message","text":"  "}"#, "Missing fields: text"),
        (r#"{"type":"whisper","text":"x"}"#, "Missing fields: to"),
    ] {
        check(format!("{bad}{ok}"), &[wrong(why), said("ok")]);
    }
    for bad in ["{type}", "hello\n", "{]", "{\"type\":\"message\n", "{\"a\":01}"] {
        let inputs = decode(inside(), &[bad.as_bytes(), ok.as_bytes()]);
        let [Input::Command(mistake), Input::Command(last)] = &inputs[..] else { panic!("{inputs:?}") };
        let crate::command::Ask::Mistake(Mistake::Malformed(why)) = &mistake.ask else {
            panic!("{mistake:?}")
        };
        assert!(why.starts_with("Invalid JSON: "), "{why}");
        assert_eq!(*last, said("ok"));
    }
    check(b"{\"type\":\"message\",\"text\":\"\xff\"}\n", &[Command::mistake(Mistake::InvalidUtf8)]);
}

#[test]
fn an_object_without_an_end_takes_no_memory() {
    let long = |n: usize| json!({"type": "message", "text": "x".repeat(n)}).to_string();
    check(long(101), &[Command::mistake(Mistake::TextTooLong(100))]);
    check(long(300) + "\n" + &long(3), &[Command::mistake(Mistake::LineTooLong(200)), said("xxx")]);
    for endless in ["{\"a\":", "{", "[", "x", "\"", " "] {
        let mut decoder = inside();
        let mut answers = 0;
        for _ in 0..1000 {
            decoder.feed(endless.repeat(1000).as_bytes());
            answers += std::iter::from_fn(|| decoder.next_input()).count();
        }
        assert_eq!(answers, usize::from(endless != " "), "{endless}");
        assert!(decoder.buffer.capacity() < 20_000, "{endless}: {}", decoder.buffer.capacity());
        decoder.feed(b"\n{\"type\":\"message\",\"text\":\"ok\"}");
        assert_eq!(decoder.next_input(), Some(Input::Command(said("ok"))));
    }
}

#[test]
fn after_an_object_that_is_too_long_a_program_without_newlines_is_heard() {
    let too_long = Command::mistake(Mistake::LineTooLong(LIMITS.line));
    let long = json!({"type": "message", "text": "}\"".repeat(200), "deep": [[{}]]}).to_string();
    let hi = r#"{"type":"message","text":"hi"}"#;
    check(format!("{long}{hi}"), &[too_long.clone(), said("hi")]);
    check(format!("{}\n{hi}", "{".repeat(300)), &[too_long.clone(), said("hi")]);
    check(format!("{}\n{hi}", "x".repeat(300)), &[too_long, said("hi")]);
}

#[test]
fn a_whisper_to_what_is_no_nickname_does_not_go_to_another_user() {
    let whisper = |to, text| json!({"type": "whisper", "to": to, "text": text}).to_string();
    for to in ["bob and all", "", " bob", "bob\nx"] {
        let wrong = Command::mistake(Mistake::NoSuchUser(to.into()));
        check(whisper(to, "bob hi"), &[wrong]);
    }
    check(whisper("bob", "a\nb\r\nc"), &[Command::typed("whisper", "bob a b c")]);
    check(whisper("bob", " a"), &[Command::typed("whisper", "bob a")]);
}

#[test]
fn a_web_page_cannot_speak_through_its_visitors_browser() {
    let body = r#"{"type":"join","room":"lobby","user":"eve"}{"type":"message","text":"spam"}"#;
    for head in ["POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n\r\n", "POST /{} HTTP/1.1\n"] {
        let request = format!("{head}{body}");
        let refused = [Command::mistake(Mistake::HttpRequest), Command::typed("quit", "")];
        let refused: Vec<_> = refused.into_iter().map(Input::Command).collect();
        for cut in 0..request.len() {
            let (first, second) = request.as_bytes().split_at(cut);
            assert_eq!(decode(Decoder::new(LIMITS), &[first, second]), refused, "cut at {cut}");
        }
    }
}

#[test]
fn a_request_that_is_too_long_to_be_recognised_ends_the_connection() {
    let request =
        format!("POST /{} HTTP/1.1\n{{\"type\":\"join\",\"room\":\"a\",\"user\":\"eve\"}}", "x".repeat(300));
    let refused = [Command::mistake(Mistake::LineTooLong(200)), Command::typed("quit", "")];
    assert_eq!(decode(Decoder::new(LIMITS), &[request.as_bytes()]), refused.map(Input::Command));
}

fn encoded(event: &Event) -> String {
    let mut out = Vec::new();
    encode(event, &Scene { room: Some(Room::lobby()), seq: 3 }, &mut out);
    String::from_utf8(out).unwrap()
}

fn line(text: &str) -> Line {
    let (from, text) = (Nick::new("alice").unwrap(), Text::new(text, 99).unwrap().unwrap());
    Line { seq: 2, at: UNIX_EPOCH, from, text, manner: Manner::Said }
}

#[test]
fn events_are_objects_with_their_keys_in_order() {
    let (alice, room) = (Nick::new("alice").unwrap(), Room::lobby());
    assert_eq!(
        encoded(&Event::Said(room, line("Hel\"lo\\ ë"))),
        "{\"type\":\"message\",\"room\":\"lobby\",\"user\":\"alice\",\"text\":\"Hel\\\"lo\\\\ ë\",\"seq\":2}\n"
    );
    assert_eq!(
        encoded(&Event::Entered(alice)),
        "{\"type\":\"system\",\"room\":\"lobby\",\"user\":\"system\",\"text\":\"alice has joined the room.\",\
         \"event\":\"entered\",\"nick\":\"alice\",\"seq\":3}\n"
    );
    assert_eq!(
        encoded(&Event::Rooms(Listing::new(2, [Room::new("dev").unwrap(), room].into_iter()))),
        "{\"type\":\"rooms\",\"rooms\":[\"dev\",\"lobby\"],\"seq\":3}\n"
    );
    assert_eq!(
        encoded(&Event::Mistaken(Mistake::Malformed("Join a room first".into()))),
        "{\"type\":\"error\",\"text\":\"Join a room first\",\"seq\":3}\n"
    );
    assert_eq!(
        encoded(&Event::AlreadyJoined(room)),
        "{\"type\":\"error\",\"text\":\"Already in that room\",\"seq\":3}\n"
    );
}

#[test]
fn every_unit_is_one_object_on_one_line() {
    let history = encoded(&Event::History(Room::lobby(), vec![line("a"), line("b")]));
    assert_eq!(history.lines().count(), 2);
    let help = encoded(&Event::Commands(crate::command::Rank::Everyone));
    assert_eq!(help.lines().count(), 1);
    for unit in history.lines().chain(help.lines()) {
        assert!(serde_json::from_str::<Value>(unit).unwrap().is_object(), "{unit}");
    }
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_text_is_read_back_as_it_was(text in "\\PC{1,40}") {
        prop_assume!(Text::new(&text, 999).is_ok_and(|text| text.is_some()));
        let said = line("x");
        let said = Line { text: Text::new(&text, 999).unwrap().unwrap(), ..said };
        let unit = encoded(&Event::Said(Room::lobby(), said.clone()));
        let read: Value = serde_json::from_str(&unit).unwrap();
        prop_assert_eq!(read["text"].as_str().unwrap(), said.text.as_str());
    }

    #[test]
    fn bytes_mean_the_same_however_they_are_cut(
        bytes in prop::collection::vec(prop::sample::select(&b"{{}}[]\"\"\\\n\n :,ax\xff1"[..]), 0..120),
        cut in 0..120_usize,
    ) {
        let cut = cut.min(bytes.len());
        let whole = decode(inside(), &[&bytes]);
        prop_assert_eq!(decode(inside(), &[&bytes[..cut], &bytes[cut..]]), &whole[..]);
        prop_assert_eq!(decode(inside(), &bytes.chunks(1).collect::<Vec<_>>()), &whole[..]);
    }
}
