//! Changing nicknames, as conversations.

use super::*;

#[test]
fn a_guest_has_the_smallest_free_number() {
    let mut chat = Chat::new(0);
    let number = |chat: &mut Chat, name: &str| {
        let welcome = chat.inbox(name).pop_front().unwrap();
        welcome.split(['_', '\'']).nth(2).unwrap().to_owned()
    };
    for name in ["a", "b", "c"] {
        chat.connect(name);
    }
    chat.vanish("b");
    chat.says("a", "/nick alice");
    chat.connect("d");
    chat.connect("e");
    chat.connect("f");
    assert_eq!([number(&mut chat, "d"), number(&mut chat, "e"), number(&mut chat, "f")], ["1", "2", "4"]);
}

#[test]
fn everyone_in_the_room_is_told_of_a_new_nickname() {
    check(
        "alice+
         bob+
         alice> /nick Carol
         alice< Nickname changed to 'Carol'.
         bob< alice is now known as Carol.
         bob> /users
         bob< Users in lobby: bob, Carol",
    );
}

#[test]
fn a_taken_nickname_is_refused_in_any_case() {
    check(
        "alice+
         bob+
         bob> /nick ALICE
         bob< Nickname 'ALICE' is already taken.
         bob> /nick BOB
         bob< Nickname changed to 'BOB'.
         alice< bob is now known as BOB.
         bob> /nick BOB
         bob< Nickname changed to 'BOB'.",
    );
}

#[test]
fn a_nickname_that_breaks_the_rule_is_refused_with_the_rule() {
    check(
        "alice+
         alice> /nick
         alice< Usage: /nick <nickname>
         alice> /nick 1st
         alice< A nickname is 1 to 20 letters (A-Z, a-z), digits, '_' or '-', and starts with a letter.
         alice> /nick guest_7
         alice< Nickname 'guest_7' is reserved.
         alice> /nick SERVER
         alice< Nickname 'SERVER' is reserved.",
    );
}

#[test]
fn a_nickname_is_free_again_when_its_owner_has_left() {
    check(
        "alice+
         bob+
         alice-
         bob< alice has left the chat.
         bob> /nick alice
         bob< Nickname changed to 'alice'.",
    );
}
