//! Registering, logging in and unregistering, as conversations.

use super::*;

/// Alice is here and has registered; so is Bob, who has not.
pub(super) fn registered() -> Chat {
    let mut chat = Chat::new(200);
    check_with(
        &mut chat,
        "alice+
         bob+
         alice> /register correct-horse
         alice< Registration successful.",
    );
    chat
}

/// Lets a minute pass, so that every client may try again.
pub(super) fn later(chat: &mut Chat) {
    chat.passes(60);
}

#[test]
fn a_nickname_is_registered_once_and_logged_in_to() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "alice> /register another-horse
         alice< Nickname already registered.
         alice-
         bob< alice has left the chat.
         bob> /login alice wrong
         bob< Invalid password.
         bob> /login ALICE correct-horse
         bob< Login successful.
         bob< Nickname changed to 'alice'.
         bob> /login nobody correct-horse
         bob< Nickname not registered.",
    );
}

#[test]
fn a_registered_nickname_cannot_be_used_without_login() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "alice-
         bob< alice has left the chat.
         bob> /nick Alice
         bob< 'Alice' is registered. Use /login Alice <password>.
         bob> /login alice correct-horse
         bob< Login successful.
         bob< Nickname changed to 'alice'.
         bob> /nick rob
         bob< Nickname changed to 'rob'.
         bob> /nick alice
         bob< Nickname changed to 'alice'.",
    );
}

#[test]
fn logging_in_takes_the_nickname_back_from_a_stale_connection() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "bob> /login alice correct-horse
         alice< Disconnected: 'alice' has logged in from another connection.
         bob< alice is now known as guest_1.
         bob< Login successful.
         bob< Nickname changed to 'alice'.
         alice< bob is now known as alice.
         alice-
         bob< guest_1 has left the chat.
         bob> /users
         bob< Users in lobby: alice",
    );
    chat.check_consistent();
}

#[test]
fn a_client_that_is_logged_in_under_another_nickname_is_dismissed_too() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "alice> /nick ann
         alice< Nickname changed to 'ann'.
         bob< alice is now known as ann.
         bob> /login alice correct-horse
         alice< Disconnected: 'alice' has logged in from another connection.
         bob< Login successful.
         bob< Nickname changed to 'alice'.
         alice< bob is now known as alice.",
    );
    later(&mut chat);
    check_with(
        &mut chat,
        "alice> /nick alice
         alice> /passwd correct-horse stolen-horse
         alice> nobody listens to this any more",
    );
}

#[test]
fn logging_in_again_changes_nothing() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "alice> /login alice correct-horse
         alice< Login successful.
         alice> /nick alice
         alice< Nickname changed to 'alice'.",
    );
    chat.check_consistent();
}

#[test]
fn a_nickname_stays_ignored_when_a_stale_connection_loses_it() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "carol+
         carol> /ignore alice
         carol< You are now ignoring 'alice'.
         bob> /login alice correct-horse
         alice< Disconnected: 'alice' has logged in from another connection.
         bob< alice is now known as guest_1.
         carol< alice is now known as guest_1.
         bob< Login successful.
         bob< Nickname changed to 'alice'.
         alice< bob is now known as alice.
         carol< bob is now known as alice.
         bob> hi
         bob< [lobby] alice: hi
         alice< [lobby] alice: hi",
    );
}

#[test]
fn a_guest_chooses_a_nickname_before_registering_it() {
    let mut chat = Chat::new(200);
    chat.connect("guest");
    chat.hush();
    check_with(
        &mut chat,
        "guest> /register correct-horse
         guest< Choose a nickname with /nick before you register it.",
    );
}

#[test]
fn an_unregistered_nickname_is_free_for_every_user() {
    let mut chat = registered();
    check_with(
        &mut chat,
        "alice> /unregister wrong-horse
         alice< Invalid password.
         alice> /unregister correct-horse
         alice< Nickname 'alice' is no longer registered.
         alice> /unregister correct-horse
         alice< Nickname not registered.
         alice-
         bob< alice has left the chat.
         bob> /nick alice
         bob< Nickname changed to 'alice'.
         bob> /login alice correct-horse
         bob< Nickname not registered.
         bob> /register battery-staple
         bob< Registration successful.",
    );
}

#[test]
fn the_next_owner_of_a_nickname_does_not_inherit_its_rank() {
    let mut chat = registered();
    let (alice, ops) = (Nick::new("alice").unwrap(), Room::new("ops").unwrap());
    let remembered = Remembered { moderators: [alice].into(), ..Remembered::default() };
    chat.state.rooms.make_dormant(ops, Box::new(remembered), &mut chat.state.unsaved);
    check_with(
        &mut chat,
        "alice> /unregister correct-horse
         alice< Nickname 'alice' is no longer registered.",
    );
    assert!(chat.state.rooms.remembered(ops).is_none_or(|remembered| remembered.moderators.is_empty()));
}
