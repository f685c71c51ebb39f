//! Bots, as conversations.

use super::*;

#[test]
fn a_bot_is_listed_with_its_room_and_what_it_does_until_it_leaves() {
    check(
        "alice+
         quiz+
         alice> /bots
         alice< There are no bots.
         quiz> /bot Asks questions.
         quiz< Others see that you are a bot: Asks questions.
         quiz> /bot Asks hard questions.
         quiz< Others see that you are a bot: Asks hard questions.
         alice> /bots
         alice< Bots:
         alice< quiz in 'lobby': Asks hard questions.
         alice> /whois quiz
         alice< quiz is in room 'lobby', connected over text for 0 s, idle for 0 s. quiz is a bot: Asks hard questions.
         quiz-
         alice< quiz has left the chat.
         alice> /bots
         alice< There are no bots.",
    );
}

#[test]
fn bots_are_sorted_by_their_names_and_found_in_their_rooms() {
    check(
        "zoe+
         bob+
         zoe> /bot one
         zoe< Others see that you are a bot: one
         bob> /bot two
         bob< Others see that you are a bot: two
         zoe> /join den
         zoe< You joined room 'den'.
         bob< zoe has left the room.
         zoe> /nick Abe
         zoe< Nickname changed to 'Abe'.
         bob> /bots
         bob< Bots:
         bob< Abe in 'den': one
         bob< bob in 'lobby': two",
    );
}

#[test]
fn a_room_that_a_bot_has_opened_is_moderated_by_its_first_user() {
    check(
        "alice+
         bob+
         quiz+
         quiz> /bot Asks questions.
         quiz< Others see that you are a bot: Asks questions.
         quiz> /join den
         quiz< You joined room 'den'.
         alice< quiz has left the room.
         bob< quiz has left the room.
         alice> /join den
         alice< You joined room 'den'.
         quiz< alice has joined the room.
         bob< alice has left the room.
         alice> /mods
         alice< Moderators of 'den': alice
         bob> /join den
         bob< You joined room 'den'.
         alice< bob has joined the room.
         quiz< bob has joined the room.
         alice-
         bob< alice has left the chat.
         quiz< alice has left the chat.
         bob< bob is a moderator of this room now.
         quiz< bob is a moderator of this room now.
         bob-
         quiz< bob has left the chat.",
    );
}

#[test]
fn there_are_at_most_so_many_bots() {
    let mut chat = Chat::new(0);
    for n in 0..=500 {
        chat.connect(&format!("b{n}"));
        chat.says(&format!("b{n}"), "/bot x");
    }
    chat.hush();
    check_with(
        &mut chat,
        "b500> /bot x
         b500< There are already 500 bots.
         b7> /bot y
         b7< Others see that you are a bot: y",
    );
}
