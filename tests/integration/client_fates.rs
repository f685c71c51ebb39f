//! `chat_client` in a real terminal: what becomes of each line, and what was missed.

use super::support::{
    FakeServer, Piped, Server, Terminal,
    chatting::{PROMPT, WELCOME},
    fake_server::Caller,
    terminal::cursor_row,
};

const GREETING: &str = "Here: bob, guest_1. Type /help for the commands.";

/// A client in a terminal, and a server that knows marks and lets it say so many lines at once.
#[track_caller]
pub(crate) fn marked(left: u32) -> (FakeServer, Caller, Terminal) {
    let server = FakeServer::start();
    let terminal = Terminal::start(server.port(), &[]);
    let mut caller = server.welcome();
    caller.hears_mark(7, left);
    caller.hears("/users");
    caller.hears("/topic");
    caller.says("Users in lobby: bob, guest_1");
    caller.says("No topic is set in 'lobby'.");
    terminal.shows_above(&[GREETING]);
    terminal.shows("lobby, 2 here");
    terminal.shows_prompt(PROMPT);
    (server, caller, terminal)
}

#[test]
fn whatever_key_was_pressed_lines_that_arrive_are_shown() {
    let (_server, mut caller, mut terminal) = marked(5);
    for (number, keys) in
        ["\t", "\x12", "\x16", "\x1b", "\x18", "\x1b3", "\x1b[", "/w bo\t"].into_iter().enumerate()
    {
        terminal.types(keys);
        caller.says(&format!("[lobby] bob: after key {number}"));
        terminal.shows(&format!("[lobby] bob: after key {number}"));
    }
}

#[test]
fn a_line_is_dim_above_the_prompt_until_the_server_has_said_it() {
    let (_server, mut caller, mut terminal) = marked(5);
    terminal.types("hello\r");
    caller.hears("hello");
    terminal.shows_above(&["hello"]);
    caller.says("[lobby] guest_1: hello");
    terminal.shows_above(&["[lobby] guest_1: hello"]);
    caller.hears_mark(8, 4);
    terminal.shows_prompt(PROMPT);
}

#[test]
fn a_refused_line_is_told() {
    let (_server, mut caller, mut terminal) = marked(5);
    terminal.types("hello\r");
    caller.hears("hello");
    caller.says("You are muted.");
    caller.hears_mark(7, 5);
    terminal.shows_above(&["You are muted.", "Not delivered: hello"]);
}

#[test]
fn pasted_lines_wait_for_the_servers_pace() {
    let (_server, mut caller, mut terminal) = marked(1);
    terminal.types("\x1b[200~one\ntwo\nthree\x1b[201~\r");
    for (number, line) in ["one", "two", "three"].into_iter().enumerate() {
        caller.hears(line);
        caller.says(&format!("[lobby] guest_1: {line}"));
        caller.hears_mark(8 + number as u64, 0);
    }
    terminal.shows_above(&["[lobby] guest_1: one", "[lobby] guest_1: two", "[lobby] guest_1: three"]);
}

#[test]
fn after_a_lost_connection_only_what_was_missed_is_shown() {
    let (server, mut caller, terminal) = marked(5);
    caller.says("[lobby] bob: heard");
    terminal.shows_above(&["[lobby] bob: heard"]);
    drop(caller);
    terminal.waits_until("it has noticed", |screen| cursor_row(screen).contains("reconnecting"));
    let mut caller = server.welcome();
    caller.says("2026-11-21 09:00 [lobby] bob: old");
    caller.hears_mark(9, 5);
    caller.hears("/users");
    caller.hears("/topic");
    caller.hears("/missed 7");
    caller.says("2026-11-21 09:01 [lobby] bob: heard");
    caller.says("2026-11-21 09:02 [lobby] bob: missed");
    caller.hears_mark(9, 5);
    terminal.shows_above(&["-- 1 missed --", "2026-11-21 09:02 [lobby] bob: missed"]);
    let contents = terminal.contents();
    assert!(!contents.contains("old") && contents.matches("bob: heard").count() == 1, "{contents}");
}

#[test]
fn what_was_under_way_at_the_end_of_the_connection_is_told() {
    let (_server, mut caller, mut terminal) = marked(5);
    terminal.types("/me waves\r/w bob psst\r");
    caller.hears("/me waves");
    caller.next_line_or_mark();
    caller.hears("/w bob psst");
    drop(caller);
    terminal.shows("This may not have arrived: /me waves");
    terminal.shows("This may not have arrived: /w bob psst");
}

#[test]
fn quitting_does_not_wait_for_a_server_that_is_silent() {
    let (_server, _caller, mut terminal) = marked(5);
    terminal.types("/quit\r");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn lines_that_still_wait_when_the_user_quits_are_told() {
    let (_server, mut caller, mut terminal) = marked(1);
    terminal.types("\x1b[200~one\ntwo\n/login bob correct-horse\x1b[201~\r");
    caller.hears("one");
    terminal.types("/quit\r");
    caller.hears("/quit");
    caller.says("Goodbye!");
    assert_eq!(terminal.ends(), 0);
    let told = [
        "Goodbye!",
        "This may not have arrived: one",
        "Not delivered: two",
        "Not delivered: /login bob *************",
    ];
    let contents = terminal.contents();
    assert!(contents.ends_with(&told.join("\n")), "{contents}");
}

#[test]
fn ctrl_c_asks_again_while_a_line_is_not_said_yet() {
    let (_server, _caller, mut terminal) = marked(5);
    terminal.types("hello\r\x03");
    terminal.shows("Press Ctrl-C again to quit: a line has not been delivered yet.");
    terminal.types("\x03");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn an_emoji_of_several_characters_in_the_line_erases_nothing() {
    let (_server, mut caller, mut terminal) = marked(5);
    let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
    caller.says("[lobby] bob: above");
    for emoji in [family, "🇩🇪", "👍🏽", "❤\u{fe0f}", "e\u{301}"] {
        terminal.types(&format!("{}x", emoji.repeat(30)));
        terminal.shows("x\nlobby, 2 here");
        terminal.types("\x15");
        terminal.shows_prompt(PROMPT);
    }
    terminal.shows_above(&[WELCOME, GREETING, "[lobby] bob: above"]);
}

#[test]
fn long_lines_are_wrapped_at_words() {
    let (_server, mut caller, terminal) = marked(5);
    caller.says(&format!("[lobby] bob: {}", "word ".repeat(20).trim_end()));
    terminal.shows_above(&[
        "[lobby] bob: word word word word word word word word word word word word word",
        "             word word word word word word word",
    ]);
}

#[test]
fn twelve_lines_on_a_pipe_are_all_said() {
    let server = Server::start(&[]);
    let mut client = Piped::start(server.address().port(), &[]);
    let lines: Vec<_> = (1..=12).map(|number| number.to_string()).collect();
    client.is_given(&(lines.join("\n") + "\n"));
    client.input = None;
    let (status, output, errors) = client.ends();
    let said: Vec<_> = output.lines().filter_map(|line| line.strip_prefix("[lobby] guest_1: ")).collect();
    assert_eq!((status, said, errors.as_str()), (Some(0), lines.iter().map(String::as_str).collect(), ""));
}

#[test]
fn a_refused_line_on_a_pipe_is_told_with_a_status() {
    let server = Server::start(&[]);
    let mut client = Piped::start(server.address().port(), &[]);
    client.is_given(&format!("fine\n{}\n", "x".repeat(2000)));
    client.input = None;
    let (status, output, errors) = client.ends();
    assert!(output.contains("guest_1: fine\n"), "{output}");
    assert_eq!(status, Some(1));
    assert!(errors.starts_with("Not delivered, because the server refused it: xxx"), "{errors}");
    assert!(errors.ends_with("chat_client: a line was not delivered\n"), "{errors}");
}

#[test]
fn on_a_pipe_nothing_is_said_under_another_name() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let mut client = Piped::start(server.address().port(), &["--nick", "alice"]);
    client.is_given("hello\n");
    client.input = None;
    let (status, output, errors) = client.ends();
    assert_eq!((status, output.contains("hello")), (Some(1), false));
    assert_eq!(errors, "chat_client: the nickname is taken, so nothing was sent\n");
    alice.hears("guest_1 has joined the chat!");
    alice.hears("guest_1 has left the chat.");
}

#[test]
fn the_users_are_counted_in_another_room_too() {
    let (_server, mut caller, mut terminal) = marked(5);
    terminal.types("/join ops\r");
    caller.hears("/join ops");
    caller.says("You joined room 'ops'.");
    caller.hears("/users");
    caller.says("Users in ops: alice, bob, guest_1");
    terminal.shows("ops, 3 here");
    assert!(!terminal.contents().contains("Users in"), "{}", terminal.contents());
}

#[test]
fn on_a_pipe_nothing_is_said_under_another_name_when_the_nickname_needs_a_password() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.says("/register correct-horse");
    alice.hears("Registration successful.");
    alice.says("/nick bob");
    for (input, status, told) in [
        (
            "hello\n",
            Some(1),
            "chat_client: the nickname is registered, so nothing was sent. Begin with /login\n",
        ),
        ("/login alice correct-horse\nhello\n", Some(0), ""),
    ] {
        let mut client = Piped::start(server.address().port(), &["--nick", "alice"]);
        client.is_given(input);
        client.input = None;
        let (ended, output, errors) = client.ends();
        assert_eq!((ended, errors.as_str()), (status, told), "{output}");
        assert!(!output.contains("guest_1: hello"), "{output}");
    }
}

#[test]
fn what_the_user_says_is_never_marked_as_unread() {
    let (_server, mut caller, mut terminal) = marked(5);
    terminal.types("\x1b[Ohello\r");
    caller.hears("hello");
    caller.says("[lobby] guest_1: hello");
    terminal.shows_above(&[GREETING, "[lobby] guest_1: hello"]);
}

#[test]
fn in_twenty_columns_everything_fits() {
    let (_server, mut caller, mut terminal) = marked(5);
    terminal.widens_to(20);
    caller.says("[lobby] bob: one two three");
    terminal.shows("[lobby] bob: one\n         two three");
    terminal.types("half a line that is long");
    terminal.shows("[lobby] guest_1> ha\nlf a line that is l\nong\nlobby, 2 here");
    caller.says("* bob waves");
    terminal.shows("* bob waves\n[lobby] guest_1> ha");
}

#[test]
fn a_notice_of_the_client_during_a_flood_blocks_nothing() {
    let (_server, mut caller, mut terminal) = marked(5);
    for number in 0..40 {
        caller.says(&"[lobby] bob: flood\n".repeat(100));
        terminal.types(&format!("/sendfile 9 {number}\r"));
    }
    caller.says("done");
    terminal.types("/sendfile 9 x\r");
    terminal.shows("'9' is not a valid nickname. Usage: /sendfile <user> <path>");
    terminal.shows("done");
}
