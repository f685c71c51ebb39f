//! `chat_client` in a real terminal, when the server or the user does not spare it.

use std::thread;

use super::{
    client_fates::marked,
    support::{
        FakeServer, Terminal,
        chatting::{PROMPT, WELCOME},
        terminal::cursor_row,
    },
};

#[test]
fn in_a_flood_of_200_000_lines_none_is_lost_and_every_key_is_taken() {
    const LINES: usize = 200_000;
    let (_server, mut caller, mut terminal) = marked(5);
    let flood = thread::Builder::new().spawn(move || {
        for number in (1..=LINES).step_by(100) {
            let lines = (number..number + 100).map(|number| format!("[lobby] bob: #{number}\n"));
            caller.sends(lines.collect::<String>().as_bytes());
        }
        caller
    });
    for _ in 0..50 {
        terminal.types("x");
    }
    let number = |row: &str| row.strip_prefix("[lobby] bob: #")?.parse().ok();
    // Each part has a deadline of its own, because a busy machine takes long for the whole.
    for part in (LINES / 20..=LINES).step_by(LINES / 20) {
        terminal.waits_until(&format!("line {part} is shown"), |screen| {
            screen.contents().lines().filter_map(number).max().is_some_and(|newest| newest >= part)
        });
    }
    let _caller = flood.expect("a thread").join().expect("the client takes it all");
    terminal.shows_prompt(&format!("{PROMPT}{}", "x".repeat(50)));
    let seen: Vec<usize> = terminal.everything().iter().filter_map(|row| number(row)).collect();
    assert!(seen.len() > 900, "the scrollback of the test holds 1000 rows");
    assert_eq!(seen, (LINES - seen.len() + 1..=LINES).collect::<Vec<_>>());
}

#[test]
fn whatever_the_user_is_doing_a_server_that_closes_is_noticed_and_the_line_is_kept() {
    for (keys, shown) in [
        ("", PROMPT),
        ("half typed\x1b[D", "[lobby] guest_1> half typed"),
        ("/wh\t", "[lobby] guest_1> /wh"),
        ("\x12no", "(failed search: no)"),
        ("\x1b[200~two\nlines\x1b[201~", "lines"),
        ("/login alice\rsecret", "Password: ******"),
    ] {
        let (server, caller, mut terminal) = marked(5);
        terminal.types(keys);
        terminal.shows_prompt(shown);
        drop(caller);
        terminal.shows("Connection lost. Reconnecting.");
        let mut caller = server.welcome();
        caller.hears_mark(7, 5);
        terminal.shows_prompt(shown);
    }
}

#[test]
fn a_server_that_closes_before_its_first_line_is_tried_again() {
    let server = FakeServer::start();
    let terminal = Terminal::start(server.port(), &[]);
    drop(server.accept());
    terminal.waits_until("a countdown is shown", |screen| cursor_row(screen).contains("reconnecting"));
    let mut caller = server.accept();
    caller.sends(b"half a line");
    drop(caller);
    terminal.shows("half a line");
    let _caller = server.welcome();
    terminal.shows_above(&["Connected again.", WELCOME]);
    terminal.shows_prompt(PROMPT);
}

#[test]
fn after_ctrl_z_and_fg_the_line_is_there_and_so_is_what_arrived_meanwhile() {
    let script = r#"set -m; "$0" "$@"; echo stopped; read line; fg > /dev/null"#;
    let shell = ["bash", "-c", script, env!("CARGO_BIN_EXE_chat_client")];
    let server = FakeServer::start();
    let options = ["--no-timestamps", "--color", "never"];
    let mut terminal = Terminal::start_as(&shell, server.port(), &options, "xterm-256color");
    let mut caller = server.welcome();
    terminal.types("half typed");
    terminal.shows_prompt(&format!("{PROMPT}half typed"));
    terminal.types("\x1a");
    terminal.shows("\nstopped");
    caller.says("[lobby] bob: meanwhile");
    terminal.types("\r");
    terminal.shows_above(&["[lobby] bob: meanwhile"]);
    terminal.shows_prompt(&format!("{PROMPT}half typed"));
    terminal.types("!\r");
    caller.hears("half typed!");
    terminal.types("\x04");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn a_pasted_text_of_100_kilobytes_is_sent_line_by_line() {
    const LINES: usize = 1000;
    let (_server, mut caller, mut terminal) = marked(5);
    let typing = thread::Builder::new().spawn(move || {
        let line = "x".repeat(99) + "\n";
        terminal.types(&format!("\x1b[200~{}\x1b[201~", line.repeat(LINES)));
        terminal.types("!\r");
        terminal
    });
    for number in 0..4 {
        caller.hears(&"x".repeat(99));
        caller.says(&format!("[lobby] guest_1: {}", "x".repeat(99)));
        caller.hears_mark(8 + number, 5);
    }
    let terminal = typing.expect("a thread").join().expect("the client takes it all");
    terminal.shows("waiting");
}
