//! One door for every kind of client: the first bytes tell the wire.

use std::{
    io::Read,
    net::{SocketAddr, TcpStream},
};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{DEADLINE, Peer, Server};

const WELCOME: &str = "Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.";

#[track_caller]
fn start(options: &[&str]) -> (Server, SocketAddr) {
    Server::with_door("any://127.0.0.1:0", options)
}

/// What a user says next, as a program hears it.
#[track_caller]
fn said(program: &mut Peer) -> Value {
    loop {
        let object: Value = serde_json::from_str(&program.next_line().expect("an object")).expect("JSON");
        if object["type"] == "message" {
            return object;
        }
    }
}

/// A program that comes in with this, and the first object that it hears. On a busy machine it may be too late
/// and be taken for a person, but not every time.
#[track_caller]
fn program(door: SocketAddr, join: &Value) -> (Peer, Value) {
    for _ in 0..10 {
        let mut program = Peer::connect(door);
        program.sends(join.to_string().as_bytes());
        let first = program.next_line().expect("a welcome");
        if let Ok(object) = serde_json::from_str(&first) {
            return (program, object);
        }
    }
    panic!("programs are taken for people");
}

#[track_caller]
fn speaks(alice: &mut Peer, nick: &str, scheme: &str) {
    alice.says(&format!("/whois {nick}"));
    let whois = alice.next_line().expect("an answer");
    let expected = format!("{nick} is in room 'lobby', connected over {scheme} for ");
    assert!(whois.starts_with(&expected), "{whois}");
}

#[test]
fn every_kind_of_client_comes_in_through_one_door() {
    let (server, door) = start(&[]);
    let mut alice = server.client("alice");
    let mut silent = Peer::connect(door);
    silent.hears(WELCOME);
    alice.hears("guest_1 has joined the chat!");
    speaks(&mut alice, "guest_1", "text");
    let mut eager = Peer::connect(door);
    eager.says("/nick eager");
    eager.hears_at_last("Nickname changed to 'eager'.");
    alice.hears_at_last("guest_2 is now known as eager.");
    speaks(&mut alice, "eager", "text");
    let (mut bot, heard) = program(door, &json!({"type": "join", "room": "lobby", "user": "bot"}));
    assert_eq!(heard["event"], "welcome");
    alice.hears_at_last("bot has joined the chat!");
    bot.sends(json!({"type": "message", "text": "hi"}).to_string().as_bytes());
    assert_eq!(said(&mut bot)["text"], "hi");
    alice.hears("[lobby] bot: hi");
    speaks(&mut alice, "bot", "json");
    let (mut zoe, heard) = program(door, &json!({"type": "join", "data": "Zoë"}));
    assert_eq!(heard["type"], "server_message");
    alice.hears_at_last("Zoe has joined the chat!");
    alice.says("hello");
    silent.hears_at_last("[lobby] bot: hi");
    silent.hears_at_last("[lobby] alice: hello");
    assert_eq!(said(&mut zoe), json!({"type": "message", "from": "alice", "data": "hello"}));
}

#[test]
fn a_web_page_cannot_make_a_browser_speak() {
    let (server, door) = start(&[]);
    let mut alice = server.client("alice");
    for (request, status) in [
        (&b"POST / HTTP/1.1\r\nHost: x\r\n\r\nspam\n"[..], "405 Method Not Allowed"),
        (b"PATCH / HTTP/1.1\r\nHost: x\r\n\r\nspam\n", "400 Bad Request"),
        (b"\x16\x03\x01\x02\x00\x01spam\n", "400 Bad Request"),
    ] {
        let mut browser = TcpStream::connect(door).expect("the server listens");
        browser.set_read_timeout(Some(DEADLINE)).expect("a time");
        std::io::Write::write_all(&mut browser, request).expect("it is connected");
        let mut answer = String::new();
        browser.read_to_string(&mut answer).expect("an answer and the end");
        assert!(answer.contains(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
    }
    alice.says("the end");
    while let Some(line) = alice.next_line().filter(|line| line != "[lobby] alice: the end") {
        assert!(!line.contains("spam"), "{line}");
    }
}

#[test]
fn a_refusal_and_the_stop_are_told() {
    let (server, door) = start(&["--max-clients", "1"]);
    let mut silent = Peer::connect(door);
    silent.hears(WELCOME);
    let mut refused = Peer::connect(door);
    refused.hears("Server is full.");
    refused.hears_the_end();
    server.signal(Signal::TERM);
    silent.hears("Server shutting down.");
    silent.hears_the_end();
    assert!(server.ends().success());
}

#[test]
fn a_stop_does_not_wait_for_clients_that_have_said_nothing() {
    let (server, door) = start(&[]);
    let _silent: Vec<_> = (0..50).map(|_| Peer::connect(door)).collect();
    server.signal(Signal::TERM);
    assert!(server.ends().success());
}

#[test]
fn a_thousand_clients_come_in_at_once() {
    let (_server, door) = start(&["--presence-limit", "1"]);
    let mut crowd: Vec<_> = (0..1000).map(|_| Peer::connect(door)).collect();
    for peer in &mut crowd {
        assert!(peer.next_line().is_some_and(|line| line.starts_with("Welcome!")));
    }
}
