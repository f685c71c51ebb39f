//! The small Python clients in `tests/clients`, which show how to speak each wire.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::support::{Piped, Server};

#[test]
#[expect(clippy::print_stderr, reason = "without Python, the test says that it was skipped")]
fn the_json_client_in_python_talks_to_people() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: python3 is not installed");
        return;
    }
    let mut server = Server::start(&["--listen", "json://127.0.0.1:0"]);
    let door = server.prints();
    let port = door.strip_prefix("Listening on json://127.0.0.1:").expect("a JSON door");
    let mut alice = server.client("alice");
    let mut bot = Command::new("python3")
        .args(["tests/clients/json_client.py", "127.0.0.1", port, "bot"])
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

/// A server with one more door, and the port of it; `None` without Python.
#[expect(clippy::print_stderr, reason = "without Python, the test says that it was skipped")]
fn start(scheme: &str) -> Option<(Server, String)> {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: python3 is not installed");
        return None;
    }
    let mut server = Server::start(&["--listen", &format!("{scheme}://127.0.0.1:0")]);
    let door = server.prints();
    let (_, port) = door.rsplit_once(':').expect("a door");
    Some((server, port.to_owned()))
}

fn python(script: &str, port: &str, name: &[&str]) -> Piped {
    let script = format!("tests/clients/{script}");
    Piped::spawn(Command::new("python3").args([&script, "127.0.0.1", port]).args(name))
}

#[test]
fn the_terse_client_in_python_talks_to_people() {
    let Some((server, port)) = start("json") else { return };
    let mut alice = server.client("alice");
    let mut bot = python("terse_client.py", &port, &["Zoë Müller"]);
    bot.prints("*: Welcome! Your nickname is 'Zoe_Muller'. Use /nick <name> to change it.");
    alice.hears("Zoe_Muller has joined the chat!");
    alice.says("hi");
    alice.hears("[lobby] alice: hi");
    bot.prints("alice: hi");
    bot.is_given("hello \"ë\"\n/me waves\n");
    alice.hears("[lobby] Zoe_Muller: hello \"ë\"");
    alice.hears("* Zoe_Muller waves");
    bot.input = None;
    alice.hears("Zoe_Muller has left the chat.");
    assert_eq!(bot.ends(), (Some(0), String::new(), String::new()), "it does not hear itself");
}

#[test]
fn the_unframed_client_in_python_talks_to_people() {
    let Some((server, port)) = start("unframed") else { return };
    let mut alice = server.client("alice");
    let mut bot = python("unframed_client.py", &port, &[]);
    bot.prints("Your nickname: guest_1");
    bot.prints("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
    alice.hears("guest_1 has joined the chat!");
    bot.is_given("/nick bot\nhello ë\n");
    bot.prints("Nickname changed to 'bot'.");
    alice.hears("guest_1 is now known as bot.");
    alice.hears("[lobby] bot: hello ë");
    bot.prints("[lobby] bot: hello ë");
    bot.input = None;
    alice.hears("bot has left the chat.");
    assert_eq!(bot.ends(), (Some(0), String::new(), String::new()));
}
