//! Terse JSON: programs that expect exactly one object from each `recv`.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{DEADLINE, Peer, Server};

/// The size that the program gives to `recv`.
const RECV: usize = 1024;

/// The time between two sends.
const PAUSE: Duration = Duration::from_millis(20);

#[track_caller]
fn start(options: &[&str]) -> (Server, SocketAddr) {
    Server::with_door("json://127.0.0.1:0", options)
}

/// A program that speaks terse JSON. On a busy machine it may wake up so late that one `recv` yields two objects,
/// so it can read both. It checks that the server has paused between them.
struct Program {
    stream: TcpStream,
    unread: Vec<u8>,
    /// When it connected.
    start: Instant,
    /// How many objects it has heard since.
    heard: u32,
}

impl Program {
    /// Comes in, without waiting for an answer.
    #[track_caller]
    fn connect(door: SocketAddr, name: &str) -> Self {
        let start = Instant::now();
        let stream = TcpStream::connect(door).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time");
        let mut program = Self { stream, unread: Vec::new(), start, heard: 0 };
        program.sends(&json!({"type": "join", "data": name}));
        program
    }

    #[track_caller]
    fn join(door: SocketAddr, name: &str, nick: &str) -> Self {
        let mut program = Self::connect(door, name);
        program.hears_server(&welcome(nick));
        program
    }

    #[track_caller]
    fn sends(&mut self, object: &Value) {
        write!(self.stream, "{object}").expect("it is connected");
    }

    #[track_caller]
    fn says(&mut self, line: &str) {
        self.sends(&json!({"type": "chat", "data": line}));
    }

    /// The next object; `Null` at the end of the stream.
    #[track_caller]
    fn next(&mut self) -> Value {
        while !self.unread.contains(&b'\n') {
            let mut bytes = [0; RECV];
            let length = self.stream.read(&mut bytes).expect("an object in time");
            if length == 0 {
                assert_eq!(self.unread, b"");
                return Value::Null;
            }
            self.unread.extend_from_slice(&bytes[..length]);
        }
        let end = self.unread.iter().position(|&byte| byte == b'\n').expect("it was found");
        let object: Vec<_> = self.unread.drain(..=end).collect();
        assert!(object.len() <= RECV, "{} bytes", object.len());
        assert!(self.start.elapsed() >= PAUSE * self.heard, "object {} came too early", self.heard + 1);
        self.heard += 1;
        serde_json::from_slice(&object).expect("an object")
    }

    #[track_caller]
    fn hears(&mut self, from: &str, data: &str) {
        assert_eq!(self.next(), json!({"type": "message", "from": from, "data": data}));
    }

    #[track_caller]
    fn hears_server(&mut self, data: &str) {
        assert_eq!(self.next(), json!({"type": "server_message", "data": data}));
    }

    /// Hears a long text, which may come in several objects. Returns how many there were.
    #[track_caller]
    fn hears_in_parts(&mut self, from: &str, data: &str) -> usize {
        let (mut heard, mut parts) = (String::new(), 0);
        while heard.len() < data.len() {
            let object = self.next();
            assert_eq!((&object["type"], &object["from"]), (&json!("message"), &json!(from)));
            heard += object["data"].as_str().expect("a text");
            parts += 1;
        }
        assert_eq!(heard, data);
        parts
    }
}

fn welcome(nick: &str) -> String {
    format!("Welcome! Your nickname is '{nick}'. Use /nick <name> to change it.")
}

#[test]
fn a_program_and_a_person_talk_and_the_program_does_not_hear_itself() {
    let (server, door) = start(&[]);
    let mut alice = server.client("alice");
    let mut zoe = Program::join(door, "Zoë Müller", "Zoe_Muller");
    alice.hears("Zoe_Muller has joined the chat!");
    zoe.says("Hello World!");
    alice.hears("[lobby] Zoe_Muller: Hello World!");
    zoe.says("/me waves");
    alice.hears("* Zoe_Muller waves");
    alice.says("hi \"Zoë\"");
    alice.hears("[lobby] alice: hi \"Zoë\"");
    zoe.hears("alice", "hi \"Zoë\"");
    alice.says("/me bows");
    alice.hears("* alice bows");
    zoe.hears_server("* alice bows");
    zoe.says("two\nlines");
    alice.hears("[lobby] Zoe_Muller: two lines");
    zoe.says("/nick zoe");
    zoe.hears_server("Nickname changed to 'zoe'.");
    alice.hears("Zoe_Muller is now known as zoe.");
    zoe.says("/register secret-of-zoe");
    assert_eq!(zoe.next()["type"], "server_message");
    zoe.sends(&json!({"type": "dance"}));
    loop {
        let heard = zoe.next();
        if heard["data"] == "Unknown message type: dance" {
            break;
        }
        assert_eq!(heard["type"], "server_message", "{heard}");
    }
    drop(zoe);
    alice.hears("zoe has left the chat.");
}

#[test]
fn a_taken_reserved_or_registered_name_gets_a_number() {
    let (server, door) = start(&[]);
    let mut alice = server.client("alice");
    alice.says("/register secret-of-alice");
    alice.hears_at_last("Registration successful.");
    let _second = Program::join(door, "Alice", "Alice2");
    alice.says("/nick bob");
    alice.hears_at_last("Nickname changed to 'bob'.");
    let _third = Program::join(door, "alice", "alice3");
    let _system = Program::join(door, "SYSTEM", "SYSTEM2");
    let _guest = Program::join(door, "guest_1", "guest1");
    let _nothing = Program::join(door, "Анна", "user");
    let _other = Program::join(door, "小明", "user2");
    let _number = Program::join(door, "42", "n42");
}

#[test]
fn in_a_busy_room_objects_come_one_by_one_and_none_is_missing() {
    let (server, door) = start(&[]);
    let (mut alice, mut bot) = (server.client("alice"), Program::join(door, "bot", "bot"));
    alice.hears("bot has joined the chat!");
    for n in 0..60 {
        alice.says(&format!("line {n}"));
    }
    for n in 0..60 {
        bot.hears("alice", &format!("line {n}"));
    }
}

#[test]
fn history_and_long_texts_come_in_objects_that_one_recv_holds() {
    let (server, door) = start(&["--history-replay", "9", "--max-message-length", "4000"]);
    let mut alice = server.client("alice");
    let texts = ["\"é😀\\".repeat(300), "short".into(), "x".repeat(4000)];
    for text in &texts {
        alice.says(text);
        alice.hears(&format!("[lobby] alice: {text}"));
    }
    let mut bot = Program::join(door, "bot", "bot");
    let parts = texts.each_ref().map(|text| bot.hears_in_parts("alice", text));
    assert_eq!(parts, [4, 1, 5]);
    alice.says(&texts[0]);
    bot.hears_in_parts("alice", &texts[0]);
}

#[test]
fn a_thousand_programs_of_one_name_come_in_at_once() {
    let (_server, door) = start(&["--presence-limit", "1"]);
    let mut crowd: Vec<_> = (0..1000).map(|_| Program::connect(door, "Alice")).collect();
    let told: BTreeSet<_> =
        crowd.iter_mut().map(|bot| bot.next()["data"].as_str().expect("a sentence").to_owned()).collect();
    let names = (2..=1000).map(|n| format!("Alice{n}")).chain(["Alice".into()]);
    assert_eq!(told, names.map(|name| welcome(&name)).collect());
}

/// The program itself: it dies of two objects in one `recv`. Returns how many it has read before.
fn read_as_it_does(stream: &mut TcpStream, last: &str) -> Result<usize, usize> {
    for count in 0.. {
        let mut bytes = [0; RECV];
        let length = stream.read(&mut bytes).expect("an object in time");
        let Ok(object) = serde_json::from_slice::<Value>(&bytes[..length]) else { return Err(count) };
        if object["data"] == last {
            return Ok(count);
        }
    }
    unreachable!("it reads for ever")
}

#[test]
fn a_program_that_dies_of_two_objects_at_once_lives() {
    let (server, door) = start(&["--history-replay", "5"]);
    let mut alice = server.client("alice");
    let talk = |alice: &mut Peer| (0..20).for_each(|n| alice.says(&format!("{n} {}", "é".repeat(n * 20))));
    talk(&mut alice);
    // The program may fail to wake up in time on a busy machine, but not every time.
    let mut deaths = Vec::new();
    for attempt in 0..10 {
        let mut bot = Program::connect(door, &format!("bot{attempt}"));
        let last = format!("the last of {attempt}");
        let lived = thread::scope(|scope| {
            let reading = || read_as_it_does(&mut bot.stream, &last);
            let reader = thread::Builder::new().spawn_scoped(scope, reading).expect("a thread");
            alice.hears_at_last(&format!("bot{attempt} has joined the chat!"));
            talk(&mut alice);
            alice.says(&last);
            reader.join().expect("no panic")
        });
        match lived {
            Ok(count) => return assert!(count >= 26, "{count}"),
            Err(count) => deaths.push(count),
        }
    }
    panic!("it died after so many objects: {deaths:?}");
}

#[test]
fn a_kick_a_quit_and_the_stop_are_told() {
    let (server, door) = start(&[]);
    let mut alice = server.client("alice");
    alice.says("/join dev");
    alice.hears_at_last("You joined room 'dev'.");
    let mut bot = Program::join(door, "bot", "bot");
    bot.says("/join dev");
    bot.hears_server("You joined room 'dev'.");
    alice.hears("bot has joined the room.");
    alice.says("/kick bot loud");
    assert!(bot.next()["data"].as_str().expect("a sentence").contains("loud"));
    let mut brief = Program::join(door, "brief", "brief");
    assert!(bot.next()["data"].as_str().is_some());
    brief.says("/quit");
    brief.hears_server("Goodbye!");
    assert_eq!(brief.next(), Value::Null);
    server.signal(Signal::TERM);
    loop {
        match bot.next() {
            Value::Null => panic!("the stop is told"),
            told if told["data"] == "Server shutting down." => break,
            _ => {}
        }
    }
    assert_eq!(bot.next(), Value::Null);
    assert!(server.ends().success());
}

#[test]
fn a_program_that_falls_behind_is_told_that_it_is_too_slow() {
    let (server, door) = start(&["--outbox-limit", "16384"]);
    let (mut alice, mut bot) = (server.client("alice"), Program::join(door, "bot", "bot"));
    alice.hears("bot has joined the chat!");
    // Even a program that reads at once hears only fifty objects a second.
    for n in 0..40 {
        alice.says(&format!("{n} {}", "x".repeat(900)));
    }
    let mut heard = Vec::new();
    loop {
        match bot.next() {
            Value::Null => break,
            object => heard.push(object),
        }
    }
    assert_eq!(heard.pop().expect("a reason")["data"], "Disconnected: too slow to read.");
    assert!(heard.iter().all(|object| object["from"] == "alice"));
    alice.hears_at_last("bot has left the chat.");
}
