//! Ignoring other users, as conversations.

use super::*;

#[test]
fn an_ignored_user_is_not_heard_in_any_way_and_not_told() {
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
fn a_new_nickname_does_not_end_being_ignored_nor_does_going_back_to_the_old_one() {
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
         x+
         x> /nick bob
         x< Nickname changed to 'bob'.
         alice< x is now known as bob.
         x> hi
         x< [lobby] bob: hi
         x> /nick carol
         x< Nickname changed to 'carol'.
         alice< bob is now known as carol.
         x> hi
         x< [lobby] carol: hi
         alice> /unignore carol
         alice< You are no longer ignoring 'bob'.
         x> hi
         alice< [lobby] carol: hi
         x< [lobby] carol: hi",
    );
}

#[test]
fn a_user_cannot_make_others_deaf_to_a_nickname_that_is_not_in_use() {
    check(
        "alice+
         bob+
         alice> /ignore bob
         alice< You are now ignoring 'bob'.
         bob> /nick carol
         bob< Nickname changed to 'carol'.
         alice< bob is now known as carol.
         bob-
         alice< carol has left the chat.
         carol+
         carol> hi
         alice< [lobby] carol: hi
         carol< [lobby] carol: hi",
    );
}

#[test]
fn thousands_can_ignore_one_user_and_leave_without_a_delay() {
    // With work that grows with the number of those who ignore already, this would take minutes.
    let mut state = state(0);
    let now = Now::read();
    let mut enter = || decide(&mut state, now, |state, turn| state.enter(turn, &guest(), Box::new(NoSink))).0;
    let target = enter();
    let clients: Vec<_> = (0..20_000).map(|_| enter()).collect();
    for &client in &clients {
        decide(&mut state, now, |state, turn| state.apply(turn, client, Command::typed("ignore", "guest_1")));
    }
    let ((), turn) =
        decide(&mut state, now, |state, turn| state.apply(turn, target, Command::typed("me", "waves")));
    let Some(Post::TellRoom(_, except, _)) = turn.posts.last() else { panic!("it is said") };
    assert_eq!(except.as_slice().len(), clients.len());
    for client in clients {
        decide(&mut state, now, |state, turn| state.leave(turn, client, Ending::Closed));
    }
    state.ignores.check();
}

#[test]
fn a_client_that_takes_a_nickname_it_ignores_still_hears_itself() {
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
fn a_user_can_ignore_only_so_many_others() {
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
