//! The small Python clients in `tests/clients`, which show how to speak each wire.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::support::Server;

#[expect(clippy::print_stderr, reason = "without Python, the test says that it was skipped")]
fn has_python() -> bool {
    let is_there = Command::new("python3").arg("--version").output().is_ok();
    if !is_there {
        eprintln!("skipped: python3 is not installed");
    }
    is_there
}

#[test]
fn the_json_client_in_python_talks_to_people() {
    talks_to_people("json_client.py", "json");
}

#[test]
fn the_udp_client_in_python_talks_to_people() {
    talks_to_people("udp_client.py", "json+udp");
}

/// A client named bot talks to alice over this wire.
#[track_caller]
fn talks_to_people(client: &str, scheme: &str) {
    if !has_python() {
        return;
    }
    let mut server = Server::start(&["--listen", &format!("{scheme}://127.0.0.1:0")]);
    let door = server.prints();
    let port = door.strip_prefix(&format!("Listening on {scheme}://127.0.0.1:")).expect("its door");
    let mut alice = server.client("alice");
    let mut bot = Command::new("python3")
        .args([&format!("tests/clients/{client}"), "127.0.0.1", port, "bot"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it is installed");
    alice.hears("bot has joined the chat!");
    alice.says("hi");
    alice.hears("[lobby] alice: hi");
    let mut typed = bot.stdin.take().expect("piped");
    typed.write_all("hello \"ë\"\n/me waves\n".as_bytes()).expect("it reads");
    alice.hears("[lobby] bot: hello \"ë\"");
    alice.hears("* bot waves");
    drop(typed);
    alice.hears("bot has left the chat.");
    let output = bot.wait_with_output().expect("it ends");
    let shown = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(shown.contains("alice: hi\nbot: hello \"ë\"\nbot: waves\n"), "{shown}");
}

#[test]
fn the_frames_client_in_python_talks_to_people() {
    if !has_python() {
        return;
    }
    let mut server = Server::start(&["--listen", "frames://127.0.0.1:0"]);
    let door = server.prints();
    let port = door.strip_prefix("Listening on frames://127.0.0.1:").expect("a door for frames");
    let mut alice = server.client("alice");
    let mut bot = Command::new("python3")
        .args(["tests/clients/frames_client.py", "127.0.0.1", port, "bot"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it is installed");
    alice.hears("guest_1 has joined the chat!");
    alice.hears("guest_1 is now known as bot.");
    alice.says("hi");
    alice.hears("[lobby] alice: hi");
    let mut typed = bot.stdin.take().expect("piped");
    typed.write_all("hello \"ë\"\n\n/me waves\n".as_bytes()).expect("it reads");
    alice.hears("[lobby] bot: hello \"ë\"");
    alice.hears("* bot waves");
    drop(typed);
    alice.hears("bot has left the chat.");
    let output = bot.wait_with_output().expect("it ends");
    let shown = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        shown.contains("[lobby] alice: hi\n[lobby] bot: hello \"ë\"\n* bot waves\nGoodbye!\n"),
        "{shown}"
    );
    assert!(shown.ends_with("\"reason\":\"Connection closed\"}\n"), "{shown}");
    assert!(output.status.success());
}

#[test]
fn the_verbs_client_in_python_talks_to_people() {
    if !has_python() {
        return;
    }
    let mut server = Server::start(&["--listen", "verbs://127.0.0.1:0"]);
    let door = server.prints();
    let port = door.strip_prefix("Listening on verbs://127.0.0.1:").expect("a door for verbs");
    let mut alice = server.client("alice");
    let mut bot = Command::new("python3")
        .args(["tests/clients/verbs_client.py", "127.0.0.1", port, "bot"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it is installed");
    alice.hears("bot has joined the chat!");
    alice.says("hi");
    alice.hears("[lobby] alice: hi");
    let mut typed = bot.stdin.take().expect("piped");
    typed.write_all("hello \"ë\"\n/me waves\n".as_bytes()).expect("it reads");
    alice.hears("[lobby] bot: hello \"ë\"");
    alice.hears("* bot waves");
    drop(typed);
    alice.hears("bot has left the chat.");
    let output = bot.wait_with_output().expect("it ends");
    let shown = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(shown.contains("lobby:alice hi\nlobby:bot hello \"ë\"\n* bot waves\nGoodbye!\n"), "{shown}");
}
