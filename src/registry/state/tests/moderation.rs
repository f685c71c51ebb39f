//! Kicking and banning, as conversations.

use super::*;

/// alice has made the room 'ops', and the others have come in this order.
#[track_caller]
pub(super) fn in_ops(others: &[&str]) -> Chat {
    let mut chat = Chat::new(200);
    for name in ["alice"].iter().chain(others) {
        chat.connect(name);
        chat.says(name, &format!("/nick {name}"));
        chat.says(name, "/join ops");
    }
    chat.inboxes.values_mut().for_each(VecDeque::clear);
    chat
}

#[test]
fn a_kicked_user_returns_to_the_lobby_and_the_room_is_told_why() {
    check_with(
        &mut in_ops(&["bob", "carol"]),
        "dave+
         alice> /kick BOB too loud
         alice< alice has kicked bob: too loud
         carol< alice has kicked bob: too loud
         bob< You were kicked from 'ops' by alice: too loud
         bob< You returned to the lobby.
         dave< bob has joined the room.
         bob> hello?
         bob< [lobby] bob: hello?
         dave< [lobby] bob: hello?
         bob> /join ops
         bob< You joined room 'ops'.
         dave< bob has left the room.
         alice< bob has joined the room.
         carol< bob has joined the room.
         alice> /kick bob
         alice< alice has kicked bob.
         carol< alice has kicked bob.
         bob< You were kicked from 'ops' by alice.
         bob< You returned to the lobby.
         dave< bob has joined the room.",
    );
}

#[test]
fn only_another_member_of_the_room_can_be_kicked() {
    check_with(
        &mut in_ops(&[]),
        "bob+
         alice> /kick
         alice< Usage: /kick <user> [reason]
         alice> /kick BOB
         alice< 'bob' is not in this room.
         alice> /kick nobody
         alice< User 'nobody' not found.
         alice> /kick Alice
         alice< You cannot kick yourself.
         alice> /ban Alice
         alice< You cannot ban yourself.",
    );
}

#[test]
fn a_ban_holds_for_the_nickname_and_for_the_connection_under_any_other_name() {
    check_with(
        &mut in_ops(&["bob"]),
        "alice> /ban bob spam
         alice< alice has banned bob: spam
         bob< You were banned from 'ops' by alice: spam
         bob< You returned to the lobby.
         bob> /join OPS
         bob< You are banned from this room.
         bob> /nick rob
         bob< Nickname changed to 'rob'.
         bob> /join ops
         bob< You are banned from this room.
         bob-
         bob+
         bob> /join ops
         bob< You are banned from this room.
         bob> /nick rob
         bob< Nickname changed to 'rob'.
         bob> /join ops
         bob< You are banned from this room.
         bob-
         carol+
         carol> /join ops
         carol< You joined room 'ops'.
         alice< carol has joined the room.
         carol> /nick Bob
         carol< Nickname 'Bob' is banned from this room.",
    );
}

#[test]
fn a_ban_holds_for_the_account_under_any_nickname() {
    let mut chat = in_ops(&["rob"]);
    chat.has_account("rob", "bob");
    check_with(
        &mut chat,
        "alice> /ban rob
         alice< alice has banned rob.
         rob< You were banned from 'ops' by alice.
         rob< You returned to the lobby.
         rob-
         zoe+",
    );
    chat.has_account("zoe", "bob");
    check_with(
        &mut chat,
        "zoe> /join ops
         zoe< You are banned from this room.
         alice> /unban bob
         alice< alice has lifted the ban on rob.
         zoe> /join ops
         zoe< You joined room 'ops'.
         alice< zoe has joined the room.",
    );
}

#[test]
fn a_client_that_logs_in_to_a_banned_account_is_expelled() {
    let mut chat = in_ops(&["zoe"]);
    check_with(
        &mut chat,
        "alice> /ban bob
         alice< alice has banned bob.
         zoe< alice has banned bob.",
    );
    chat.has_account("zoe", "bob");
    check_with(
        &mut chat,
        "alice< zoe has left the room.
         zoe< You are banned from this room.
         zoe< You returned to the lobby.",
    );
}

#[test]
fn a_user_who_is_elsewhere_or_not_connected_can_be_banned() {
    check_with(
        &mut in_ops(&[]),
        "bob+
         alice> /ban bob
         alice< alice has banned bob.
         bob> /join ops
         bob< You are banned from this room.
         alice> /ban carol
         alice< alice has banned carol.
         carol+
         carol> /join ops
         carol< You are banned from this room.
         alice> /ban CAROL
         alice< 'carol' is already banned.
         alice> /ban guest_99
         alice< User 'guest_99' not found.",
    );
}

#[test]
fn bans_are_listed_and_lifted() {
    let mut chat = in_ops(&["bob"]);
    chat.now.wall = std::time::UNIX_EPOCH;
    check_with(
        &mut chat,
        "alice> /bans
         alice< No users are banned from 'ops'.
         alice> /ban bob too loud
         alice< alice has banned bob: too loud
         bob< You were banned from 'ops' by alice: too loud
         bob< You returned to the lobby.
         alice> /ban carol
         alice< alice has banned carol.
         alice> /bans
         alice< Banned from 'ops': 2
         alice< bob, by alice on 1970-01-01 00:00: too loud
         alice< carol, by alice on 1970-01-01 00:00.
         alice> /unban BOB
         alice< alice has lifted the ban on bob.
         alice> /unban bob
         alice< 'bob' is not banned from this room.
         bob> /join ops
         bob< You joined room 'ops'.
         alice< bob has joined the room.",
    );
}

#[test]
fn the_ban_of_a_guest_holds_for_the_connection_and_not_for_the_next_guest() {
    let mut chat = in_ops(&[]);
    chat.connect("stranger");
    chat.says("stranger", "/join ops");
    chat.inboxes.values_mut().for_each(VecDeque::clear);
    check_with(
        &mut chat,
        "alice> /ban guest_1
         alice< alice has banned guest_1.
         stranger< You were banned from 'ops' by alice.
         stranger< You returned to the lobby.
         stranger> /nick bob
         stranger< Nickname changed to 'bob'.
         stranger> /join ops
         stranger< You are banned from this room.",
    );
    chat.connect("another");
    chat.inboxes.values_mut().for_each(VecDeque::clear);
    check_with(
        &mut chat,
        "another> /join ops
         another< You joined room 'ops'.
         alice< guest_1 has joined the room.
         stranger< guest_1 has left the room.
         stranger-
         alice> /bans
         alice< No users are banned from 'ops'.",
    );
}

#[test]
fn an_administrator_cannot_be_kicked_or_banned_and_no_ban_holds_for_one() {
    let mut chat = in_ops(&["root"]);
    chat.promote("root");
    check_with(
        &mut chat,
        "alice> /kick root
         alice< You cannot kick an administrator.
         alice> /ban root
         alice< You cannot ban an administrator.
         root> /ban boss
         alice< root has banned boss.
         root< root has banned boss.
         root> /nick boss
         root< Nickname changed to 'boss'.
         alice< root is now known as boss.",
    );
}

#[test]
fn a_ban_that_could_not_be_saved_is_told_as_such() {
    let mut chat = in_ops(&[]);
    chat.has_disk = false;
    check_with(
        &mut chat,
        "alice> /ban bob
         alice< alice has banned bob.
         alice< This could not be saved. It holds only until the server stops.",
    );
}

#[test]
fn a_ban_is_told_when_it_is_saved_and_holds_before() {
    let mut chat = in_ops(&["bob", "carol"]);
    let ban = Command::typed("ban", "bob");
    let task = chat.apply("alice", ban);
    check_with(
        &mut chat,
        "carol> /leave
         carol< You returned to the lobby.
         alice< carol has left the room.
         bob< carol has left the room.
         carol> /nick bob
         carol< Nickname 'bob' is already taken.
         bob> /nick rob
         bob< Nickname changed to 'rob'.
         alice< bob is now known as rob.",
    );
    chat.perform("alice", task);
    check_with(
        &mut chat,
        "alice< alice has banned bob.
         alice< rob has left the room.
         bob< You were banned from 'ops' by alice.
         bob< You returned to the lobby.
         carol< rob has joined the room.",
    );
    chat.check_consistent();
}

#[test]
fn a_ban_that_was_lifted_while_it_was_being_saved_never_was() {
    let mut chat = in_ops(&["bob", "root"]);
    chat.promote("root");
    let ban = Command::typed("ban", "bob");
    let task = chat.apply("alice", ban);
    check_with(
        &mut chat,
        "root> /unban bob
         root< root has lifted the ban on bob.
         alice< root has lifted the ban on bob.
         bob< root has lifted the ban on bob.",
    );
    chat.perform("alice", task);
    check_with(
        &mut chat,
        "alice< 'bob' is not banned from this room.
         bob> still here
         alice< [ops] bob: still here
         bob< [ops] bob: still here
         root< [ops] bob: still here",
    );
}

#[test]
fn a_room_has_only_so_many_bans_and_moderators() {
    let mut chat = in_ops(&[]);
    for n in 0..100 {
        chat.says("alice", &format!("/ban spammer{n}"));
    }
    chat.inbox("alice").clear();
    check_with(
        &mut chat,
        "alice> /ban bob
         alice< This room already has 100 bans. Lift a ban first with /unban.",
    );
    for n in 0..50 {
        let name = format!("m{n}");
        chat.connect(&name);
        chat.says(&name, "/join ops");
        chat.inbox("alice").clear();
        chat.says("alice", &format!("/mod guest_{}", n + 1));
    }
    assert_eq!(chat.inbox("alice").pop_front().unwrap(), "This room already has 50 moderators.");
}

#[test]
fn what_moderators_do_is_noted() {
    let mut chat = in_ops(&["bob"]);
    chat.noting = Some(Noting { whispers: false });
    check_with(
        &mut chat,
        "alice> /kick bob spam
         alice< alice has kicked bob: spam
         bob< You were kicked from 'ops' by alice: spam
         bob< You returned to the lobby.",
    );
    let noted = std::mem::take(&mut chat.facts).into_iter().find_map(|fact| match fact.deed {
        Deed::Did(told) => Some((fact.who, told.to_string())),
        _ => None,
    });
    assert_eq!(noted, Some((Nick::new("alice").unwrap(), "alice has kicked bob: spam".into())));
}
