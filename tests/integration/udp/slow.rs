//! Programs that are silent, and programs that are told more than the rate allows.

use std::{
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{RecvTimeoutError, bounded};
use serde_json::json;

use super::program::{Program, start};

#[test]
fn a_silent_program_has_left_and_one_that_shows_signs_of_life_has_not() {
    let (server, port) = start("?idle=2", &[]);
    let mut alice = server.client("alice");
    let mut silent = Program::join(port, "silent", "lobby");
    let mut lively = Program::join(port, "lively", "lobby");
    let (over, is_over) = bounded::<()>(0);
    thread::scope(|scope| {
        let show_signs_of_life = || {
            // A copy of an old datagram is as good a sign as an empty one.
            let copy = json!({"type": "join", "room": "lobby", "user": "lively", "id": Program::JOIN});
            while is_over.recv_timeout(Duration::from_millis(50)) == Err(RecvTimeoutError::Timeout) {
                lively.sends_bytes(b"");
                lively.sends(&copy);
            }
        };
        thread::Builder::new().spawn_scoped(scope, show_signs_of_life).expect("a thread");
        alice.hears_at_last("silent has left the chat.");
        drop(over);
    });
    alice.says("/users");
    alice.hears("Users in lobby: alice, lively");
    silent.sends(&json!({"type": "message", "text": "I was away for a moment.", "id": 1}));
    let answers: Vec<_> = (0..2).map(|_| silent.next()).collect();
    assert!(answers.contains(&json!({"type": "ack", "id": 1})), "{answers:?}");
}

#[test]
fn no_more_is_sent_in_a_second_than_the_rate_and_nothing_is_lost() {
    let (server, port) = start("?rate=100", &[]);
    let mut alice = server.client("alice");
    let mut bot = Program::join(port, "bot", "lobby");
    let begun = Instant::now();
    for n in 0..125 {
        alice.says(&n.to_string());
    }
    for n in 0..125 {
        bot.hears("alice", &n.to_string());
    }
    // A quarter of the rate comes at once, the others in more than a second.
    assert!(begun.elapsed() > Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[test]
fn a_program_that_gets_too_far_behind_is_told_and_disconnected() {
    let (server, port) = start("?rate=8", &["--outbox-limit", "16384"]);
    let mut alice = server.client("alice");
    let mut slow = Program::join(port, "slow", "lobby");
    alice.hears("slow has joined the chat!");
    let text = "x".repeat(900);
    for _ in 0..30 {
        alice.says(&text);
    }
    alice.hears_at_last("slow has left the chat.");
    let mut heard = slow.next();
    while heard["event"] != "too_slow" {
        assert_eq!(heard["text"], text.as_str(), "{heard}");
        heard = slow.next();
    }
}
