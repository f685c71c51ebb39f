//! Doors behind TLS.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Instant,
};

use rustix::process::Signal;
use rustls::version;
use serde_json::{Value, json};

use crate::support::{
    DEADLINE, Peer, Server,
    secure::{Certified, Secure},
    server::eventually,
};

const UNENCRYPTED: &str = "This port is encrypted. Connect to it with TLS: chat_client --tls HOST:PORT.";

fn localhost() -> Certified {
    Certified::new("localhost")
}

fn server(certified: &Certified, options: &[&str]) -> (Server, SocketAddr) {
    let (server, doors) = certified.server(&["text+tls"], options);
    (server, doors[0])
}

/// The first bytes that a client of TLS sends.
fn hello(certified: &Certified) -> Vec<u8> {
    let name = "localhost".try_into().expect("a name");
    let config = certified.config(rustls::DEFAULT_VERSIONS);
    let mut session = rustls::ClientConnection::new(config, name).expect("a session");
    let mut hello = Vec::new();
    session.write_tls(&mut hello).expect("a Vec takes it");
    hello
}

#[test]
fn people_behind_tls_and_on_the_text_port_talk() {
    let certified = localhost();
    let (server, door) = server(&certified, &[]);
    for version in [&version::TLS12, &version::TLS13] {
        let mut alice = server.client("alice");
        let mut bob = Secure::connect(door, certified.config(&[version]));
        bob.says("/nick bob");
        bob.hears_at_last("Nickname changed to 'bob'.");
        bob.says("hello");
        bob.hears("[lobby] bob: hello");
        alice.hears_at_last("[lobby] bob: hello");
        assert_eq!(bob.session().protocol_version(), Some(version.version));
        let long = "x".repeat(1000);
        alice.says(&long);
        bob.hears(&format!("[lobby] alice: {long}"));
        alice.hears(&format!("[lobby] alice: {long}"));
        bob.says("/quit");
        alice.hears("bob has left the chat.");
        bob.hears("Goodbye!");
        bob.hears_the_end();
        alice.says("/quit");
        alice.hears("Goodbye!");
        alice.hears_the_end();
    }
}

/// A program that has come in. On a busy machine it may be too late where the first bytes tell the wire, and be
/// taken for a person, but not every time.
#[track_caller]
fn joins(door: SocketAddr, certified: &Certified) -> Secure {
    let join = json!({"type": "join", "room": "lobby", "user": "robot"}).to_string();
    for _ in 0..10 {
        let mut program = certified.connect(door);
        if program.is_taken(join.as_bytes())
            && let Some(first) = program.next_line()
            && serde_json::from_str::<Value>(&first).is_ok()
        {
            return program;
        }
    }
    panic!("programs are taken for people");
}

#[test]
fn programs_speak_json_behind_tls_and_any_door_recognises_it() {
    let certified = localhost();
    let (server, doors) = certified.server(&["json+tls", "any", "any+tls"], &[]);
    let mut alice = server.client("alice");
    for door in &doors {
        let mut robot = joins(*door, &certified);
        alice.hears_at_last("robot has joined the chat!");
        robot.says(&json!({"type": "message", "text": "beep"}).to_string());
        alice.hears("[lobby] robot: beep");
        drop(robot);
        alice.hears("robot has left the chat.");
    }
    for door in &doors[1..] {
        let mut carol = certified.client(*door, "carol");
        carol.says("hello");
        alice.hears_at_last("[lobby] carol: hello");
        carol.says("/quit");
        alice.hears_at_last("carol has left the chat.");
    }
    let mut dave = Peer::connect(doors[1]);
    dave.says("/nick dave");
    dave.hears_at_last("Nickname changed to 'dave'.");
}

#[test]
fn a_handshake_byte_by_byte_succeeds() {
    let certified = localhost();
    let (server, door) = server(&certified, &[]);
    let mut alice = server.client("alice");
    let name = "localhost".try_into().unwrap();
    let config = certified.config(rustls::DEFAULT_VERSIONS);
    let mut session = rustls::ClientConnection::new(config, name).unwrap();
    let mut socket = TcpStream::connect(door).unwrap();
    socket.set_nodelay(true).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    session.writer().write_all(b"/nick bob\n").unwrap();
    while session.is_handshaking() || session.wants_write() {
        let mut raw = Vec::new();
        while session.wants_write() {
            session.write_tls(&mut raw).unwrap();
        }
        for byte in raw {
            socket.write_all(&[byte]).unwrap();
        }
        if session.is_handshaking() {
            session.read_tls(&mut socket).unwrap();
            session.process_new_packets().unwrap();
        }
    }
    alice.hears_at_last("guest_1 is now known as bob.");
}

#[test]
fn a_handshake_that_stops_delays_no_other_and_is_ended() {
    let certified = localhost();
    let (server, door) = server(&certified, &[]);
    let mut stuck = TcpStream::connect(door).unwrap();
    stuck.write_all(&hello(&certified)[..100]).unwrap();
    let mut alice = certified.client(door, "alice");
    alice.says("hello");
    alice.hears_at_last("[lobby] alice: hello");
    stuck.set_read_timeout(Some(DEADLINE)).unwrap();
    let start = Instant::now();
    let mut told = Vec::new();
    stuck.read_to_end(&mut told).unwrap();
    assert_eq!((told[0], told.len()), (21, 7), "an alert: it says goodbye");
    assert!(start.elapsed().as_secs() < 20);
    assert!(server.connect().next_line().is_some());
}

#[test]
fn a_client_without_tls_is_told_so() {
    let certified = localhost();
    let (_server, doors) = certified.server(&["text+tls", "json+tls"], &[]);
    let mut person = Peer::connect(doors[0]);
    person.says("hello");
    person.hears(UNENCRYPTED);
    person.hears_the_end();
    let mut program = Peer::connect(doors[1]);
    program.says("{}");
    let told: Value = serde_json::from_str(&program.next_line().unwrap()).unwrap();
    assert!(told.to_string().contains(UNENCRYPTED), "{told}");
    program.hears_the_end();
    // One that waits for its welcome is told, too, after a while.
    let mut silent = Peer::connect(doors[0]);
    silent.hears(UNENCRYPTED);
    silent.hears_the_end();
}

#[test]
fn garbage_in_a_handshake_and_after_it_ends_only_its_own_client() {
    let certified = localhost();
    let (server, door) = server(&certified, &[]);
    let mut alice = server.client("alice");
    let mut hello = hello(&certified);
    hello[20..].fill(0xff);
    for garbage in [&b"\x16\x03\x01\xff\xff and more"[..], b"\x16garbage", &hello] {
        let mut stranger = TcpStream::connect(door).unwrap();
        stranger.set_read_timeout(Some(DEADLINE)).unwrap();
        stranger.write_all(garbage).unwrap();
        let mut told = Vec::new();
        stranger.read_to_end(&mut told).unwrap();
        assert_eq!(told[0], 21, "an alert");
    }
    let mut bob = certified.client(door, "bob");
    alice.hears_at_last("guest_1 is now known as bob.");
    bob.socket().write_all(b"\x17\x03\x03\x00\x20 this was not encrypted by bob himself").unwrap();
    alice.hears("bob has left the chat.");
    alice.hears_nothing();
}

#[test]
fn a_line_that_is_cut_off_by_a_stranger_is_not_said() {
    let certified = localhost();
    let (server, door) = server(&certified, &[]);
    let mut alice = server.client("alice");
    let mut bob = certified.client(door, "bob");
    alice.hears_at_last("guest_1 is now known as bob.");
    bob.sends(b"pay him 10");
    bob.socket().shutdown(std::net::Shutdown::Write).unwrap();
    alice.hears("bob has left the chat.");
    alice.hears_nothing();
}

#[test]
fn a_thousand_handshakes_that_never_finish_are_bounded_and_others_talk() {
    let certified = localhost();
    let (server, door) = server(&certified, &["--max-clients", "1100"]);
    let mut alice = server.client("alice");
    let mut bob = certified.client(door, "bob");
    alice.hears_at_last("guest_1 is now known as bob.");
    let before = server.status("VmRSS");
    let hello = hello(&certified);
    let stuck: Vec<_> = (0..1000)
        .map(|n| {
            let mut stream = TcpStream::connect(door).unwrap();
            stream.write_all(if n % 2 == 0 { &hello[..100] } else { &hello }).unwrap();
            stream
        })
        .collect();
    for n in 0..20 {
        bob.says(&format!("{n}"));
        alice.hears(&format!("[lobby] bob: {n}"));
        bob.hears(&format!("[lobby] bob: {n}"));
    }
    let grown = server.status("VmRSS").saturating_sub(before);
    assert!(grown < 100 * 1024, "a thousand handshakes took {grown} kB");
    eventually("they have been given up", || server.status("Threads") < 100);
    drop(stuck);
    alice.hears_nothing();
}

#[test]
fn a_slow_reader_behind_tls_is_cut_and_reads_why() {
    let certified = localhost();
    let (server, door) = server(&certified, &["--outbox-limit", "65536"]);
    let mut slow = certified.client(door, "slow");
    let mut alice = server.client("alice");
    slow.hears_at_last("guest_1 is now known as alice.");
    let text = "x".repeat(1000);
    let before = server.status("VmRSS");
    let said = (0..100_000).find(|n| {
        alice.says(&format!("{n} {text}"));
        alice.next_line().is_some_and(|line| line == "slow has left the chat.")
    });
    assert!(said.is_some(), "100 MB were said");
    let grown = server.status("VmRSS").saturating_sub(before);
    assert!(grown < 4 * 1024, "a slow reader took {grown} kB");
    let mut heard = Vec::new();
    while let Some(line) = slow.next_line() {
        heard.push(line);
    }
    assert_eq!(heard.pop().as_deref(), Some("Disconnected: too slow to read."));
    for (n, line) in heard.iter().enumerate() {
        assert_eq!(*line, format!("[lobby] alice: {n} {text}"), "whole lines without a gap");
    }
}

#[test]
fn a_reader_behind_tls_that_pauses_within_its_limit_misses_nothing() {
    const LINES: usize = 8_000;
    let certified = localhost();
    let (server, door) = server(&certified, &["--outbox-limit", "67108864"]);
    let mut pausing = certified.client(door, "pausing");
    let mut alice = server.client("alice");
    pausing.hears_at_last("guest_1 is now known as alice.");
    let text = "x".repeat(1000);
    for n in 0..LINES {
        alice.says(&format!("{n} {text}"));
        alice.hears(&format!("[lobby] alice: {n} {text}"));
    }
    for n in 0..LINES {
        pausing.hears(&format!("[lobby] alice: {n} {text}"));
    }
    pausing.says("I have it");
    alice.hears("[lobby] pausing: I have it");
}

#[test]
fn a_flood_in_large_records_arrives_whole() {
    let certified = localhost();
    let (server, door) = server(&certified, &["--outbox-limit", "67108864"]);
    let mut alice = server.client("alice");
    let mut bob = certified.client(door, "bob");
    alice.hears_at_last("guest_1 is now known as bob.");
    let text = "y".repeat(997);
    let flood: Vec<_> = (0..200).map(|n| format!("{n:03}{text}\n")).collect();
    bob.sends(flood.concat().as_bytes());
    for n in 0..200 {
        alice.hears(&format!("[lobby] bob: {n:03}{text}"));
    }
}

#[test]
fn the_stop_is_told_behind_tls_and_waits_for_no_handshake() {
    let certified = localhost();
    let (server, door) = server(&certified, &[]);
    let mut alice = certified.client(door, "alice");
    let mut silent = certified.connect(door);
    silent.hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
    let mut stuck = TcpStream::connect(door).unwrap();
    stuck.write_all(&hello(&certified)[..50]).unwrap();
    alice.hears("guest_1 has joined the chat!");
    let start = Instant::now();
    server.signal(Signal::TERM);
    for client in [&mut alice, &mut silent] {
        client.hears("Server shutting down.");
        client.hears_the_end();
    }
    drop((alice, silent));
    assert!(server.ends().success());
    assert!(start.elapsed().as_secs() < 8, "a handshake has ten seconds, a stop has not");
}

#[test]
fn a_full_server_ends_a_handshake_with_an_alert() {
    let certified = localhost();
    let (server, door) = server(&certified, &["--max-clients", "1"]);
    let _alice = server.client("alice");
    let mut refused = certified.connect(door);
    let why = refused.session_fails();
    assert!(why.contains("InternalError"), "{why}");
}
