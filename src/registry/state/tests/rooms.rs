//! Rooms, their topics and their history, as conversations.

use super::*;
use crate::names::Origin;

#[test]
fn rooms_are_separate_and_say_who_comes_and_goes() {
    check(
        "alice+
         bob+
         carol+
         alice> /join Ops
         alice< You joined room 'Ops'.
         bob< alice has left the room.
         carol< alice has left the room.
         bob> /join #ops
         bob< You joined room 'Ops'.
         alice< bob has joined the room.
         carol< bob has left the room.
         bob> hi
         alice< [Ops] bob: hi
         bob< [Ops] bob: hi
         carol> hi
         carol< [lobby] carol: hi
         bob> /join OPS
         bob< You are already in room 'Ops'.
         bob> /leave
         bob< You returned to the lobby.
         alice< bob has left the room.
         carol< bob has joined the room.
         bob> /leave
         bob< You are already in the lobby.
         bob> /join lobby
         bob< You are already in room 'lobby'.",
    );
}

#[test]
fn a_room_is_gone_when_its_last_member_is() {
    check(
        "alice+
         alice> /join Ops
         alice< You joined room 'Ops'.
         alice> /leave
         alice< You returned to the lobby.
         alice> /rooms
         alice< Active rooms: lobby
         alice> /join ops
         alice< You joined room 'ops'.",
    );
}

#[test]
fn an_empty_room_with_a_topic_is_not_listed_and_not_forgotten() {
    check(
        "alice+
         alice> /join Ops
         alice< You joined room 'Ops'.
         alice> /topic secret
         alice< alice has set the topic: secret
         alice> /leave
         alice< You returned to the lobby.
         alice> /rooms
         alice< Active rooms: lobby
         alice> /join ops
         alice< You joined room 'Ops'.
         alice< Topic of 'Ops': secret",
    );
}

#[test]
fn a_room_name_that_breaks_the_rule_is_refused_with_the_rule() {
    check(
        "alice+
         alice> /join
         alice< Usage: /join <room>
         alice> /join no spaces
         alice< A room name is 1 to 32 letters (A-Z, a-z), digits, '_' or '-', and starts with a letter.",
    );
}

#[test]
fn a_topic_is_shown_to_a_client_that_joins() {
    check(
        "alice+
         bob+
         alice> /topic
         alice< No topic is set in 'lobby'.
         alice> /join ops
         alice< You joined room 'ops'.
         bob< alice has left the room.
         alice> /topic  tea  at five
         alice< alice has set the topic: tea  at five
         bob> /join ops
         bob< You joined room 'ops'.
         bob< Topic of 'ops': tea  at five
         alice< bob has joined the room.",
    );
}

#[test]
fn a_client_that_joins_later_is_shown_what_was_said() {
    let history = HistoryLimits { remembered: 3, replayed: 2 };
    let mut now = Now::read();
    now.wall = std::time::UNIX_EPOCH;
    let state = State::new(Limits { history, ..limits(200) }, Restored::default(), now);
    let mut chat = Chat::with(state);
    chat.now = now;
    check_with(
        &mut chat,
        "alice+
         alice> one
         alice< [lobby] alice: one
         alice> /me waves
         alice< * alice waves
         alice> three
         alice< [lobby] alice: three
         alice> four
         alice< [lobby] alice: four
         alice> /join ops
         alice< You joined room 'ops'.
         alice> /history
         alice< 'ops' has no history.
         alice> /leave
         alice< You returned to the lobby.
         alice< Last 2 messages in 'lobby':
         alice< 1970-01-01 00:00 [lobby] alice: three
         alice< 1970-01-01 00:00 [lobby] alice: four
         alice> /history 100
         alice< Last 3 messages in 'lobby':
         alice< 1970-01-01 00:00 [lobby] * alice waves
         alice< 1970-01-01 00:00 [lobby] alice: three
         alice< 1970-01-01 00:00 [lobby] alice: four
         alice> /history 0
         alice< Usage: /history [count|word]",
    );
}

#[test]
fn a_room_with_rules_is_not_forgotten_for_rooms_of_other_users() {
    let history = HistoryLimits { remembered: 10, replayed: 0 };
    let state = State::new(Limits { history, ..limits(200) }, Restored::default(), Now::read());
    let mut chat = Chat::with(state);
    chat.connect("alice");
    chat.says("alice", "/nick alice");
    chat.says("alice", "/join ops");
    chat.says("alice", "/topic ours");
    chat.says("alice", "/ban mallory");
    chat.says("alice", "/leave");
    chat.hush();
    for n in 0..10_050 {
        chat.says("alice", &format!("/join r{n}"));
        chat.says("alice", "mine");
    }
    chat.hush();
    let remembered = |room| chat.state.rooms.remembered(Room::new(room).unwrap());
    assert!(remembered("ops").is_some_and(Remembered::has_rules));
    assert!(remembered("r0").is_none(), "the oldest without rules");
    assert!(remembered("r10040").is_some());
}

#[test]
fn a_room_with_a_topic_is_not_forgotten_when_thousands_of_others_have_one() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+\n eve+\n root+");
    for room in ["ops", "visited"] {
        chat.says("alice", &format!("/join {room}"));
        chat.says("alice", "/topic ours");
    }
    chat.says("alice", "/leave");
    for n in 0..10_000 {
        chat.says("eve", &format!("/join r{n}"));
        chat.says("eve", "/topic mine");
        chat.hush();
    }
    let remembered = |chat: &Chat, room| chat.state.rooms.remembered(Room::new(room).unwrap()).cloned();
    let has_rules = |chat: &Chat, room| remembered(chat, room).is_some_and(|room| room.has_rules());
    assert!(has_rules(&chat, "r9997") && !has_rules(&chat, "r9999"));
    chat.promote("root");
    check_with(
        &mut chat,
        "alice> /join visited
         alice< You joined room 'visited'.
         alice< Topic of 'visited': ours
         root< alice has left the room.
         alice> /leave
         alice< You returned to the lobby.
         root< alice has joined the room.
         eve> /topic mine
         eve< Too many rooms have a topic, a ban or a registered moderator. Ask an administrator.
         eve> /ban alice
         eve< Too many rooms have a topic, a ban or a registered moderator. Ask an administrator.
         root> /join r9999
         root< You joined room 'r9999'.
         alice< root has left the room.
         eve< root has joined the room.
         root> /topic welcome
         root< root has set the topic: welcome
         eve< root has set the topic: welcome",
    );
    assert!(has_rules(&chat, "ops") && has_rules(&chat, "visited"));
    chat.check_consistent();
}

#[test]
fn an_address_that_gives_rules_to_too_many_rooms_waits_and_its_ranks_end_with_the_visit() {
    let mut chat = super::pace::chat_of(&["alice", "bob"]);
    let (origin, now) = (Origin::of(guest().peer), chat.now.instant);
    assert!((0..50).all(|_| chat.state.pace.make_lasting(origin, now).is_ok()));
    chat.says("alice", "/join ops");
    chat.hush();
    chat.has_account("alice", "alice");
    let refusal = "Rooms are being given topics, bans or moderators from your address too often.";
    check_with(
        &mut chat,
        &format!(
            "alice> /topic tea
             alice< {refusal} Try again in 72 s.
             alice> /ban mallory
             alice< {refusal} Try again in 72 s.
             alice> /mods
             alice< Moderators of 'ops': alice
             alice> /leave
             alice< You returned to the lobby.
             bob< alice has joined the room.
             bob> /join ops
             bob< You joined room 'ops'.
             alice< bob has left the room.
             bob> /mods
             bob< Moderators of 'ops': bob"
        ),
    );
    chat.passes(72);
    check_with(
        &mut chat,
        "bob> /topic tea
         bob< bob has set the topic: tea
         bob> /topic coffee
         bob< bob has set the topic: coffee",
    );
    chat.check_consistent();
}

#[test]
fn a_room_that_loses_its_last_rule_makes_place_for_another() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+");
    chat.has_account("alice", "alice");
    for n in 0..=10_000 {
        chat.says("alice", &format!("/join r{n}"));
        chat.hush();
    }
    assert!(!chat.state.rooms.can_more_last());
    chat.decide(|state, turn| state.forget_moderator(turn, Nick::new("alice").unwrap()));
    chat.hush();
    check_with(
        &mut chat,
        "alice> /topic tea
         alice< alice has set the topic: tea",
    );
    chat.check_consistent();
}

#[test]
fn an_address_that_creates_too_many_rooms_is_told_to_wait() {
    let mut chat = super::pace::chat_of(&["alice", "bob", "carol"]);
    for name in ["alice", "bob"] {
        for n in 0..20 {
            chat.says(name, &format!("/join {name}{n}"));
        }
        chat.vanish(name);
    }
    chat.hush();
    check_with(
        &mut chat,
        "carol> /join ops
         carol< Rooms are being created from your address too often. Try again in 5 s.",
    );
    chat.passes(5);
    check_with(
        &mut chat,
        "carol> /join ops
         carol< You joined room 'ops'.",
    );
}

/// Alice moderates a room with bob in it.
fn in_ops() -> Chat {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+\n bob+");
    chat.says("alice", "/join ops");
    chat.says("bob", "/join ops");
    chat.hush();
    chat
}

#[test]
fn a_topic_is_told_when_it_is_saved() {
    let mut chat = in_ops();
    let saving = chat.begins("alice", "/topic tea");
    chat.check_silence("it is saved");
    chat.perform("alice", Some(saving));
    check_with(
        &mut chat,
        "alice< alice has set the topic: tea
         bob< alice has set the topic: tea",
    );
}

#[test]
fn the_room_hears_the_topic_that_holds_of_two_that_are_saved_at_once() {
    let mut chat = in_ops();
    chat.promote("bob");
    let tea = chat.begins("alice", "/topic tea");
    let coffee = chat.begins("bob", "/topic coffee");
    chat.perform("bob", Some(coffee));
    chat.perform("alice", Some(tea));
    check_with(
        &mut chat,
        "alice< bob has set the topic: coffee
         bob< bob has set the topic: coffee
         alice< Topic of 'ops': coffee",
    );
}

#[test]
fn what_is_unsaved_does_not_grow_while_nothing_can_be_saved() {
    let history = HistoryLimits { remembered: 10, replayed: 0 };
    let rules = || State::new(Limits { history, ..limits(200) }, Restored::default(), Now::read());
    // The numbers that are reserved for lines are one more change.
    for (state, most) in [(rules(), 45_001), (rules().without_store(), 0)] {
        let mut chat = Chat::with(state);
        chat.connect("alice");
        for n in 0..35_000 {
            chat.says("alice", &format!("/join r{n}"));
            chat.says("alice", "hi");
            chat.hush();
        }
        assert!(chat.state.unsaved.len() <= most, "{}", chat.state.unsaved.len());
    }
}

#[test]
fn when_fewer_lines_are_to_be_remembered_the_next_line_makes_the_room_forget_the_others() {
    let with = |remembered| Limits { history: HistoryLimits { remembered, replayed: 9 }, ..limits(200) };
    let mut chat = Chat::with(State::new(with(9), Restored::default(), Now::read()));
    check_with(&mut chat, "alice+");
    for left in [2, 0] {
        for line in ["one", "two", "three"] {
            chat.says("alice", line);
        }
        chat.state.adjust(with(left), None);
        chat.says("alice", "four");
        chat.hush();
        let history = &chat.state.rooms.remembered(Room::new("lobby").unwrap()).unwrap().history;
        assert_eq!(history.last(9, 0, |_| false).len(), left);
    }
}
