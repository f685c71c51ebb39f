//! `chat_client` in a real terminal: every key that the README promises, while lines arrive.

use std::fs;

use super::{
    client_fates::marked,
    support::{Terminal, chatting::PROMPT, fake_server::Caller},
};

/// A key, what is typed before it, its bytes, and then the line. The bar is typed after the key, to show where the
/// cursor is. The earlier lines are `first` and `second`.
const KEYS: [(&str, &str, &str, &str); 18] = [
    ("Tab", "/mentio", "\t", "/mentions|"),
    ("Up", "draft", "\x1b[A", "second|"),
    ("Down", "draft\x1b[A", "\x1b[B", "draft|"),
    ("Ctrl-R", "", "\x12fi\x05", "first|"),
    ("Ctrl-A", "one two", "\x01", "|one two"),
    ("Ctrl-E", "one two\x01", "\x05", "one two|"),
    ("Ctrl-W", "one two", "\x17", "one |"),
    ("Ctrl-U", "one two\x1bb", "\x15", "|two"),
    ("Ctrl-K", "one two\x1bb", "\x0b", "one |"),
    ("Ctrl-Y", "one two\x17", "\x19", "one two|"),
    ("Ctrl-T", "one two", "\x14", "one tow|"),
    ("Alt-B", "one two", "\x1bb", "one |two"),
    ("Alt-F", "one two\x01", "\x1bf", "one| two"),
    ("Alt-D", "one two\x01", "\x1bd", "| two"),
    ("Ctrl-_", "one two", "\x1f", "one|"),
    ("Ctrl-L", "one two", "\x0c", "one two|"),
    ("Ctrl-C", "one two", "\x03", "|"),
    ("Ctrl-D", "one two\x01", "\x04", "|ne two"),
];

/// The keys in the README's table: `Ctrl-A, E, Alt-B` are three.
fn promised() -> Vec<String> {
    let readme = fs::read_to_string("README.md").expect("the README");
    let table = readme.split("\n| key | what it does |\n|---|---|\n").nth(1).expect("a table of keys");
    let rows = table.lines().map_while(|row| row.strip_prefix("| ")?.split_once(" | "));
    let mut modifier = "";
    let mut keys = Vec::new();
    for key in rows.flat_map(|(keys, _)| keys.split(", ")) {
        let is_letter = key.len() == 1;
        if !is_letter {
            modifier = key.split_once('-').map_or("", |(modifier, _)| modifier);
        }
        keys.push(if is_letter { format!("{modifier}-{key}") } else { key.to_owned() });
    }
    keys
}

/// A server's lines, which are numbered.
struct Lines {
    caller: Caller,
    said: usize,
}

impl Lines {
    fn arrive(&mut self) {
        for _ in 0..2 {
            self.said += 1;
            self.caller.says(&format!("[lobby] bob: #{}", self.said));
        }
    }

    /// Every line is in the scrollback or on the screen once, in order.
    #[track_caller]
    fn are_all_there(&self, terminal: &Terminal) {
        let seen: Vec<usize> = terminal
            .everything()
            .iter()
            .filter_map(|row| row.strip_prefix("[lobby] bob: #")?.parse().ok())
            .collect();
        assert_eq!(seen, (1..=self.said).collect::<Vec<_>>());
    }
}

/// Waits until this is the whole line that is being typed, in however many rows.
#[track_caller]
fn shows_typed(terminal: &Terminal, key: &str, line: &str) {
    let without_spaces = |text: &str| text.split_whitespace().collect::<String>();
    let wanted = without_spaces(&format!("{PROMPT}{line}lobby, 2 here"));
    terminal.waits_until(&format!("the line after {key} is {line:?}"), |screen| {
        let contents = without_spaces(&screen.contents());
        contents.rfind(&without_spaces(PROMPT)).is_some_and(|at| contents[at..].starts_with(&wanted))
    });
}

#[test]
fn every_key_does_what_the_readme_promises_while_lines_arrive() {
    assert_eq!(promised(), KEYS.map(|(name, ..)| name));
    for width in [20, 80] {
        let (_server, mut caller, mut terminal) = marked(5);
        terminal.widens_to(width);
        for (number, line) in ["first", "second"].into_iter().enumerate() {
            terminal.types(&format!("{line}\r"));
            caller.hears(line);
            caller.says(&format!("[lobby] guest_1: {line}"));
            caller.hears_mark(8 + number as u64, 5);
        }
        let mut lines = Lines { caller, said: 0 };
        for (name, before, key, after) in KEYS {
            terminal.types(before);
            lines.arrive();
            terminal.types(key);
            lines.arrive();
            terminal.types("|");
            lines.arrive();
            shows_typed(&terminal, name, after);
            terminal.types("\x03");
            shows_typed(&terminal, "Ctrl-C", "");
        }
        lines.arrive();
        terminal.shows(&format!("#{}", lines.said));
        lines.are_all_there(&terminal);
        terminal.types("\x04");
        assert_eq!(terminal.ends(), 0);
        lines.are_all_there(&terminal);
    }
}
