//! `/history WORD`, as conversations.

use super::{marks::with_history, *};

#[test]
fn the_history_is_searched_for_what_was_said_in_any_case() {
    check_with(
        &mut with_history(limits(0)),
        "alice+
         alice> Tea at five?
         alice< [lobby] alice: Tea at five?
         alice> /me drinks TEA :smile:
         alice< * alice drinks TEA 😄
         alice> coffee
         alice< [lobby] alice: coffee
         alice> /history tea
         alice< Last 2 messages in 'lobby' with 'tea':
         alice< 1970-01-01 00:00 [lobby] alice: Tea at five?
         alice< 1970-01-01 00:00 [lobby] * alice drinks TEA 😄
         alice> /history TEA AT
         alice< Last 1 message in 'lobby' with 'TEA AT':
         alice< 1970-01-01 00:00 [lobby] alice: Tea at five?
         alice> /history :SMILE:
         alice< Last 1 message in 'lobby' with '😄':
         alice< 1970-01-01 00:00 [lobby] * alice drinks TEA 😄
         alice> /history at tea
         alice< No message in 'lobby' contains 'at tea'.
         alice> /join ops
         alice< You joined room 'ops'.
         alice> /history tea
         alice< No message in 'ops' contains 'tea'.",
    );
}

/// A chat that remembers this many lines and shows two, and alice, who has said all of them.
fn full_of(lines: usize) -> Chat {
    let history = HistoryLimits { remembered: lines, replayed: 2 };
    let now = Now { wall: std::time::UNIX_EPOCH, ..Now::read() };
    let mut chat =
        Chat { now, ..Chat::with(State::new(Limits { history, ..limits(0) }, Restored::default(), now)) };
    check_with(&mut chat, "alice+");
    (0..lines).for_each(|n| chat.says("alice", &format!("line {n}.")));
    chat.hush();
    chat
}

#[test]
fn a_long_history_is_searched_to_its_beginning_and_the_newest_are_shown() {
    check_with(
        &mut full_of(1000),
        "alice> /history line 0.
         alice< Last 1 message in 'lobby' with 'line 0.':
         alice< 1970-01-01 00:00 [lobby] alice: line 0.
         alice> /history 7.
         alice< Last 2 messages in 'lobby' with '7.':
         alice< 1970-01-01 00:00 [lobby] alice: line 987.
         alice< 1970-01-01 00:00 [lobby] alice: line 997.
         alice> /history nothing
         alice< No message in 'lobby' contains 'nothing'.",
    );
}

#[test]
fn a_search_holds_the_lock_for_one_page_at_a_time() {
    let mut chat = full_of(1000);
    let (mut task, mut pages) = (Some(chat.begins("alice", "/history nothing")), 0);
    while let Some(Task::Search(search, next)) = task {
        assert!(search.taken() <= 128);
        pages += 1;
        task = chat.goes_on("alice", Task::Search(search, next));
    }
    assert_eq!(pages, 8);
    chat.perform("alice", task);
    check_with(&mut chat, "alice< No message in 'lobby' contains 'nothing'.");
}

#[test]
fn a_search_shows_nothing_of_a_room_that_the_client_has_left_meanwhile() {
    let mut chat = full_of(300);
    let task = chat.begins("alice", "/history line 0.");
    chat.apply("alice", Command::typed("join", "ops"));
    chat.hush();
    chat.perform("alice", Some(task));
    check_with(&mut chat, "alice< No message in 'ops' contains 'line 0.'.");
}

#[test]
fn a_search_finds_nothing_from_an_ignored_user() {
    check_with(
        &mut with_history(limits(0)),
        "alice+
         bob+
         bob> tea
         alice< [lobby] bob: tea
         bob< [lobby] bob: tea
         alice> /ignore bob
         alice< You are now ignoring 'bob'.
         alice> /history tea
         alice< No message in 'lobby' contains 'tea'.
         bob> /history tea
         bob< Last 1 message in 'lobby' with 'tea':
         bob< 1970-01-01 00:00 [lobby] bob: tea",
    );
}
