//! Mutes, as conversations.

use super::{
    pace::{chat_of, chatter, flood},
    *,
};

fn from(address: &str) -> SocketAddr {
    SocketAddr::new(address.parse().expect("an address"), 1)
}

#[test]
fn reconnecting_from_an_address_does_not_wash_off_a_mute_and_touches_nobody_who_was_there() {
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
fn on_one_machine_it_is_the_nickname_that_stays_muted() {
    let mut chat = chat_of(&["alice", "bob"]);
    flood(&mut chat, "alice");
    check_with(
        &mut chat,
        "alice> /nick mallory
         alice< Nickname changed to 'mallory'.
         bob< alice is now known as mallory.
         alice> I am new here
         alice< You are muted for 30 more seconds.",
    );
    chat.hush();
    chat.vanish("alice");
    chat.hush();
    check_with(&mut chat, "alice+");
    chatter(&mut chat, "alice", 1);
    check_with(&mut chat, "mallory+");
    check_with(
        &mut chat,
        "mallory> I am back
         mallory< You are muted for 30 more seconds.",
    );
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
fn only_so_many_mutes_are_kept_and_the_last_one_always() {
    let mut chat = chat_of(&[]);
    for n in 0..1010_u64 {
        let address =
            SocketAddr::from(([10, 0, u8::try_from(n / 250).unwrap(), u8::try_from(n % 250).unwrap()], 1));
        let mut turn = Turn::new(chat.now, None);
        let client = chat.state.enter(&mut turn, address, Box::new(NoSink));
        let muted = chat.state.muted(client);
        chat.state.mutes.mute(muted, Duration::from_secs(n + 1), chat.now.instant);
        chat.state.leave(&mut turn, client, Ending::Closed);
    }
    assert_eq!(chat.state.mutes.len(), 1000);
    chat.connect_from(from("10.0.4.9"), "x");
    chat.inbox("x").clear();
    check_with(
        &mut chat,
        "x> hi
         x< You are muted for 1010 more seconds.",
    );
}

#[test]
fn who_was_there_before_a_neighbour_was_muted_may_still_change_their_nickname() {
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
fn logging_in_from_a_second_connection_does_not_wash_off_a_mute() {
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
fn whoever_is_muted_says_nothing_in_the_reason_of_a_ban_either() {
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
