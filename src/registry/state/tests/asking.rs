//! Questions to the server, as conversations.

use super::*;

#[test]
fn lists_are_sorted_and_leave_out_empty_rooms() {
    check(
        "zoe+
         Bob+
         alice+
         zoe> /users
         zoe< Users in lobby: alice, Bob, zoe
         zoe> /join general
         zoe< You joined room 'general'.
         alice< zoe has left the room.
         Bob< zoe has left the room.
         zoe> /rooms
         zoe< Active rooms: general, lobby
         Bob-
         alice< Bob has left the chat.
         alice-
         zoe> /rooms
         zoe< Active rooms: general
         zoe> /users
         zoe< Users in general: zoe",
    );
}

#[test]
fn whois_tells_the_room_and_for_how_long() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+\nbob+\n");
    chat.now.instant += Duration::from_secs(125);
    check_with(
        &mut chat,
        "alice> /rooms
         alice< Active rooms: lobby
         bob> /whois ALICE
         bob< alice is in room 'lobby', connected over text for 2 min, idle for 0 s.
         alice> /whois bob
         alice< bob is in room 'lobby', connected over text for 2 min, idle for 0 s.
         bob> /whois nobody
         bob< User 'nobody' not found.",
    );
}

#[test]
fn help_lists_and_explains() {
    check(
        "alice+
         alice> /help JOIN
         alice< /join <room> - Go to a room. It is created if it does not exist.
         alice> /HELP /w
         alice< /whisper <user> <message> - Send a private message. Also: /w, /msg.
         alice> /help dance
         alice< Unknown command: /dance. Type /help for available commands.",
    );
}

#[test]
fn an_unknown_command_is_answered_and_told_to_no_other_client() {
    check(
        "alice+
         bob+
         alice> /Dance with me
         alice< Unknown command: /Dance. Type /help for available commands.
         alice> /qiut
         alice< Unknown command: /qiut. Type /help for available commands. Did you mean /quit?
         alice> /quit
         alice< Goodbye!",
    );
}
