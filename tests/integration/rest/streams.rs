//! What programs hear, as server-sent events.

use std::time::Instant;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{
    Browser, DEADLINE, Program,
    program::{is_problem, start},
};

/// A stream of events.
pub(super) struct Stream {
    browser: Browser,
    unread: String,
    /// The id of the last event that had one.
    pub(super) id: String,
}

impl Stream {
    #[track_caller]
    pub(super) fn open(program: &Program, headers: &str) -> Self {
        let mut browser = Browser::connect(program.port);
        browser.sends(format!("{}{headers}\r\n", program.head("GET /clients/events")));
        let head = browser.head();
        assert_eq!(head[0], "HTTP/1.1 200 OK");
        for line in
            ["Content-Type: text/event-stream", "Transfer-Encoding: chunked", "Cache-Control: no-store"]
        {
            assert!(head.iter().any(|known| known == line), "{head:?}");
        }
        Self { browser, unread: String::new(), id: String::new() }
    }

    /// Goes on behind the last event.
    #[track_caller]
    pub(super) fn reopen(self, program: &Program) -> Self {
        let Self { browser, id, .. } = self;
        drop(browser);
        Self::open(program, &format!("Last-Event-ID: {id}\r\n"))
    }

    /// The next event; `None` at the end of the stream.
    #[track_caller]
    pub(super) fn next(&mut self) -> Option<Value> {
        // Comments come for ever, so they must not put the deadline off.
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < DEADLINE, "waited for an event");
            if let Some((event, rest)) = self.unread.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.unread = rest;
                let mut data = None;
                for line in event.lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => id.clone_into(&mut self.id),
                        Some(("data", text)) => data = Some(serde_json::from_str(text).expect("JSON")),
                        _ => assert_eq!(line, ":", "a comment"),
                    }
                }
                if data.is_some() {
                    return data;
                }
                continue;
            }
            let chunk = self.chunk();
            if chunk.is_empty() {
                assert_eq!(self.unread, "");
                return None;
            }
            self.unread += &chunk;
        }
    }

    fn chunk(&mut self) -> String {
        let mut line = String::new();
        while !line.ends_with("\r\n") {
            line.extend(self.browser.read(1).expect("the size of a chunk").iter().copied().map(char::from));
        }
        let size = usize::from_str_radix(line.trim_end(), 16).expect("a size");
        let chunk = self.browser.read(size + 2).expect("a whole chunk");
        String::from_utf8(chunk[..size].to_vec()).expect("UTF-8")
    }

    /// The next event of this type.
    #[track_caller]
    pub(super) fn hears_a(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next().expect("the stream goes on");
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// The next message.
    #[track_caller]
    pub(super) fn hears(&mut self, text: &str) {
        assert_eq!(self.hears_a("message")["text"], text);
    }

    /// The next events up to this one, which a program knows by its name.
    #[track_caller]
    pub(super) fn hears_of(&mut self, name: &str) -> Value {
        loop {
            let event = self.hears_a("system");
            if event["event"] == name {
                return event;
            }
        }
    }
}

#[test]
fn a_program_hears_everything_from_its_welcome_on() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let mut robot = Program::register(port, "robot", "dev");
    alice.says("/join dev");
    alice.says("hello");
    alice.hears_at_last("[dev] alice: hello");
    let mut stream = Stream::open(&robot, "");
    assert_eq!(stream.hears_of("welcome")["nick"], "robot");
    assert_eq!(stream.hears_of("joined")["name"], "dev");
    assert_eq!(stream.hears_of("entered")["nick"], "alice");
    let hello = stream.hears_a("message");
    assert_eq!((&hello["text"], &hello["seq"].to_string()), (&json!("hello"), &stream.id));
    let seq = robot.says("dev", "hi");
    stream.hears("hi");
    assert_eq!(stream.id, seq.to_string());
    alice.says("/whisper robot psst");
    assert_eq!(stream.hears_of("whisper")["said"], "psst");
    assert_eq!(stream.id, format!("{seq}.1"), "the first event after that line");
    // What a call is answered is not told again.
    is_problem(&robot.posts("/chatrooms", &json!({"chat_room": "dev"})), 409);
    assert_eq!(robot.gets("/chatrooms/list").status, 200);
    assert_eq!(robot.posts("/clients/close", &json!({})).status, 204);
    assert_eq!(stream.next().map(|event| event["event"].clone()), Some(json!("goodbye")));
    assert_eq!(stream.next(), None);
}

#[test]
fn a_stream_goes_on_where_it_broke_off() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let robot = Program::register(port, "robot", "lobby");
    let mut stream = Stream::open(&robot, "");
    for round in 0..5 {
        for number in 0..4 {
            alice.says(&format!("line {round}.{number}"));
        }
        alice.says("/whisper robot psst");
        stream.hears(&format!("line {round}.0"));
        stream.hears(&format!("line {round}.1"));
        stream = stream.reopen(&robot);
        stream.hears(&format!("line {round}.2"));
        stream.hears(&format!("line {round}.3"));
        stream.hears_of("whisper");
        stream = stream.reopen(&robot);
    }
    alice.says("end");
    assert_eq!(stream.next().expect("an event")["text"], "end");
}

#[test]
fn a_stream_that_was_away_too_long_is_told_how_much_it_has_missed() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let robot = Program::register(port, "robot", "lobby");
    let mut stream = Stream::open(&robot, "");
    alice.says("first");
    stream.hears("first");
    let first: u64 = stream.id.parse().expect("a number");
    drop(stream.browser);
    // The server notices that the stream is gone before it counts as slow.
    let id = stream.id;
    for number in 0..300 {
        alice.says(&format!("{number} {}", "x".repeat(900)));
        alice.next_line();
    }
    alice.catches_up();
    let mut stream = Stream::open(&robot, &format!("Last-Event-ID: {id}\r\n"));
    let lost = stream.hears_of("lost");
    let count = lost["lost"].as_u64().expect("a number");
    assert_eq!(lost["text"], format!("Missed here: {count} events."));
    let next = stream.hears_a("message");
    assert_eq!(next["seq"], first + count + 1, "no more and no less is missing");
    while stream.hears_a("message")["seq"] != first + 300 {}
}

#[test]
fn a_second_stream_takes_over() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let robot = Program::register(port, "robot", "lobby");
    let mut first = Stream::open(&robot, "");
    alice.says("one");
    first.hears("one");
    let mut second = Stream::open(&robot, "");
    assert_eq!(first.hears_of("taken_over")["text"], "Another stream of this client has taken over.");
    assert_eq!(first.next(), None);
    alice.says("two");
    second.hears("two");
    // The first connection can go on with calls.
    first.browser.asks("GET /healthz");
    assert_eq!(first.browser.reply().status, 200);
}

#[test]
fn a_pause_lasts_until_the_program_speaks() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let mut robot = Program::register(port, "robot", "lobby");
    let mut stream = Stream::open(&robot, "");
    alice.says("before");
    stream.hears("before");
    assert_eq!(robot.asks("POST /clients/pause", "", "").status, 204);
    alice.says("during");
    alice.hears_at_last("[lobby] alice: during");
    assert_eq!(robot.gets("/chatrooms/list").status, 200);
    robot.says("lobby", "back");
    stream.hears("back");
    alice.says("after");
    stream.hears("after");
    assert_eq!(robot.asks("POST /clients/pause", "", "").status, 204);
    server.signal(Signal::TERM);
    assert_eq!(stream.next().expect("the reason")["event"], "shutting_down");
    assert_eq!(stream.next(), None);
    assert!(server.ends().success());
}

#[test]
fn a_program_that_is_told_to_go_hears_why() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    alice.says("/admin open-sesame");
    alice.hears_at_last("Admin privileges granted.");
    let mut robot = Program::register(port, "robot", "lobby");
    let mut stream = Stream::open(&robot, "");
    alice.says("/disconnect robot too loud");
    let mut last = None;
    while let Some(event) = stream.next() {
        last = Some(event);
    }
    assert_eq!(last.expect("a reason")["text"], "Disconnected by alice: too loud");
    alice.hears_at_last("robot has left the chat.");
    is_problem(&robot.gets("/chatrooms/list"), 401);
}

#[test]
fn a_listener_that_is_too_slow_is_cut_like_anyone() {
    let (server, port) = start("", &["--outbox-limit", "100000"]);
    let mut alice = server.client("alice");
    let robot = Program::register(port, "robot", "lobby");
    alice.hears("robot has joined the chat!");
    let mut stream = Stream::open(&robot, "");
    let mut lines = 0;
    loop {
        alice.says(&format!("{lines} {}", "x".repeat(1000)));
        lines += 1;
        assert!(lines < 100_000, "it is never cut");
        match alice.next_line().as_deref() {
            Some("robot has left the chat.") => break,
            line => assert!(line.is_some()),
        }
    }
    let mut last = None;
    while let Some(event) = stream.next() {
        last = Some(event);
    }
    assert_eq!(last.expect("a reason")["text"], "Disconnected: too slow to read.");
}
