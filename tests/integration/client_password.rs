//! `chat_client` in a real terminal, and the passwords that are typed into it.

use std::fs;

use super::support::{
    Server, Terminal,
    chatting::{PROMPT, chatting_with},
};

#[track_caller]
fn shows_nowhere(terminal: &Terminal, secret: &str) {
    let contents = terminal.contents();
    assert!(!contents.contains(secret), "{contents}");
}

#[test]
fn a_missing_password_is_asked_for_and_not_shown() {
    let (_server, mut caller, mut terminal) = chatting_with(&[]);
    terminal.types("/login alice\r");
    terminal.shows_prompt("Password: ");
    terminal.types("s3cret");
    terminal.shows_prompt("Password: ******");
    caller.says("[lobby] bob: hello");
    terminal.shows_above(&["[lobby] bob: hello"]);
    terminal.shows_prompt("Password: ******");
    terminal.types("\r");
    caller.hears("/login alice s3cret");
    terminal.shows_prompt(PROMPT);
    shows_nowhere(&terminal, "s3cret");
}

#[test]
fn a_new_password_is_asked_for_twice() {
    let (_server, mut caller, mut terminal) = chatting_with(&[]);
    terminal.types("/passwd\r");
    terminal.shows_prompt("Old password: ");
    terminal.types("old-secret\r");
    terminal.shows_prompt("New password: ");
    terminal.types("new-secret\r");
    terminal.shows_prompt("Repeat it: ");
    terminal.types("new-secret\r");
    caller.hears("/passwd old-secret new-secret");
    caller.says("Nickname changed to 'alice'.");
    terminal.shows_prompt("[lobby] alice> ");
    terminal.types("/register\rnew-secret\rnew-sekret\r");
    terminal.shows_above(&["The two passwords differ. Try again."]);
    terminal.shows_prompt("New password: ");
    terminal.types("\x03");
    terminal.shows_prompt("[lobby] alice> ");
    terminal.types("still here\r");
    caller.hears("still here");
    shows_nowhere(&terminal, "-se");
}

#[test]
fn a_user_who_cancels_the_password_prompt_goes_on_chatting() {
    for keys in ["\x03", "half\x03", "\x04", "\r"] {
        let (_server, mut caller, mut terminal) = chatting_with(&[]);
        terminal.types("/login alice\r");
        terminal.shows_prompt("Password: ");
        terminal.types(keys);
        terminal.shows_prompt(PROMPT);
        terminal.types("hello\r");
        caller.hears("hello");
    }
}

#[test]
fn a_password_that_is_typed_into_the_line_is_shown_as_stars_and_not_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("history");
    let options = ["--history", file.to_str().expect("a plain name")];
    let (_server, mut caller, mut terminal) = chatting_with(&options);
    terminal.types("before\r/login alice s3cret");
    terminal.shows_prompt("[lobby] guest_1> /login alice ******");
    terminal.types("\r");
    caller.hears("before");
    caller.hears("/login alice s3cret");
    terminal.shows_prompt(PROMPT);
    terminal.types("\x1b[A");
    terminal.shows_prompt("[lobby] guest_1> before");
    terminal.types("\x15/register\rs3cret99\rs3cret99\r");
    caller.hears("/register s3cret99");
    terminal.types("\x1b[A");
    terminal.shows_prompt("[lobby] guest_1> /register <password>");
    shows_nowhere(&terminal, "s3cret");
    terminal.types("\x03\x04");
    assert_eq!(terminal.ends(), 0);
    let kept = fs::read_to_string(file).expect("the history");
    assert!(kept.contains("before") && !kept.contains("s3cret"), "{kept}");
}

#[test]
fn a_password_after_a_leading_space_is_not_sent() {
    let (_server, mut caller, mut terminal) = chatting_with(&[]);
    terminal.types(" /login alice s3cret\r");
    terminal.shows("Not sent, because the line contains a password. Start it with /login.");
    terminal.types("\x1b[A");
    terminal.types("hello\r");
    caller.hears("hello");
    shows_nowhere(&terminal, "s3cret");
}

#[test]
fn tab_and_hints_do_nothing_at_a_password_prompt() {
    let (_server, mut caller, mut terminal) = chatting_with(&[]);
    terminal.types("/login alice\r");
    terminal.shows_prompt("Password: ");
    terminal.types("/q\t uit\r");
    caller.hears("/login alice /q uit");
    terminal.shows_prompt(PROMPT);
}

#[test]
fn a_client_logs_in_again_after_a_restart_of_the_server() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("chat.db");
    let options = ["--data", file.to_str().expect("a plain name")];
    let server = Server::start(&options);
    let port = server.address().port();
    let mut terminal = Terminal::start(port, &["--nick", "alice"]);
    terminal.shows_prompt("[lobby] alice> ");
    terminal.types("/register\rcorrect-horse\rcorrect-horse\r");
    terminal.shows_above(&["Registration successful."]);
    server.signal(rustix::process::Signal::TERM);
    server.ends();
    terminal.shows("Connection lost. Reconnecting.");
    let _server = Server::start_on(port, &options);
    terminal.shows_above(&["Login successful.", "Nickname changed to 'alice'."]);
    terminal.shows_prompt("[lobby] alice> ");
    shows_nowhere(&terminal, "horse");
}

#[test]
fn a_client_whose_user_logs_in_elsewhere_ends() {
    let server = Server::start(&[]);
    let mut terminal = Terminal::start(server.address().port(), &["--nick", "alice"]);
    terminal.shows_prompt("[lobby] alice> ");
    terminal.types("/register\rcorrect-horse\rcorrect-horse\r");
    terminal.shows_above(&["Registration successful."]);
    let mut phone = server.connect();
    phone.says("/login alice correct-horse");
    phone.hears_at_last("Login successful.");
    assert_eq!(terminal.ends(), 1);
    terminal.shows("Disconnected: 'alice' has logged in from another connection.");
}
