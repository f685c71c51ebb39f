//! Looking at the server at work, as conversations.

use super::*;
use crate::watch::{Activity, Load, Seen, ThreadSeen};

/// What a session sees that looks around.
pub(super) fn seen() -> Seen {
    let thread = |name: &str, activity, milliseconds| ThreadSeen {
        name: name.into(),
        activity,
        for_how_long: Duration::from_millis(milliseconds),
        is_asking: activity == Activity::Looking,
    };
    let mut counts = [0; Activity::ALL.len()];
    counts[Activity::Accepting as usize] = 1;
    counts[Activity::Reading as usize] = 9_999;
    counts[Activity::Looking as usize] = 1;
    Seen {
        threads: vec![
            thread("client 40312", Activity::Looking, 0),
            thread("acceptor", Activity::Accepting, 12_999),
            thread("client 7", Activity::Reading, 340),
        ],
        total: 10_001,
        counts,
        channel: Load { held: 3, holds: 64 },
        longest_hold: Duration::from_micros(212),
        largest_batch: 1,
        waiting_bytes: 70_000,
        waiting_clients: 2,
        memory: Some(12_345_678),
        system_threads: Some(10_002),
        uptime: Duration::from_secs(5),
    }
}

#[test]
fn every_user_may_see_what_the_threads_are_doing() {
    check(
        "alice+
         bob+
         alice> /threads
         alice< 10001 threads (1 more not watched), what each is doing, and for how long:
         alice<   client 40312  reading these figures       0 ms  (yours)
         alice<   acceptor      accepting                   12 s
         alice<   client 7      reading                   340 ms
         alice<   and 9998 more
         alice< In total: 1 accepting, 9999 reading, 1 reading these figures.
         alice< The channel holds 3 of 64. Since the start: longest lock hold 212 µs, largest batch 1 post.",
    );
}

#[test]
fn stats_are_for_administrators() {
    check(
        "alice+
         alice> /stats
         alice< Admin privileges required.",
    );
    let mut chat = administrated_by("alice");
    check_with(
        &mut chat,
        "bob+
         alice> /join ops
         alice< You joined room 'ops'.
         bob< alice has left the room.
         bob> hello
         bob< [lobby] bob: hello
         bob> /whisper alice hi
         alice< [Whisper from bob]: hi
         bob< [Whisper to alice]: hi",
    );
    chat.now.instant += Duration::from_secs(1);
    check_with(
        &mut chat,
        "alice> /stats
         alice< The server at this moment:
         alice<   clients            2
         alice<   rooms              2
         alice<   messages           0.4 a second lately, 2 since the start
         alice<   channel            3 of 64
         alice<   outboxes           70000 bytes for 2 slow clients
         alice<   to be saved        0 changes
         alice<   longest lock hold  212 µs
         alice<   largest batch      1 post
         alice<   threads            10002
         alice<   memory             12.3 MB
         alice<   uptime             5 s",
    );
}

/// A chat with one client, who is an administrator.
fn administrated_by(name: &str) -> Chat {
    let mut chat = Chat::new(200);
    check_with(&mut chat, &format!("{name}+"));
    let client = chat.people[name];
    chat.state.make_administrator(client);
    chat
}

#[test]
fn a_traced_text_is_said_like_any_other_and_its_sender_is_told_its_journey() {
    let mut chat = Chat::new(200);
    check_with(
        &mut chat,
        "alice+
         bob+
         carol+
         carol> /ignore alice
         carol< You are now ignoring 'alice'.
         alice> /trace
         alice< Usage: /trace <text>",
    );
    chat.says("alice", "/trace hello");
    assert_eq!(chat.inbox("bob").drain(..).collect::<Vec<_>>(), ["[lobby] alice: hello"]);
    let told: Vec<_> = chat.inbox("alice").drain(..).collect();
    assert_eq!(told[0], "[lobby] alice: hello");
    assert_eq!(told[1], "Your message's journey, in microseconds:");
    assert_eq!(told[2].split_whitespace().collect::<Vec<_>>(), ["at", "after", "hop", "thread"]);
    assert!(told[3].contains(" sent to 2 clients "), "{told:?}");
    chat.check_silence("the end");
}

#[test]
fn a_client_that_leaves_while_its_message_is_traced_is_told_nothing() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+\n bob+");
    let client = chat.people["alice"];
    let task = chat.apply("alice", Command::typed("trace", "bye")).expect("it is to be traced");
    chat.vanish("alice");
    chat.hush();
    assert!(chat.resumes(client, task).is_none());
    chat.check_silence("the end");
}
