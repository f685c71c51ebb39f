//! The dialect of verbs, in both directions.

use std::time::UNIX_EPOCH;

use proptest::{prelude::*, test_runner::Config};

use super::*;
use crate::{
    command::Ask,
    dialect::Scene,
    event::{Event, moderation::Refused, rooms::RoomEvent},
    record::{Line, Manner},
    text::Text,
};

const LIMITS: Limits = Limits { line: 60, text: 30 };

fn greeting(name: &str, user: &str) -> Input {
    let (room, nick) = (room(name).unwrap(), nick(user).unwrap());
    Input::Greeting(Some(Greeting { nick, room, dialect: Dialect::Verbs }))
}

/// A decoder of a client that is in the chat.
fn inside() -> Decoder {
    let mut decoder = Decoder::new(LIMITS);
    decoder.welcome(None);
    decoder
}

fn decode(mut decoder: Decoder, pieces: &[&[u8]]) -> Vec<Input> {
    let mut inputs = Vec::new();
    for piece in pieces {
        decoder.feed(piece);
        inputs.extend(std::iter::from_fn(|| decoder.next_input()));
    }
    decoder.finish();
    assert_eq!(decoder.next_input(), None, "half a line is nothing");
    inputs
}

/// However the bytes are cut, they mean the same.
#[track_caller]
fn check_from(new: fn() -> Decoder, bytes: &[u8], expected: &[Input]) {
    assert_eq!(decode(new(), &[bytes]), expected, "in one piece");
    for cut in 0..=bytes.len() {
        assert_eq!(decode(new(), &[&bytes[..cut], &bytes[cut..]]), expected, "cut at {cut}");
    }
    assert_eq!(decode(new(), &bytes.chunks(1).collect::<Vec<_>>()), expected, "byte by byte");
}

#[track_caller]
fn check(bytes: impl AsRef<[u8]>, expected: &[Command]) {
    let expected: Vec<_> = expected.iter().cloned().map(Input::Command).collect();
    check_from(inside, bytes.as_ref(), &expected);
}

#[track_caller]
fn check_outside(bytes: impl AsRef<[u8]>, expected: &[Input]) {
    check_from(|| Decoder::new(LIMITS), bytes.as_ref(), expected);
}

/// Alice says this in the lobby.
fn said(text: &str) -> Command {
    by_alice(Command::say(Text::new(text, 99).unwrap().unwrap()))
}

fn by_alice(command: Command) -> Command {
    command.addressed(nick("alice").unwrap(), Some(Room::lobby()))
}

fn wrong(why: &str) -> Command {
    Command::mistake(malformed(why))
}

fn ask(command: Command) -> Input {
    Input::Command(command)
}

#[test]
fn a_client_says_who_it_is_and_comes_in() {
    check_outside("HELLO lobby:alice\n", &[greeting("lobby", "alice")]);
    check_outside("hello #dev:alice \r\n", &[greeting("dev", "alice")]);
    check_outside("HELLO Main:alice\n", &[greeting("lobby", "alice")]);
    check_outside("HELLO #main:alice\n", &[greeting("#main", "alice")]);
    check_outside("\n HELLO a:b\n", &[greeting("a", "b")]);
}

#[test]
fn a_client_that_is_refused_may_say_who_it_is_again() {
    check_outside(
        "SEND lobby:alice hi\nPAUSE alice\nHELLO a:alice\nSEND a:alice hi\nHELLO a:bob\n",
        &[say_hello(), say_hello(), greeting("a", "alice"), say_hello(), greeting("a", "bob")],
    );
}

fn say_hello() -> Input {
    ask(wrong("Say HELLO ROOM:CLIENT first."))
}

#[test]
fn a_client_that_joins_first_comes_in_through_the_lobby() {
    for (verb, opening) in [("JOIN", Opening::Existing), ("NEW", Opening::New)] {
        let mut decoder = Decoder::new(LIMITS);
        decoder.feed(format!("{verb} dev:alice\nSEND dev:alice hi\n").as_bytes());
        assert_eq!(decoder.next_input(), Some(greeting("lobby", "alice")));
        decoder.welcome(None);
        let go = Command::join(room("dev").unwrap(), opening).addressed(nick("alice").unwrap(), None);
        assert_eq!(decoder.next_input(), Some(ask(go)));
        assert!(matches!(decoder.next_input(), Some(Input::Command(_))));
        assert_eq!(decoder.next_input(), None);
    }
    let mut decoder = Decoder::new(LIMITS);
    decoder.feed(b"JOIN main:alice\n");
    assert_eq!(decoder.next_input(), Some(greeting("lobby", "alice")));
    decoder.welcome(None);
    assert_eq!(decoder.next_input(), None, "it is there already");
}

#[test]
fn a_room_that_was_asked_for_before_another_greeting_is_forgotten() {
    let mut decoder = Decoder::new(LIMITS);
    decoder.feed(b"NEW dev:taken\nHELLO lobby:alice\n");
    assert_eq!(decoder.next_input(), Some(greeting("lobby", "taken")));
    assert_eq!(decoder.next_input(), Some(greeting("lobby", "alice")));
    decoder.welcome(None);
    assert_eq!(decoder.next_input(), None);
}

#[test]
fn names_follow_the_rules() {
    for (line, mistake) in [
        ("HELLO lobby:1st", Mistake::InvalidNick),
        ("HELLO a b:alice", Mistake::InvalidRoom),
        ("HELLO a,b:alice", Mistake::InvalidRoom),
        ("HELLO lobby:admin", Mistake::ReservedNick(nick("admin").unwrap())),
        ("JOIN lobby:guest_1", Mistake::ReservedNick(nick("guest_1").unwrap())),
        ("HELLO lobby:a:b", Mistake::InvalidNick),
        ("HELLO alice", malformed("Usage: HELLO ROOM:CLIENT")),
        ("HELLO", malformed("Usage: HELLO ROOM:CLIENT")),
    ] {
        check_outside(format!("{line}\n"), &[ask(Command::mistake(mistake))]);
    }
}

#[test]
fn every_verb_is_its_command() {
    let rooms = Command::typed("rooms", "");
    let all = Command::list_members(Among::All);
    check("SEND lobby:alice hi  there\nsend MAIN:alice x\n", &[said("hi  there"), said("x")]);
    check("LIST\nlist chat_rooms\n", &[rooms.clone(), rooms]);
    check("LIST CHAT_ROOM_AND_CLIENTS\nLIST ALL\n", &[all.clone(), all]);
    let members = Command::list_members(Among::Room(room("dev").unwrap()));
    check(
        "LIST CLIENT_CHAT_ROOMS\nLIST CLIENTS_FOR_CHAT_ROOM dev\n",
        &[Command::list_members(Among::Own), members],
    );
    let quit = Command::typed("quit", "");
    check("QUIT\nQUIT alice\n", &[quit.clone(), quit.addressed(nick("alice").unwrap(), None)]);
    check("ERROR what?\nERROR\nSEND lobby:alice ok\n", &[said("ok")]);
}

#[test]
fn what_is_not_understood_is_answered_in_its_place() {
    let lists = format!("Usage: LIST {LISTS}");
    for (line, why) in [
        ("SEND lobby:alice", "Usage: SEND ROOM:CLIENT TEXT"),
        ("SEND lobby:alice \x07 ", "Usage: SEND ROOM:CLIENT TEXT"),
        ("SEND hi", "Usage: SEND ROOM:CLIENT TEXT"),
        ("HELLO lobby:alice", "You are already in the chat. Use JOIN or NEW to change rooms."),
        ("LIST EVERYTHING", &lists),
        ("LIST ALL x", &lists),
        ("LIST CLIENTS_FOR_CHAT_ROOM", &lists),
    ] {
        check(format!("{line}\nSEND lobby:alice ok\n"), &[wrong(why), said("ok")]);
    }
    let unknown =
        "Unknown verb '/log\\u{1b}in'. Use one of: HELLO, JOIN, NEW, SEND, LIST, PAUSE, QUIT, ERROR.";
    check("/log\x1bin alice secret\n", &[wrong(unknown)]);
    check(
        b"SEND lobby:alice \xff\nQUIT\n",
        &[Command::mistake(Mistake::InvalidUtf8), Command::typed("quit", "")],
    );
}

#[test]
fn the_text_of_send_is_a_line_as_a_person_types_it() {
    check("SEND lobby:alice /whisper bob hi\n", &[by_alice(Command::typed("whisper", "bob hi"))]);
    check("SEND lobby:alice //quit\n", &[said("/quit")]);
    check("SEND lobby:alice /quit\n", &[by_alice(Command::typed("quit", ""))]);
    let login = crate::command::Verb::find("login").unwrap();
    check("SEND lobby:alice \u{a0}/login a secret\n", &[Command::mistake(Mistake::MisplacedSecret(login))]);
    check("SEND lobby:alice /login alice se\x07cret\n", &[Command::mistake(Mistake::UnfitPassword)]);
}

#[test]
fn a_pause_lasts_until_the_next_line_that_asks_for_something() {
    let (pause, resume) = (Command::answer(PAUSE), Command::answer(RESUME));
    let named = pause.clone().addressed(nick("alice").unwrap(), None);
    check(
        "PAUSE alice\nERROR x\nSEND lobby:alice\nSEND lobby:alice hi\nSEND lobby:alice ho\n",
        &[named.clone(), wrong("Usage: SEND ROOM:CLIENT TEXT"), resume.clone(), said("hi"), said("ho")],
    );
    check("PAUSE alice\nLIST\n", &[named, resume.clone(), Command::typed("rooms", "")]);
    check(
        "PAUSE\nPAUSE lobby:alice\nQUIT\n",
        &[pause.clone(), by_alice(pause), resume, Command::typed("quit", "")],
    );
}

#[test]
fn a_quit_that_may_be_refused_makes_no_client_mute() {
    let quit = Command::typed("quit", "").addressed(nick("bob").unwrap(), None);
    check("QUIT bob\nSEND lobby:alice hi\n", &[quit, said("hi")]);
}

#[test]
fn rooms_can_be_listed_from_outside_and_a_client_can_leave() {
    check_outside("LIST\nLIST ALL\n", &[ask(Command::typed("rooms", "")), say_hello()]);
    check_outside("QUIT alice\n", &[ask(Command::typed("quit", ""))]);
}

#[test]
fn an_http_request_is_refused_and_nothing_of_it_is_said() {
    let refused = [ask(Command::mistake(Mistake::HttpRequest)), ask(Command::typed("quit", ""))];
    check_outside("POST / HTTP/1.1\r\n\r\nHELLO lobby:eve\nSEND lobby:eve hi\n", &refused);
    check_outside(b"\x16\x03\x01\x02ticket\nHELLO lobby:eve\n", &refused);
    check("SEND lobby:alice GET / HTTP/1.1\n", &[said("GET / HTTP/1.1")]);
    let too_long = [ask(Command::mistake(Mistake::LineTooLong(60))), ask(Command::typed("quit", ""))];
    check_outside(format!("POST /{} HTTP/1.1\r\n\r\nHELLO lobby:eve\n", "x".repeat(500)), &too_long);
}

#[test]
fn limits_are_exact() {
    let line = |length: usize| format!("SEND lobby:alice {}", "x".repeat(length));
    check(line(30) + "\n", &[said(&"x".repeat(30))]);
    check(line(31) + "\n", &[Command::mistake(Mistake::TextTooLong(30))]);
    check(line(43) + "\r\n", &[Command::mistake(Mistake::TextTooLong(30))]);
    for end in ["\n", "\r\n"] {
        let too_long = Command::mistake(Mistake::LineTooLong(60));
        check(format!("{}{end}SEND lobby:alice ok\n", line(44)), &[too_long, said("ok")]);
    }
}

#[test]
fn an_endless_line_is_answered_once_and_takes_no_memory() {
    let (mut decoder, mut answers) = (inside(), 0);
    for _ in 0..1000 {
        decoder.feed(&[b'x'; 1000]);
        answers += std::iter::from_fn(|| decoder.next_input()).count();
    }
    assert_eq!(answers, 1);
    decoder.feed(&b"\nSEND lobby:alice hi".repeat(1000));
    decoder.feed(b"\n");
    assert_eq!(std::iter::from_fn(|| decoder.next_input()).count(), 1000);
    assert!(decoder.lines.capacity() <= 256, "{}", decoder.lines.capacity());
}

fn encoded(event: impl Into<Event>) -> String {
    let mut units = Vec::new();
    Dialect::Verbs.encode(&event.into(), &Scene::default(), &mut units);
    String::from_utf8(units).unwrap()
}

fn line(text: &str, manner: Manner) -> Event {
    let (text, from) = (Text::new(text, 99).unwrap().unwrap(), nick("alice").unwrap());
    Event::Said(Room::lobby(), Line { seq: 1, at: UNIX_EPOCH, from, text, manner })
}

#[test]
fn what_is_heard_says_what_kind_it_is() {
    assert_eq!(encoded(line("hi  you", Manner::Said)), "MSG FROM lobby:alice hi  you\n");
    assert_eq!(encoded(line("waves", Manner::Acted)), "MSG * alice waves\n");
    assert_eq!(encoded(Event::Goodbye), "MSG Goodbye!\n");
    assert_eq!(encoded(Event::Full), "ERROR: Server is full.\n");
    assert_eq!(encoded(Refused::Banned), "ERROR: You are banned from this room.\n");
    let taken = Event::NickTaken(nick("bob").unwrap());
    assert_eq!(encoded(taken), "ERROR: Nickname 'bob' is already taken.\n");
    assert_eq!(encoded(RoomEvent::NoSuchRoom(room("x").unwrap())), "ERROR: Room 'x' does not exist.\n");
    assert!(encoded(Event::Mistaken(Mistake::HttpRequest)).starts_with("HTTP/1.1 400 "));
}

#[test]
fn a_long_answer_is_several_lines() {
    let help = encoded(Event::Commands(crate::command::Rank::Everyone));
    assert!(help.lines().count() > 20);
    assert!(help.lines().all(|line| line.starts_with("MSG ") && line.len() > 4), "{help}");
}

proptest! {
    #![proptest_config(Config::with_cases(200))]

    /// What a program reads, by wires.md, is what was said.
    #[test]
    fn what_is_said_is_heard(typed in ".{1,40}") {
        let Ok(Some(text)) = Text::new(&typed, 99) else { return Ok(()) };
        let heard = encoded(line(text.as_str(), Manner::Said));
        let rest = heard.strip_prefix("MSG FROM ").and_then(|rest| rest.strip_suffix('\n')).unwrap();
        let (address, said) = rest.split_once(' ').unwrap();
        prop_assert_eq!((address, said), ("lobby:alice", text.as_str()));
        prop_assert!(!said.contains('\n'));
    }

    /// What a program sends is what is said.
    #[test]
    fn a_text_is_said_as_it_is(typed in "[a-z\u{e0}-\u{ff}/ ]{1,10}") {
        let Ok(Some(text)) = Text::new(typed.trim(), 99) else { return Ok(()) };
        let escaped = if text.as_str().starts_with('/') { "/" } else { "" };
        let mut decoder = inside();
        decoder.feed(format!("SEND lobby:alice {escaped}{text}\n").as_bytes());
        let Some(Input::Command(command)) = decoder.next_input() else {
            return Err(TestCaseError::fail("it was not said"));
        };
        prop_assert_eq!(command.ask, Ask::Say(text));
    }

    #[test]
    fn no_bytes_are_too_strange(bytes: Vec<u8>, cut: usize) {
        for new in [inside, || Decoder::new(LIMITS)] {
            let cut = cut % (bytes.len() + 1);
            prop_assert_eq!(decode(new(), &[&bytes]), decode(new(), &[&bytes[..cut], &bytes[cut..]]));
        }
    }
}
