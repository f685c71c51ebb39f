//! `chat_client` in a real terminal of any size, and of a size that changes all the time.

use super::{client_fates::marked, support::chatting::PROMPT};

#[test]
fn a_key_that_is_pressed_while_the_size_changes_is_not_late() {
    let (_server, mut caller, mut terminal) = marked(5);
    for number in 0..200 {
        terminal.resizes_to(60 + number % 40, 24);
        terminal.types("x\r");
        caller.hears("x");
        caller.says("[lobby] guest_1: x");
        caller.hears_mark(8, 5);
    }
}

#[test]
fn a_terminal_of_any_size_shows_the_end_of_the_line_that_is_typed() {
    for (columns, rows) in [(1, 1), (2, 2), (20, 3), (500, 200)] {
        let (_server, mut caller, mut terminal) = marked(5);
        terminal.resizes_to(columns, rows);
        for number in 0..50 {
            caller.says(&format!("[lobby] bob: {number}"));
            terminal.types("xy");
        }
        terminal.types("\x15你好 \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\x1b[D\x1b[D\x05!\r");
        caller.hears("你好 \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}!");
        terminal.resizes_to(80, 24);
        caller.says("[lobby] guest_1: 你好!");
        caller.hears_mark(8, 5);
        terminal.shows_prompt(PROMPT);
        terminal.shows_above(&["[lobby] guest_1: 你好!"]);
    }
}
