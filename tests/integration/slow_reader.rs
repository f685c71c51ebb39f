//! A client that does not read costs nobody else anything.

use crate::support::Server;

#[test]
fn a_reader_that_stops_reading_delays_no_one_and_is_cut_at_its_limit() {
    let server = Server::start(&["--outbox-limit", "65536"]);
    let mut slow = server.client("slow");
    let mut alice = server.client("alice");
    slow.hears_at_last("guest_1 is now known as alice.");
    let before = server.status("VmRSS");
    let text = "x".repeat(1000);
    let said = |n: usize| format!("[lobby] alice: {n} {text}");
    let mut n = 0;
    // The kernel's buffers take some megabytes before the outbox has anything to hold.
    loop {
        alice.says(&format!("{n} {text}"));
        match alice.next_line() {
            Some(line) if line == "slow has left the chat." => break,
            line => assert_eq!(line, Some(said(n))),
        }
        n += 1;
        assert!(n < 100_000, "100 MB were said, and the slow reader is still there");
    }
    let grown = server.status("VmRSS").saturating_sub(before);
    assert!(grown < 4 * 1024, "{n} kB to a client that does not read took {grown} kB");
    let mut heard = slow.rest();
    assert_eq!(
        heard.pop().as_deref(),
        Some("Disconnected: too slow to read."),
        "after {} lines",
        heard.len()
    );
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
