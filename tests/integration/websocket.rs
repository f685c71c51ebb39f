//! Clients that speak WebSocket, beside people who speak text.

use rustix::process::Signal;
use serde_json::json;

use crate::support::{Browser, Server, Socket};

fn start(options: &[&str]) -> (Server, u16) {
    let mut server = Server::start(&[&["--listen", "http://127.0.0.1:0"], options].concat());
    let said = server.prints();
    let port = said.strip_prefix("Chat page on http://127.0.0.1:").and_then(|port| port.parse().ok());
    let port = port.unwrap_or_else(|| panic!("{said}"));
    (server, port)
}

/// A client that speaks JSON and is in the lobby.
#[track_caller]
fn joined(port: u16, name: &str) -> Socket {
    let mut socket = Socket::connect(port, "chat.json");
    socket.says(&json!({"type": "join", "room": "lobby", "user": name}).to_string());
    socket.hears_a("system");
    socket
}

#[test]
fn a_page_that_speaks_json_talks_to_a_person() {
    let (server, port) = start(&[]);
    let mut alice = server.client("alice");
    let mut bob = joined(port, "bob");
    alice.hears("bob has joined the chat!");
    alice.says("hi ë");
    alice.hears("[lobby] alice: hi ë");
    assert_eq!(bob.hears_a("message")["text"], "hi ë");
    bob.says("{\"type\":\"message\",\"text\":\"hello\",\"id\":1}");
    assert_eq!(bob.hears_a("ack")["id"], 1);
    assert_eq!(bob.hears_a("message")["text"], "hello");
    alice.hears("[lobby] bob: hello");
    alice.says("/whois bob");
    alice.hears("bob is in room 'lobby', connected over websocket for 0 s, idle for 0 s.");
    bob.sends(0x88, &[&1000_u16.to_be_bytes()[..], b"bye"].concat());
    bob.is_closed(1000);
    alice.hears("bob has left the chat.");
    alice.hears_nothing();
}

#[test]
fn the_text_dialect_and_the_second_accent_are_spoken_in_messages() {
    let (server, port) = start(&[]);
    let mut bob = Socket::connect(port, "chat.text");
    bob.hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
    bob.says("/nick bob");
    bob.hears("Nickname changed to 'bob'.");
    let mut alice = server.client("alice");
    bob.hears_at_last("guest_1 is now known as alice.");
    // Fragments, with a ping between them.
    for (first, part) in [(1, "he"), (0x89, "tick"), (0x80, "llo")] {
        bob.sends(first, part.as_bytes());
    }
    assert_eq!(bob.next(), Some((0x8a, b"tick".to_vec())));
    bob.hears("[lobby] bob: hello");
    alice.hears("[lobby] bob: hello");
    bob.says("/quit");
    bob.hears("Goodbye!");
    assert_eq!(bob.is_closed(1000), "");
    alice.hears("bob has left the chat.");
    let mut zoe = Socket::connect(port, "chat.json");
    zoe.says("{\"type\":\"join\",\"data\":\"Zoe\"}");
    alice.hears("Zoe has joined the chat!");
    zoe.hears_a("server_message");
    alice.says("hello");
    assert_eq!(zoe.hears_a("message")["data"], "hello");
    server.signal(Signal::TERM);
    assert_eq!(zoe.is_closed(1001), "Server shutting down.");
}

#[test]
fn what_comes_right_behind_the_handshake_is_read() {
    let (_server, port) = start(&[]);
    let join = Socket::frame(0x81, b"{\"type\":\"join\",\"room\":\"lobby\",\"user\":\"bob\"}");
    let all = [Socket::request("").into_bytes(), join].concat();
    for piece in [1, 7, all.len()] {
        let mut browser = Browser::connect(port);
        all.chunks(piece).for_each(|piece| browser.sends(piece));
        let reply = browser.reply();
        assert_eq!((reply.status, reply.header("Sec-WebSocket-Protocol")), (101, None));
        let mut bob = Socket(browser);
        bob.hears_a("system");
        bob.sends(0x88, b"");
        bob.is_closed(1000);
    }
}

#[test]
fn a_handshake_that_is_wrong_is_refused() {
    let (_server, port) = start(&[]);
    let right = Socket::request("");
    for (wrong, by, status) in [
        ("Upgrade: WebSocket", "X: y", 426),
        ("Upgrade: WebSocket", "Upgrade: h2c", 426),
        ("keep-alive, Upgrade", "keep-alive", 426),
        ("Version: 13", "Version: 8", 426),
        ("HTTP/1.1", "HTTP/1.0", 426),
        ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ", 400),
        ("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ=", 400),
        ("GET", "DELETE", 405),
    ] {
        let mut browser = Browser::connect(port);
        browser.sends(right.replacen(wrong, by, 1));
        assert_eq!(browser.reply().status, status, "{by}");
    }
    for (header, status) in [
        ("Sec-WebSocket-Protocol: mqtt, soap\r\n", 400),
        ("Sec-WebSocket-Protocol: mqtt, chat.text\r\n", 101),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 400),
    ] {
        let mut browser = Browser::connect(port);
        browser.sends(Socket::request(header));
        assert_eq!(browser.reply().status, status, "{header}");
    }
}

#[test]
fn a_strange_web_page_cannot_speak_for_its_visitor() {
    let (server, port) = start(&["--allow-origin", "https://chat.example"]);
    let mut alice = server.client("alice");
    let ask = |host: &str, origin: &str| {
        let mut browser = Browser::connect(port);
        let request = Socket::request(&format!("Origin: {origin}\r\n"));
        browser.sends(request.replace("Host: 127.0.0.1", &format!("Host: {host}")));
        browser.reply().status
    };
    assert_eq!(ask(&format!("127.0.0.1:{port}"), &format!("http://127.0.0.1:{port}")), 101);
    assert_eq!(ask("127.0.0.1", "https://chat.example"), 101);
    assert_eq!(ask("127.0.0.1", "http://evil.example"), 403);
    assert_eq!(ask("127.0.0.1", "null"), 403);
    // A site that gives its own name the address of this machine.
    assert_eq!(ask("evil.example", "http://evil.example"), 403);
    alice.hears_nothing();
}

#[test]
fn frames_that_lie_or_are_broken_end_only_their_connection() {
    let (server, port) = start(&[]);
    let mut alice = server.client("alice");
    let gigabyte = [&[0x81, 0xff][..], &1_000_000_000_u64.to_be_bytes(), b"mask"].concat();
    let before = server.status("VmRSS");
    for (frame, code) in [
        (b"\x81\x05hello".to_vec(), 1002),
        (gigabyte, 1009),
        (Socket::frame(0xc1, b"compressed"), 1002),
        (Socket::frame(0x81, b"\xff"), 1007),
        (Socket::frame(0x82, b"bytes"), 1003),
        (Socket::frame(0x81, &vec![b'x'; 70_000]), 1009),
    ] {
        let mut eve = joined(port, "eve");
        alice.hears("eve has joined the chat!");
        eve.0.sends(frame);
        assert!(!eve.is_closed(code).is_empty());
        alice.hears("eve has left the chat.");
    }
    let mut endless = joined(port, "endless");
    endless.sends(1, b"x");
    let more = Socket::frame(0, &[b'x'; 1000]);
    (0..100_000).take_while(|_| endless.0.tries_to_send(&more)).count();
    let grown = server.status("VmRSS").saturating_sub(before);
    assert!(grown < 2048, "it took {grown} kB");
    alice.hears("endless has joined the chat!");
    alice.hears("endless has left the chat.");
}

#[test]
fn a_stop_and_silence_are_told_with_their_codes() {
    let (server, port) = start(&[]);
    let (mut bob, mut outside) = (joined(port, "bob"), Socket::connect(port, "chat.json"));
    server.signal(Signal::TERM);
    assert_eq!(bob.is_closed(1001), "Server shutting down.");
    assert_eq!(outside.is_closed(1001), "Server shutting down.");
    assert!(server.ends().success());
}

#[test]
fn a_client_that_reads_too_slowly_is_told_so_in_whole_frames() {
    let (server, port) = start(&["--outbox-limit", "65536"]);
    let mut slow = Socket::connect(port, "chat.text");
    slow.hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
    slow.says("/nick slow");
    slow.hears("Nickname changed to 'slow'.");
    let mut alice = server.client("alice");
    slow.hears_at_last("guest_1 is now known as alice.");
    let said = (0..100_000).find(|n| {
        alice.says(&format!("{n} {}", "x".repeat(900)));
        alice.next_line().as_deref() == Some("slow has left the chat.")
    });
    assert!(said.is_some());
    assert_eq!(slow.is_closed(1008), "Disconnected: too slow to read.");
}
