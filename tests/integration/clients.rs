//! The small Python clients in `tests/clients`, which show how to speak each wire.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::support::Server;

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
#[expect(clippy::print_stderr, reason = "without Python, the test says that it was skipped")]
fn talks_to_people(client: &str, scheme: &str) {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: python3 is not installed");
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
