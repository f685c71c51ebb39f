//! Ignoring other users, as conversations.

use super::*;

#[test]
fn who_is_ignored_is_not_heard_in_any_way_and_not_told() {
    check(
        "alice+
         bob+
         carol+
         alice> /ignore BOB
         alice< You are now ignoring 'bob'.
         alice> /ignore bob
         alice< You are already ignoring 'bob'.
         bob> hi
         bob< [lobby] bob: hi
         carol< [lobby] bob: hi
         bob> /me waves
         bob< * bob waves
         carol< * bob waves
         bob> /w alice hi
         bob< [Whisper to alice]: hi
         alice> /reply hi
         alice< You have no whisper to reply to.
         alice> /unignore bob
         alice< You are no longer ignoring 'bob'.
         bob> hi
         alice< [lobby] bob: hi
         bob< [lobby] bob: hi
         carol< [lobby] bob: hi
         alice> /unignore bob
         alice< You are not ignoring 'bob'.
         alice> /ignore alice
         alice< You cannot ignore yourself.
         alice> /ignore nobody
         alice< User 'nobody' not found.",
    );
}

#[test]
fn ignoring_outlasts_a_new_nickname_and_a_new_connection() {
    check(
        "alice+
         bob+
         alice> /ignore bob
         alice< You are now ignoring 'bob'.
         bob> /nick rob
         bob< Nickname changed to 'rob'.
         alice< bob is now known as rob.
         bob> hi
         bob< [lobby] rob: hi
         bob-
         alice< rob has left the chat.
         rob+
         rob> hi
         rob< [lobby] rob: hi
         bob+
         bob> hi
         bob< [lobby] bob: hi
         alice< [lobby] bob: hi
         rob< [lobby] bob: hi",
    );
}

#[test]
fn who_takes_a_nickname_that_it_ignores_still_hears_itself() {
    check(
        "alice+
         bob+
         alice> /ignore bob
         alice< You are now ignoring 'bob'.
         bob-
         alice< bob has left the chat.
         alice> /nick bob
         alice< Nickname changed to 'bob'.
         alice> hi
         alice< [lobby] bob: hi",
    );
}

#[test]
fn ignoring_a_guest_ends_with_the_guest() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+\n");
    chat.connect("stranger");
    chat.inboxes.values_mut().for_each(VecDeque::clear);
    check_with(
        &mut chat,
        "alice> /ignore guest_1
         alice< You are now ignoring 'guest_1'.
         stranger-
         alice< guest_1 has left the chat.",
    );
    chat.connect("another");
    chat.inboxes.values_mut().for_each(VecDeque::clear);
    check_with(
        &mut chat,
        "another> hi
         another< [lobby] guest_1: hi
         alice< [lobby] guest_1: hi",
    );
}

#[test]
fn one_can_ignore_only_so_many() {
    let mut chat = Chat::new(0);
    chat.connect("alice");
    for n in 0..=100 {
        chat.connect(&format!("u{n}"));
        chat.inbox("alice").clear();
        chat.says("alice", &format!("/ignore guest_{}", n + 2));
    }
    assert_eq!(
        chat.inbox("alice").pop_front().unwrap(),
        "You are already ignoring 100 users. Remove one first with /unignore."
    );
}
