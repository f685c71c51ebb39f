//! The server observed at work: which threads there are, and how a message travels through them.

use crate::support::{
    Peer, Server,
    server::{eventually, look_until},
};

/// The answer to `/threads`.
#[derive(Debug)]
struct Threads {
    rows: Vec<String>,
    /// How many threads do what.
    counts: String,
    since_start: String,
}

impl Threads {
    #[track_caller]
    fn ask(peer: &mut Peer) -> Self {
        peer.says("/threads");
        let head = peer.next_line().expect("an answer");
        assert!(head.ends_with("what each is doing, and for how long:"), "{head}");
        let mut rows = Vec::new();
        loop {
            let line = peer.next_line().expect("the rest of the answer");
            let Some(row) = line.strip_prefix("  ") else {
                let since_start = peer.next_line().expect("the last line of the answer");
                return Self { rows, counts: line, since_start };
            };
            rows.push(row.to_owned());
        }
    }

    fn has(&self, name: &str) -> bool {
        self.rows.iter().any(|row| row.starts_with(name))
    }

    /// Whether the thread of this name does this.
    fn shows(&self, name: &str, activity: &str) -> bool {
        let mut doing = self.rows.iter().filter_map(|row| row.strip_prefix(name));
        doing.any(|rest| rest.trim_start().starts_with(activity))
    }
}

fn thread_of(peer: &Peer) -> String {
    format!("client {}", peer.port())
}

#[test]
fn every_thread_is_listed_with_its_activity_and_your_own_comes_first() {
    let server = Server::start(&[]);
    let bob = server.client("bob");
    let mut alice = server.client("alice");
    let alices = thread_of(&alice);
    let threads = look_until(
        "all other threads wait for something",
        || Threads::ask(&mut alice),
        |threads| {
            threads.shows("acceptor", "accepting")
                && threads.shows("broadcaster", "idle")
                && threads.shows("closing time", "idle")
                && threads.shows("files", "accepting")
                && threads.shows(&thread_of(&bob), "reading")
        },
    );
    let Threads { rows, counts, since_start } = &threads;
    assert_eq!(rows.len(), 6, "{rows:?}");
    assert!(rows[0].starts_with(&alices) && rows[0].ends_with("(yours)"), "{rows:?}");
    assert!(threads.shows(&alices, "reading these figures"), "{rows:?}");
    assert_eq!(counts, "In total: 2 accepting, 1 reading, 1 reading these figures, 2 idle.");
    assert!(since_start.contains(" of 64. Since the start: longest lock hold "), "{since_start}");
    assert!(since_start.contains(", largest batch "), "{since_start}");
}

#[test]
fn a_thread_leaves_the_list_when_its_client_has_left() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let (bob, mut carol) = (server.client("bob"), server.client("carol"));
    let (bobs, carols) = (thread_of(&bob), thread_of(&carol));
    alice.catches_up();
    let threads = Threads::ask(&mut alice);
    assert!(threads.has(&bobs) && threads.has(&carols), "{threads:?}");
    bob.resets();
    alice.hears("bob has left the chat.");
    carol.says("/quit");
    carol.hears_at_last("Goodbye!");
    drop(carol);
    alice.hears("carol has left the chat.");
    eventually("their threads are gone", || {
        let threads = Threads::ask(&mut alice);
        !threads.has(&bobs) && !threads.has(&carols)
    });
}

#[test]
fn a_long_list_is_cut_but_counts_every_thread() {
    let server = Server::start(&["--presence-limit", "1"]);
    let crowd: Vec<_> = (0..60).map(|_| server.connect()).collect();
    let mut alice = server.client("alice");
    let Threads { rows, .. } = look_until(
        "all are counted",
        || Threads::ask(&mut alice),
        |threads| threads.counts.contains(" 60 reading,"),
    );
    assert_eq!(rows.len(), 51, "{rows:?}");
    assert!(rows[0].ends_with("(yours)"), "{rows:?}");
    assert_eq!(rows[50], "and 15 more");
    drop(crowd);
}

#[test]
fn a_traced_message_is_delivered_and_its_sender_is_told_every_hop_in_order() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    alice.catches_up();
    alice.says("/trace hello there");
    alice.hears("[lobby] alice: hello there");
    bob.hears("[lobby] alice: hello there");
    bob.hears_nothing();
    alice.hears("Your message's journey, in microseconds:");
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

/// What a row says, without its numbers and the spaces around the words.
fn what(hop: &str) -> &str {
    hop.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).trim_end()
}

fn first_number(hop: &str) -> u64 {
    hop.split_whitespace().next().and_then(|word| word.parse().ok()).expect("a number")
}

#[test]
fn a_command_after_a_trace_is_answered_after_the_trace() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.sends(b"before\n/trace one\n/trace two\nafter\n");
    alice.hears("[lobby] alice: before");
    for text in ["one", "two"] {
        alice.hears(&format!("[lobby] alice: {text}"));
        alice.hears("Your message's journey, in microseconds:");
        (0..9).for_each(|_| drop(alice.next_line()));
        let lock = alice.next_line().expect("how long it was locked");
        assert!(lock.starts_with("Your thread waited "), "{lock}");
    }
    alice.hears("[lobby] alice: after");
}

#[test]
fn stats_are_only_for_administrators() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.says("/stats");
    alice.hears("Admin privileges required.");
}
