//! JSON over UDP, as programs speak it, beside people who speak text.

mod forged;
mod lossy;
mod program;
mod slow;

use rustix::process::Signal;
use serde_json::json;

use self::program::{Program, start};
use crate::support::Server;

#[test]
fn a_program_and_a_person_talk_in_one_room() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let mut bot = Program::join(port, "bot", "lobby");
    alice.hears("bot has joined the chat!");
    let mut last = 0;
    for n in 0..5 {
        alice.says(&format!("from alice {n}"));
        alice.hears(&format!("[lobby] alice: from alice {n}"));
        last = bot.hears_after(last, "alice", &format!("from alice {n}"));
        bot.says(&format!("from bot {n} ë"));
        alice.hears(&format!("[lobby] bot: from bot {n} ë"));
        last = bot.hears_after(last, "bot", &format!("from bot {n} ë"));
    }
    bot.sends(&json!({"type": "whisper", "to": "alice", "text": "psst"}));
    alice.hears("[Whisper from bot]: psst");
    assert_eq!(bot.next()["event"], "whispered");
    alice.says("/whois bot");
    alice.hears("bot is in room 'lobby', connected over json+udp for 0 s, idle for 0 s.");
    bot.sends(&json!({"type": "join", "room": "dev", "user": "robot", "id": 9}));
    bot.hears_ack(9);
    assert_eq!(bot.next()["event"], "nick_changed");
    assert_eq!(bot.next()["name"], "dev");
    bot.sends(&json!({"type": "leave", "id": 10}));
    bot.hears_ack(10);
    assert_eq!(bot.next()["event"], "goodbye");
    alice.hears_at_last("robot has left the room.");
    bot.sends(&json!({"type": "message", "text": "Is anyone still there? It is so quiet here."}));
    bot.hears_error("Join a room first");
}

#[test]
fn what_is_repeated_is_acknowledged_again_and_said_once() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let mut bot = Program::join(port, "bot", "lobby");
    let mut other = Program::join(port, "other", "lobby");
    assert_eq!(bot.next()["event"], "arrived");
    let message = json!({"type": "message", "text": "once", "id": 7});
    for _ in 0..3 {
        bot.sends(&message);
    }
    let mut heard: Vec<_> = (0..4).map(|_| bot.next()["type"].to_string()).collect();
    heard.sort();
    assert_eq!(heard, ["\"ack\"", "\"ack\"", "\"ack\"", "\"message\""]);
    other.hears("bot", "once");
    // The same number from another port is another datagram. Without a number, each is carried out.
    other.sends(&message);
    other.hears_ack(7);
    other.hears("other", "once");
    bot.hears("other", "once");
    for _ in 0..2 {
        other.says("twice");
        other.hears("other", "twice");
    }
    for line in ["bot has joined the chat!", "other has joined the chat!", "[lobby] bot: once"] {
        alice.hears(line);
    }
    for line in ["[lobby] other: once", "[lobby] other: twice", "[lobby] other: twice"] {
        alice.hears(line);
    }
    alice.hears_nothing();
}

#[test]
fn a_late_copy_of_a_join_brings_no_ghost_back() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let mut bot = Program::join(port, "bot", "lobby");
    alice.hears("bot has joined the chat!");
    bot.sends(&json!({"type": "command", "text": "/quit"}));
    assert_eq!(bot.next()["event"], "goodbye");
    alice.hears("bot has left the chat.");
    let join = |id: i64| json!({"type": "join", "room": "lobby", "user": "bot", "id": id});
    bot.sends(&join(Program::JOIN));
    bot.hears_ack(Program::JOIN);
    alice.says("/users");
    alice.hears("Users in lobby: alice");
    bot.sends_until_acknowledged(&join(5));
    assert_eq!(bot.next()["event"], "welcome");
    alice.hears("bot has joined the chat!");
}

#[test]
fn a_taken_name_is_told_and_the_next_join_comes_in() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let mut bot = Program::open(port);
    bot.sends(&json!({"type": "join", "room": "lobby", "user": "ALICE", "id": 1}));
    bot.hears_ack(1);
    bot.hears_error("Nickname 'ALICE' is already taken.");
    bot.sends(&json!({"type": "message", "text": "hello", "id": 2}));
    bot.hears_ack(2);
    bot.hears_error("Join a room first");
    bot.sends(&json!({"type": "join", "room": "lobby", "user": "bot", "id": 3}));
    bot.hears_ack(3);
    assert_eq!(bot.next()["event"], "welcome");
    alice.hears("bot has joined the chat!");
}

#[test]
fn wrong_datagrams_are_errors_and_the_next_one_counts() {
    let (_server, port) = start("", &[]);
    let mut bot = Program::join(port, "bot", "lobby");
    for (datagram, error) in [
        (&b"x"[..], "Invalid JSON: expected value at line 1 column 1"),
        (b"[1]\n", "Payload must be a JSON object"),
        (
            b"{\"type\":\"users\"}{\"type\":\"users\"}",
            "Invalid JSON: trailing characters at line 1 column 17",
        ),
        (b"{\"type\":\"users\"", "Invalid JSON: EOF while parsing an object at line 1 column 15"),
        (b"\xff\xfe", "That line is not valid UTF-8."),
        (b"{\"type\":\"dance\"}", "Unknown message type: dance"),
        (b"{\"type\":\"join\"}", "Missing fields: room, user"),
    ] {
        bot.sends_bytes(datagram);
        let heard = bot.next();
        assert_eq!((&heard["type"], &heard["text"]), (&json!("error"), &json!(error)), "{heard}");
    }
    bot.sends_bytes(b"");
    bot.sends_bytes(b"\r\n");
    let mut large = json!({"type": "message", "id": 1, "text": ""});
    let rest = Program::LARGEST - large.to_string().len();
    large["text"] = "x".repeat(rest).into();
    bot.sends(&large);
    bot.hears_ack(1);
    bot.hears_error("Line too long (max 8192 bytes).");
    bot.says("hello");
    bot.hears("bot", "hello");
}

#[test]
fn a_kicked_program_is_told_and_is_in_the_lobby_again() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    alice.says("/join dev");
    alice.hears("You joined room 'dev'.");
    let mut bot = Program::join(port, "bot", "dev");
    alice.hears("bot has joined the room.");
    alice.says("/kick bot loud");
    let kicked = bot.next();
    assert_eq!(kicked["text"], "You were kicked from 'dev' by alice: loud", "{kicked}");
    bot.sends(&json!({"type": "join", "room": "dev", "user": "bot"}));
    while bot.next()["event"] != "joined" {}
    alice.hears_at_last("bot has joined the room.");
}

#[test]
fn the_stop_is_told_to_each_program_once() {
    let (server, port) = start("", &[]);
    let mut programs: Vec<_> = (0..5).map(|n| Program::join(port, &format!("bot{n}"), "lobby")).collect();
    let mut outside = Program::open(port);
    outside.sends(&json!({"type": "join", "room": "lobby", "user": "bot0", "id": 1}));
    outside.hears_ack(1);
    outside.hears_error("Nickname 'bot0' is already taken.");
    server.signal(Signal::TERM);
    assert!(server.ends().success());
    programs.push(outside);
    for mut program in programs {
        let told = program.rest().iter().filter(|heard| heard["event"] == "shutting_down").count();
        assert_eq!(told, 1);
    }
}

#[test]
fn the_first_door_can_receive_datagrams() {
    let server = Server::start(&["--wire", "json+udp"]);
    let mut bot = Program::join(server.address().port(), "bot", "lobby");
    bot.says("hello");
    bot.hears("bot", "hello");
    server.signal(Signal::INT);
    assert!(server.ends().success());
    assert!(bot.rest().iter().any(|heard| heard["event"] == "shutting_down"));
}

#[test]
fn a_long_answer_is_divided_into_objects_that_make_it_whole() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    alice.says("/help all");
    let mut bot = Program::join(port, "bot", "lobby");
    bot.sends(&json!({"type": "command", "text": "/help all"}));
    bot.says("the end");
    let (mut parts, mut whole) = (0, String::new());
    loop {
        let heard = bot.next();
        if heard["type"] == "message" {
            break;
        }
        parts += 1;
        whole += heard["text"].as_str().expect("a text");
    }
    assert!(parts > 1);
    for line in whole.lines() {
        alice.hears_at_last(line);
    }
}
