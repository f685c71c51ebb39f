//! Connecting and leaving, as conversations.

use super::*;

#[test]
fn a_new_client_is_welcomed_and_announced() {
    let mut chat = Chat::new(200);
    chat.connect("x");
    chat.connect("y");
    assert_eq!(
        chat.inbox("x").pop_front().unwrap(),
        "Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it."
    );
    assert_eq!(chat.inbox("x").pop_front().unwrap(), "guest_2 has joined the chat!");
    assert_eq!(
        chat.inbox("y").pop_front().unwrap(),
        "Welcome! Your nickname is 'guest_2'. Use /nick <name> to change it."
    );
    chat.check_silence("the end");
}

#[test]
fn in_a_large_room_coming_going_and_renaming_are_not_announced() {
    let mut chat = Chat::new(2);
    check_with(&mut chat, "alice+\nbob+\n");
    chat.connect("carol");
    assert_eq!(chat.inbox("carol").drain(..).count(), 1);
    check_with(
        &mut chat,
        "alice> /nick Ann
         alice< Nickname changed to 'Ann'.
         carol> hi
         alice< [lobby] guest_1: hi
         bob< [lobby] guest_1: hi
         carol< [lobby] guest_1: hi
         carol-
         bob-
         alice< bob has left the chat.",
    );
}

#[test]
fn a_client_that_has_left_can_do_nothing() {
    let mut state = state(0);
    let now = Now::read();
    let (alice, _) = decide(&mut state, now, |state, turn| state.enter(turn, &guest(), Box::new(NoSink)));
    let mut leave = || decide(&mut state, now, |state, turn| state.leave(turn, alice, Ending::Closed)).1;
    assert_eq!(leave().posts.len(), 1);
    assert_eq!(leave().posts.len(), 0);
    let ((), turn) =
        decide(&mut state, now, |state, turn| state.apply(turn, alice, Command::typed("users", "")));
    assert_eq!(turn.posts.len(), 0);
}

#[test]
fn after_a_stop_no_client_is_told_anything() {
    let mut state = state(200);
    let now = Now::read();
    let mut enter = || decide(&mut state, now, |state, turn| state.enter(turn, &guest(), Box::new(NoSink))).0;
    let (alice, bob) = (enter(), enter());
    let ((), turn) = decide(&mut state, now, |state, turn| {
        state.stop(turn);
        state.apply(turn, bob, Command::typed("users", ""));
        state.leave(turn, alice, Ending::Closed);
    });
    assert!(matches!(turn.posts[..], [Post::Stop(Event::ShuttingDown), Post::Detach(_)]));
}
