//! The server seen at work: which threads there are, and how a message goes through them.

use crate::support::{Peer, Server, server::eventually};

/// The answer to `/threads`: the rows, and the two lines after them.
#[track_caller]
fn threads(peer: &mut Peer) -> (Vec<String>, [String; 2]) {
    peer.says("/threads");
    let head = peer.next_line().expect("an answer");
    assert!(head.ends_with("what each is doing, and for how long:"), "{head}");
    let mut rows = Vec::new();
    loop {
        let line = peer.next_line().expect("the rest of the answer");
        match line.strip_prefix("  ") {
            Some(row) => rows.push(row.to_owned()),
            None => return (rows, [line, peer.next_line().expect("the last line of the answer")]),
        }
    }
}

/// Whether there is a thread of this name that does this.
fn is_seen(rows: &[String], name: &str, activity: &str) -> bool {
    rows.iter().any(|row| row.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(activity)))
}

fn thread_of(peer: &Peer) -> String {
    format!("client {}", peer.port())
}

#[test]
fn every_thread_is_listed_with_what_it_is_doing_the_askers_own_first() {
    let server = Server::start(&[]);
    let bob = server.client("bob");
    let mut alice = server.client("alice");
    eventually("everybody else waits for something", || {
        let (rows, [counts, since_start]) = threads(&mut alice);
        assert_eq!(rows.len(), 6, "{rows:?}");
        let own = &rows[0];
        assert!(own.starts_with(&thread_of(&alice)) && own.ends_with("(yours)"), "{rows:?}");
        assert!(is_seen(&rows, &thread_of(&alice), "looking at all this"), "{rows:?}");
        assert!(since_start.contains(" of 64. Since the start: longest lock hold "), "{since_start}");
        assert!(since_start.contains(", largest batch "), "{since_start}");
        is_seen(&rows, "acceptor", "accepting")
            && is_seen(&rows, "broadcaster", "idle")
            && is_seen(&rows, "closing time", "idle")
            && is_seen(&rows, "files", "accepting")
            && is_seen(&rows, &thread_of(&bob), "reading")
            && counts == "In all: 2 accepting, 1 reading, 1 looking at all this, 2 idle."
    });
}

#[test]
fn a_thread_vanishes_from_the_list_when_its_client_has_left() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let (bob, mut carol) = (server.client("bob"), server.client("carol"));
    let (bobs, carols) = (thread_of(&bob), thread_of(&carol));
    alice.catches_up();
    let (rows, _) = threads(&mut alice);
    assert!(rows.iter().any(|row| row.starts_with(&bobs)), "{rows:?}");
    bob.resets();
    alice.hears("bob has left the chat.");
    carol.says("/quit");
    carol.hears_at_last("Goodbye!");
    drop(carol);
    alice.hears("carol has left the chat.");
    eventually("their threads are gone", || {
        let (rows, _) = threads(&mut alice);
        !rows.iter().any(|row| row.starts_with(&bobs) || row.starts_with(&carols))
    });
}

#[test]
fn with_many_clients_the_list_is_bounded_and_still_counts_them_all() {
    let server = Server::start(&["--presence-limit", "1"]);
    let crowd: Vec<_> = (0..60).map(|_| server.connect()).collect();
    let mut alice = server.client("alice");
    eventually("all are counted", || {
        let (rows, [counts, _]) = threads(&mut alice);
        assert!(rows.len() <= 51 && rows[0].ends_with("(yours)"), "{rows:?}");
        rows.get(50).is_some_and(|row| row == "and 15 more") && counts.contains(" 60 reading,")
    });
    drop(crowd);
}

#[test]
fn a_traced_message_is_said_and_its_sender_is_told_each_hop_in_order() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    alice.catches_up();
    alice.says("/trace hello there");
    alice.hears("[lobby] alice: hello there");
    bob.hears("[lobby] alice: hello there");
    bob.hears_nothing();
    alice.hears("The way of your message, in microseconds:");
    alice.hears("      at   after  hop                             thread");
    let hops: Vec<_> = (0..8).map(|_| alice.next_line().expect("a hop")).collect();
    let theirs = |thread: &str| -> Vec<_> {
        hops.iter().filter_map(|hop| hop.strip_suffix(thread)).map(what).collect()
    };
    assert_eq!(
        theirs(&thread_of(&alice)),
        [
            "read from your socket",
            "decoded, asked for the lock",
            "got the lock",
            "decided who hears it, queued",
            "gave the lock back"
        ]
    );
    assert_eq!(theirs("broadcaster"), ["picked up", "encoded", "sent to 2 clients"]);
    let place = |part: &str| hops.iter().position(|hop| hop.contains(part));
    assert!(place("queued") < place("picked up"), "{hops:?}");
    let times: Vec<u64> = hops.iter().map(|hop| first_number(hop)).collect();
    assert!(times.is_sorted() && times[0] == 0, "{hops:?}");
    let lock = alice.next_line().expect("how long it was locked");
    assert!(lock.starts_with("Your thread waited ") && lock.contains(" for the lock and held it for "));
    alice.hears_nothing();
}

/// A row without its numbers and the spaces around what they are about.
fn what(hop: &str) -> &str {
    hop.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).trim_end()
}

fn first_number(hop: &str) -> u64 {
    hop.split_whitespace().next().and_then(|word| word.parse().ok()).expect("a number")
}

#[test]
fn what_is_asked_after_a_trace_is_answered_after_it() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.sends(b"before\n/trace one\n/trace two\nafter\n");
    alice.hears("[lobby] alice: before");
    for text in ["one", "two"] {
        alice.hears(&format!("[lobby] alice: {text}"));
        alice.hears("The way of your message, in microseconds:");
        (0..9).for_each(|_| drop(alice.next_line()));
        let lock = alice.next_line().expect("how long it was locked");
        assert!(lock.starts_with("Your thread waited "), "{lock}");
    }
    alice.hears("[lobby] alice: after");
}

#[test]
fn stats_are_not_for_everybody() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.says("/stats");
    alice.hears("Admin privileges required.");
}
