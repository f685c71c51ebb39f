//! The small clients under `tests/clients`, which show how to speak to each wire.

use std::process::Command;

use crate::support::{Piped, Server};

/// A client under test, and what a person and it see of each other.
struct Client<'a> {
    scheme: &'a str,
    script: &'a str,
    /// What follows host and port on its command line.
    arguments: &'a [&'a str],
    /// Its nickname.
    nick: &'a str,
    /// What alice sees when it comes in.
    arrival: &'a [&'a str],
    /// What it prints when alice says "hi", and when it says "hello" and waves, up to its end.
    hi: &'a str,
    rest: &'a str,
}

impl Default for Client<'_> {
    fn default() -> Self {
        let arrival = &["bot has joined the chat!"];
        Self { scheme: "", script: "", arguments: &["bot"], nick: "bot", arrival, hi: "", rest: "" }
    }
}

/// The client and alice, who speaks text, talk in one room.
#[track_caller]
#[expect(clippy::print_stderr, reason = "without Python, the test says that it was skipped")]
fn check(client: &Client<'_>) {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: python3 is not installed");
        return;
    }
    let (server, door) = Server::with_door(&format!("{}://127.0.0.1:0", client.scheme), &[]);
    let mut alice = server.client("alice");
    let script = format!("tests/clients/{}", client.script);
    let mut python = Command::new("python3");
    let mut bot =
        Piped::spawn(python.args([&script, "127.0.0.1", &door.port().to_string()]).args(client.arguments));
    client.arrival.iter().for_each(|line| alice.hears(line));
    alice.says("hi");
    alice.hears("[lobby] alice: hi");
    bot.prints_at_last(client.hi);
    // One at a time: where nothing but a pause ends a line, a busy computer hears two as one.
    bot.is_given("hello \"ë\"\n");
    alice.hears(&format!("[lobby] {}: hello \"ë\"", client.nick));
    bot.is_given("/me waves\n");
    alice.hears(&format!("* {} waves", client.nick));
    bot.input = None;
    alice.hears(&format!("{} has left the chat.", client.nick));
    assert_eq!(bot.ends(), (Some(0), client.rest.to_owned(), String::new()));
}

#[test]
fn the_json_client_in_python_talks_to_people() {
    check(&Client {
        scheme: "json",
        script: "json_client.py",
        hi: "alice: hi",
        rest: "bot: hello \"ë\"\nbot: waves\nsystem: Goodbye!\n",
        ..Client::default()
    });
}

#[test]
fn the_websocket_client_in_python_talks_to_people() {
    check(&Client {
        scheme: "http",
        script: "websocket_client.py",
        hi: "alice: hi",
        rest: "bot: hello \"ë\"\nbot: waves\nsystem: Goodbye!\n",
        ..Client::default()
    });
}

#[test]
fn the_udp_client_in_python_talks_to_people() {
    check(&Client {
        scheme: "json+udp",
        script: "udp_client.py",
        hi: "alice: hi",
        rest: "bot: hello \"ë\"\nbot: waves\nsystem: Goodbye!\n",
        ..Client::default()
    });
}

#[test]
fn the_terse_client_in_python_talks_to_people() {
    check(&Client {
        scheme: "json",
        script: "terse_client.py",
        arguments: &["Zoë Müller"],
        nick: "Zoe_Muller",
        arrival: &["Zoe_Muller has joined the chat!"],
        hi: "alice: hi",
        // It does not hear itself.
        rest: "",
    });
}

#[test]
fn the_unframed_client_in_python_talks_to_people() {
    check(&Client {
        scheme: "unframed",
        script: "unframed_client.py",
        arguments: &[],
        nick: "guest_1",
        arrival: &["guest_1 has joined the chat!"],
        hi: "[lobby] alice: hi",
        rest: "[lobby] guest_1: hello \"ë\"\n* guest_1 waves\n",
    });
}

#[test]
fn the_frames_client_in_python_talks_to_people() {
    check(&Client {
        scheme: "frames",
        script: "frames_client.py",
        arrival: &["guest_1 has joined the chat!", "guest_1 is now known as bot."],
        hi: "[lobby] alice: hi",
        rest: "[lobby] bot: hello \"ë\"\n* bot waves\nGoodbye!\n\
            {\"message\":\"Disconnecting\",\"reason\":\"Connection closed\"}\n",
        ..Client::default()
    });
}

#[test]
fn the_verbs_client_in_python_talks_to_people() {
    check(&Client {
        scheme: "verbs",
        script: "verbs_client.py",
        hi: "lobby:alice hi",
        rest: "lobby:bot hello \"ë\"\n* bot waves\nGoodbye!\n",
        ..Client::default()
    });
}
