//! `chat_client` in a real terminal: the lines and the prompt.

use super::support::{
    FakeServer, Terminal,
    chatting::{PROMPT, WELCOME, chatting},
};

#[test]
fn lines_are_shown_above_the_half_typed_line() {
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
fn the_prompt_follows_nickname_and_room_while_the_user_types() {
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
fn the_prompt_shows_only_what_the_server_said() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("/nick bob\r");
    caller.hears("/nick bob");
    caller.says("Nickname 'bob' is already taken.");
    terminal.shows_above(&["Nickname 'bob' is already taken."]);
    terminal.shows_prompt(PROMPT);
}

#[test]
fn your_own_line_is_shown_once() {
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
fn a_flood_of_lines_does_not_disturb_the_half_typed_line() {
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
fn enter_during_a_flood_neither_loses_nor_repeats_a_line() {
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
fn a_change_of_width_keeps_the_chat_and_the_half_typed_line() {
    let (_server, mut caller, mut terminal) = chatting();
    caller.says("[lobby] bob: before");
    terminal.types(&"0123456789".repeat(8));
    terminal.shows_prompt("234567890123456789");
    for width in [50, 100, 80] {
        terminal.widens_to(width);
        let typed = format!("{PROMPT}{}", "0123456789".repeat(8));
        terminal.shows_prompt(&typed[typed.len() - typed.len() % usize::from(width - 1)..]);
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
fn a_mention_rings_the_bell() {
    let (_server, mut caller, terminal) = chatting();
    caller.says("[lobby] bob: guest_1 is here");
    caller.says("[Whisper from bob]: psst");
    caller.says("[lobby] bob: and guest_11, too");
    caller.says("[lobby] guest_1: I am guest_1");
    terminal.shows_above(&["[lobby] guest_1: I am guest_1"]);
    assert_eq!(terminal.bells(), 2);
}

#[test]
fn mentions_that_are_shown_again_do_not_look_like_new_messages() {
    let (_server, mut caller, mut terminal) = chatting();
    terminal.types("/mentions\r");
    terminal.shows_above(&["No mentions yet."]);
    caller.says("[lobby] bob: guest_1 is here");
    terminal.shows_above(&["[lobby] bob: guest_1 is here"]);
    terminal.types("/mentions\r");
    let mention = "[lobby] bob: guest_1 is here";
    terminal.shows_above(&[mention, "-- mentions --", mention, "-- end --"]);
}

#[test]
fn nicknames_have_colours_unless_the_user_wants_none() {
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
fn each_line_shows_its_time() {
    let server = FakeServer::start();
    let terminal = Terminal::start_with(server.port(), &[], "xterm-256color");
    let _caller = server.welcome();
    terminal.shows(" Welcome!");
    let contents = terminal.contents();
    let (time, _) = contents.trim_start().split_once(" Welcome!").expect("the first line");
    assert!(time.len() == 5 && time.as_bytes()[2] == b':', "{time}");
}

#[test]
fn a_server_cannot_control_the_terminal() {
    let (_server, mut caller, terminal) = chatting();
    caller.says("\x1b[2J\x1b[H\x1b]0;owned\x07[lobby] bob: \u{9b}31mred\x1b[?1049h");
    caller.sends(b"\xff\xfe\n");
    caller.sends(&b"x".repeat(1 << 20));
    caller.says("");
    caller.says("ok");
    terminal.shows_above(&["ok"]);
    terminal.shows("[line too long: the rest is\nmissing]");
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
