//! Stopping is prompt and complete, in the middle of whatever.

use rustix::process::Signal;

use crate::support::{Peer, Server};

#[test]
fn a_signal_tells_everybody_and_ends_with_status_0() {
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
fn a_stop_in_a_storm_delivers_what_is_queued_and_then_nothing() {
    let server = Server::start(&["--presence-limit", "1", "--outbox-limit", "67108864"]);
    let mut listener = server.client("listener");
    let mut speakers: Vec<_> = (0..4).map(|n| server.client(&format!("speaker{n}"))).collect();
    let storm = "something to say\n".repeat(500);
    for speaker in &mut speakers {
        speaker.sends(storm.as_bytes());
    }
    server.signal(Signal::TERM);
    let heard = listener.rest();
    assert_eq!(heard.last().map(String::as_str), Some("Server shutting down."), "of {} lines", heard.len());
    for mut speaker in speakers {
        assert_eq!(speaker.rest().last().map(String::as_str), Some("Server shutting down."));
    }
    assert_eq!(server.ends().code(), Some(0));
}

#[test]
fn a_client_that_does_not_read_holds_a_stop_up_no_longer_than_the_grace() {
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

/// A client that reads nothing of the 10 MB that are said.
fn stuck(server: &Server, alice: &mut Peer) -> Peer {
    let stuck = server.client("stuck");
    let text = "x".repeat(1000);
    for _ in 0..10_000 {
        alice.says(&text);
        alice.hears_at_last(&format!("[lobby] alice: {text}"));
    }
    stuck
}
