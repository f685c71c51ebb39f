//! The chat over real sockets: cut, glued, broken and half-closed streams.

use std::fs;

use jiff::{Timestamp, tz::TimeZone};

use crate::support::{Server, server::command};

#[test]
fn two_users_chat() {
    let server = Server::start(&[]);
    let mut alice = server.connect();
    alice.hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
    alice.says("/nick alice");
    alice.hears("Nickname changed to 'alice'.");
    let mut bob = server.client("bob");
    alice.hears("guest_1 has joined the chat!");
    alice.hears("guest_1 is now known as bob.");
    bob.says("hello 😄");
    alice.hears("[lobby] bob: hello 😄");
    bob.hears("[lobby] bob: hello 😄");
}

#[test]
fn lines_may_be_glued_cut_or_end_with_a_carriage_return() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.sends(b"one\ntwo\r\nthr");
    alice.hears("[lobby] alice: one");
    alice.hears("[lobby] alice: two");
    for byte in "ee 😄\n".as_bytes() {
        alice.sends(&[*byte]);
    }
    alice.hears("[lobby] alice: three 😄");
}

#[test]
fn a_bad_line_is_answered_in_order_and_the_connection_stays() {
    let server = Server::start(&["--max-message-length", "10", "--max-line-length", "300"]);
    let mut alice = server.client("alice");
    alice.sends(b"a\n\xff\n12345678901\n/dance\n");
    alice.sends(&[b'x'; 400]);
    alice.sends(b"\nb\n");
    alice.hears("[lobby] alice: a");
    alice.hears("That line is not valid UTF-8.");
    alice.hears("Message too long (max 10 bytes).");
    alice.hears("Unknown command: /dance. Type /help for available commands.");
    alice.hears("Line too long (max 300 bytes).");
    alice.hears("[lobby] alice: b");
}

#[test]
fn typed_control_characters_reach_no_terminal() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.sends("a\u{1b}[2Jb\u{7}c\rd\u{202e}e\u{9b}31mf\n".as_bytes());
    alice.hears("[lobby] alice: abcdef");
}

#[test]
fn quit_closes_the_connection_and_the_others_are_told_once() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    alice.catches_up();
    bob.sends(b"/quit\n");
    bob.sends(&b"this is not said, and resets nothing\n".repeat(3000));
    bob.hears("Goodbye!");
    bob.hears_the_end();
    alice.hears("bob has left the chat.");
    alice.hears_nothing();
}

#[test]
fn a_client_that_resets_its_connection_leaves_once_and_frees_its_nickname() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let bob = server.client("bob");
    alice.catches_up();
    bob.resets();
    alice.hears("bob has left the chat.");
    alice.says("/nick bob");
    alice.hears("Nickname changed to 'bob'.");
    alice.hears_nothing();
}

#[test]
fn an_unfinished_last_line_is_not_sent() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    alice.catches_up();
    bob.sends(b"whole\nhal");
    bob.half_closes();
    alice.hears("[lobby] bob: whole");
    alice.hears("bob has left the chat.");
}

#[test]
fn a_client_that_half_closes_still_receives_everything_queued_for_it() {
    let server = Server::start(&["--outbox-limit", "16777216"]);
    let mut alice = server.client("alice");
    let text = "x".repeat(1000);
    let lines = format!("{text}\n").repeat(5000);
    alice.sends(lines.as_bytes());
    alice.half_closes();
    let heard = alice.rest();
    assert_eq!(heard.len(), 5000);
    assert!(heard.iter().all(|line| *line == format!("[lobby] alice: {text}")));
}

#[test]
fn a_silent_client_is_a_member_like_any_other() {
    let server = Server::start(&[]);
    let mut silent = server.connect();
    silent.hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
    let mut alice = server.client("alice");
    alice.says("/users");
    alice.hears("Users in lobby: alice, guest_1");
    silent.hears("guest_2 has joined the chat!");
    silent.hears("guest_2 is now known as alice.");
}

#[test]
fn the_history_is_searched_for_a_word() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    (0..500).for_each(|n| alice.says(&format!("Line {n}.")));
    alice.hears_at_last("[lobby] alice: Line 499.");
    alice.sends(b"/history line 0.\n/history nothing\n/history 1\n");
    alice.hears("Last 1 message in 'lobby' with 'line 0.':");
    assert!(alice.next_line().is_some_and(|line| line.ends_with("[lobby] alice: Line 0.")));
    alice.hears("No message in 'lobby' contains 'nothing'.");
    alice.hears("Last 1 messages in 'lobby':");
    assert!(alice.next_line().is_some_and(|line| line.ends_with("[lobby] alice: Line 499.")));
    alice.hears_nothing();
}

#[test]
fn the_time_zone_is_read_before_the_first_client_connects() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("five hours east");
    fs::write(&file, FIVE_HOURS_EAST).expect("a file");
    let mut command = command();
    command.args(["--port", "0"]).env("TZ", &file);
    let server = Server::start_command(command);
    fs::remove_file(&file).expect("it was there");
    let hour =
        || Timestamp::now().to_zoned(TimeZone::fixed(jiff::tz::offset(5))).strftime("%F %H:").to_string();
    let earliest = hour();
    let mut alice = server.client("alice");
    alice.sends(b"hello\n/history 1\n");
    alice.hears("[lobby] alice: hello");
    alice.hears("Last 1 messages in 'lobby':");
    let shown = alice.next_line().expect("the message");
    assert!(shown.starts_with(&earliest) || shown.starts_with(&hour()), "{shown}");
}

/// A file of a time zone (RFC 9636 §3): the header counts one type of time, which the last two lines hold.
const FIVE_HOURS_EAST: &[u8] = b"TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x04\
    \0\0\x46\x50\0\0\
    +05\0";
