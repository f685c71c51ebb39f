//! A client in a terminal that talks to a fake server.

use super::{FakeServer, Terminal, fake_server::Caller};

pub(crate) const WELCOME: &str = "Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.";
pub(crate) const PROMPT: &str = "[lobby] guest_1> ";

/// Starts a client, and waits for its prompt.
#[track_caller]
pub(crate) fn chatting() -> (FakeServer, Caller, Terminal) {
    chatting_with(&[])
}

#[track_caller]
pub(crate) fn chatting_with(options: &[&str]) -> (FakeServer, Caller, Terminal) {
    let server = FakeServer::start();
    let terminal = Terminal::start(server.port(), options);
    let caller = server.welcome();
    terminal.shows_prompt(PROMPT);
    (server, caller, terminal)
}
