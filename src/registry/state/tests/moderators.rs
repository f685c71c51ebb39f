//! Who moderates a room, as conversations.

use super::{moderation::in_ops, *};

#[test]
fn only_the_client_that_creates_a_room_moderates_it() {
    check_with(
        &mut in_ops(&["bob"]),
        "bob> /mods
         bob< Moderators of 'ops': alice
         bob> /kick alice
         bob< You are not a moderator.
         bob> /ban alice
         bob< You are not a moderator.
         bob> /unban alice
         bob< You are not a moderator.
         bob> /bans
         bob< You are not a moderator.
         bob> /mod bob
         bob< You are not a moderator.
         bob> /unmod alice
         bob< You are not a moderator.
         bob> /topic mine
         bob< You are not a moderator.
         bob> /topic
         bob< No topic is set in 'ops'.",
    );
}

#[test]
fn administrators_moderate_every_room_and_the_lobby_has_no_other_moderators() {
    let mut chat = in_ops(&["root"]);
    chat.promote("root");
    check_with(
        &mut chat,
        "root> /kick alice
         root< root has kicked alice.
         root< root is a moderator of this room now.
         alice< You were kicked from 'ops' by root.
         alice< You returned to the lobby.
         alice> /topic mine
         alice< You are not a moderator.
         alice> /mods
         alice< The lobby has no moderators. The administrators moderate it.
         root> /leave
         root< You returned to the lobby.
         alice< root has joined the room.
         root> /topic welcome
         root< root has set the topic: welcome
         alice< root has set the topic: welcome
         root> /kick alice
         root< You cannot kick users from the lobby.
         root> /ban alice
         root< You cannot ban users from the lobby.
         root> /mod alice
         root< The lobby has no moderators. The administrators moderate it.",
    );
}

#[test]
fn a_topic_is_shown_even_to_users_who_ignore_its_author() {
    check_with(
        &mut in_ops(&["bob"]),
        "bob> /ignore alice
         bob< You are now ignoring 'alice'.
         alice> /topic tea
         alice< alice has set the topic: tea
         bob< alice has set the topic: tea",
    );
}

#[test]
fn moderators_make_moderators_and_take_the_rank_away() {
    check_with(
        &mut in_ops(&["bob"]),
        "zoe+
         alice> /mod bob
         alice< alice has made bob a moderator.
         bob< alice has made bob a moderator.
         alice> /mod BOB
         alice< 'bob' is already a moderator.
         alice> /mod zoe
         alice< 'zoe' is not in this room.
         bob> /mods
         bob< Moderators of 'ops': alice, bob
         bob> /unmod ALICE
         alice< bob has removed alice as a moderator.
         bob< bob has removed alice as a moderator.
         bob> /unmod alice
         bob< 'alice' is not a moderator.
         bob> /unmod bob
         bob< A room needs a moderator. Add another one first with /mod.",
    );
}

#[test]
fn the_rank_follows_a_new_nickname_and_ends_with_the_visit() {
    check_with(
        &mut in_ops(&["bob"]),
        "alice> /mod bob
         alice< alice has made bob a moderator.
         bob< alice has made bob a moderator.
         bob> /nick rob
         bob< Nickname changed to 'rob'.
         alice< bob is now known as rob.
         alice> /mods
         alice< Moderators of 'ops': alice, rob
         bob> /leave
         bob< You returned to the lobby.
         alice< rob has left the room.
         bob> /join ops
         bob< You joined room 'ops'.
         alice< rob has joined the room.
         alice> /mods
         alice< Moderators of 'ops': alice",
    );
}

#[test]
fn the_longest_present_member_takes_over_when_the_last_moderator_without_an_account_leaves() {
    check_with(
        &mut in_ops(&["zoe", "bob"]),
        "alice-
         zoe< alice has left the chat.
         zoe< zoe is a moderator of this room now.
         bob< alice has left the chat.
         bob< zoe is a moderator of this room now.
         bob> /mods
         bob< Moderators of 'ops': zoe
         zoe> /leave
         zoe< You returned to the lobby.
         bob< zoe has left the room.
         bob< bob is a moderator of this room now.
         bob> /leave
         bob< You returned to the lobby.
         zoe< bob has joined the room.
         zoe> /join ops
         zoe< You joined room 'ops'.
         bob< zoe has left the room.
         zoe> /mods
         zoe< Moderators of 'ops': zoe",
    );
}

#[test]
fn a_registered_moderator_who_leaves_keeps_the_rank_and_no_member_takes_over() {
    let mut chat = in_ops(&["bob"]);
    chat.has_account("alice", "alice");
    check_with(
        &mut chat,
        "alice> /leave
         alice< You returned to the lobby.
         bob< alice has left the room.
         bob> /mods
         bob< Moderators of 'ops': alice
         bob> /leave
         bob< You returned to the lobby.
         alice< bob has joined the room.
         bob> /join ops
         bob< You joined room 'ops'.
         alice< bob has left the room.
         bob> /kick alice
         bob< You are not a moderator.
         alice> /join ops
         alice< You joined room 'ops'.
         bob< alice has joined the room.
         alice> /topic mine
         alice< alice has set the topic: mine
         bob< alice has set the topic: mine",
    );
}

#[test]
fn ranks_and_bans_and_topics_outlive_a_restart() {
    let mut chat = in_ops(&["bob"]);
    chat.has_account("alice", "alice");
    check_with(
        &mut chat,
        "alice> /topic tea
         alice< alice has set the topic: tea
         bob< alice has set the topic: tea
         alice> /ban bob spam
         alice< alice has banned bob: spam
         bob< You were banned from 'ops' by alice: spam
         bob< You returned to the lobby.",
    );
    chat.restarts();
    check_with(
        &mut chat,
        "bob+
         bob> /join ops
         bob< You are banned from this room.
         bob> /rooms
         bob< Active rooms: lobby
         zoe+
         zoe> /join ops
         zoe< You joined room 'ops'.
         zoe< Topic of 'ops': tea
         bob< zoe has left the room.
         zoe> /mods
         zoe< Moderators of 'ops': alice",
    );
}

#[test]
fn another_member_takes_over_when_the_last_moderator_is_banned_from_afar() {
    let mut chat = in_ops(&["bob", "root"]);
    chat.promote("root");
    chat.has_account("alice", "alice");
    check_with(
        &mut chat,
        "alice> /leave
         alice< You returned to the lobby.
         bob< alice has left the room.
         root< alice has left the room.
         root> /ban alice
         root< root has banned alice.
         root< bob is a moderator of this room now.
         bob< root has banned alice.
         bob< bob is a moderator of this room now.
         alice> /join ops
         alice< You are banned from this room.",
    );
    chat.check_consistent();
}

#[test]
fn a_registered_moderator_keeps_the_rank_after_leaving_the_chat() {
    let mut chat = in_ops(&["bob"]);
    chat.has_account("alice", "alice");
    check_with(
        &mut chat,
        "alice-
         bob< alice has left the chat.
         bob> /mods
         bob< Moderators of 'ops': alice",
    );
}

#[test]
fn a_deleted_account_no_longer_moderates_any_room() {
    let mut chat = in_ops(&["bob"]);
    chat.has_account("alice", "alice");
    chat.decide(|state, turn| state.forget_moderator(turn, Nick::new("alice").unwrap()));
    check_with(
        &mut chat,
        "alice< alice is a moderator of this room now.
         bob< alice is a moderator of this room now.",
    );
    chat.check_consistent();
}
