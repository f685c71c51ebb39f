//! The rules, as conversations.

use super::*;

#[test]
fn everyone_in_the_room_hears_a_line_its_sender_included() {
    check(
        "alice+
         bob+
         alice> hello
         alice< [lobby] alice: hello
         bob< [lobby] alice: hello
         bob> //not a command
         alice< [lobby] bob: /not a command
         bob< [lobby] bob: /not a command",
    );
}

#[test]
fn a_new_client_is_welcomed_and_announced() {
    let mut chat = Chat::new(200);
    chat.connect("x");
    chat.connect("y");
    assert_eq!(
        chat.inbox("x").pop_front().unwrap(),
        "Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it."
    );
    assert_eq!(chat.inbox("x").pop_front().unwrap(), "guest_2 has joined the chat!");
    assert_eq!(
        chat.inbox("y").pop_front().unwrap(),
        "Welcome! Your nickname is 'guest_2'. Use /nick <name> to change it."
    );
    chat.check_silence("the end");
}

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
fn a_nickname_is_changed_before_everybody_in_the_room() {
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
fn a_nickname_is_free_again_when_its_owner_has_gone() {
    check(
        "alice+
         bob+
         alice-
         bob< alice has left the chat.
         bob> /nick alice
         bob< Nickname changed to 'alice'.",
    );
}

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
fn a_whisper_reaches_only_its_target_in_whatever_room() {
    check(
        "alice+
         bob+
         carol+
         bob> /join ops
         bob< You joined room 'ops'.
         alice< bob has left the room.
         carol< bob has left the room.
         alice> /whisper BOB  hi  there
         bob< [Whisper from alice]: hi  there
         alice< [Whisper to bob]: hi  there
         alice> /w nobody hi
         alice< User 'nobody' not found.
         alice> /whisper bob
         alice< Usage: /whisper <user> <message>",
    );
}

#[test]
fn a_reply_goes_to_whoever_whispered_last_under_any_name_and_to_nobody_else() {
    check(
        "alice+
         bob+
         bob> /reply hm
         bob< Nobody has whispered to you yet.
         alice> /w bob psst
         bob< [Whisper from alice]: psst
         alice< [Whisper to bob]: psst
         alice> /nick carol
         alice< Nickname changed to 'carol'.
         bob< alice is now known as carol.
         bob> /reply what
         alice< [Whisper from bob]: what
         bob< [Whisper to carol]: what
         alice-
         bob< carol has left the chat.
         alice+
         bob> /reply still there?
         bob< User 'alice' not found.",
    );
}

#[test]
fn an_action_is_told_to_the_room() {
    check(
        "alice+
         bob+
         alice> /me waves
         alice< * alice waves
         bob< * alice waves
         alice> /me
         alice< Usage: /me <action>",
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
         bob< alice is in room 'lobby', connected for 2 min, idle for 0 s.
         alice> /whois bob
         alice< bob is in room 'lobby', connected for 2 min, idle for 0 s.
         bob> /whois nobody
         bob< User 'nobody' not found.",
    );
}

#[test]
fn a_topic_is_shown_to_whoever_joins() {
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
fn who_is_ignored_is_not_heard_in_any_way_and_not_told() {
    check(
        "alice+
         bob+
         carol+
         alice> /ignore BOB
         alice< You are now ignoring 'bob'.
         alice> /ignore bob
         alice< You are already ignoring 'bob'.
         bob> hi
         bob< [lobby] bob: hi
         carol< [lobby] bob: hi
         bob> /me waves
         bob< * bob waves
         carol< * bob waves
         bob> /w alice hi
         bob< [Whisper to alice]: hi
         alice> /reply hi
         alice< Nobody has whispered to you yet.
         alice> /unignore bob
         alice< You are no longer ignoring 'bob'.
         bob> hi
         alice< [lobby] bob: hi
         bob< [lobby] bob: hi
         carol< [lobby] bob: hi
         alice> /unignore bob
         alice< You are not ignoring 'bob'.
         alice> /ignore alice
         alice< You cannot ignore yourself.
         alice> /ignore nobody
         alice< User 'nobody' not found.",
    );
}

#[test]
fn ignoring_outlasts_a_new_nickname_and_a_new_connection() {
    check(
        "alice+
         bob+
         alice> /ignore bob
         alice< You are now ignoring 'bob'.
         bob> /nick rob
         bob< Nickname changed to 'rob'.
         alice< bob is now known as rob.
         bob> hi
         bob< [lobby] rob: hi
         bob-
         alice< rob has left the chat.
         rob+
         rob> hi
         rob< [lobby] rob: hi
         bob+
         bob> hi
         bob< [lobby] bob: hi
         alice< [lobby] bob: hi
         rob< [lobby] bob: hi",
    );
}

#[test]
fn who_takes_a_nickname_that_it_ignores_still_hears_itself() {
    check(
        "alice+
         bob+
         alice> /ignore bob
         alice< You are now ignoring 'bob'.
         bob-
         alice< bob has left the chat.
         alice> /nick bob
         alice< Nickname changed to 'bob'.
         alice> hi
         alice< [lobby] bob: hi",
    );
}

#[test]
fn ignoring_a_guest_ends_with_the_guest() {
    let mut chat = Chat::new(200);
    check_with(&mut chat, "alice+\n");
    chat.connect("stranger");
    chat.inboxes.values_mut().for_each(VecDeque::clear);
    check_with(
        &mut chat,
        "alice> /ignore guest_1
         alice< You are now ignoring 'guest_1'.
         stranger-
         alice< guest_1 has left the chat.",
    );
    chat.connect("another");
    chat.inboxes.values_mut().for_each(VecDeque::clear);
    check_with(
        &mut chat,
        "another> hi
         another< [lobby] guest_1: hi
         alice< [lobby] guest_1: hi",
    );
}

#[test]
fn one_can_ignore_only_so_many() {
    let mut chat = Chat::new(0);
    chat.connect("alice");
    for n in 0..=100 {
        chat.connect(&format!("u{n}"));
        chat.inbox("alice").clear();
        chat.says("alice", &format!("/ignore guest_{}", n + 2));
    }
    assert_eq!(chat.inbox("alice").pop_front().unwrap(), "You are ignoring 100 users already.");
}

#[test]
fn help_lists_and_explains() {
    check(
        "alice+
         alice> /help JOIN
         alice< /join <room> - Go to a room; it is made if need be.
         alice> /HELP /w
         alice< /whisper <user> <message> - Say something to one user only. Short: /w
         alice> /help dance
         alice< Unknown command: /dance. Type /help for available commands.",
    );
}

#[test]
fn an_unknown_command_is_answered_and_told_to_nobody() {
    check(
        "alice+
         bob+
         alice> /Dance with me
         alice< Unknown command: /Dance. Type /help for available commands.
         alice> /quit
         alice< Goodbye!",
    );
}

#[test]
fn in_a_large_room_coming_going_and_renaming_are_not_announced() {
    let mut chat = Chat::new(2);
    check_with(&mut chat, "alice+\nbob+\n");
    chat.connect("carol");
    assert_eq!(chat.inbox("carol").drain(..).count(), 1);
    check_with(
        &mut chat,
        "alice> /nick Ann
         alice< Nickname changed to 'Ann'.
         carol> hi
         alice< [lobby] guest_1: hi
         bob< [lobby] guest_1: hi
         carol< [lobby] guest_1: hi
         carol-
         bob-
         alice< bob has left the chat.",
    );
}

#[test]
fn the_sequence_is_the_order_of_decisions() {
    let mut state = state(0);
    let (now, text) = (Now::read(), |typed| Text::new(typed, 9).unwrap().unwrap());
    let alice = state.enter(address(), Box::new(NoSink), now);
    let bob = state.enter(address(), Box::new(NoSink), now);
    let mut seqs = Vec::new();
    for (client, command) in [(alice, Command::Say(text("a"))), (bob, Command::Act(text("b")))] {
        state.apply(client, command, now);
        for post in state.take_posts() {
            if let Post::TellRoom(_, _, Event::Said { seq, .. } | Event::Acted { seq, .. }) = post {
                seqs.push(seq);
            }
        }
    }
    assert_eq!(seqs, [1, 2]);
}

#[test]
fn a_client_that_has_left_can_do_nothing() {
    let mut state = state(0);
    let now = Now::read();
    let alice = state.enter(address(), Box::new(NoSink), now);
    state.take_posts();
    state.leave(alice, Ending::Closed, now);
    assert_eq!(state.take_posts().len(), 1);
    state.apply(alice, Command::ListUsers, now);
    state.leave(alice, Ending::Closed, now);
    assert_eq!(state.take_posts().len(), 0);
}

#[test]
fn after_a_stop_nobody_is_told_anything_more() {
    let mut state = state(200);
    let now = Now::read();
    let alice = state.enter(address(), Box::new(NoSink), now);
    let bob = state.enter(address(), Box::new(NoSink), now);
    state.take_posts();
    state.stop();
    state.apply(bob, Command::ListUsers, now);
    state.leave(alice, Ending::Closed, now);
    let posts = state.take_posts();
    assert!(matches!(posts[..], [Post::Stop(Event::ShuttingDown), Post::Detach(_)]));
}

#[test]
fn whoever_comes_later_is_shown_what_was_said() {
    let history = HistoryLimits { kept: 3, replayed: 2 };
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
         alice< Nothing is remembered of 'ops'.
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
         alice< Usage: /history [count]",
    );
}

#[test]
fn emoji_are_written_by_name_wherever_people_speak() {
    check(
        "
        alice+
        bob+
        alice> hi :smile: and :SAD:
        alice< [lobby] alice: hi 😄 and 😢
        bob< [lobby] alice: hi 😄 and 😢
        alice> /me drinks :coffee:
        alice< * alice drinks ☕
        bob< * alice drinks ☕
        alice> /w bob :pizza: at 10:30:45?
        bob< [Whisper from alice]: 🍕 at 10:30:45?
        alice< [Whisper to bob]: 🍕 at 10:30:45?
        bob> /r :x: see https://host:8080/a:b:c
        alice< [Whisper from bob]: ❌ see https://host:8080/a:b:c
        bob< [Whisper to alice]: ❌ see https://host:8080/a:b:c
        alice> //:smile: :nothing_known:
        alice< [lobby] alice: /😄 :nothing_known:
        bob< [lobby] alice: /😄 :nothing_known:
        alice> /join space
        alice< You joined room 'space'.
        bob< alice has left the room.
        alice> /topic :rocket: day
        alice< alice has set the topic: 🚀 day
        alice> /emojis rocket
        alice< Emoji with 'rocket': 🚀 :rocket:
        alice> /emojis rockets
        alice< No emoji has 'rockets' in its name.
        ",
    );
}
