//! Many clients at once: races, storms, and one order for all.

use std::{
    sync::Barrier,
    thread::{self, ScopedJoinHandle},
};

use crate::support::{Peer, Server, server::eventually};

#[test]
fn fifty_clients_want_one_nickname_and_exactly_one_gets_it() {
    let server = Server::start(&["--presence-limit", "1"]);
    let starting_line = Barrier::new(50);
    let race = || {
        let mut peer = server.connect();
        peer.next_line();
        starting_line.wait();
        peer.says("/nick Highlander");
        let answer = peer.next_line().expect("an answer");
        (peer, answer)
    };
    let answers: Vec<_> = thread::scope(|scope| {
        let racers: Vec<_> = (0..50).map(|_| spawn(scope, race)).collect();
        racers.into_iter().map(|racer| racer.join().expect("no panic")).collect()
    });
    let count = |line: &str| answers.iter().filter(|(_, answer)| answer == line).count();
    assert_eq!(count("Nickname changed to 'Highlander'."), 1);
    assert_eq!(count("Nickname 'Highlander' is already taken."), 49);
}

#[test]
fn all_clients_hear_eight_senders_in_the_same_order() {
    const LINES: usize = 200;
    let server = Server::start(&["--presence-limit", "1"]);
    let names: Vec<_> = (0..8).map(|n| format!("sender{n}")).collect();
    let peers: Vec<_> = names.iter().map(|name| server.client(name)).collect();
    let listeners: Vec<_> = (0..4).map(|n| server.client(&format!("listener{n}"))).collect();
    let heard: Vec<Vec<String>> = thread::scope(|scope| {
        let speak_and_listen = |mut peer: Peer, name: Option<&str>| {
            if let Some(name) = name {
                (0..LINES).for_each(|n| peer.says(&format!("{name} {n}")));
            }
            (0..8 * LINES).map(|_| peer.next_line().expect("a line")).collect()
        };
        let speaking = peers.into_iter().zip(&names).map(|(peer, name)| (peer, Some(name.as_str())));
        let listening = listeners.into_iter().map(|peer| (peer, None));
        let threads: Vec<_> = speaking
            .chain(listening)
            .map(|(peer, name)| spawn(scope, move || speak_and_listen(peer, name)))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(heard.iter().all(|lines| *lines == heard[0]), "one order for all");
    for name in &names {
        let mine: Vec<_> = heard[0].iter().filter(|line| line.contains(&format!(" {name}: "))).collect();
        let expected: Vec<_> = (0..LINES).map(|n| format!("[lobby] {name}: {name} {n}")).collect();
        assert_eq!(mine, expected.iter().collect::<Vec<_>>(), "each line once, in its sender's order");
    }
}

#[test]
fn a_client_that_joins_and_leaves_a_busy_room_hears_exactly_what_is_said_inside() {
    let server = Server::start(&["--presence-limit", "1", "--outbox-limit", "67108864"]);
    let mut speaker = in_the_storm(&server, "speaker");
    let mut anchor = in_the_storm(&server, "anchor");
    let said = thread::scope(|scope| {
        let walkers: Vec<_> = (0..4)
            .map(|n| server.client(&format!("walker{n}")))
            .map(|walker| spawn(scope, move || walk_in_and_out(walker)))
            .collect();
        let mut said = 0;
        while walkers.iter().any(|walker| !walker.is_finished()) {
            speaker.says(&said.to_string());
            speaker.hears(&format!("[storm] speaker: {said}"));
            said += 1;
        }
        said
    });
    for n in 0..said {
        anchor.hears(&format!("[storm] speaker: {n}"));
    }
}

fn in_the_storm(server: &Server, name: &str) -> Peer {
    let mut peer = server.client(name);
    peer.says("/join storm");
    peer.hears("You joined room 'storm'.");
    peer
}

/// Joins and leaves the room: inside it must hear the speaker's numbers without a gap, and outside
/// nothing.
fn walk_in_and_out(mut walker: Peer) {
    for round in 0..40 {
        walker.says("/join storm");
        walker.hears("You joined room 'storm'.");
        let mut numbers: Vec<_> =
            (0..round % 7).map(|_| number(&walker.next_line().expect("a line"))).collect();
        walker.says("/leave");
        while let Some(line) = walker.next_line().filter(|line| line != "You returned to the lobby.") {
            numbers.push(number(&line));
        }
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
        walker.hears_nothing();
    }
}

#[track_caller]
fn number(line: &str) -> usize {
    let said = line.strip_prefix("[storm] speaker: ").and_then(|text| text.parse().ok());
    said.unwrap_or_else(|| panic!("only the speaker speaks, and not {line:?}"))
}

#[test]
fn ten_thousand_visits_leave_no_thread_socket_or_name_behind() {
    let server = Server::start(&["--presence-limit", "1"]);
    let mut alice = server.client("alice");
    let (threads, descriptors) = (server.status("Threads"), server.descriptors());
    thread::scope(|scope| {
        for _ in 0..4 {
            spawn(scope, || {
                for n in 0..2500 {
                    let mut peer = server.connect();
                    match n % 3 {
                        0 => peer.says("/quit"),
                        1 => drop(peer.next_line()),
                        _ => peer.resets(),
                    }
                }
            });
        }
    });
    // At most 16 threads wait for new clients.
    eventually("their threads have ended", || server.status("Threads") <= threads + 16);
    eventually("their sockets are closed", || server.descriptors() == descriptors);
    alice.says("/users");
    alice.hears_at_last("Users in lobby: alice");
    server.connect().hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
}

fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    run: impl FnOnce() -> T + Send + 'scope,
) -> ScopedJoinHandle<'scope, T> {
    thread::Builder::new().spawn_scoped(scope, run).expect("a thread")
}
