//! `chat_client` in a real terminal: completion, history and pasted text.

use super::support::chatting::{PROMPT, WELCOME, chatting, chatting_with};

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

#[test]
fn tab_asks_the_server_for_nicknames_and_hides_the_answer() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("/w al\t");
    caller.hears("/users");
    caller.says("Users in lobby: alice, bob, guest_1");
    terminal.shows_prompt("[lobby] guest_1> /w alice <message>");
    terminal.types("hi\r");
    caller.hears("/w alice hi");
    terminal.types("b\t");
    terminal.shows_prompt("[lobby] guest_1> bob:");
    terminal.types("\x15/join o\t");
    caller.hears("/rooms");
    caller.says("Active rooms: lobby, ops");
    terminal.shows_prompt("[lobby] guest_1> /join ops");
    terminal.types("\x15/users\r");
    caller.hears("/users");
    caller.says("Users in lobby: alice, bob, guest_1");
    terminal.shows_above(&[WELCOME, "Users in lobby: alice, bob, guest_1"]);
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
