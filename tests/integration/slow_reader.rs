//! A client that does not read does not delay the others.

use crate::support::{Peer, Server};

#[test]
fn a_client_that_stops_reading_delays_no_other_and_is_cut_at_its_limit() {
    let server = Server::start(&["--outbox-limit", "65536"]);
    let mut slow = server.client("slow");
    let mut alice = server.client("alice");
    slow.hears_at_last("guest_1 is now known as alice.");
    let before = server.status("VmRSS");
    let n = talk_until_it_has_left(&mut alice);
    let grown = server.status("VmRSS").saturating_sub(before);
    assert!(grown < 4 * 1024, "{n} kB to a client that does not read took {grown} kB");
    reads_whole_lines_and_why(&mut slow);
}

#[test]
fn a_slow_reader_that_speaks_after_it_was_cut_still_reads_why() {
    let server = Server::start(&["--outbox-limit", "65536"]);
    let mut slow = server.client("slow");
    let mut alice = server.client("alice");
    slow.hears_at_last("guest_1 is now known as alice.");
    talk_until_it_has_left(&mut alice);
    slow.says("Am I too slow?");
    // A server that closes at once has time to do so now.
    for _ in 0..100 {
        alice.catches_up();
    }
    slow.says("I think I am.");
    reads_whole_lines_and_why(&mut slow);
}

fn said(n: usize) -> String {
    format!("[lobby] alice: {n} {}", "x".repeat(1000))
}

/// Talks until `slow` is cut; returns how many kilobytes were said. The kernel's buffers take some
/// megabytes before the outbox holds anything.
fn talk_until_it_has_left(alice: &mut Peer) -> usize {
    for n in 0..100_000 {
        alice.says(said(n).strip_prefix("[lobby] alice: ").expect("it has one"));
        match alice.next_line() {
            Some(line) if line == "slow has left the chat." => return n,
            line => assert_eq!(line, Some(said(n))),
        }
    }
    panic!("100 MB were said, and the slow reader is still there");
}

fn reads_whole_lines_and_why(slow: &mut Peer) {
    let mut heard = slow.rest();
    let why = heard.pop();
    assert_eq!(why.as_deref(), Some("Disconnected: too slow to read."), "after {} lines", heard.len());
    for (n, line) in heard.iter().enumerate() {
        assert_eq!(*line, said(n), "whole lines without a gap until then");
    }
}

#[test]
fn a_reader_that_pauses_within_its_limit_misses_nothing() {
    const LINES: usize = 8_000;
    let server = Server::start(&["--outbox-limit", "67108864"]);
    let mut pausing = server.client("pausing");
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
    pausing.hears_nothing();
}
