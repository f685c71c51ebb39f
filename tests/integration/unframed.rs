//! Text without newlines, with a program that sends what was typed and takes each `recv` for a line.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
};

use rustix::process::Signal;

use crate::support::{DEADLINE, Server};

#[track_caller]
fn start(options: &[&str]) -> (Server, SocketAddr) {
    Server::with_door("unframed://127.0.0.1:0", options)
}

/// A program with a prompt, which shows where its user is.
struct Program {
    stream: TcpStream,
    /// What was received and not searched yet.
    heard: Vec<u8>,
    nick: String,
    room: String,
}

impl Program {
    #[track_caller]
    fn connect(door: SocketAddr) -> Self {
        let stream = TcpStream::connect(door).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time");
        Self { stream, heard: Vec::new(), nick: String::new(), room: "lobby".into() }
    }

    /// Sends a line without a newline, so only the pause ends it.
    #[track_caller]
    fn types(&mut self, line: &str) {
        self.stream.write_all(line.as_bytes()).expect("it is connected");
    }

    /// Takes what one `recv` yields. Returns whether there was anything.
    #[track_caller]
    fn receives(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let length = self.stream.read(&mut bytes).expect("a line in time");
        self.heard.extend_from_slice(&bytes[..length]);
        let heard = String::from_utf8_lossy(&bytes[..length]);
        let after = |phrase: &str| heard.rsplit_once(phrase).map(|(_, rest)| rest);
        let name =
            |phrase, end: char| after(phrase).and_then(|rest| rest.split(end).next()).map(String::from);
        let nick = name("Nickname changed to '", '\'').or_else(|| name("Your nickname: ", '\n'));
        let room = after("returned to the lobby").map(|_| "lobby".into());
        self.nick = nick.unwrap_or_else(|| self.nick.clone());
        self.room = room.or_else(|| name("You joined room '", '\'')).unwrap_or_else(|| self.room.clone());
        length > 0
    }

    /// Receives until the prompt is this.
    #[track_caller]
    fn shows(&mut self, prompt: &str) {
        while format!("{}@{}", self.nick, self.room) != prompt {
            assert!(self.receives(), "the stream ended after {:?}", self.heard);
        }
    }

    /// Receives until this line has come.
    #[track_caller]
    fn hears(&mut self, line: &str) {
        loop {
            while let Some(end) = self.heard.iter().position(|&byte| byte == b'\n') {
                let heard: Vec<_> = self.heard.drain(..=end).collect();
                if heard[..end] == *line.as_bytes() {
                    return;
                }
            }
            assert!(self.receives(), "the stream ended after {:?}", self.heard);
        }
    }

    #[track_caller]
    fn hears_the_end(&mut self) {
        while self.receives() {}
    }
}

#[test]
fn a_prompt_reads_its_name_and_room_from_what_it_hears() {
    let (server, door) = start(&[]);
    let mut alice = server.client("alice");
    let mut bob = Program::connect(door);
    bob.shows("guest_1@lobby");
    alice.hears("guest_1 has joined the chat!");
    bob.types("/nick bob");
    bob.shows("bob@lobby");
    alice.hears("guest_1 is now known as bob.");
    bob.types("/join dev");
    bob.shows("bob@dev");
    alice.hears("bob has left the room.");
    bob.types("/leave");
    bob.shows("bob@lobby");
    alice.hears("bob has joined the room.");
    bob.types("hello ë");
    bob.hears("[lobby] bob: hello ë");
    alice.hears("[lobby] bob: hello ë");
    alice.says("/whois bob");
    let whois = alice.next_line().expect("an answer");
    assert!(whois.starts_with("bob is in room 'lobby', connected over unframed for "), "{whois}");
}

#[test]
fn newlines_end_lines_too_and_the_last_line_needs_neither_newline_nor_pause() {
    let (server, door) = start(&[]);
    let mut alice = server.client("alice");
    let mut bob = Program::connect(door);
    alice.hears("guest_1 has joined the chat!");
    bob.types("one\ntwo\r\nbye");
    bob.stream.shutdown(Shutdown::Write).expect("it is connected");
    for said in ["one", "two", "bye"] {
        alice.hears(&format!("[lobby] guest_1: {said}"));
    }
    alice.hears("guest_1 has left the chat.");
}

#[test]
fn long_lines_arrive_whole_in_both_directions() {
    let (server, door) = start(&["--max-message-length", "0"]);
    let mut alice = server.client("alice");
    let mut bob = Program::connect(door);
    bob.hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
    alice.hears("guest_1 has joined the chat!");
    let long = "é😀".repeat(1300);
    alice.says(&long);
    bob.hears(&format!("[lobby] alice: {long}"));
    bob.types(&(long.clone() + "\n"));
    alice.hears(&format!("[lobby] alice: {long}"));
    alice.hears(&format!("[lobby] guest_1: {long}"));
    bob.types(&"x".repeat(20_000));
    bob.hears("Line too long (max 8192 bytes).");
    bob.types("\nok");
    alice.hears("[lobby] guest_1: ok");
}

#[test]
fn a_web_page_cannot_make_a_browser_speak() {
    let (server, door) = start(&[]);
    let mut alice = server.client("alice");
    let mut browser = Program::connect(door);
    browser.types("POST / HTTP/1.1\r\nHost: x\r\n\r\nspam");
    browser.hears("This is a chat server, not a web server. Connect with chat_client or nc.");
    browser.hears_the_end();
    alice.says("the end");
    while let Some(line) = alice.next_line().filter(|line| line != "[lobby] alice: the end") {
        assert!(!line.contains("spam"), "{line}");
    }
}

#[test]
fn a_thousand_programs_come_in_at_once() {
    let (_server, door) = start(&["--presence-limit", "1"]);
    let mut crowd: Vec<_> = (0..1000).map(|_| Program::connect(door)).collect();
    let told: BTreeSet<_> = crowd.iter_mut().map(first_name).collect();
    assert_eq!(told, (1..=1000).map(|n| format!("guest_{n}")).collect());
}

/// The name that a program reads first.
#[track_caller]
fn first_name(program: &mut Program) -> String {
    while program.nick.is_empty() {
        assert!(program.receives());
    }
    program.nick.clone()
}

#[test]
fn a_kick_a_quit_and_the_stop_are_told() {
    let (server, door) = start(&[]);
    let mut alice = server.client("alice");
    alice.says("/join dev");
    alice.hears_at_last("You joined room 'dev'.");
    let (mut bob, mut brief) = (Program::connect(door), Program::connect(door));
    bob.types("/join dev");
    let nick = first_name(&mut bob);
    bob.shows(&format!("{nick}@dev"));
    alice.says(&format!("/kick {nick}"));
    bob.shows(&format!("{nick}@lobby"));
    brief.types("/quit");
    brief.hears("Goodbye!");
    brief.hears_the_end();
    server.signal(Signal::TERM);
    bob.hears("Server shutting down.");
    bob.hears_the_end();
    assert!(server.ends().success());
}

#[test]
fn a_program_that_does_not_read_is_told_that_it_is_too_slow() {
    let (server, door) = start(&["--outbox-limit", "65536"]);
    let mut alice = server.client("alice");
    let mut slow = Program::connect(door);
    alice.hears("guest_1 has joined the chat!");
    let text = "x".repeat(1000);
    let has_left = (0..100_000).any(|_| {
        alice.says(&text);
        alice.next_line().is_some_and(|line| line == "guest_1 has left the chat.")
    });
    assert!(has_left, "it was told 100 MB");
    slow.hears("Disconnected: too slow to read.");
    slow.hears_the_end();
}
