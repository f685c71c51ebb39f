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
    let alice = state.enter(address(), Box::new(NoSink), now);
    state.take_posts();
    state.leave(alice, Ending::Closed, now);
    assert_eq!(state.take_posts().len(), 1);
    state.apply(alice, Command::ListUsers, now);
    state.leave(alice, Ending::Closed, now);
    assert_eq!(state.take_posts().len(), 0);
}

#[test]
fn after_a_stop_nobody_is_told_anything_more() {
    let mut state = state(200);
    let now = Now::read();
    let alice = state.enter(address(), Box::new(NoSink), now);
    let bob = state.enter(address(), Box::new(NoSink), now);
    state.take_posts();
    state.stop();
    state.apply(bob, Command::ListUsers, now);
    state.leave(alice, Ending::Closed, now);
    let posts = state.take_posts();
    assert!(matches!(posts[..], [Post::Stop(Event::ShuttingDown), Post::Detach(_)]));
}
