//! Programs that speak binary frames, beside people who speak text.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Instant,
};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    speech::frames::MAGIC,
    support::{
        DEADLINE, Framed, Server,
        server::{command, run},
    },
};

/// A server that also speaks frames, and its port for that.
#[track_caller]
fn start(query: &str, options: &[&str]) -> (Server, u16) {
    let (server, door) = Server::with_door(&format!("frames://127.0.0.1:0{query}"), options);
    (server, door.port())
}

fn talks(server: &Server, mut program: Framed) {
    let mut alice = server.client("alice");
    program.hears("guest_1 has joined the chat!");
    program.hears("guest_1 is now known as alice.");
    alice.says("hi ë");
    alice.hears("[lobby] alice: hi ë");
    program.hears("[lobby] alice: hi ë");
    program.says("one\n/me waves\n");
    for line in ["[lobby] bot: one", "* bot waves"] {
        alice.hears(line);
        program.hears(line);
    }
    program.says("/whisper alice psst");
    alice.hears("[Whisper from bot]: psst");
    program.hears("[Whisper to alice]: psst");
    alice.says("/whois bot");
    alice.hears("bot is in room 'lobby', connected over frames for 0 s, idle for 0 s.");
    program.sends("heartbeat", "ping");
    assert_eq!(program.hears_a("heartbeat"), "pong");
    program.says("/join dev");
    program.hears("You joined room 'dev'.");
    alice.hears("bot has left the room.");
    program.sends("disconnect", "{}");
    program.hears("Goodbye!");
    program.is_disconnected("Connection closed");
    alice.hears_nothing();
}

#[test]
fn a_program_that_speaks_frames_talks_to_a_person() {
    let (server, port) = start("", &[]);
    talks(&server, Framed::tcp(port).enters_as("bot"));
}

#[test]
fn frames_travel_over_a_unix_socket_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.sock");
    let server = Server::start(&["--listen", &format!("frames+unix://{}", path.display())]);
    talks(&server, Framed::unix(&path).enters_as("bot"));
}

#[test]
fn text_json_and_frames_hear_each_other_in_one_order() {
    let urls = ["--listen", "frames://127.0.0.1:0", "--listen", "json://127.0.0.1:0"];
    let mut server = Server::start(&urls);
    let (framed_port, json_port) = (server.announces("frames").port(), server.announces("json").port());
    let mut alice = server.client("alice");
    let mut framed = Framed::tcp(framed_port).enters_as("framed");
    let stream = TcpStream::connect(("127.0.0.1", json_port)).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut object = BufReader::new(stream);
    write!(object.get_mut(), "{}", json!({"type": "join", "room": "lobby", "user": "object"})).unwrap();
    framed.hears("object has joined the chat!");
    alice.hears_at_last("object has joined the chat!");
    // All at once: what one of them hears, the others hear in the same order.
    for n in 0..20 {
        alice.says(&format!("a{n}"));
        framed.says(&format!("f{n}"));
        write!(object.get_mut(), "{}", json!({"type": "message", "text": format!("o{n}")})).unwrap();
    }
    let by_text: Vec<_> = (0..60).map(|_| alice.next_line().unwrap()).collect();
    let by_frames: Vec<_> = (0..60).map(|_| framed.hears_message()).collect();
    let mut by_json = Vec::new();
    let mut line = String::new();
    while by_json.len() < 60 && object.read_line(&mut line).unwrap() > 0 {
        let heard: Value = serde_json::from_str(&line).unwrap();
        line.clear();
        if heard["type"] == "message" {
            let (user, text) = (heard["user"].as_str().unwrap(), heard["text"].as_str().unwrap());
            by_json.push(format!("[lobby] {user}: {text}"));
        }
    }
    assert_eq!(by_text, by_frames);
    assert_eq!(by_text, by_json);
}

#[test]
fn a_program_that_never_acknowledges_is_not_in_the_chat_and_is_let_go() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let (mut never, connected_at) = (Framed::tcp(port), Instant::now());
    never.is_greeted();
    never.says("hello?");
    assert_eq!(never.hears_a("error"), "Send a session_ack first.");
    let mut silent = Framed::tcp(port);
    silent.is_greeted();
    alice.says("/users");
    alice.hears("Users in lobby: alice");
    never.is_disconnected("Connection closed");
    silent.is_disconnected("Connection closed");
    assert!(connected_at.elapsed().as_secs() >= 10);
    alice.hears_nothing();
    let mut next = Framed::tcp(port);
    next.is_greeted();
    next.sends("session_ack", "ok");
    next.hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
}

#[test]
fn a_silent_program_is_gone_and_one_that_pings_stays() {
    let (server, port) = start("?idle=1", &[]);
    let mut alice = server.client("alice");
    let mut pinging = Framed::tcp(port).enters_as("pinging");
    let _silent = Framed::tcp(port).enters_as("silent");
    pinging.hears("guest_1 has joined the chat!");
    pinging.hears("guest_1 is now known as silent.");
    loop {
        pinging.sends("heartbeat", "ping");
        let (header, content) = pinging.next().expect("it stays");
        if header["type"] == "message" {
            assert_eq!(content, "silent has left the chat.");
            break;
        }
        assert_eq!(content, "pong");
    }
    alice.hears_at_last("silent has left the chat.");
    alice.hears_nothing();
}

#[test]
fn a_program_that_sends_a_byte_now_and_then_is_silent() {
    let (server, port) = start("?idle=1", &[]);
    let mut alice = server.client("alice");
    let mut dribbling = Framed::tcp(port).enters_as("dribbling");
    alice.hears_at_last("guest_1 is now known as dribbling.");
    let frame = dribbling.frame("heartbeat", &vec![b'x'; 60_000]);
    let end = Instant::now() + DEADLINE;
    // A byte for each answer to alice, who gets 20 a second.
    let is_gone = frame.iter().any(|byte| {
        assert!(Instant::now() < end);
        dribbling.tries_to_send(&[*byte]);
        alice.says("/users");
        alice.next_line().as_deref() == Some("dribbling has left the chat.")
    });
    assert!(is_gone);
}

#[test]
fn a_stop_is_told_with_its_reason() {
    let (server, port) = start("", &[]);
    let mut bot = Framed::tcp(port).enters_as("bot");
    let mut outside = Framed::tcp(port);
    outside.is_greeted();
    server.signal(Signal::TERM);
    for program in [&mut bot, &mut outside] {
        program.hears("Server shutting down.");
        program.is_disconnected("Server shutting down");
    }
    assert!(server.ends().success());
}

#[test]
fn a_program_that_must_go_is_told_why_in_frames() {
    let (server, port) = start("", &["--max-clients", "2"]);
    let mut alice = server.client("alice");
    alice.says("/join dev");
    alice.hears("You joined room 'dev'.");
    let mut bot = Framed::tcp(port).enters_as("bot");
    bot.says("/join dev");
    bot.hears("You joined room 'dev'.");
    alice.says("/kick bot loud");
    assert!(bot.hears_message().contains("loud"));
    let mut third = Framed::tcp(port);
    third.hears("Server is full.");
    third.is_disconnected("Server is full");
}

#[test]
fn a_program_that_reads_too_slowly_is_told_so() {
    let (server, port) = start("", &["--outbox-limit", "65536"]);
    let mut slow = Framed::tcp(port).enters_as("slow");
    let mut alice = server.client("alice");
    slow.hears("guest_1 has joined the chat!");
    slow.hears("guest_1 is now known as alice.");
    let before = server.status("VmRSS");
    let said = (0..100_000).find(|n| {
        alice.says(&format!("{n} {}", "x".repeat(900)));
        alice.next_line().as_deref() == Some("slow has left the chat.")
    });
    assert!(said.is_some());
    let grown = server.status("VmRSS").saturating_sub(before);
    assert!(grown < 4 * 1024, "a program that does not read took {grown} kB");
    let mut n = 0;
    let last = loop {
        let line = slow.hears_message();
        if line != format!("[lobby] alice: {n} {}", "x".repeat(900)) {
            break line;
        }
        n += 1;
    };
    assert_eq!(last, "Disconnected: too slow to read.", "whole frames without a gap until then");
    slow.is_disconnected("Disconnected: too slow to read");
}

#[test]
fn lengths_that_lie_take_neither_memory_nor_the_connection() {
    let (server, port) = start("", &[]);
    let mut liar = Framed::tcp(port).enters_as("liar");
    let before = server.status("VmRSS");
    for length in [1_000_000_000_u64, 1 << 63, u64::MAX] {
        let mut lie = liar.frame("message", b"hello");
        lie[20..28].copy_from_slice(&length.to_be_bytes());
        liar.sends_bytes(&lie);
        assert!(liar.hears_a("error").contains(&length.to_string()));
        liar.says("still here");
        liar.hears("[lobby] liar: still here");
    }
    // What was announced comes: 200 MB.
    let mut lie = liar.frame("message", b"hello");
    lie[20..28].copy_from_slice(&1_000_000_000_u64.to_be_bytes());
    liar.sends_bytes(&lie);
    let mebibyte = vec![b'x'; 1 << 20];
    (0..200).for_each(|_| liar.sends_bytes(&mebibyte));
    // The largest content that is skipped.
    let long = liar.frame("message", &vec![b'x'; 10 << 20]);
    long.chunks(8 * 1024).for_each(|piece| liar.sends_bytes(piece));
    assert!(liar.hears_a("error").contains("1000000000"));
    liar.hears("Line too long (max 8192 bytes).");
    liar.says("still here");
    liar.hears("[lobby] liar: still here");
    let grown = server.status("VmRSS").saturating_sub(before);
    assert!(grown < 1024, "lies took {grown} kB");
}

#[test]
fn a_wrong_magic_or_a_foreign_session_ends_the_connection() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let mut wrong = Framed::tcp(port).enters_as("wrong");
    wrong.sends_bytes(b"hello\n");
    assert_eq!(wrong.hears_a("error"), "This is not a frame: its magic bytes are wrong.");
    wrong.hears("Goodbye!");
    wrong.is_disconnected("Connection closed");
    alice.hears_at_last("wrong has left the chat.");
    let (mut one, mut other) = (Framed::tcp(port), Framed::tcp(port));
    one.is_greeted();
    other.is_greeted();
    let foreign = one.frame("session_ack", b"ok");
    other.sends_bytes(&foreign);
    assert_eq!(other.hears_a("error"), "The session_id belongs to another session.");
    other.is_disconnected("Connection closed");
    alice.hears_nothing();
}

#[test]
fn long_messages_travel_in_both_directions() {
    let (server, port) = start("", &["--max-line-length", "65536", "--max-message-length", "0"]);
    let mut alice = server.client("alice");
    let mut bot = Framed::tcp(port).enters_as("bot");
    alice.hears_at_last("guest_1 is now known as bot.");
    let text = "ë".repeat(10_000);
    let long = bot.frame("message", text.as_bytes());
    long.chunks(8 * 1024).for_each(|piece| bot.sends_bytes(piece));
    alice.hears(&format!("[lobby] bot: {text}"));
    let mut whole = String::new();
    loop {
        let (header, content) = bot.next().expect("a chunk");
        assert_eq!(header["type"], "chunk");
        whole += &content;
        if header["index"].as_u64().unwrap() + 1 == header["total"].as_u64().unwrap() {
            break;
        }
    }
    assert_eq!(whole, format!("[lobby] bot: {text}"));
}

fn key_file(content: &[u8]) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("key");
    std::fs::write(&path, content).expect("a file in it");
    let query = format!("?key-file={}", path.display());
    (folder, query)
}

#[test]
fn the_key_of_a_file_signs_and_is_never_shown() {
    let (_folder, query) = key_file(b"open sesame\n");
    let (server, port) = start(&query, &["-vv"]);
    let mut bot = Framed::tcp(port).with_key(b"open sesame").enters_as("bot");
    bot.says("hi");
    bot.hears("[lobby] bot: hi");
    let mut bot = bot.with_key(b"default-key");
    let forged = bot.frame("message", b"forged");
    bot.sends_bytes(&forged);
    let mut bot = bot.with_key(b"open sesame");
    assert_eq!(bot.hears_a("error"), "The signature is wrong. Use the key of this server.");
    bot.says("hi");
    bot.hears("[lobby] bot: hi");
    let said = server.diagnostics();
    assert!(!said.contains("sesame") && !said.contains("default-key"), "{said}");
}

#[test]
fn the_well_known_key_is_warned_of() {
    let (server, _) = start("", &[]);
    assert!(server.diagnostics().contains("everyone knows the key 'default-key'"));
}

#[test]
fn a_file_without_a_key_is_one_sentence() {
    let refused = |query: &str, why: &str| {
        let url = format!("frames://127.0.0.1:0{query}");
        let (status, out, err) = run(command().args(["--port", "0", "--listen", &url]));
        assert_eq!((status, out.as_str()), (Some(1), ""));
        assert_eq!(err, format!("chat_server: cannot read the key from {why}\n"));
    };
    let (folder, query) = key_file(b"\n");
    let path = folder.path().join("key");
    refused(&query, &format!("{}: it is empty", path.display()));
    let (folder, query) = key_file(&[b'x'; 5000]);
    let path = folder.path().join("key");
    refused(&query, &format!("{}: it has more than 4096 bytes", path.display()));
    refused("?key-file=/no/such/key", "/no/such/key: No such file or directory (os error 2)");
}

#[test]
fn a_person_who_comes_to_the_wrong_door_is_told_so() {
    let (_server, port) = start("", &[]);
    let mut nc = Framed::tcp(port);
    nc.is_greeted();
    nc.sends_bytes(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(nc.hears_a("error"), "This is not a frame: its magic bytes are wrong.");
    assert!(!MAGIC.starts_with(b"G"));
    nc.is_disconnected("Connection closed");
}
