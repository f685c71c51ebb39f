//! Limits on how fast people speak and change, as conversations.

use super::*;

/// A chat with the usual limits, and these people in it.
pub(super) fn chat_of(names: &[&str]) -> Chat {
    let limits = Limits { rate: Rate::per_second(5, 5), ..limits(200) };
    let mut chat = Chat::with(State::new(limits, Restored::default(), Now::read()));
    for name in names {
        check_with(&mut chat, &format!("{name}+"));
    }
    chat
}

#[test]
fn a_limit_that_begins_while_clients_are_there_holds_for_them_too() {
    let mut chat = Chat::with(State::new(limits(200), Restored::default(), Now::read()));
    check_with(&mut chat, "alice+\nbob+");
    chatter(&mut chat, "alice", 50);
    chat.state.adjust(Limits { rate: Rate::per_second(5, 5), ..limits(200) }, None);
    flood(&mut chat, "alice");
    chatter(&mut chat, "bob", 5);
    chat.state.adjust(limits(200), None);
    chatter(&mut chat, "bob", 50);
}

/// A client says so many lines and hears them.
#[track_caller]
pub(super) fn chatter(chat: &mut Chat, name: &str, lines: usize) {
    for n in 0..lines {
        chat.says(name, &format!("line {n}"));
        let heard = chat.inbox(name).pop_back().expect("an answer");
        assert!(heard.ends_with(&format!("] {name}: line {n}")), "{heard}");
    }
    chat.hush();
}

/// A client says so much that it is muted for 30 s.
#[track_caller]
pub(super) fn flood(chat: &mut Chat, name: &str) {
    chatter(chat, name, 5);
    chat.says(name, "too much");
    chat.says(name, "far too much");
    assert_eq!(
        chat.inbox(name).drain(..).collect::<Vec<_>>(),
        ["Rate limit exceeded. Slow down.", "You are muted for 30 more seconds."]
    );
}

#[test]
fn five_messages_at_once_are_said_and_the_sixth_is_not() {
    let mut chat = chat_of(&["alice", "bob"]);
    chatter(&mut chat, "alice", 5);
    check_with(
        &mut chat,
        "alice> too much
         alice< Rate limit exceeded. Slow down.
         bob> hi
         alice< [lobby] bob: hi
         bob< [lobby] bob: hi",
    );
}

#[test]
fn five_messages_a_second_can_go_on_for_ever() {
    let mut chat = chat_of(&["alice"]);
    for _ in 0..1000 {
        chat.now.instant += Duration::from_millis(200);
        chatter(&mut chat, "alice", 1);
    }
}

#[test]
fn a_second_time_within_a_minute_mutes_for_thirty_seconds() {
    let mut chat = chat_of(&["alice", "bob"]);
    flood(&mut chat, "alice");
    chat.passes(10);
    check_with(
        &mut chat,
        "alice> hello?
         alice< You are muted for 20 more seconds.",
    );
    chat.now.instant += Duration::from_millis(19_001);
    check_with(
        &mut chat,
        "alice> hello?
         alice< You are muted for 1 more second.",
    );
    chat.passes(1);
    check_with(
        &mut chat,
        "alice> hello!
         alice< [lobby] alice: hello!
         bob< [lobby] alice: hello!",
    );
}

#[test]
fn a_second_time_after_a_minute_is_a_first_time() {
    let mut chat = chat_of(&["alice"]);
    for _ in 0..3 {
        chatter(&mut chat, "alice", 5);
        check_with(
            &mut chat,
            "alice> too much
             alice< Rate limit exceeded. Slow down.",
        );
        chat.passes(60);
    }
}

#[test]
fn all_speech_counts_and_nothing_else_does() {
    let mut chat = chat_of(&["alice", "bob"]);
    check_with(
        &mut chat,
        "bob> /w alice hi
         alice< [Whisper from bob]: hi
         bob< [Whisper to alice]: hi
         alice> /me waves
         alice< * alice waves
         bob< * alice waves
         alice> /w bob hi
         bob< [Whisper from alice]: hi
         alice< [Whisper to bob]: hi
         alice> /reply hi
         bob< [Whisper from alice]: hi
         alice< [Whisper to bob]: hi
         alice> tea?
         alice< [lobby] alice: tea?
         bob< [lobby] alice: tea?
         alice> hi
         alice< [lobby] alice: hi
         bob< [lobby] alice: hi",
    );
    for line in ["too much", "/me shouts", "/w bob psst", "/reply psst", "/topic me"] {
        chat.says("alice", line);
        let answer = chat.inbox("alice").pop_front().expect("an answer");
        assert!(answer.starts_with("Rate limit") || answer.starts_with("You are muted"), "{answer}");
    }
    for _ in 0..20 {
        check_with(
            &mut chat,
            "alice> /users
             alice< Users in lobby: alice, bob
             alice> /rooms
             alice< Active rooms: lobby
             alice> /topic
             alice< No topic is set in 'lobby'.
             alice> /help quit
             alice< /quit - Leave the chat. Also: /exit.",
        );
    }
    check_with(
        &mut chat,
        "alice> /quit
         alice< Goodbye!",
    );
}

#[test]
fn nicknames_have_a_limit_of_their_own() {
    let mut chat = chat_of(&["alice", "bob"]);
    for n in 0..5 {
        chat.says("alice", &format!("/nick alice{n}"));
    }
    chat.hush();
    check_with(
        &mut chat,
        "alice> /nick ann
         alice< You are changing nicknames too often. Try again in 10 s.
         alice> hi
         alice< [lobby] alice4: hi
         bob< [lobby] alice4: hi",
    );
    chat.passes(10);
    check_with(
        &mut chat,
        "alice> /nick ann
         alice< Nickname changed to 'ann'.
         bob< alice4 is now known as ann.",
    );
}

#[test]
fn a_client_that_changes_rooms_too_often_is_stopped_for_a_moment() {
    let mut chat = chat_of(&["alice"]);
    for _ in 0..10 {
        chat.says("alice", "/join ops");
        chat.says("alice", "/leave");
    }
    chat.hush();
    check_with(
        &mut chat,
        "alice> /join ops
         alice< You are changing rooms too often. Try again in 1 s.",
    );
    chat.passes(1);
    check_with(
        &mut chat,
        "alice> /join ops
         alice< You joined room 'ops'.",
    );
}

#[test]
fn whispers_to_strangers_have_a_limit_of_their_own_and_those_to_acquaintances_do_not() {
    let names: Vec<_> = (0..12).map(|n| format!("u{n}")).collect();
    let mut chat = chat_of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    check_with(
        &mut chat,
        "u11> /w u0 hello
         u0< [Whisper from u11]: hello
         u11< [Whisper to u0]: hello",
    );
    for name in &names[1..11] {
        chat.now.instant += Duration::from_millis(200);
        chat.says("u0", &format!("/w {name} buy this"));
        assert_eq!(chat.inbox(name).pop_back().as_deref(), Some("[Whisper from u0]: buy this"));
    }
    chat.hush();
    check_with(
        &mut chat,
        "u0> /w u11 hello yourself
         u11< [Whisper from u0]: hello yourself
         u0< [Whisper to u11]: hello yourself
         u0> /w u1 and this
         u1< [Whisper from u0]: and this
         u0< [Whisper to u1]: and this",
    );
    check_with(&mut chat, "late+");
    check_with(
        &mut chat,
        "u0> /w late buy this
         u0< You are whispering to strangers too often. Try again in 5 s.
         late> /w u0 no
         u0< [Whisper from late]: no
         late< [Whisper to u0]: no
         u0> /w late sorry
         late< [Whisper from u0]: sorry
         u0< [Whisper to late]: sorry",
    );
}

#[test]
fn reconnecting_does_not_refill_a_bucket() {
    let mut chat = chat_of(&["bob"]);
    let mut heard = 0;
    for _ in 0..100 {
        chat.connect("flood");
        chat.hush();
        for _ in 0..5 {
            chat.says("flood", "buy this");
        }
        heard += chat.inbox("bob").drain(..).filter(|line| line.ends_with("buy this")).count();
        chat.vanish("flood");
    }
    assert_eq!(heard, 5);
}

#[test]
fn thirty_pupils_behind_one_address_each_have_their_own_pace() {
    let names: Vec<_> = (0..30).map(|n| format!("pupil{n}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut chat = chat_of(&names);
    for name in &names {
        chatter(&mut chat, name, 5);
    }
    for name in &names {
        chat.vanish(name);
    }
    chat.passes(60);
    for name in &names {
        chat.connect(name);
        chat.says(name, &format!("/nick {name}"));
        chat.hush();
        chatter(&mut chat, name, 5);
    }
}

#[test]
fn an_address_that_connects_too_often_is_told_to_wait_and_others_are_not() {
    let mut chat = chat_of(&[]);
    let from = |address: &str| Newcomer::guest(SocketAddr::new(address.parse().unwrap(), 1));
    let admit = |chat: &mut Chat, address| {
        chat.decide(|state, turn| state.admit(turn, &from(address)).map_err(|why| why.to_string())).0
    };
    for _ in 0..300 {
        assert_eq!(admit(&mut chat, "192.0.2.1"), Ok(()));
    }
    let refused = Err("Your address is connecting too often. Try again in 1 s.".to_owned());
    assert_eq!(admit(&mut chat, "192.0.2.1"), refused);
    assert_eq!(admit(&mut chat, "::ffff:192.0.2.1"), refused);
    assert_eq!(admit(&mut chat, "192.0.2.2"), Ok(()));
    chat.passes(1);
    assert_eq!(admit(&mut chat, "192.0.2.1"), Ok(()));
}

#[test]
fn what_origins_have_spent_takes_bounded_memory() {
    let mut chat = chat_of(&[]);
    for n in 0..20_000_u32 {
        let address = SocketAddr::new(std::net::Ipv4Addr::from_bits(0x0a00_0000 + n).into(), 1);
        chat.decide(|state, turn| state.admit(turn, &Newcomer::guest(address))).0.expect("a new address");
    }
    assert!(chat.state.pace.origins() <= 10_000);
}

#[test]
fn a_client_that_asks_too_much_waits_for_its_answers_and_loses_none() {
    let mut chat = chat_of(&["alice"]);
    let start = chat.now.instant;
    for _ in 0..60 {
        chat.says("alice", "/whois alice");
    }
    assert_eq!(chat.inbox("alice").drain(..).count(), 60);
    assert_eq!(
        chat.now.instant - start,
        Duration::from_millis(1050),
        "40 at once with its nickname, then 20 a second"
    );
    for _ in 0..10 {
        chat.says("alice", "/history 1000");
    }
    assert_eq!(chat.inbox("alice").drain(..).count(), 10);
    assert_eq!(chat.now.instant - start, Duration::from_millis(6050), "5 at once, then one a second");
}

#[test]
fn a_client_that_leaves_while_it_waits_is_told_nothing() {
    let mut chat = chat_of(&["alice", "bob"]);
    let alice = chat.people["alice"];
    let mut ask = || chat.apply("alice", Command::typed("history", "9"));
    let task = loop {
        match ask() {
            Some(task) if matches!(task, Task::Wait(..)) => break task,
            _ => {}
        }
    };
    chat.vanish("alice");
    chat.hush();
    assert!(chat.resumes(alice, task).is_none());
    chat.check_silence("the end");
}

#[test]
fn a_flood_of_refused_commands_waits_like_a_flood_of_questions() {
    for (refused, answer) in [
        ("/nick bob", "Nickname 'bob' is already taken."),
        ("/join lobby", "You are changing rooms too often."),
        ("/login bob 12345678", "Too many attempts."),
        ("hello", "You are muted for"),
    ] {
        let mut chat = chat_of(&["bob"]);
        chat.connect("guest");
        let start = chat.now.instant;
        for _ in 0..100 {
            chat.says("guest", refused);
        }
        let heard = chat.inbox("guest").pop_back().expect("an answer");
        assert!(heard.starts_with(answer), "{refused}: {heard}");
        assert!(chat.now.instant - start >= Duration::from_millis(2500), "{refused}");
    }
}

#[test]
fn a_client_that_does_not_read_is_given_no_second_long_answer_for_half_a_minute() {
    let mut chat = chat_of(&["alice"]);
    let backlog = Arc::clone(&chat.state.people[chat.people["alice"]].link.backlog);
    let start = chat.now.instant;
    chat.says("alice", "/history 1000");
    assert_eq!((chat.inbox("alice").drain(..).count(), chat.now.instant), (1, start));
    backlog.set(100_000);
    let mut task = Some(chat.begins("alice", "/history 1000"));
    for _ in 0..10 {
        task = chat.goes_on("alice", task.expect("it waits"));
    }
    assert!(matches!(task, Some(Task::Wait(..))), "it waits until the client reads");
    backlog.set(0);
    chat.perform("alice", task);
    assert_eq!(chat.inbox("alice").drain(..).count(), 1);
    backlog.set(100_000);
    let start = chat.now.instant;
    chat.says("alice", "/history 1000");
    assert_eq!((chat.inbox("alice").drain(..).count(), (chat.now.instant - start).as_secs()), (1, 30));
}
