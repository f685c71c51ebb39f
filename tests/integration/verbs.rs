//! The wire of verbs, as a program speaks it, beside people and other programs.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    os::unix::net::UnixStream,
    sync::Barrier,
    thread,
};

use rustix::process::Signal;

use crate::support::{
    DEADLINE, Peer, Server,
    server::{command, eventually},
};

mod pausing;

const WIRE: &str = "verbs://127.0.0.1:0";

/// A server that also speaks verbs, and where it does.
#[track_caller]
fn start(options: &[&str]) -> (Server, SocketAddr) {
    Server::with_door(WIRE, options)
}

/// A program that has come in.
#[track_caller]
fn enter(door: SocketAddr, room: &str, name: &str) -> Peer {
    let mut program = Peer::connect(door);
    program.says(&format!("HELLO {room}:{name}"));
    program.hears(&format!("MSG Welcome! Your nickname is '{name}'. Use /nick <name> to change it."));
    if !["main", "lobby"].contains(&room) {
        program.hears(&format!("MSG You joined room '{room}'."));
    }
    program
}

#[test]
fn programs_on_three_wires_and_people_talk_in_one_room() {
    let (mut server, verbs) = start(&["--listen", "json://127.0.0.1:0"]);
    let json = server.announces("json");
    let mut person = server.client("person");
    let mut bot = enter(verbs, "main", "bot");
    person.hears("bot has joined the chat!");
    let mut object = Peer::connect(json);
    object.says(r#"{"type":"join","room":"lobby","user":"object"}"#);
    object.hears_at_last(
        r#"{"type":"system","room":"lobby","user":"system","text":"Welcome! Your nickname is 'object'. Use /nick <name> to change it.","event":"welcome","nick":"object","seq":0}"#,
    );
    person.hears("object has joined the chat!");
    bot.hears("MSG object has joined the chat!");
    bot.says("SEND main:bot hi  there");
    person.hears("[lobby] bot: hi  there");
    object.hears(r#"{"type":"message","room":"lobby","user":"bot","text":"hi  there","seq":1}"#);
    bot.hears("MSG FROM lobby:bot hi  there");
    person.says("hello");
    bot.hears("MSG FROM lobby:person hello");
    object.hears(r#"{"type":"message","room":"lobby","user":"person","text":"hello","seq":2}"#);
    object.says(r#"{"type":"message","text":"beep"}"#);
    bot.hears("MSG FROM lobby:object beep");
    bot.says("SEND lobby:bot /whisper person psst");
    person.hears("[lobby] person: hello");
    person.hears("[lobby] object: beep");
    person.hears("[Whisper from bot]: psst");
    bot.hears("MSG [Whisper to person]: psst");
    person.says("/me waves");
    bot.hears("MSG * person waves");
    person.hears("* person waves");
    person.says("/whois bot");
    person.hears("bot is in room 'lobby', connected over verbs for 0 s, idle for 0 s.");
    bot.says("QUIT person");
    bot.hears("ERROR: That is not your nickname. Use 'bot'.");
    bot.says("QUIT bot");
    bot.hears("MSG Goodbye!");
    bot.hears_the_end();
    person.hears("bot has left the chat.");
}

#[test]
fn rooms_are_made_joined_and_listed() {
    let (server, verbs) = start(&[]);
    let mut person = server.client("person");
    let mut bot = Peer::connect(verbs);
    bot.says("LIST");
    bot.hears("MSG Active rooms: lobby");
    bot.says("JOIN nowhere:bot");
    bot.hears("MSG Welcome! Your nickname is 'bot'. Use /nick <name> to change it.");
    bot.hears("ERROR: Room 'nowhere' does not exist.");
    person.hears("bot has joined the chat!");
    bot.says("NEW Dev:bot");
    bot.hears("MSG You joined room 'Dev'.");
    person.hears("bot has left the room.");
    let mut other = enter(verbs, "lobby", "other");
    person.hears("other has joined the chat!");
    other.says("NEW dev:other");
    other.hears("ERROR: Room 'dev' already exists.");
    other.says("LIST ALL");
    other.hears("MSG Users in Dev (1): bot");
    other.hears("MSG Users in lobby (2): other, person");
    other.says("LIST CLIENTS_FOR_CHAT_ROOM dev");
    other.hears("MSG Users in Dev (1): bot");
    other.says("JOIN dev:other");
    other.hears("MSG You joined room 'Dev'.");
    bot.hears("MSG other has joined the room.");
    other.says("LIST CLIENT_CHAT_ROOMS");
    other.hears("MSG Active rooms: Dev");
    other.says("SEND lobby:other hi");
    other.hears("ERROR: You are not in that room. You are in 'Dev'.");
    bot.says("SEND dev:bot /kick other");
    bot.hears("MSG bot has kicked other.");
    other.hears("MSG You were kicked from 'Dev' by bot.");
    other.hears("MSG You returned to the lobby.");
    other.says("SEND dev:other hi");
    other.hears("ERROR: You are not in that room. You are in 'lobby'.");
    bot.says("SEND dev:bot /ban other");
    bot.hears("MSG bot has banned other.");
    other.says("JOIN dev:other");
    other.hears("ERROR: You are banned from this room.");
    other.says("SEND main:other /help join");
    other.hears("MSG /join <room> - Go to a room. It is created if it does not exist.");
}

#[test]
fn a_program_that_is_renamed_speaks_under_its_new_name() {
    let mut command = command();
    command.args(["--port", "0", "--listen", WIRE]).env("CHAT_ADMIN_PASSWORD", "open-sesame");
    let mut server = Server::start_command(command);
    let verbs = server.announces("verbs");
    let mut root = server.client("root");
    root.says("/admin open-sesame");
    root.hears("Admin privileges granted.");
    let mut bot = enter(verbs, "lobby", "bot");
    root.hears("bot has joined the chat!");
    // It does not wait for the answer.
    bot.sends(b"SEND lobby:bot /nick robot\nSEND lobby:robot beep\nSEND lobby:bot boop\n");
    bot.hears("MSG Nickname changed to 'robot'.");
    bot.hears("MSG FROM lobby:robot beep");
    bot.hears("ERROR: That is not your nickname. Use 'robot'.");
    root.says("/forcerename robot r2");
    bot.hears("MSG root has changed your nickname.");
    bot.hears("MSG Nickname changed to 'r2'.");
    bot.says("SEND lobby:robot hi");
    bot.hears("ERROR: That is not your nickname. Use 'r2'.");
    bot.says("PAUSE robot");
    bot.hears("ERROR: That is not your nickname. Use 'r2'.");
    root.says("hear this");
    bot.hears("MSG FROM lobby:root hear this");
    root.says("/disconnect r2 spam");
    bot.hears("MSG Disconnected by root: spam");
    bot.hears_the_end();
}

#[test]
fn a_program_that_is_banned_or_whose_name_is_taken_may_try_again() {
    let (server, verbs) = start(&["--presence-limit", "1"]);
    let mut alice = server.client("alice");
    let mut bot = enter(verbs, "lobby", "bot");
    alice.says("/join ops");
    alice.hears("You joined room 'ops'.");
    alice.says("/ban bot");
    alice.hears("alice has banned bot.");
    bot.says("QUIT");
    bot.hears("MSG Goodbye!");
    bot.hears_the_end();
    let mut bot = Peer::connect(verbs);
    bot.says("HELLO lobby:ALICE");
    bot.hears("ERROR: Nickname 'ALICE' is already taken.");
    bot.says("SEND lobby:bot hi");
    bot.hears("ERROR: Say HELLO ROOM:CLIENT first.");
    bot.says("HELLO ops:bot");
    bot.hears("ERROR: You are banned from this room.");
    bot.says("HELLO lobby:bot");
    bot.hears("MSG Welcome! Your nickname is 'bot'. Use /nick <name> to change it.");
}

#[test]
fn a_full_server_and_a_stop_are_told() {
    let (server, verbs) = start(&["--max-clients", "3"]);
    let mut outside = Peer::connect(verbs);
    outside.says("LIST");
    outside.hears("MSG Active rooms: ");
    let mut paused = enter(verbs, "lobby", "paused");
    let mut bot = enter(verbs, "lobby", "bot");
    paused.hears("MSG bot has joined the chat!");
    let mut late = Peer::connect(verbs);
    late.hears("ERROR: Server is full.");
    late.hears_the_end();
    paused.sends(b"PAUSE paused\nERROR nothing\nSEND\n");
    paused.hears("ERROR: Usage: SEND ROOM:CLIENT TEXT");
    server.signal(Signal::TERM);
    for program in [&mut outside, &mut paused, &mut bot] {
        program.hears("MSG Server shutting down.");
        program.hears_the_end();
    }
    assert!(server.ends().success());
}

#[test]
fn a_web_page_cannot_make_a_browser_speak() {
    let (server, verbs) = start(&[]);
    let mut person = server.client("person");
    let mut browser = Peer::connect(verbs);
    browser.sends(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nHELLO lobby:eve\nSEND lobby:eve hi\n");
    browser.hears("HTTP/1.1 400 Bad Request\r");
    browser.rest();
    person.says("/users");
    person.hears("Users in lobby: person");
}

/// What a text client says to be heard as this.
fn long(n: usize) -> String {
    format!("{n} {}", "x".repeat(1000))
}

#[test]
fn a_program_that_stops_reading_is_cut_and_told_in_its_own_way() {
    let (server, verbs) = start(&["--outbox-limit", "65536"]);
    let mut alice = server.client("alice");
    let mut slow = enter(verbs, "lobby", "slow");
    alice.hears("slow has joined the chat!");
    let has_left = (0..100_000).any(|n| {
        alice.says(&long(n));
        alice.next_line().as_deref() == Some("slow has left the chat.")
    });
    assert!(has_left, "100 MB were said, and the slow reader is still there");
    let mut heard = slow.rest();
    assert_eq!(heard.pop().as_deref(), Some("MSG Disconnected: too slow to read."));
    for (n, line) in heard.iter().enumerate() {
        assert_eq!(*line, format!("MSG FROM lobby:alice {}", long(n)), "whole lines without a gap");
    }
}

#[test]
fn of_a_thousand_at_once_with_the_same_name_one_comes_in_and_the_others_may_choose_another() {
    let (server, verbs) = start(&["--max-clients", "2000", "--presence-limit", "1"]);
    let mut alice = server.client("alice");
    let barrier = Barrier::new(4);
    let welcomes: usize = thread::scope(|scope| {
        let barrier = &barrier;
        let come = |first| {
            let come = move || comes_as_the_same(verbs, first, barrier);
            thread::Builder::new().spawn_scoped(scope, come).expect("a thread")
        };
        let comers: Vec<_> = [0, 250, 500, 750].into_iter().map(come).collect();
        comers.into_iter().map(|comer| comer.join().expect("it comes")).sum()
    });
    assert_eq!(welcomes, 1);
    eventually("they have left", || {
        alice.says("/users");
        alice.next_line().as_deref() == Some("Users in lobby: alice")
    });
}

/// 250 programs want one name, and all but one take another. Returns how many had the first. They stay until those
/// of all threads have come.
fn comes_as_the_same(verbs: SocketAddr, first: usize, barrier: &Barrier) -> usize {
    let mut programs: Vec<_> = (0..250).map(|_| Peer::connect(verbs)).collect();
    barrier.wait();
    for program in &mut programs {
        program.says("HELLO lobby:same");
    }
    let mut welcomes = 0;
    for (n, program) in programs.iter_mut().enumerate() {
        let line = program.next_line().expect("it is connected");
        if line.starts_with("MSG Welcome! Your nickname is 'same'.") {
            welcomes += 1;
        } else {
            assert_eq!(line, "ERROR: Nickname 'same' is already taken.");
            program.says(&format!("HELLO lobby:other{}", first + n));
            let line = program.next_line().expect("it is connected");
            assert!(line.starts_with("MSG Welcome! Your nickname is 'other"), "{line}");
        }
    }
    barrier.wait();
    welcomes
}

#[test]
fn a_unix_socket_speaks_verbs_too_and_no_log_has_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let (socket, log) = (folder.path().join("verbs.sock"), folder.path().join("logs"));
    let url = format!("verbs+unix://{}", socket.display());
    let server = Server::start(&["-vv", "--log-dir", log.to_str().unwrap(), "--listen", &url]);
    let stream = UnixStream::connect(&socket).expect("the server listens");
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut bot = BufReader::new(stream);
    bot.get_mut()
        .write_all(b"HELLO main:bot\nSEND main:bot /register open-sesame\nERROR tea\x1b\nQUIT\n")
        .unwrap();
    let heard: Vec<_> = bot.lines().map(|line| line.expect("a line in time")).collect();
    assert_eq!(heard[1], "MSG Registration successful.");
    assert_eq!(heard.last().map(String::as_str), Some("MSG Goodbye!"));
    eventually("the error is noted", || {
        server.diagnostics().contains(r"a client reports an error said=tea\u{1b}")
    });
    server.signal(Signal::TERM);
    let diagnostics = server.diagnostics();
    assert!(server.ends().success());
    let logs = fs::read_dir(log).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let all = logs.collect::<String>() + &diagnostics;
    assert!(all.contains("/register") && !all.contains("sesame"), "{all}");
}
