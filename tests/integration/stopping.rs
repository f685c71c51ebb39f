//! Stopping is prompt and complete, no matter what the clients are doing.

use std::thread;

use rustix::process::Signal;

use crate::support::{Peer, Server, server::eventually};

#[test]
fn a_signal_tells_every_client_and_ends_with_status_0() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let server = Server::start(&[]);
        let mut peers = [server.client("alice"), server.client("bob")];
        peers.iter_mut().for_each(Peer::catches_up);
        server.signal(signal);
        for peer in &mut peers {
            peer.hears("Server shutting down.");
            peer.hears_the_end();
        }
        assert_eq!(server.ends().code(), Some(0), "{signal:?}");
    }
}

#[test]
fn with_v_the_server_reports_connections_by_address_and_the_stop() {
    let server = Server::start(&["-v"]);
    let mut alice = server.client("alice");
    server.signal(Signal::TERM);
    alice.hears_at_last("Server shutting down.");
    eventually("the stop is reported", || server.diagnostics().ends_with(" INFO stopped\n"));
    let reported = server.diagnostics();
    let connected = format!(" INFO connected peer=127.0.0.1:{}\n", alice.port());
    assert!(reported.contains(&connected) && reported.contains(" INFO stopping\n"), "{reported}");
    assert!(!reported.contains("alice"), "{reported}");
}

#[test]
fn the_port_can_be_used_again_at_once() {
    let server = Server::start(&[]);
    let port = server.address().port();
    let mut alice = server.client("alice");
    server.signal(Signal::TERM);
    assert_eq!(server.ends().code(), Some(0));
    alice.hears_at_last("Server shutting down.");
    let again = Server::start_on(port, &[]);
    again.client("alice");
}

#[test]
fn a_stop_finds_the_threads_that_wait_for_other_clients() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let (threads, descriptors) = (server.status("Threads"), server.descriptors());
    let mut visitors: Vec<_> = (0..4).map(|_| server.connect()).collect();
    for visitor in &mut visitors {
        visitor.says("/quit");
        visitor.hears_at_last("Goodbye!");
        visitor.hears_the_end();
    }
    drop(visitors);
    eventually("their sockets are closed", || server.descriptors() == descriptors);
    assert!(server.status("Threads") > threads, "a thread waits for another client");
    server.signal(Signal::TERM);
    alice.hears_at_last("Server shutting down.");
    assert_eq!(server.ends().code(), Some(0));
}

#[test]
fn a_stop_finds_clients_in_every_state() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut in_mid_line = server.client("bob");
    in_mid_line.sends(b"hal");
    let finished = server.client("carol");
    finished.half_closes();
    let _never_reads = server.connect();
    let _never_speaks = server.connect();
    let mut skipping = server.client("dave");
    skipping.sends(&[b'x'; 10_000]);
    alice.catches_up();
    let _perhaps_not_accepted_yet: Vec<_> = (0..20).map(|_| server.connect()).collect();
    server.signal(Signal::INT);
    alice.hears_at_last("Server shutting down.");
    alice.hears_the_end();
    in_mid_line.hears_at_last("Server shutting down.");
    assert_eq!(server.ends().code(), Some(0));
}

#[test]
fn a_stop_in_a_storm_delivers_what_is_queued_and_tells_clients_that_are_sending() {
    let server = Server::start(&["--presence-limit", "1", "--outbox-limit", "67108864"]);
    let mut listener = server.client("listener");
    let speakers = ["alice", "bob", "carol", "dave"].map(|name| (name, server.client(name)));
    thread::scope(|scope| {
        for (name, speaker) in speakers {
            let speaking = move || speaks_until_told_to_go(name, speaker);
            thread::Builder::new().spawn_scoped(scope, speaking).expect("a thread");
        }
        (0..1000).for_each(|_| drop(listener.next_line()));
        server.signal(Signal::TERM);
        let heard = listener.rest();
        assert_eq!(
            heard.last().map(String::as_str),
            Some("Server shutting down."),
            "of {} lines",
            heard.len()
        );
    });
    assert_eq!(server.ends().code(), Some(0));
}

/// Always has lines on their way to the server, so it is sending when the stop comes.
fn speaks_until_told_to_go(name: &str, mut speaker: Peer) {
    (0..50).for_each(|_| speaker.says("something"));
    loop {
        let line = speaker.next_line().expect("to be told before the end");
        if line == "Server shutting down." {
            break;
        }
        if line.starts_with(&format!("[lobby] {name}: ")) {
            speaker.says("something");
        }
    }
    speaker.hears_the_end();
}

#[test]
fn a_client_that_does_not_read_delays_a_stop_no_longer_than_the_grace() {
    let server = Server::start(&["--shutdown-grace", "1", "--outbox-limit", "67108864"]);
    let mut alice = server.client("alice");
    let _stuck = stuck(&server, &mut alice);
    server.signal(Signal::TERM);
    alice.hears_at_last("Server shutting down.");
    assert_eq!(server.ends().code(), Some(0));
}

#[test]
fn a_second_signal_ends_at_once() {
    let server = Server::start(&["--shutdown-grace", "3600", "--outbox-limit", "67108864"]);
    let mut alice = server.client("alice");
    let _stuck = stuck(&server, &mut alice);
    server.signal(Signal::INT);
    alice.hears_at_last("Server shutting down.");
    server.signal(Signal::INT);
    assert_eq!(server.ends().code(), Some(130));
}

/// A client that reads none of the 10 MB that are sent to it.
fn stuck(server: &Server, alice: &mut Peer) -> Peer {
    let stuck = server.client("stuck");
    let text = "x".repeat(1000);
    alice.sends(format!("{text}\n").repeat(10_000).as_bytes());
    alice.catches_up();
    stuck
}
