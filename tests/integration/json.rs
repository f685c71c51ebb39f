//! The JSON dialect, as a program speaks it, beside people who speak text.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::PathBuf,
};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{DEADLINE, Server};

/// A server that also speaks JSON, on a Unix socket.
fn start(options: &[&str]) -> (Server, TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("json.sock");
    let url = format!("json+unix://{}", path.display());
    let server = Server::start(&[&["--listen", &url], options].concat());
    (server, folder, path)
}

/// A program that speaks JSON.
struct Program(BufReader<UnixStream>);

impl Program {
    #[track_caller]
    fn connect(path: &PathBuf) -> Self {
        let stream = UnixStream::connect(path).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time");
        Self(BufReader::new(stream))
    }

    /// Comes in, and hears the greeting.
    #[track_caller]
    fn join(path: &PathBuf, user: &str, room: &str) -> Self {
        let mut program = Self::connect(path);
        program.sends(&json!({"type": "join", "room": room, "user": user}));
        assert_eq!(program.next()["event"], "welcome");
        if room != "lobby" {
            assert_eq!(program.next()["event"], "joined");
        }
        program
    }

    #[track_caller]
    fn sends(&mut self, object: &Value) {
        // Nothing stands between objects.
        write!(self.0.get_mut(), "{object}").expect("it is connected");
    }

    #[track_caller]
    fn says(&mut self, text: &str) {
        self.sends(&json!({"type": "message", "text": text}));
    }

    #[track_caller]
    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("an object in time");
        if line.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&line).expect("one object on one line")
        }
    }

    #[track_caller]
    fn hears(&mut self, user: &str, text: &str) -> u64 {
        let heard = self.next();
        assert_eq!((&heard["user"], &heard["text"]), (&json!(user), &json!(text)), "{heard}");
        heard["seq"].as_u64().expect("a number")
    }

    #[track_caller]
    fn hears_error(&mut self, text: &str) {
        let heard = self.next();
        assert_eq!((&heard["type"], &heard["text"]), (&json!("error"), &json!(text)), "{heard}");
    }
}

#[test]
fn a_program_and_a_person_talk_in_one_room() {
    let (server, _folder, path) = start(&[]);
    let mut alice = server.client("alice");
    let mut bot = Program::join(&path, "bot", "lobby");
    alice.hears("bot has joined the chat!");
    alice.says("hi \"bot\"");
    alice.hears("[lobby] alice: hi \"bot\"");
    let first = bot.hears("alice", "hi \"bot\"");
    bot.says("hello\nworld ë");
    alice.hears("[lobby] bot: hello world ë");
    assert_eq!(bot.hears("bot", "hello world ë"), first + 1);
    bot.sends(&json!({"type": "whisper", "to": "alice", "text": "psst"}));
    alice.hears("[Whisper from bot]: psst");
    assert_eq!(bot.next()["event"], "whispered");
    alice.says("/whisper bot yes?");
    alice.hears("[Whisper to bot]: yes?");
    let heard = bot.next();
    assert_eq!((&heard["event"], &heard["said"]), (&json!("whisper"), &json!("yes?")));
    bot.sends(&json!({"type": "command", "text": "/me waves"}));
    alice.hears("* bot waves");
    assert_eq!(bot.next()["event"], "acted");
    bot.sends(&json!({"type": "users"}));
    assert_eq!(bot.next()["users"], json!(["alice", "bot"]));
    alice.says("/whois bot");
    alice.hears("bot is in room 'lobby', connected over json for 0 s, idle for 0 s.");
    bot.sends(&json!({"type": "leave", "id": 9}));
    assert_eq!(bot.next(), json!({"type": "ack", "id": 9}));
    assert_eq!(bot.next()["event"], "goodbye");
    assert_eq!(bot.next(), Value::Null);
    alice.hears("bot has left the chat.");
}

#[test]
fn a_program_is_outside_until_it_says_who_it_is() {
    let (server, _folder, path) = start(&[]);
    let mut alice = server.client("alice");
    let mut bot = Program::connect(&path);
    bot.sends(&json!({"type": "rooms"}));
    assert_eq!(
        bot.next(),
        json!({"type": "rooms", "rooms": ["lobby"], "seq": 0}),
        "the server did not speak first"
    );
    bot.says("hello?");
    bot.hears_error("Join a room first");
    bot.sends(&json!({"type": "join", "room": "lobby", "user": "ALICE"}));
    bot.hears_error("Nickname 'ALICE' is already taken.");
    bot.sends(&json!({"type": "join", "room": "lobby"}));
    bot.hears_error("Missing fields: user");
    alice.says("/users");
    alice.hears("Users in lobby: alice");
    bot.sends(&json!({"type": "join", "room": "dev", "user": "bot", "id": 1}));
    assert_eq!(bot.next(), json!({"type": "ack", "id": 1}));
    assert_eq!(bot.next()["nick"], "bot");
    assert_eq!(bot.next()["name"], "dev");
    bot.sends(&json!({"type": "join", "room": "dev", "user": "bot"}));
    bot.hears_error("Already in that room");
    bot.sends(&json!({"type": "join", "room": "lobby", "user": "robot"}));
    alice.hears("robot has joined the room.");
}

#[test]
fn history_keeps_its_numbers_and_everything_that_came_with_the_greeting_counts() {
    let (server, _folder, path) = start(&["--history-replay", "9"]);
    let mut alice = server.client("alice");
    for text in ["one", "two"] {
        alice.says(text);
        alice.hears(&format!("[lobby] alice: {text}"));
    }
    let mut bot = Program::connect(&path);
    let join = json!({"type": "join", "room": "lobby", "user": "bot"});
    write!(
        bot.0.get_mut(),
        "{join}{}{}",
        json!({"type": "message", "text": "three"}),
        json!({"type": "leave"})
    )
    .unwrap();
    assert_eq!(bot.next()["event"], "welcome");
    assert_eq!(bot.hears("alice", "one"), 1);
    assert_eq!(bot.hears("alice", "two"), 2);
    assert_eq!(bot.hears("bot", "three"), 3);
    assert_eq!(bot.next()["event"], "goodbye");
}

#[test]
fn rules_hold_for_programs_and_the_stop_is_told() {
    let (server, _folder, path) = start(&["--rate", "1", "--burst", "2"]);
    let mut alice = server.client("alice");
    alice.says("/join dev");
    alice.hears("You joined room 'dev'.");
    let mut bot = Program::join(&path, "bot", "dev");
    alice.hears("bot has joined the room.");
    for text in ["1", "2"] {
        bot.says(text);
        bot.hears("bot", text);
        alice.hears(&format!("[dev] bot: {text}"));
    }
    bot.says("3");
    assert_eq!(bot.next()["type"], "error", "it is warned");
    alice.says("/kick bot loud");
    let kicked = bot.next();
    assert!(kicked["text"].as_str().unwrap().contains("alice"), "{kicked}");
    server.signal(Signal::TERM);
    loop {
        let heard = bot.next();
        assert_ne!(heard, Value::Null, "the stop is told");
        if heard["event"] == "shutting_down" {
            break;
        }
    }
    assert_eq!(bot.next(), Value::Null);
    assert!(server.ends().success());
}

#[test]
fn a_program_is_told_the_limits_when_it_asks() {
    let (_server, _folder, path) = start(&["--rate", "7", "--burst", "9"]);
    let mut bot = Program::join(&path, "bot", "lobby");
    bot.says("one");
    bot.hears("bot", "one");
    bot.sends(&json!({"type": "command", "text": "/mark 42"}));
    let mark = bot.next();
    let told = |key: &str| mark[key].as_u64().expect("a number");
    assert_eq!((&mark["event"], told("token"), told("newest")), (&json!("mark"), 42, 1), "{mark}");
    assert_eq!((told("rate"), told("burst"), told("left")), (7, 9, 8));
    assert_eq!((told("longest_text"), told("longest_line")), (1024, 8192));
}

#[test]
fn no_number_is_given_again_even_if_the_server_was_killed_before_it_saved_the_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("chat.db");
    let options = ["--data", data.to_str().expect("UTF-8"), "--history-replay", "0"];
    let mut newest = 0;
    for (nick, signal) in
        [("ann", Signal::TERM), ("ben", Signal::KILL), ("cleo", Signal::KILL), ("dan", Signal::TERM)]
    {
        let (server, _folder, path) = start(&options);
        let mut bot = Program::connect(&path);
        bot.sends(&json!({"type": "join", "room": "lobby", "user": nick}));
        // Before anything is said, too: a program that comes in has missed nothing yet.
        let told = bot.next()["seq"].as_u64().expect("a number");
        assert!(told >= newest, "{told} is at least {newest}");
        bot.says("hello");
        bot.hears(nick, "hello");
        // The answer comes when that is saved, and with it what was changed before.
        bot.sends(&json!({"type": "command", "text": "/register correct-horse"}));
        while bot.next()["text"] != "Registration successful." {}
        bot.says("hi");
        let given = bot.hears(nick, "hi");
        assert!(given > newest, "{given} is the number of a newer line than {newest}");
        newest = given;
        server.signal(signal);
        server.ends();
    }
}

#[test]
fn a_program_that_asks_for_a_taken_nickname_twice_is_refused_twice() {
    let (server, _folder, path) = start(&[]);
    let mut alice = server.client("alice");
    let mut bot = Program::join(&path, "bot", "lobby");
    let join = |room, user| json!({"type": "join", "room": room, "user": user});
    for room in ["dev", "ops"] {
        bot.sends(&join(room, "alice"));
        bot.hears_error("Nickname 'alice' is already taken.");
        assert_eq!(bot.next()["name"], room);
    }
    bot.sends(&json!({"type": "command", "text": "/nick bert"}));
    assert_eq!(bot.next()["nick"], "bert");
    // It has this nickname already, so nothing is told about it, however often it moves.
    for room in ["dev", "ops", "dev"] {
        bot.sends(&join(room, "bert"));
        assert_eq!(bot.next()["name"], room);
    }
    bot.sends(&join("ops", "bot"));
    assert_eq!((&bot.next()["nick"], &bot.next()["name"]), (&json!("bot"), &json!("ops")));
    alice.says("/whois bot");
    alice.hears_at_last("bot is in room 'ops', connected over json for 0 s, idle for 0 s.");
}

#[test]
fn a_program_that_made_too_many_rooms_may_choose_another() {
    let (_server, _folder, path) = start(&["--rate", "1"]);
    let mut refused = 0;
    for number in 0..200 {
        let mut bot = Program::connect(&path);
        bot.sends(&json!({"type": "join", "room": format!("room{number}"), "user": format!("bot{number}")}));
        let heard = bot.next();
        if heard["event"] != "welcome" {
            refused += 1;
            assert_eq!(
                heard["text"].as_str().map(|text| text.starts_with("Rooms are being")),
                Some(true),
                "{heard}"
            );
            bot.sends(&json!({"type": "join", "room": "lobby", "user": format!("bot{number}")}));
            assert_eq!(bot.next()["event"], "welcome");
            break;
        }
    }
    assert_eq!(refused, 1);
}

#[test]
fn a_program_takes_a_file_from_a_person() {
    let (server, _folder, path) = start(&[]);
    let mut alice = server.client("alice");
    let mut bot = Program::join(&path, "bot", "lobby");
    let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    alice.says(&format!("/offer bot 4 {digest} my notes.txt"));
    let heard = bot.next();
    assert_eq!((&heard["event"], &heard["from"]), (&json!("file_requested"), &json!("alice")), "{heard}");
    assert_eq!((&heard["name"], &heard["size"]), (&json!("my notes.txt"), &json!(4)));
    bot.sends(&json!({"type": "command", "text": "/take"}));
    let ticket = bot.next();
    assert_eq!((&ticket["event"], &ticket["sha256"]), (&json!("file_receive"), &json!(digest)), "{ticket}");
    let call = |port: &str, token: &str, first: &str| {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time");
        write!(stream, "{token}\n{first}").expect("it is connected");
        stream
    };
    let (port, token) = (ticket["port"].to_string(), ticket["token"].as_str().expect("a token"));
    let mut receiving =
        call(&port, token, "from 0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n");
    let told = std::iter::from_fn(|| alice.next_line()).find(|line| line.starts_with("@file send "));
    let told = told.expect("a ticket");
    let words: Vec<_> = told.split(' ').collect();
    let _sending = call(words[3], words[4], "from 0\ntest");
    let mut arrived = [0; 11];
    receiving.read_exact(&mut arrived).expect("the file arrives");
    assert_eq!(&arrived, b"from 0\ntest");
    receiving.write_all(b"received\n").expect("it is connected");
    assert_eq!(bot.next()["event"], "file_arrived");
}

#[test]
fn a_web_page_cannot_make_a_browser_speak_and_the_browser_understands_the_answer() {
    let (server, _folder, path) = start(&[]);
    let mut alice = server.client("alice");
    let mut browser = Program::connect(&path);
    let join = json!({"type": "join", "room": "lobby", "user": "eve"});
    write!(browser.0.get_mut(), "POST / HTTP/1.1\r\nHost: x\r\n\r\n{join}").unwrap();
    let mut answer = String::new();
    browser.0.read_to_string(&mut answer).expect("the server closes");
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    alice.says("/users");
    alice.hears("Users in lobby: alice");
}

#[test]
fn a_stop_does_not_wait_for_a_program_that_has_not_come_in() {
    let (server, _folder, path) = start(&[]);
    let mut silent = Program::connect(&path);
    silent.sends(&json!({"type": "rooms"}));
    silent.next();
    server.signal(Signal::TERM);
    assert_eq!(silent.next()["event"], "shutting_down");
    assert!(server.ends().success());
}
