//! What programs ask by themselves, as conversations.

use super::{
    pace::{chat_of, chatter, flood},
    *,
};

#[test]
fn a_mark_is_answered_after_everything_before_it() {
    check(
        "alice+
         bob+
         alice> /mark 1
         alice< @mark 1 seq=0 rate=0 burst=0 left=0 text=100 line=1000
         bob> hello
         alice< [lobby] bob: hello
         bob< [lobby] bob: hello
         alice> hi
         alice< [lobby] alice: hi
         bob< [lobby] alice: hi
         alice> /mark 18446744073709551615
         alice< @mark 18446744073709551615 seq=2 rate=0 burst=0 left=0 text=100 line=1000
         bob> /MARK one
         bob< Usage: /mark <token>",
    );
}

#[test]
fn a_mark_tells_how_many_messages_may_be_said_now() {
    let mut chat = chat_of(&["alice", "bob"]);
    check_with(
        &mut chat,
        "alice> /mark 1
         alice< @mark 1 seq=0 rate=5 burst=5 left=5 text=100 line=1000",
    );
    chatter(&mut chat, "alice", 4);
    check_with(
        &mut chat,
        "alice> /mark 2
         alice< @mark 2 seq=4 rate=5 burst=5 left=1 text=100 line=1000
         bob> /mark 3
         bob< @mark 3 seq=4 rate=5 burst=5 left=5 text=100 line=1000",
    );
    chat.now.instant += Duration::from_millis(399);
    check_with(
        &mut chat,
        "alice> /mark 4
         alice< @mark 4 seq=4 rate=5 burst=5 left=2 text=100 line=1000",
    );
}

#[test]
fn a_muted_client_learns_from_the_mark_that_its_line_was_refused() {
    let mut chat = chat_of(&["alice"]);
    flood(&mut chat, "alice");
    check_with(
        &mut chat,
        "alice> hello?
         alice< You are muted for 30 more seconds.
         alice> /mark 9
         alice< @mark 9 seq=5 rate=5 burst=5 left=0 text=100 line=1000",
    );
}

#[test]
fn a_program_that_asks_for_marks_does_not_make_its_user_look_busy() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+\nbob+\nbob> /away\nbob< You are away.");
    chat.passes(90);
    check_with(
        &mut chat,
        "bob> /mark 1
         bob< @mark 1 seq=0 rate=0 burst=0 left=0 text=100 line=1000
         alice> /whois bob
         alice< bob is in room 'lobby', connected over text for 1 min, idle for 1 min. bob is away.",
    );
}

#[test]
fn marks_are_not_logged() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+");
    chat.noting = Some(Noting { whispers: true });
    check_with(
        &mut chat,
        "alice> /mark 1
         alice< @mark 1 seq=0 rate=0 burst=0 left=0 text=100 line=1000",
    );
    assert!(chat.facts.is_empty());
}

#[test]
fn marks_delay_neither_what_the_user_says_nor_what_it_asks() {
    let mut chat = chat_of(&["alice"]);
    let start = chat.now.instant;
    for second in 1..=60 {
        for line in 0..5 {
            chat.says("alice", "hello");
            chat.says("alice", &format!("/mark {line}"));
        }
        chat.says("alice", "/mark 5");
        chat.now.instant = chat.now.instant.max(start + Duration::from_secs(second));
    }
    for _ in 0..40 {
        chat.says("alice", "/whois alice");
    }
    assert_eq!(chat.inbox("alice").drain(..).count(), 60 * 11 + 40);
    assert_eq!(chat.now.instant, start + Duration::from_secs(60), "nothing had to wait");
}

/// A chat that remembers lines, at the beginning of time.
pub(super) fn with_history(limits: Limits) -> Chat {
    let history = HistoryLimits { remembered: 3, replayed: 0 };
    let now = Now { wall: std::time::UNIX_EPOCH, ..Now::read() };
    Chat { now, ..Chat::with(State::new(Limits { history, ..limits }, Restored::default(), now)) }
}

#[test]
fn a_client_that_comes_back_is_shown_only_what_it_missed() {
    check_with(
        &mut with_history(limits(0)),
        "alice+
         bob+
         bob> one
         alice< [lobby] bob: one
         bob< [lobby] bob: one
         alice> /missed 1
         alice> /mark 1
         alice< @mark 1 seq=1 rate=0 burst=0 left=0 text=100 line=1000
         alice-
         bob> two
         bob< [lobby] bob: two
         bob> /me waves
         bob< * bob waves
         bob> /join ops
         bob< You joined room 'ops'.
         bob> elsewhere
         bob< [ops] bob: elsewhere
         alice+
         alice> /missed 1
         alice< Last 2 messages in 'lobby':
         alice< 1970-01-01 00:00 [lobby] bob: two
         alice< 1970-01-01 00:00 [lobby] * bob waves
         alice> /missed 0
         alice< Last 3 messages in 'lobby':
         alice< 1970-01-01 00:00 [lobby] bob: one
         alice< 1970-01-01 00:00 [lobby] bob: two
         alice< 1970-01-01 00:00 [lobby] * bob waves
         alice> /missed 3
         alice> /missed 99
         alice> /missed
         alice< Usage: /missed <seq>",
    );
}

#[test]
fn what_an_ignored_user_said_was_not_missed() {
    check_with(
        &mut with_history(limits(0)),
        "alice+
         bob+
         alice> /ignore bob
         alice< You are now ignoring 'bob'.
         bob> one
         bob< [lobby] bob: one
         alice> /missed 0
         alice> two
         alice< [lobby] alice: two
         bob< [lobby] alice: two
         alice> /missed 0
         alice< Last 1 messages in 'lobby':
         alice< 1970-01-01 00:00 [lobby] alice: two",
    );
}

#[test]
fn a_program_that_asks_again_and_again_what_was_missed_waits() {
    let mut chat = with_history(Limits { rate: Rate::per_second(5, 5), ..limits(200) });
    check_with(&mut chat, "alice+\nalice> hi\nalice< [lobby] alice: hi");
    let start = chat.now.instant;
    for _ in 0..10 {
        chat.says("alice", "/missed 0");
    }
    assert_eq!(chat.inbox("alice").drain(..).count(), 20);
    assert_eq!(chat.now.instant - start, Duration::from_secs(5), "5 at once, then one a second");
}

#[test]
fn telnet_is_answered_in_its_place_and_stays_idle() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+\nbob+");
    chat.passes(90);
    let alice = chat.people["alice"];
    let command = Command::answer(&[255, 252, 6]);
    let (task, posts) = {
        let turn = decide(&mut chat.state, chat.now, |state, turn| state.apply(turn, alice, command)).1;
        (turn.task, turn.posts)
    };
    assert!(task.is_none());
    assert!(
        matches!(&posts[..], [Post::TellEncoded(to, answer, _)] if *to == alice && answer.as_bytes() == b"\xff\xfc\x06")
    );
    check_with(
        &mut chat,
        "bob> /whois alice
         bob< alice is in room 'lobby', connected over text for 1 min, idle for 1 min.",
    );
}
