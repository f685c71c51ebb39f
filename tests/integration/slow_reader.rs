//! A client that does not read costs nobody else anything.

use crate::support::Server;

#[test]
fn a_reader_that_stops_reading_delays_no_one_and_is_cut_at_its_limit() {
    const LINES: usize = 20_000;
    let server = Server::start(&["--outbox-limit", "65536"]);
    let mut slow = server.client("slow");
    let mut alice = server.client("alice");
    slow.hears_at_last("guest_1 is now known as alice.");
    let before = server.status("VmRSS");
    let text = "x".repeat(1000);
    for n in 0..LINES {
        alice.says(&format!("{n} {text}"));
        alice.hears_at_last(&format!("[lobby] alice: {n} {text}"));
    }
    let grown = server.status("VmRSS").saturating_sub(before);
    assert!(grown < 8 * 1024, "20 MB to a client that does not read took {grown} kB");
    alice.says("/users");
    alice.hears("Users in lobby: alice");
    let heard = slow.rest();
    let last = heard.last().expect("something got through");
    assert_eq!(last, "Disconnected: too slow to read.", "after {} lines", heard.len());
    for (n, line) in heard[..heard.len() - 1].iter().enumerate() {
        assert_eq!(*line, format!("[lobby] alice: {n} {text}"), "whole lines without a gap until then");
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
