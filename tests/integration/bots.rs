//! Bots, over real sockets: what they answer, where, and how they stand hostile users.

use std::{fs, path::Path, thread};

use rustix::process::Signal;

use crate::support::{
    Peer, Server,
    server::{command, run},
};

const QUESTION: &str = "Question: What is the capital of France?";

/// A server with these bots and options, and one question.
#[track_caller]
fn start(bots: &[&str], options: &[&str]) -> Server {
    let folder = tempfile::tempdir().expect("a folder");
    let questions = folder.path().join("questions.txt");
    fs::write(&questions, "What is the capital of France? = Paris\n").expect("a file");
    let bots = bots.iter().flat_map(|bot| ["--bot", bot]);
    let questions = ["--questions", questions.to_str().expect("a plain name")];
    Server::start(&bots.chain(questions).chain(options.iter().copied()).collect::<Vec<_>>())
}

#[track_caller]
fn all_hear(peers: &mut [&mut Peer], line: &str) {
    for peer in peers {
        peer.hears(line);
    }
}

/// Two clients in the lobby that have heard of each other.
#[track_caller]
fn alice_and_bob(server: &Server) -> (Peer, Peer) {
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    alice.catches_up();
    bob.catches_up();
    (alice, bob)
}

#[test]
fn a_question_is_answered_in_any_case_and_counted() {
    let server = start(&["trivia"], &[]);
    let (mut alice, mut bob) = alice_and_bob(&server);
    for (line, answer) in [
        ("!trivia", QUESTION),
        ("london", ""),
        ("!TRIVIA", "The question is still open: What is the capital of France?"),
        ("is it Paris?", ""),
        ("pARIS", "Right, alice! The answer is Paris. You have 1 point."),
        ("paris", ""),
        ("!scores", "Scores: alice 1"),
    ] {
        alice.says(line);
        all_hear(&mut [&mut alice, &mut bob], &format!("[lobby] alice: {line}"));
        if !answer.is_empty() {
            all_hear(&mut [&mut alice, &mut bob], &format!("[lobby] trivia: {answer}"));
        }
    }
    bob.hears_nothing();
}

#[test]
fn bots_are_listed_with_their_rooms_and_what_they_do() {
    let server = start(&["trivia", "trivia@games", "reminder@Games"], &[]);
    let mut alice = server.connect();
    alice.hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
    alice.says("/bots");
    alice.hears("Bots:");
    alice.hears("reminder in 'games': I remind you of things. Say !remind 5m tea, or whisper it to me.");
    alice.hears("trivia in 'lobby': I ask questions. Say !trivia for one, and !scores for the scores.");
    alice.hears("trivia2 in 'games': I ask questions. Say !trivia for one, and !scores for the scores.");
    alice.says("/whois reminder");
    let whois = alice.next_line().expect("an answer");
    assert!(whois.starts_with("reminder is in room 'games', connected over text for "), "{whois}");
    assert!(whois.contains(" reminder is a bot: I remind you of things. "), "{whois}");
    alice.says("/users");
    alice.hears("Users in lobby: guest_1, trivia");
}

#[test]
fn each_room_has_its_own_questions_and_scores() {
    let server = start(&["trivia", "trivia@games"], &[]);
    let (mut alice, mut bob) = alice_and_bob(&server);
    bob.says("/join games");
    bob.hears("You joined room 'games'.");
    alice.hears("bob has left the room.");
    alice.says("!trivia");
    alice.hears("[lobby] alice: !trivia");
    alice.hears(&format!("[lobby] trivia: {QUESTION}"));
    bob.says("paris");
    bob.hears("[games] bob: paris");
    bob.says("!scores");
    bob.hears("[games] bob: !scores");
    bob.hears("[games] trivia2: There are no scores yet. Say !trivia for a question.");
    alice.says("Paris");
    alice.hears("[lobby] alice: Paris");
    alice.hears("[lobby] trivia: Right, alice! The answer is Paris. You have 1 point.");
    bob.says("!scores");
    bob.hears("[games] bob: !scores");
    bob.hears("[games] trivia2: There are no scores yet. Say !trivia for a question.");
    // The bot has opened the room, and its first user moderates it.
    bob.says("/mods");
    bob.hears("Moderators of 'games': bob");
}

#[test]
fn a_reminder_finds_its_user_in_another_room_and_only_this_user() {
    let server = start(&["reminder", "reminder@games"], &[]);
    let (mut alice, mut bob) = alice_and_bob(&server);
    alice.says("!remind 1s  a cup  of tea");
    all_hear(&mut [&mut alice, &mut bob], "[lobby] alice: !remind 1s  a cup  of tea");
    all_hear(&mut [&mut alice, &mut bob], "[lobby] reminder: alice: I will remind you in 1s.");
    alice.says("/join games");
    alice.hears_at_last("You joined room 'games'.");
    alice.hears("[Whisper from reminder]: Reminder: a cup  of tea");
    bob.hears("alice has left the room.");
    bob.hears_nothing();
    // The other bot does the same, and is asked in a whisper.
    bob.says("/whisper reminder2 !remind 1s cake");
    bob.hears("[Whisper to reminder2]: !remind 1s cake");
    bob.hears("[Whisper from reminder2]: I will remind you in 1s.");
    bob.hears("[Whisper from reminder2]: Reminder: cake");
    alice.hears_nothing();
}

#[test]
fn a_reminder_waits_for_a_user_who_has_left() {
    let server = start(&["reminder"], &[]);
    let (mut alice, mut bob) = alice_and_bob(&server);
    alice.says("!remind 1s tea");
    // It is asked before its user is gone, however soon that is.
    alice.says("/quit");
    bob.hears("[lobby] alice: !remind 1s tea");
    bob.hears_at_last("[lobby] reminder: alice: I will remind you in 1s.");
    // The bot has looked for alice in vain before it reminds bob.
    bob.says("!remind 2s cake");
    bob.hears_at_last("[Whisper from reminder]: Reminder: cake");
    let mut alice = server.client("alice");
    alice.hears_at_last("[Whisper from reminder]: Reminder: tea");
}

#[test]
fn bots_answer_neither_each_other_nor_clients_that_say_that_they_are_bots() {
    let server = start(&["trivia", "reminder"], &[]);
    let (mut alice, mut bob) = alice_and_bob(&server);
    alice.says("!trivia");
    all_hear(&mut [&mut alice, &mut bob], "[lobby] alice: !trivia");
    all_hear(&mut [&mut alice, &mut bob], &format!("[lobby] trivia: {QUESTION}"));
    bob.says("/bot I copy what alice says.");
    bob.hears("Others see that you are a bot: I copy what alice says.");
    for line in ["!trivia", "!scores", "paris", "!remind 1s !trivia", "!remind 1s paris"] {
        bob.says(line);
        all_hear(&mut [&mut alice, &mut bob], &format!("[lobby] bob: {line}"));
    }
    bob.says("/whisper trivia !scores");
    bob.hears("[Whisper to trivia]: !scores");
    // What a bot says for alice is no answer for the other one, either.
    alice.says("!remind 1s Paris");
    all_hear(&mut [&mut alice, &mut bob], "[lobby] alice: !remind 1s Paris");
    all_hear(&mut [&mut alice, &mut bob], "[lobby] reminder: alice: I will remind you in 1s.");
    alice.hears("[Whisper from reminder]: Reminder: Paris");
    alice.says("/whisper trivia !trivia");
    alice.hears("[Whisper to trivia]: !trivia");
    alice.hears(
        "[Whisper from trivia]: I ask in my room. /bots shows where that is: go there and say !trivia.",
    );
    alice.says("PARIS");
    all_hear(&mut [&mut alice, &mut bob], "[lobby] alice: PARIS");
    all_hear(
        &mut [&mut alice, &mut bob],
        "[lobby] trivia: Right, alice! The answer is Paris. You have 1 point.",
    );
    bob.hears_nothing();
}

#[test]
fn a_bot_whose_name_is_registered_has_a_number_behind_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("chat.db");
    let data = ["--data", data.to_str().expect("a plain name")];
    let server = Server::start(&data);
    let mut alice = server.client("trivia");
    alice.says("/register correct-horse");
    alice.hears_at_last("Registration successful.");
    server.signal(Signal::TERM);
    assert!(server.ends().success());
    let server = start(&["trivia"], &data);
    let mut alice = server.connect();
    alice.says("/login trivia correct-horse");
    alice.hears_at_last("Login successful.");
    alice.catches_up();
    // This is not the bot, but a user.
    alice.says("!trivia");
    alice.hears("[lobby] trivia: !trivia");
    alice.hears(&format!("[lobby] trivia2: {QUESTION}"));
}

#[test]
fn bots_obey_the_rate_of_the_server() {
    let server = start(&["trivia"], &["--rate", "2", "--burst", "1"]);
    let mut peers: Vec<_> = (0..4).map(|n| server.client(&format!("user{n}"))).collect();
    for peer in &mut peers {
        peer.catches_up();
    }
    for peer in &mut peers {
        peer.says("!scores");
    }
    let heard = "[lobby] trivia: There are no scores yet. Say !trivia for a question.";
    for _ in 0..4 {
        peers[0].hears_at_last(heard);
    }
    peers[1].says("!trivia");
    peers[0].hears_at_last(&format!("[lobby] trivia: {QUESTION}"));
}

#[test]
fn a_muted_bot_says_nothing_until_it_may() {
    let mut command = command();
    command.args(["--port", "0", "--bot", "trivia"]).env("CHAT_ADMIN_PASSWORD", "open sesame");
    let server = Server::start_command(command);
    let mut root = server.client("root");
    root.says("/admin open sesame");
    root.hears("Admin privileges granted.");
    root.says("/mute trivia 6");
    root.hears("User 'trivia' is muted for 6 seconds.");
    root.says("!scores");
    root.hears("[lobby] root: !scores");
    root.hears_nothing();
    root.says("/unmute trivia");
    root.hears("User 'trivia' is no longer muted.");
    root.hears("[lobby] trivia: There are no scores yet. Say !trivia for a question.");
    root.says("/disconnect trivia");
    root.hears_at_last("trivia has left the chat.");
    root.says("/bots");
    root.hears_at_last("There are no bots.");
}

#[test]
fn a_bot_that_is_kicked_does_not_answer_in_the_lobby() {
    let server = start(&["trivia@games"], &[]);
    let mut alice = server.client("alice");
    alice.says("/join games");
    alice.hears("You joined room 'games'.");
    alice.says("/kick trivia");
    alice.hears_at_last("alice has kicked trivia.");
    alice.says("/leave");
    alice.hears_at_last("You returned to the lobby.");
    alice.says("!trivia");
    alice.hears("[lobby] alice: !trivia");
    alice.says("/users");
    alice.hears("Users in lobby: alice, trivia");
}

#[test]
fn hostile_questions_cost_little_and_the_bots_answer_afterwards() {
    let server = start(&["trivia", "reminder"], &[]);
    let (mut eve, mut bob) = alice_and_bob(&server);
    let before = server.status("VmRSS");
    let mut flood = Vec::new();
    for n in 0..10_000 {
        let lines =
            ["!trivia", "!remind 7d x", "!remind 999999999999999999999d x", "!", "!remind 1s \u{1b}[2J"];
        flood.extend_from_slice(format!("{}\n", lines[n % lines.len()]).as_bytes());
    }
    eve.sends(&flood);
    eve.says("/nick EVE");
    let (mut answers, mut last) = (0, String::new());
    while last != "Nickname changed to 'EVE'." {
        last = eve.next_line().expect("the connection stays");
        answers +=
            usize::from(last.starts_with("[lobby] trivia: ") || last.starts_with("[lobby] reminder: "));
    }
    // Ten thousand messages take seconds at most, and two bots say five things in each.
    assert!(answers < 1000, "{answers}");
    eve.says("/quit");
    bob.hears_at_last("EVE has left the chat.");
    // A bot answers when it has answered what it has taken on.
    bob.says("/whisper reminder !remind 1s tea");
    bob.hears_at_last("[Whisper from reminder]: Reminder: tea");
    let after = server.status("VmRSS");
    assert!(after < before + 100_000, "{before} kB, then {after} kB");
}

#[test]
fn of_users_who_answer_at_once_exactly_one_gets_the_point() {
    let server = start(&["trivia", "trivia@games", "reminder", "reminder@games"], &[]);
    thread::scope(|scope| {
        for room in ["lobby", "games"] {
            let server = &server;
            let play = move || plays(server, room);
            thread::Builder::new().spawn_scoped(scope, play).expect("a thread");
        }
    });
}

/// Four users play three rounds in a room, all at once, and each is reminded of something.
fn plays(server: &Server, room: &str) {
    let names = ["a", "b", "c", "d"].map(|letter| format!("{letter}-{room}"));
    let mut peers: Vec<_> = names.iter().map(|name| server.client(name)).collect();
    for peer in &mut peers {
        peer.says(&format!("/join {room}"));
        peer.says("/whisper reminder !remind 1s tea");
        peer.catches_up();
    }
    for round in 1..=3 {
        peers[round].says("!trivia");
        for peer in &mut peers {
            hears_about(peer, room, QUESTION);
            peer.says("paris");
        }
        let told: Vec<_> = peers.iter_mut().map(|peer| hears_about(peer, room, "Right, ")).collect();
        assert!(told.iter().all(|line| *line == told[0]), "{told:?}");
    }
    for peer in &mut peers {
        peer.says("!scores");
    }
    let scores = hears_about(&mut peers[0], room, "Scores: ");
    let points = scores.split(", ").filter_map(|score| score.rsplit_once(' ')?.1.parse::<u32>().ok());
    assert_eq!(points.sum::<u32>(), 3, "{scores}");
    peers[1].says("/whisper reminder !remind 1s more tea");
    peers[1].hears_at_last("[Whisper from reminder]: Reminder: more tea");
}

/// The rest of the next line that a bot begins like this in a room.
#[track_caller]
fn hears_about(peer: &mut Peer, room: &str, beginning: &str) -> String {
    let begins = [format!("[{room}] trivia: {beginning}"), format!("[{room}] trivia2: {beginning}")];
    loop {
        let line = peer.next_line().expect("a line");
        if let Some(rest) = begins.iter().find_map(|begins| line.strip_prefix(begins)) {
            return rest.to_owned();
        }
    }
}

#[test]
fn a_server_with_bots_stops_at_once_and_well() {
    let server = start(&["trivia", "reminder@games"], &[]);
    let mut alice = server.client("alice");
    server.signal(Signal::TERM);
    alice.hears_at_last("Server shutting down.");
    alice.hears_the_end();
    assert!(server.ends().success());
}

#[test]
fn a_bot_takes_a_place_like_any_client() {
    let server = start(&["trivia", "reminder"], &["--max-clients", "2"]);
    let mut alice = server.connect();
    alice.hears("Server is full.");
    alice.hears_the_end();
}

#[test]
fn wrong_bots_and_questions_are_told_at_the_start() {
    let (status, _, errors) = run(command().args(["--bot", "dog"]));
    assert_eq!(status, Some(2));
    assert!(errors.contains("there is no bot 'dog'; the bots are trivia and reminder"), "{errors}");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("questions.txt");
    fs::write(&path, "Why?\n").expect("a file");
    for (path, why) in
        [(&*path, "line 1: expected QUESTION = ANSWER"), (Path::new("/nowhere"), "No such file")]
    {
        let (status, _, errors) =
            run(command().args(["--port", "0", "--bot", "trivia", "--questions"]).arg(path));
        assert_eq!(status, Some(1));
        assert!(errors.contains("cannot use the questions in ") && errors.contains(why), "{errors}");
    }
}
