//! `chat_client` in a real terminal: what the user sees and types.

use rustix::process::Signal;

use super::support::{FakeServer, Server, Terminal, fake_server::Caller, terminal::cursor_row};

const WELCOME: &str = "Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.";
const PROMPT: &str = "[lobby] guest_1> ";

/// A client whose prompt is there.
#[track_caller]
fn chatting() -> (FakeServer, Caller, Terminal) {
    chatting_with(&[])
}

#[track_caller]
fn chatting_with(options: &[&str]) -> (FakeServer, Caller, Terminal) {
    let server = FakeServer::start();
    let terminal = Terminal::start(server.port(), options);
    let caller = server.welcome();
    terminal.shows_prompt(PROMPT);
    (server, caller, terminal)
}

#[test]
fn lines_arrive_above_what_is_being_typed() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("half typed");
    terminal.shows_prompt("[lobby] guest_1> half typed");
    caller.says("[lobby] bob: hello");
    terminal.shows_above(&[WELCOME, "[lobby] bob: hello"]);
    terminal.shows_prompt("[lobby] guest_1> half typed");
    terminal.types(" line\r");
    caller.hears("half typed line");
}

#[test]
fn the_prompt_follows_nickname_and_room_while_something_is_being_typed() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("to be or\x1b[D\x1b[D");
    caller.says("Nickname changed to 'alice'.");
    terminal.shows_prompt("[lobby] alice> to be or");
    caller.says("You joined room 'operations'.");
    terminal.shows_prompt("[operations] alice> to be or");
    caller.says("You returned to the lobby.");
    terminal.shows_prompt("[lobby] alice> to be or");
    terminal.types("not to be ");
    terminal.shows_prompt("[lobby] alice> to be not to be or");
    terminal.shows_above(&[
        WELCOME,
        "Nickname changed to 'alice'.",
        "You joined room 'operations'.",
        "You returned to the lobby.",
    ]);
}

#[test]
fn the_prompt_says_only_what_the_server_said() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("/nick bob\r");
    caller.hears("/nick bob");
    caller.says("Nickname 'bob' is already taken.");
    terminal.shows_above(&["Nickname 'bob' is already taken."]);
    terminal.shows_prompt(PROMPT);
}

#[test]
fn what_one_says_appears_once() {
    let (_server, mut caller, mut terminal) = chatting();
    for text in ["hello", &"long ".repeat(40), &"宽".repeat(90), "end"] {
        let text = text.trim_end();
        terminal.types(&format!("{text}\r"));
        caller.hears(text);
        terminal.shows_prompt(PROMPT);
        caller.says(&format!("[lobby] guest_1: {text}"));
    }
    terminal.shows_above(&["[lobby] guest_1: end"]);
    terminal.shows_prompt(PROMPT);
    let contents = terminal.contents();
    assert_eq!(contents.matches("guest_1: ").count(), 4, "{contents}");
    assert_eq!(contents.matches("long").count(), 40, "{contents}");
    assert_eq!(contents.matches('宽').count(), 90, "{contents}");
    assert_eq!(contents.matches("guest_1>").count(), 1, "{contents}");
}

#[test]
fn a_flood_of_lines_disturbs_nothing() {
    let (_server, mut caller, mut terminal) = chatting();
    for number in 0..50 {
        for line in 0..20 {
            caller.says(&format!("[lobby] bob: {number}.{line}"));
        }
        terminal.types("x");
    }
    terminal.shows_above(&["[lobby] bob: 49.17", "[lobby] bob: 49.18", "[lobby] bob: 49.19"]);
    terminal.shows_prompt(&format!("{PROMPT}{}", "x".repeat(50)));
    terminal.types("\r");
    caller.hears(&"x".repeat(50));
}

#[test]
fn enter_in_the_middle_of_a_flood_loses_and_doubles_nothing() {
    let (_server, mut caller, mut terminal) = chatting();
    for number in 0..40 {
        terminal.types(&format!("line {number}\r"));
        caller.says(&format!("[lobby] bob: {number}"));
        caller.says(if number % 2 == 0 { "You joined room 'ops'." } else { "You returned to the lobby." });
    }
    for number in 0..40 {
        caller.hears(&format!("line {number}"));
    }
    caller.says("done");
    terminal.shows_above(&[
        "[lobby] bob: 38",
        "You joined room 'ops'.",
        "[lobby] bob: 39",
        "You returned to the lobby.",
        "done",
    ]);
    terminal.shows_prompt(PROMPT);
    let contents = terminal.contents();
    assert!(!contents.contains("line"), "{contents}");
}

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
fn tab_completes_nicknames_by_asking_without_showing_the_answer() {
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
fn lines_come_back_with_the_up_key_also_after_the_prompt_has_changed() {
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
fn the_history_is_kept_in_a_file_if_one_is_named() {
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

#[test]
fn ctrl_c_clears_what_was_typed_and_otherwise_quits() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("oops\x03");
    terminal.shows_prompt(PROMPT);
    terminal.types("\x03");
    assert_eq!(terminal.ends(), 0);
    caller.hears_the_end();
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

/// What the user may be doing when the client ends: nothing, typing, reading a hint, searching.
const DOINGS: [(&str, &str); 4] =
    [("", PROMPT), ("half typed", "half typed"), ("/me", "/me <action>"), ("\x12ne", "`ne': one")];

#[test]
fn who_is_cut_off_on_purpose_is_told_why_and_does_not_reconnect() {
    for (keys, shown) in DOINGS {
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
    for (keys, shown) in DOINGS {
        let (_server, _caller, mut terminal) = chatting();
        terminal.types(&format!("one\r{keys}"));
        terminal.shows(shown.trim_end());
        terminal.signal(Signal::TERM);
        assert_eq!(terminal.ends(), 0);
    }
}

#[test]
fn a_lost_server_is_announced_at_once_and_found_again() {
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
fn a_server_that_stops_is_waited_for_until_it_is_back() {
    let (server, mut caller, mut terminal) = chatting();
    let port = server.port();
    drop(server);
    caller.says("Server shutting down.");
    drop(caller);
    terminal.waits_until("a countdown is shown", |screen| cursor_row(screen).contains("reconnecting"));
    terminal.types("are you there?\r");
    terminal.shows("Not connected: this was not sent.");
    terminal.waits_until("the first attempt has failed", |screen| cursor_row(screen).contains("in  2 s"));
    let server = FakeServer::start_on(port);
    let mut caller = server.welcome();
    terminal.shows_prompt("[lobby] guest_1> are you there?");
    terminal.types("\r");
    caller.hears("are you there?");
}

#[test]
fn the_real_server_can_be_restarted_under_its_clients() {
    let server = Server::start(&[]);
    let port = server.address().port();
    let mut terminal = Terminal::start(port, &["--nick", "alice", "--room", "ops"]);
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
fn what_was_said_in_the_last_moment_is_not_lost_in_silence() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("heard\rnot heard\r");
    caller.hears("heard");
    caller.hears("not heard");
    caller.says("[lobby] guest_1: heard");
    drop(caller);
    terminal.shows_above(&[
        "[lobby] guest_1: heard",
        "Perhaps nobody has heard this: not heard",
        "Connection lost. Reconnecting.",
    ]);
}

#[test]
fn after_a_reconnection_a_nickname_that_is_still_taken_is_asked_for_again() {
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

#[test]
fn who_does_not_want_to_wait_for_the_server_can_quit() {
    for keys in ["\x03", "\x04", "/quit\r"] {
        let (server, caller, mut terminal) = chatting();
        drop((server, caller));
        terminal.waits_until("a countdown is shown", |screen| cursor_row(screen).contains("reconnecting"));
        terminal.types(keys);
        assert_eq!(terminal.ends(), 0);
    }
}

#[test]
fn without_a_server_there_is_one_sentence_and_no_prompt() {
    let port = FakeServer::start().port();
    let mut terminal = Terminal::start(port, &[]);
    assert_eq!(terminal.ends(), 1);
    let contents = terminal.contents();
    assert!(
        contents.starts_with(&format!("chat_client: cannot connect to 127.0.0.1:{port}: ")),
        "{contents}"
    );
    assert_eq!(contents.lines().count(), 1, "{contents}");
}

#[test]
fn a_change_of_width_leaves_the_chat_and_the_text_whole() {
    let (_server, mut caller, mut terminal) = chatting();
    caller.says("[lobby] bob: before");
    terminal.types(&"0123456789".repeat(8));
    terminal.shows_prompt("34567890123456789");
    for width in [50, 100, 80] {
        terminal.widens_to(width);
        let typed = format!("{PROMPT}{}", "0123456789".repeat(8));
        terminal.shows_prompt(&typed[typed.len() - typed.len() % usize::from(width)..]);
        caller.says(&format!("[lobby] bob: width {width}"));
        terminal.shows(&format!("width {width}"));
    }
    terminal.types("\r");
    caller.hears(&"0123456789".repeat(8));
    terminal.shows_above(&[
        WELCOME,
        "[lobby] bob: before",
        "[lobby] bob: width 50",
        "[lobby] bob: width 100",
        "[lobby] bob: width 80",
    ]);
    terminal.shows_prompt(PROMPT);
    assert_eq!(terminal.contents().matches("guest_1>").count(), 1, "{}", terminal.contents());
}

#[test]
fn who_is_named_hears_a_bell() {
    let (_server, mut caller, terminal) = chatting();
    caller.says("[lobby] bob: guest_1 is here");
    caller.says("[Whisper from bob]: psst");
    caller.says("[lobby] bob: and guest_11, too");
    caller.says("[lobby] guest_1: I am guest_1");
    terminal.shows_above(&["[lobby] guest_1: I am guest_1"]);
    assert_eq!(terminal.bells(), 2);
}

#[test]
fn nicknames_have_colours_unless_told_otherwise() {
    let color_of_bob = |options: &[&str]| {
        let server = FakeServer::start();
        let terminal = Terminal::start_with(server.port(), options, "xterm-256color");
        server.welcome().says("* bob waves");
        terminal.shows("* bob waves");
        let screen = terminal.screen();
        let column = u16::try_from("00:00 * ".len()).unwrap();
        let cells = (0..24).filter_map(|row| screen.cell(row, column));
        let bob = cells.into_iter().find(|cell| cell.contents() == "b").expect("bob is shown");
        bob.fgcolor()
    };
    assert_ne!(color_of_bob(&[]), vt100::Color::Default);
    assert_eq!(color_of_bob(&[]), color_of_bob(&["--color", "always"]), "always the same");
    assert_eq!(color_of_bob(&["--color", "never"]), vt100::Color::Default);
}

#[test]
fn lines_have_their_time() {
    let server = FakeServer::start();
    let terminal = Terminal::start_with(server.port(), &[], "xterm-256color");
    let _caller = server.welcome();
    terminal.shows(" Welcome!");
    let contents = terminal.contents();
    let (time, _) = contents.trim_start().split_once(" Welcome!").expect("the first line");
    assert!(time.len() == 5 && time.as_bytes()[2] == b':', "{time}");
}

#[test]
fn a_server_cannot_steer_the_terminal() {
    let (_server, mut caller, terminal) = chatting();
    caller.says("\x1b[2J\x1b[H\x1b]0;owned\x07[lobby] bob: \u{9b}31mred\x1b[?1049h");
    caller.sends(b"\xff\xfe\n");
    caller.sends(&b"x".repeat(1 << 20));
    caller.says("");
    caller.says("ok");
    terminal.shows_above(&["ok"]);
    terminal.shows("[the rest of this line is missing: it was too long]");
    assert!(!terminal.screen().alternate_screen());
    assert_eq!(terminal.bells(), 0);
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_is_treated_as_a_pipe() {
    let server = FakeServer::start();
    let mut terminal = Terminal::start_with(server.port(), &[], "dumb");
    let mut caller = server.welcome();
    terminal.shows(WELCOME);
    terminal.types("hello\r");
    caller.hears("hello");
    caller.says("[lobby] guest_1: hello");
    terminal.shows("[lobby] guest_1: hello");
    assert!(!terminal.contents().contains("guest_1>"), "{}", terminal.contents());
}

#[test]
fn tab_makes_the_emoji_that_the_hint_shows() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("hi :smi");
    terminal.shows_prompt("[lobby] guest_1> hi :smile: 😄");
    terminal.types("\t");
    terminal.shows_prompt("[lobby] guest_1> hi :smile:");
    terminal.shows("😄 :smile:  😏 :smirk:  😃 :smiley:  😸 :smile_cat:  ");
    terminal.types("\r");
    caller.hears("hi :smile:");
}
