//! What is noted for the log, as conversations.

use super::*;
use crate::{
    ending::Ending,
    fact::{Deed, Fact, Noting},
};

/// What was noted in a conversation: who, where, what.
#[track_caller]
fn noted(noting: Noting, conversation: &str) -> Vec<String> {
    let mut chat = Chat::new(200);
    chat.noting = Some(noting);
    check_with(&mut chat, conversation);
    std::mem::take(&mut chat.facts).iter().map(told).collect()
}

fn told(Fact { who, room, deed, .. }: &Fact) -> String {
    let what = match deed {
        Deed::Asked(asked) => format!("/{}{}", asked.verb, asked.about),
        Deed::Did(event) => format!("did: {event}"),
        Deed::Told(event) => format!("told: {event}"),
        other => format!("{other:?}"),
    };
    format!("{who} in {room}: {what}")
}

const PRIVATE: Noting = Noting { whispers: false };

#[test]
fn coming_and_going_and_names_are_noted() {
    let facts = noted(
        PRIVATE,
        "
        alice+
        alice> /join ops
        alice< You joined room 'ops'.
        alice> /leave
        alice< You returned to the lobby.
        alice-
        ",
    );
    assert_eq!(
        facts,
        [
            "guest_1 in lobby: Connected",
            "guest_1 in lobby: /nick user=alice",
            "guest_1 in lobby: Renamed(Nick(alice))",
            "alice in lobby: /join about=ops",
            "alice in lobby: Left",
            "alice in ops: Entered",
            "alice in ops: /leave",
            "alice in ops: Left",
            "alice in lobby: Entered",
            "alice in lobby: Disconnected(Closed)",
        ]
    );
}

#[test]
fn speech_is_noted_and_a_whisper_without_its_text() {
    let conversation = "
        alice+
        bob+
        alice> hello
        alice< [lobby] alice: hello
        bob< [lobby] alice: hello
        alice> /me waves
        alice< * alice waves
        bob< * alice waves
        alice> /w bob psst
        bob< [Whisper from alice]: psst
        alice< [Whisper to bob]: psst
        bob> /r what?
        alice< [Whisper from bob]: what?
        bob< [Whisper to alice]: what?
        alice> /w carol psst
        alice< User 'carol' not found.
        ";
    let said = ["alice in lobby: Said(Text(\"hello\"))", "alice in lobby: Acted(Text(\"waves\"))"];
    assert_eq!(
        noted(PRIVATE, conversation)[6..],
        [
            said[0],
            said[1],
            "alice in lobby: Whispered { to: Nick(bob), text: None }",
            "bob in lobby: Whispered { to: Nick(alice), text: None }"
        ]
    );
    assert_eq!(
        noted(Noting { whispers: true }, conversation)[6..],
        [
            said[0],
            said[1],
            "alice in lobby: Whispered { to: Nick(bob), text: Some(Text(\"psst\")) }",
            "bob in lobby: Whispered { to: Nick(alice), text: Some(Text(\"what?\")) }"
        ]
    );
}

#[test]
fn commands_are_noted_before_what_they_do_and_mistakes_are_not() {
    let facts = noted(
        PRIVATE,
        "
        alice+
        alice> /users
        alice< Users in lobby: alice
        alice> /topic tea
        alice< You are not a moderator.
        alice> /dance hunter2
        alice< Unknown command: /dance. Type /help for available commands.
        alice> /whois
        alice< Usage: /whois <user>
        alice> /whois bob
        alice< User 'bob' not found.
        ",
    );
    assert_eq!(
        facts[3..],
        ["alice in lobby: /users", "alice in lobby: /topic", "alice in lobby: /whois user=bob"]
    );
}

#[test]
fn what_moderators_do_is_noted_in_the_words_that_the_room_is_told() {
    let facts = noted(
        PRIVATE,
        "
        alice+
        bob+
        alice> /join ops
        alice< You joined room 'ops'.
        bob< alice has left the room.
        alice> /topic tea
        alice< alice has set the topic: tea
        bob> /join ops
        bob< You joined room 'ops'.
        bob< Topic of 'ops': tea
        alice< bob has joined the room.
        alice> /kick bob too loud
        alice< alice has kicked bob: too loud
        bob< You were kicked from 'ops' by alice: too loud
        bob< You returned to the lobby.
        ",
    );
    assert_eq!(
        facts[9..],
        [
            "alice in ops: /topic",
            "alice in ops: did: alice has set the topic: tea",
            "bob in lobby: /join about=ops",
            "bob in lobby: Left",
            "bob in ops: Entered",
            "alice in ops: /kick user=bob",
            "alice in ops: did: alice has kicked bob: too loud",
            "bob in ops: Left",
            "bob in lobby: Entered",
        ]
    );
}

#[test]
fn the_results_of_account_commands_are_noted_and_passwords_never() {
    let facts = noted(
        PRIVATE,
        "
        alice+
        alice> /register open-sesame
        alice< Registration successful.
        alice> /login alice open-barley
        alice< Invalid password.
        alice> /login open-sesame alice
        alice< Nickname not registered.
        alice> /admin open-barley
        alice< Invalid admin password.
        ",
    );
    assert_eq!(
        facts[3..],
        [
            "alice in lobby: /register",
            "alice in lobby: told: Registration successful.",
            "alice in lobby: /login",
            "alice in lobby: told: Invalid password.",
            "alice in lobby: /login",
            "alice in lobby: told: Nickname not registered.",
            "alice in lobby: /admin",
            "alice in lobby: told: Invalid admin password.",
        ]
    );
}

#[test]
fn a_client_dismissed_by_the_owner_of_its_name_is_noted_under_both_names() {
    let facts = noted(
        PRIVATE,
        "
        alice+
        alice> /register open-sesame
        alice< Registration successful.
        bob+
        bob> /login alice open-sesame
        alice< Disconnected: 'alice' has logged in from another connection.
        bob< alice is now known as guest_1.
        bob< Login successful.
        bob< Nickname changed to 'alice'.
        alice< bob is now known as alice.
        ",
    );
    assert_eq!(
        facts[8..],
        [
            "bob in lobby: /login",
            "alice in lobby: Renamed(Nick(guest_1))",
            "guest_1 in lobby: told: Disconnected: 'alice' has logged in from another connection.",
            "bob in lobby: Renamed(Nick(alice))",
            "alice in lobby: told: Login successful.",
        ]
    );
}

#[test]
fn a_client_that_leaves_when_the_server_stops_is_noted_with_that_reason() {
    let ending = |why| {
        let (mut state, mut turn) = (state(200), Turn::new(Now::read(), Some(PRIVATE)));
        let alice = state.enter(&mut turn, &guest(), Box::new(NoSink));
        state.stop(&mut turn);
        state.leave(&mut turn, alice, why);
        turn.facts.last().map(told)
    };
    let stopping = Some("guest_1 in lobby: Disconnected(Stopping)".to_owned());
    assert_eq!(ending(Ending::Closed), stopping);
    assert_eq!(ending(Ending::Dismissed), stopping);
    assert_eq!(ending(Ending::TooSlow).as_deref(), Some("guest_1 in lobby: Disconnected(TooSlow)"));
}

#[test]
fn nothing_is_noted_without_a_log() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+\nalice> /leave\nalice< You are already in the lobby.\nalice-");
    assert_eq!(chat.facts.len(), 0);
}
