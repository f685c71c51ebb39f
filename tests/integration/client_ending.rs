//! `chat_client` in a real terminal: the ways in which a chat ends, and the terminal afterwards.

use rustix::process::Signal;

use super::support::{
    FakeServer, Terminal,
    chatting::{PROMPT, chatting},
    terminal::cursor_row,
};

#[test]
fn ctrl_c_clears_the_line_and_quits_in_an_empty_one() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("oops\x03");
    terminal.shows_prompt(PROMPT);
    terminal.types("\x03");
    assert_eq!(terminal.ends(), 0);
    caller.hears_the_end();
}

#[test]
fn ctrl_c_asks_again_while_a_file_that_the_user_offers_is_waiting() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("notes");
    std::fs::write(&file, "abc").expect("a file");
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types(&format!("/sendfile bob {}\r", file.display()));
    let offer = caller.next_line().expect("an offer");
    assert!(offer.starts_with("/offer bob 3 "), "{offer}");
    terminal.types("\x03");
    terminal.shows("Press Ctrl-C again to quit: a file that you offered is still waiting.");
    terminal.types("\x03");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn ctrl_d_quits() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("\x04");
    assert_eq!(terminal.ends(), 0);
    caller.hears_the_end();
}

#[test]
fn quit_says_goodbye_and_does_not_reconnect() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("/quit\r");
    caller.hears("/quit");
    caller.says("Goodbye!");
    drop(caller);
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.contents().ends_with("Goodbye!"), "{}", terminal.contents());
}

/// What the user may be doing when the client ends: nothing, typing, reading a hint, searching. Each
/// with the keys for it, and what is shown then.
const ACTIVITIES: [(&str, &str); 4] =
    [("", PROMPT), ("half typed", "half typed"), ("/me", "/me <action>"), ("\x12ne", "(search: ne) one")];

#[test]
fn a_client_that_the_server_dismisses_shows_the_reason_and_does_not_reconnect() {
    for (keys, shown) in ACTIVITIES {
        let (_server, mut caller, mut terminal) = chatting();
        terminal.types(&format!("one\r{keys}"));
        terminal.shows(shown.trim_end());
        caller.says("Disconnected: too slow to read.");
        drop(caller);
        assert_eq!(terminal.ends(), 1);
        terminal.shows("chat_client: the server closed the connection: Disconnected: too slow to read.");
    }
}

#[test]
fn a_termination_signal_restores_the_terminal() {
    for (keys, shown) in ACTIVITIES {
        let (_server, _caller, mut terminal) = chatting();
        terminal.types(&format!("one\r{keys}"));
        terminal.shows(shown.trim_end());
        terminal.signal(Signal::TERM);
        assert_eq!(terminal.ends(), 0);
    }
}

#[test]
fn the_user_can_quit_while_the_client_reconnects() {
    for keys in ["\x03", "\x04", "/quit\r"] {
        let (server, caller, mut terminal) = chatting();
        drop((server, caller));
        terminal.waits_until("a countdown is shown", |screen| cursor_row(screen).contains("reconnecting"));
        terminal.types(keys);
        assert_eq!(terminal.ends(), 0);
    }
}

#[test]
fn without_a_server_the_client_says_how_to_start_one_and_shows_no_prompt() {
    let port = FakeServer::start().port();
    let mut terminal = Terminal::start(port, &[]);
    assert_eq!(terminal.ends(), 1);
    let contents = terminal.contents();
    assert!(
        contents.starts_with(&format!("chat_client: cannot connect to 127.0.0.1:{port}: ")),
        "{contents}"
    );
    assert!(contents.ends_with(&format!("\nStart one with: chat_server --port {port}")), "{contents}");
    assert_eq!(contents.lines().count(), 2, "{contents}");
}
