//! Lines, whispers, replies and actions, as conversations.

use super::*;
use crate::record::Ban;

#[test]
fn every_member_hears_a_line_and_so_does_its_sender() {
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
fn a_whisper_reaches_only_its_target_in_any_room() {
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
fn a_reply_goes_only_to_the_last_whisperer_under_any_name() {
    check(
        "alice+
         bob+
         bob> /reply hm
         bob< You have no whisper to reply to.
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

#[test]
fn the_sequence_is_the_order_of_decisions() {
    let mut state = state(0);
    let (now, text) = (Now::read(), |typed| Text::new(typed, 9).unwrap().unwrap());
    let mut enter = || decide(&mut state, now, |state, turn| state.enter(turn, &guest(), Box::new(NoSink))).0;
    let (alice, bob) = (enter(), enter());
    let mut seqs = Vec::new();
    for (client, command) in [(alice, Command::say(text("a"))), (bob, Command::typed("me", "b"))] {
        for post in decide(&mut state, now, |state, turn| state.apply(turn, client, command)).1.posts {
            if let Post::TellRoom(_, _, Event::Said(_, line)) = post {
                seqs.push(line.seq);
            }
        }
    }
    assert_eq!(seqs, [1, 2]);
}

#[test]
fn a_program_that_shows_what_it_sends_does_not_hear_it_again() {
    let mut state = state(0);
    let (now, text) = (Now::read(), |typed| Text::new(typed, 9).unwrap().unwrap());
    let terse = Newcomer { dialect: Dialect::Terse, ..guest() };
    let mut enter = |who| decide(&mut state, now, |state, turn| state.enter(turn, who, Box::new(NoSink))).0;
    let (program, person) = (enter(&terse), enter(&guest()));
    let mut told = |client, command| {
        let posts = decide(&mut state, now, |state, turn| state.apply(turn, client, command)).1.posts;
        let told = posts.into_iter().find_map(|post| match post {
            Post::TellRoom(_, except, Event::Said(..)) => Some(except),
            Post::TellTraced(traced) => Some(traced.except),
            _ => None,
        });
        told.map(|except| except.as_slice().to_vec())
    };
    for command in [Command::say(text("a")), Command::typed("me", "b"), Command::typed("trace", "c")] {
        assert_eq!(told(program, command.clone()), Some(vec![program]));
        assert_eq!(told(person, command), Some(vec![]));
    }
    told(person, Command::typed("ignore", "guest_1"));
    assert_eq!(told(program, Command::say(text("d"))), Some(vec![person, program]));
}

#[test]
fn a_program_that_cannot_have_its_nickname_gets_it_with_a_number() {
    let mut state = state(0);
    let now = Now::read();
    let (lobby, eve) = (state.rooms.lobby(), Nick::new("eve").unwrap());
    let ban = Ban { nick: eve, account: None, by: eve, reason: None, at: now.wall };
    state.rooms[lobby].remembered.bans.add(ban, None).unwrap();
    let mut enter = |name, dialect| {
        let greeting = Greeting { nick: Nick::new(name).unwrap(), room: Room::lobby(), dialect };
        let newcomer = Newcomer { greeting: Some(Box::new(greeting)), dialect, ..guest() };
        let enter = |state: &mut State, turn: &mut Turn| {
            let numbered = state.numbered(&newcomer);
            let newcomer = numbered.as_deref().unwrap_or(&newcomer);
            state.admit(turn, newcomer)?;
            let client = state.enter(turn, newcomer, Box::new(NoSink));
            Ok::<_, Event>(state.people[client].nick.to_string())
        };
        decide(&mut state, now, enter).0
    };
    assert_eq!(enter("bob", Dialect::Json), Ok("bob".into()));
    for number in 2..50 {
        assert_eq!(enter("Bob", Dialect::Terse), Ok(format!("Bob{number}")));
    }
    assert_eq!(enter("eve", Dialect::Terse), Ok("eve2".into()));
    assert_eq!(enter("server", Dialect::Terse), Ok("server2".into()));
    assert_eq!(enter("bob", Dialect::Json), Err(Event::NickTaken(Nick::new("bob").unwrap())));
}
