//! `chat_client` in a real terminal: completion, history and pasted text.

use std::thread;

use crossbeam_channel::{Sender, bounded};

use super::support::{
    DEADLINE, Terminal,
    chatting::{PROMPT, WELCOME, chatting, chatting_with},
    fake_server::Caller,
    server::eventually,
};

#[test]
fn tab_completes_commands_and_shows_their_usage() {
    let (_server, _caller, mut terminal) = chatting();
    terminal.types("/wh\t");
    terminal.shows_above(&["whisper  whois"]);
    terminal.types("i\t");
    terminal.shows_prompt("[lobby] guest_1> /whisper <user> <message>");
    let (_, column) = terminal.screen().cursor_position();
    assert_eq!(usize::from(column), PROMPT.len() + "/whisper ".len(), "the usage is not typed");
}

/// Answers the questions that Tab asks, and passes on the other lines.
fn answer(mut caller: Caller, others: &Sender<String>) {
    while let Some(line) = caller.next_line() {
        match line.as_str() {
            "/users" => caller.says("Users in lobby: alice, bob, guest_1"),
            "/rooms" => caller.says("Active rooms: lobby, ops"),
            _ => others.send(line).expect("the test receives it"),
        }
    }
}

/// Presses Tab until the prompt is this. Tab waits only a moment for the server, and a busy machine can
/// take longer than that; then the answer is there for the next Tab.
#[track_caller]
fn completes(terminal: &mut Terminal, typed: &str, completed: &str) {
    terminal.types(typed);
    eventually(&format!("{typed:?} becomes {completed:?}"), || {
        terminal.types("\t");
        terminal.shows_soon(completed)
    });
}

#[test]
fn a_search_that_finds_nothing_says_that_it_has_failed() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("/help away\r\x12alicqq");
    caller.hears("/help away");
    terminal.shows_prompt("(failed search: alicqq)");
    terminal.types("\rhello\r");
    caller.hears("hello");
    terminal.shows_prompt(PROMPT);
}

#[test]
fn tab_asks_the_server_for_names_and_hides_the_answer() {
    let (_server, caller, mut terminal) = chatting();
    let (sender, others) = bounded(10);
    thread::Builder::new().spawn(move || answer(caller, &sender)).expect("a thread");
    completes(&mut terminal, "/w al", "[lobby] guest_1> /w alice <message>");
    terminal.types("hi\r");
    assert_eq!(others.recv_timeout(DEADLINE).as_deref(), Ok("/w alice hi"));
    completes(&mut terminal, "b", "[lobby] guest_1> bob:");
    terminal.types("\x15");
    completes(&mut terminal, "/join o", "[lobby] guest_1> /join ops");
    let contents = terminal.contents();
    assert!(!contents.contains("Users in") && !contents.contains("Active rooms"), "{contents}");
    terminal.types("\x15/users\r");
    terminal.shows_above(&["Users in lobby: alice, bob, guest_1"]);
}

#[test]
fn tab_does_not_wait_for_a_silent_server() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("/w al\tx");
    caller.hears("/users");
    terminal.shows_prompt("[lobby] guest_1> /w alx <message>");
}

#[test]
fn tab_inserts_the_emoji_that_the_hint_shows() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("hi :smi");
    terminal.shows_prompt("[lobby] guest_1> hi :smile: 😄");
    terminal.types("\t");
    terminal.shows_prompt("[lobby] guest_1> hi :smile:");
    terminal.shows("😄 :smile:  😏 :smirk:  😃 :smiley:  😸 :smile_cat:  ");
    terminal.types("\r");
    caller.hears("hi :smile:");
}

#[test]
fn several_pasted_lines_are_sent_as_several_lines() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("one\rtwo\rthree\r");
    for line in ["one", "two", "three"] {
        caller.hears(line);
    }
    terminal.types("\x1b[200~four\nfive\n\nsix\x1b[201~");
    terminal.shows_prompt("six");
    terminal.types("\r");
    for line in ["four", "five", "six"] {
        caller.hears(line);
    }
    terminal.shows_prompt(PROMPT);
    terminal.shows_above(&[WELCOME]);
}

#[test]
fn the_up_key_brings_lines_back_even_after_the_prompt_has_changed() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("first\rsecond\r");
    caller.hears("first");
    caller.hears("second");
    caller.says("Nickname changed to 'alice'.");
    terminal.shows_prompt("[lobby] alice> ");
    terminal.types("\x1b[A\x1b[A");
    terminal.shows_prompt("[lobby] alice> first");
    terminal.types("\x1b[B!\r");
    caller.hears("second!");
}

#[test]
fn a_history_that_cannot_be_kept_is_an_error_that_names_the_file() {
    let (_server, mut caller, mut terminal) = chatting_with(&["--history", "/no/such/folder/history"]);
    terminal.types("hello\r");
    caller.hears("hello");
    terminal.types("\x04");
    assert_eq!(terminal.ends(), 1);
    terminal.shows("cannot save the history in /no/such/folder/history: No such file or");
    let mut terminal = Terminal::start(1, &["--history", "/"]);
    assert_eq!(terminal.ends(), 2);
    terminal.shows("chat_client: cannot open /: Is a directory");
}

#[test]
fn a_device_without_an_end_is_no_history() {
    let (_server, mut caller, mut terminal) = chatting_with(&["--history", "/dev/zero"]);
    terminal.types("hello\r\x1b[A");
    caller.hears("hello");
    terminal.shows_prompt("[lobby] guest_1> hello");
    terminal.types("\x03\x04");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn the_history_is_kept_in_the_file_that_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("history");
    let options = ["--history", file.to_str().expect("a plain name")];
    let (_server, mut caller, mut terminal) = chatting_with(&options);
    terminal.types("remember me\r");
    caller.hears("remember me");
    terminal.types("\x04");
    assert_eq!(terminal.ends(), 0);
    let (_server, _caller, mut terminal) = chatting_with(&options);
    terminal.types("\x1b[A");
    terminal.shows_prompt("[lobby] guest_1> remember me");
}
