//! The rate limit, over real sockets.

use crate::support::Server;

#[test]
fn a_flood_is_stopped_and_its_sender_muted_while_the_others_chat_on() {
    let server = Server::start(&["--rate", "5", "--burst", "5"]);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    alice.catches_up();
    alice.sends(&b"flood\n".repeat(100));
    for _ in 0..5 {
        alice.hears("[lobby] alice: flood");
        bob.hears("[lobby] alice: flood");
    }
    alice.hears("Rate limit exceeded. Slow down.");
    alice.hears("You are muted for 30 more seconds.");
    bob.says("peace");
    bob.hears("[lobby] bob: peace");
    alice.hears_at_last("[lobby] bob: peace");
    alice.says("/help quit");
    alice.hears_at_last("/quit - Leave the chat. Also: /exit.");
    alice.says("/quit");
    alice.hears("Goodbye!");
    alice.hears_the_end();
    bob.hears("alice has left the chat.");
    bob.hears_nothing();
}

#[test]
fn a_new_connection_does_not_end_a_mute() {
    let server = Server::start(&["--rate", "1", "--burst", "1"]);
    let mut alice = server.client("alice");
    alice.sends(b"one\ntwo\nthree\n/quit\n");
    alice.hears("[lobby] alice: one");
    alice.hears("Rate limit exceeded. Slow down.");
    alice.hears("You are muted for 30 more seconds.");
    alice.hears("Goodbye!");
    alice.hears_the_end();
    let mut again = server.client("alice");
    again.says("four");
    let answer = again.next_line().expect("an answer");
    assert!(answer.starts_with("You are muted for "), "{answer}");
}

#[test]
fn zero_switches_the_limit_off() {
    for options in [["--rate", "0", "--burst", "5"], ["--rate", "5", "--burst", "0"]] {
        let server = Server::start(&options);
        let mut alice = server.client("alice");
        alice.sends(&b"hi\n".repeat(100));
        for _ in 0..100 {
            alice.hears("[lobby] alice: hi");
        }
    }
}
