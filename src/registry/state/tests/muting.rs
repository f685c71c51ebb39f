//! Mutes, as conversations.

use super::{
    pace::{chat_of, chatter, flood},
    *,
};

fn from(address: &str) -> SocketAddr {
    SocketAddr::new(address.parse().expect("an address"), 1)
}

#[test]
fn reconnecting_does_not_end_a_mute_and_clients_that_were_there_are_not_affected() {
    let mut chat = chat_of(&[]);
    for (name, address) in [("alice", "192.0.2.1"), ("friend", "192.0.2.1"), ("bob", "192.0.2.2")] {
        chat.connect_from(from(address), name);
        chat.says(name, &format!("/nick {name}"));
    }
    chat.hush();
    flood(&mut chat, "alice");
    chat.hush();
    chat.vanish("alice");
    chat.connect_from(from("192.0.2.1"), "carol");
    chat.connect_from(from("192.0.2.3"), "dora");
    chat.says("carol", "/nick carol");
    chat.says("dora", "/nick dora");
    chat.hush();
    check_with(
        &mut chat,
        "carol> it was not me
         carol< You are muted for 30 more seconds.",
    );
    for name in ["friend", "bob", "dora"] {
        chatter(&mut chat, name, 1);
    }
    chat.passes(30);
    chatter(&mut chat, "carol", 1);
}

#[test]
fn a_new_connection_and_a_new_nickname_do_not_end_a_mute_on_one_machine_either() {
    let mut chat = chat_of(&["alice", "bob"]);
    flood(&mut chat, "alice");
    check_with(
        &mut chat,
        "alice> /nick mallory
         alice< Nickname changed to 'mallory'.
         bob< alice is now known as mallory.
         alice> I am new here
         alice< You are muted for 30 more seconds.
         beside+
         beside> it was not me
         beside< You are muted for 30 more seconds.
         alice-
         beside< mallory has left the chat.
         bob< mallory has left the chat.
         after+
         after> I am back
         after< You are muted for 30 more seconds.",
    );
    chatter(&mut chat, "bob", 1);
    chat.passes(30);
    chatter(&mut chat, "after", 1);
}

#[test]
fn the_next_guest_with_the_number_of_a_muted_one_is_not_muted() {
    let mut chat = chat_of(&[]);
    chat.connect_from(from("192.0.2.1"), "alice");
    for _ in 0..7 {
        chat.says("alice", "hi");
    }
    assert!(chat.inbox("alice").back().unwrap().starts_with("You are muted"));
    chat.vanish("alice");
    chat.connect_from(from("192.0.2.2"), "bob");
    chat.hush();
    check_with(&mut chat, "bob> hi\nbob< [lobby] guest_1: hi");
}

/// Alice, who has an account, was muted for a day, and has left.
fn muted_for_a_day() -> Chat {
    let mut chat = chat_of(&["alice", "root", "carol"]);
    chat.promote("root");
    chat.says("alice", "/register correct-horse");
    chat.says("carol", "/register battery-staple");
    chat.passes(1);
    chat.says("root", "/mute alice 86400");
    chat.vanish("alice");
    chat.vanish("carol");
    chat.hush();
    chat
}

#[test]
fn a_mute_of_a_day_falls_on_neighbours_for_five_minutes_only() {
    let mut chat = muted_for_a_day();
    check_with(
        &mut chat,
        "bob+
         bob> hi
         bob< You are muted for 300 more seconds.",
    );
    chat.passes(300);
    chatter(&mut chat, "bob", 1);
    check_with(
        &mut chat,
        "x+
         x> /login alice correct-horse
         x< Login successful.
         x< Nickname changed to 'alice'.
         bob< x is now known as alice.
         root< x is now known as alice.
         x> hi
         x< You are muted for 86100 more seconds.",
    );
}

#[test]
fn an_account_that_is_older_than_the_mute_shows_that_it_is_another_user() {
    let mut chat = muted_for_a_day();
    check_with(
        &mut chat,
        "bob+
         bob> /register one-more-secret
         bob< Registration successful.
         bob> it was not me
         bob< You are muted for 300 more seconds.
         x+
         x> /login carol battery-staple
         x< Login successful.
         x< Nickname changed to 'carol'.
         bob< x is now known as carol.
         root< x is now known as carol.",
    );
    check_with(
        &mut chat,
        "x> hi
         x< [lobby] carol: hi
         bob< [lobby] carol: hi
         root< [lobby] carol: hi",
    );
}

#[test]
fn a_neighbour_can_be_let_off_while_the_muted_one_stays_muted() {
    let mut chat = muted_for_a_day();
    check_with(
        &mut chat,
        "bob+
         root> /unmute bob
         bob< root has lifted your mute.
         root< User 'bob' is no longer muted.
         root> /mutelist
         root< Muted users: alice (86400 s)",
    );
    chatter(&mut chat, "bob", 1);
}

#[test]
fn only_an_administrator_mutes() {
    let mut chat = chat_of(&["alice", "bob"]);
    check_with(
        &mut chat,
        "alice> /mute bob
         alice< Admin privileges required.
         alice> /unmute bob
         alice< Admin privileges required.
         alice> /mutelist
         alice< Admin privileges required.",
    );
}

#[test]
fn an_administrator_mutes_lists_and_lifts() {
    let mut chat = chat_of(&["alice", "bob", "carol"]);
    chat.promote("alice");
    check_with(
        &mut chat,
        "alice> /mutelist
         alice< No users are muted.
         alice> /mute BOB 60
         bob< alice has muted you for 60 seconds.
         alice< User 'bob' is muted for 60 seconds.
         bob> but
         bob< You are muted for 60 more seconds.
         alice> /mute carol
         carol< alice has muted you for 300 seconds.
         alice< User 'carol' is muted for 300 seconds.
         alice> /mute alice
         alice< You cannot mute an administrator.
         alice> /mute nobody
         alice< User 'nobody' not found.
         alice> /mute bob 0
         alice< Usage: /mute <user> [seconds]
         alice> /mute bob 1 hour
         alice< Usage: /mute <user> [seconds]
         alice> /unmute alice
         alice< User 'alice' is not muted.",
    );
    chat.passes(10);
    check_with(
        &mut chat,
        "alice> /mutelist
         alice< Muted users: bob (50 s), carol (290 s)
         alice> /unmute Bob
         bob< alice has lifted your mute.
         alice< User 'Bob' is no longer muted.
         bob> thank you
         alice< [lobby] bob: thank you
         bob< [lobby] bob: thank you
         carol< [lobby] bob: thank you
         carol-
         alice< carol has left the chat.
         bob< carol has left the chat.
         alice> /unmute carol
         alice< User 'carol' is no longer muted.
         alice> /mutelist
         alice< No users are muted.",
    );
}

#[test]
fn only_so_many_mutes_are_remembered() {
    let mut chat = chat_of(&[]);
    for n in 0..1010_u64 {
        let address =
            SocketAddr::from(([10, 0, u8::try_from(n / 250).unwrap(), u8::try_from(n % 250).unwrap()], 1));
        let mut turn = Turn::new(chat.now, None);
        let client = chat.state.enter(&mut turn, &Newcomer::guest(address), Box::new(NoSink));
        let muted = chat.state.people.identity(client);
        chat.state.mutes.mute(muted, Duration::from_secs(n + 1), chat.now.instant);
        chat.state.leave(&mut turn, client, Ending::Closed);
    }
    assert_eq!(chat.state.mutes.len(), 1000);
    chat.connect_from(from("10.0.4.9"), "x");
    chat.inbox("x").clear();
    check_with(
        &mut chat,
        "x> hi
         x< You are muted for 300 more seconds.",
    );
}

#[test]
fn a_neighbour_of_a_muted_user_may_change_its_nickname() {
    let mut chat = chat_of(&[]);
    for name in ["alice", "friend"] {
        chat.connect_from(from("192.0.2.1"), name);
        chat.says(name, &format!("/nick {name}"));
    }
    chat.hush();
    flood(&mut chat, "alice");
    chat.hush();
    chat.says("friend", "/nick friendly");
    chat.hush();
    check_with(
        &mut chat,
        "friend> it was not me
         friend< [lobby] friendly: it was not me
         alice< [lobby] friendly: it was not me",
    );
}

#[test]
fn logging_in_from_a_second_connection_does_not_end_a_mute() {
    let mut chat = chat_of(&["alice", "bob"]);
    check_with(
        &mut chat,
        "alice> /register correct-horse
         alice< Registration successful.",
    );
    flood(&mut chat, "alice");
    chat.says("bob", "/login alice correct-horse");
    chat.hush();
    check_with(
        &mut chat,
        "bob> here I am again
         bob< You are muted for 30 more seconds.",
    );
}

#[test]
fn a_muted_user_says_nothing_in_the_reason_of_a_ban_either() {
    let mut chat = chat_of(&["alice", "bob"]);
    chat.says("alice", "/join ops");
    chat.says("bob", "/join ops");
    chat.hush();
    for _ in 0..7 {
        chat.says("alice", "so much to say");
    }
    chat.hush();
    check_with(
        &mut chat,
        "alice> /ban nobody and so much more to say
         alice< You are muted for 30 more seconds.
         alice> /kick bob because you do not listen
         alice< You are muted for 30 more seconds.
         alice> /kick bob
         alice< alice has kicked bob.
         bob< You were kicked from 'ops' by alice.
         bob< You returned to the lobby.",
    );
}
