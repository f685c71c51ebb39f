//! `chat_client` in a real terminal: a server that goes away and comes back.

use rustix::process::Signal;

use super::support::{
    FakeServer, Server, Terminal,
    chatting::{PROMPT, chatting, chatting_with},
    terminal::cursor_row,
};

#[test]
fn a_lost_connection_is_reported_at_once_and_the_client_reconnects() {
    let (server, mut caller, mut terminal) = chatting_with(&["--nick", "alice"]);
    caller.hears("/nick alice");
    caller.says("Nickname changed to 'alice'.");
    caller.says("You joined room 'ops'.");
    terminal.types("half typed\x1b[D");
    terminal.shows_prompt("[ops] alice> half typed");
    drop(caller);
    terminal.shows("Connection lost. Reconnecting.");
    terminal.waits_until("a countdown is shown", |screen| cursor_row(screen).starts_with("[reconnecting in"));
    let mut caller = server.welcome();
    caller.hears("/nick alice");
    caller.says("Nickname changed to 'alice'.");
    caller.hears("/join ops");
    caller.says("You joined room 'ops'.");
    terminal.shows_prompt("[ops] alice> half typed");
    terminal.types("!\r");
    caller.hears("half type!d");
}

#[test]
fn a_line_waits_until_a_stopped_server_is_back() {
    let (server, mut caller, mut terminal) = chatting();
    let port = server.port();
    drop(server);
    caller.says("Server shutting down.");
    drop(caller);
    terminal.waits_until("a countdown is shown", |screen| cursor_row(screen).contains("reconnecting"));
    terminal.types("are you there?\r");
    terminal.shows_above(&["Connection lost. Reconnecting.", "are you there?"]);
    terminal.types("half typed");
    let server = FakeServer::start_on(port);
    let mut caller = server.welcome();
    caller.hears("are you there?");
    terminal.shows_prompt("[lobby] guest_1> half typed");
}

#[test]
fn the_client_survives_a_restart_of_the_real_server() {
    let server = Server::start(&[]);
    let port = server.address().port();
    let mut terminal = Terminal::start(port, &["--nick", "alice", "--room", "ops"]);
    terminal.shows("Here: alice.");
    terminal.shows_prompt("[ops] alice> ");
    terminal.types("before\r");
    terminal.shows_above(&["[ops] alice: before"]);
    server.signal(Signal::TERM);
    server.ends();
    terminal.shows("Server shutting down.\nConnection lost. Reconnecting.");
    let _server = Server::start_on(port, &[]);
    terminal.shows_above(&["Nickname changed to 'alice'.", "You joined room 'ops'."]);
    terminal.shows_prompt("[ops] alice> ");
    terminal.types("after\r");
    terminal.shows_above(&["[ops] alice: after"]);
}

#[test]
fn a_line_that_may_be_lost_with_the_connection_is_shown() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("heard\rnot heard\r");
    caller.hears("heard");
    caller.hears("not heard");
    caller.says("[lobby] guest_1: heard");
    drop(caller);
    terminal.shows_above(&[
        "[lobby] guest_1: heard",
        "This may not have arrived: not heard",
        "Connection lost. Reconnecting.",
    ]);
}

#[test]
fn after_a_reconnection_a_taken_nickname_is_asked_for_again() {
    let (server, mut caller, terminal) = chatting_with(&["--nick", "alice"]);
    caller.says("Nickname changed to 'alice'.");
    terminal.shows_prompt("[lobby] alice> ");
    caller.resets();
    let mut caller = server.welcome();
    caller.hears("/nick alice");
    caller.says("Nickname 'alice' is already taken.");
    terminal.shows_prompt(PROMPT);
    caller.hears("/nick alice");
    caller.says("Nickname changed to 'alice'.");
    terminal.shows_prompt("[lobby] alice> ");
}
