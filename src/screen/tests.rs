//! What a person sees: a terminal draws what the screen has written.

use std::{num::NonZero, ops::Range};

use proptest::prelude::*;
use vt100::Parser;

use super::{Line, Live, Reflow, Screen};

/// A terminal, and our screen on it.
struct Pair {
    terminal: Parser,
    screen: Screen,
}

fn size(columns: u16, rows: u16) -> (NonZero<u16>, NonZero<u16>) {
    let number = |n| NonZero::new(n).expect("a size");
    (number(rows), number(columns))
}

fn live(text: &str, cursor: usize) -> Live {
    Live {
        prompt: "\x1b[2m[lobby]\x1b[0m bob> ".to_owned(),
        text: text.to_owned(),
        cursor,
        ..Live::default()
    }
}

fn line(text: &str) -> Line {
    Line { text: text.to_owned(), indent: 2 }
}

impl Pair {
    fn new(columns: u16, rows: u16) -> Self {
        let screen = Screen::new((columns, rows), Reflow::Keeps);
        let (height, width) = size(columns, rows);
        let mut pair = Self { terminal: Parser::new(height, width, 10_000), screen };
        pair.draw(&[], live("", 0));
        pair
    }

    fn draw(&mut self, lines: &[&str], live: Live) {
        let out = self.screen.draw(lines.iter().map(|text| line(text)), live);
        self.terminal.process(out.as_bytes());
    }

    fn resize(&mut self, columns: u16, rows: u16) {
        let (height, width) = size(columns, rows);
        self.terminal.screen_mut().set_size(height, width);
        let out = self.screen.resize((columns, rows));
        self.terminal.process(out.as_bytes());
    }

    /// The rows of the screen, without trailing spaces and empty rows at the end.
    fn rows(&self) -> Vec<String> {
        let (_, columns) = self.terminal.screen().size();
        let mut rows: Vec<_> =
            self.terminal.screen().rows(0, columns.get()).map(|row| row.trim_end().to_owned()).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows
    }

    /// Everything in the scrollback and on the screen.
    fn all(&mut self) -> String {
        let screen = self.terminal.screen_mut();
        screen.set_scrollback(usize::MAX);
        let (mut above, (height, columns)) = (screen.scrollback(), screen.size());
        let mut all = Vec::new();
        while above > 0 {
            screen.set_scrollback(above);
            let count = above.min(height.get().into());
            all.extend(screen.rows(0, columns.get()).take(count).map(|row| row.trim().to_owned()));
            above -= count;
        }
        screen.set_scrollback(0);
        all.extend(screen.rows(0, columns.get()).map(|row| row.trim().to_owned()));
        all.join(" ")
    }
}

#[test]
fn lines_appear_above_what_is_being_typed() {
    let mut pair = Pair::new(40, 10);
    pair.draw(&[], live("hel", 3));
    pair.draw(&["[lobby] alice: hi"], live("hel", 3));
    pair.draw(&["[lobby] alice: you?"], live("hell", 2));
    assert_eq!(pair.rows(), ["[lobby] alice: hi", "[lobby] alice: you?", "[lobby] bob> hell"]);
    assert_eq!(pair.terminal.screen().cursor_position(), (2, 15));
}

#[test]
fn a_line_that_becomes_shorter_leaves_nothing_behind() {
    let mut pair = Pair::new(20, 10);
    pair.draw(&[], live(&"x".repeat(50), 50));
    pair.draw(&[], live("y", 1));
    assert_eq!(pair.rows(), ["[lobby] bob> y"]);
}

#[test]
fn long_lines_are_wrapped_at_words_again_when_the_width_changes() {
    let mut pair = Pair::new(40, 10);
    pair.draw(&["[lobby] alice: one two three four five"], live("hi", 2));
    pair.resize(20, 10);
    assert_eq!(pair.rows(), ["[lobby] alice: one", "  two three four", "  five", "[lobby] bob> hi"]);
    pair.resize(60, 10);
    assert_eq!(pair.rows(), ["[lobby] alice: one two three four five", "[lobby] bob> hi"]);
}

#[test]
fn a_text_that_is_taller_than_the_terminal_shows_the_rows_around_the_cursor() {
    let mut pair = Pair::new(20, 4);
    let text: String = ('a'..='z').flat_map(|c| [c; 10]).collect();
    pair.draw(&[], live(&text, text.len()));
    assert!(pair.rows().last().is_some_and(|row| row.ends_with("zzz")), "{:?}", pair.rows());
    pair.draw(&[], live(&text, 0));
    assert!(pair.rows()[0].starts_with("[lobby] bob> aaa"), "{:?}", pair.rows());
    pair.draw(&["news"], live("", 0));
    assert_eq!(pair.rows(), ["news", "[lobby] bob>"]);
}

#[test]
fn the_rows_around_the_prompt_are_cut() {
    let mut pair = Pair::new(20, 5);
    let below = Some("lobby: 3 here, and a topic that is long".to_owned());
    let above = vec!["not said yet, and rather long".to_owned()];
    pair.draw(&[], Live { above, below, ..live("hi", 2) });
    assert_eq!(pair.rows(), ["not said yet, and", "[lobby] bob> hi", "lobby: 3 here, and"]);
    assert_eq!(pair.terminal.screen().cursor_position(), (1, 15));
    pair.draw(&["news"], live("", 0));
    assert_eq!(pair.rows(), ["news", "[lobby] bob>"]);
}

#[test]
fn lines_on_a_screen_that_is_cleared_go_to_the_scrollback() {
    let mut pair = Pair::new(40, 5);
    pair.draw(&["one", "two", "three"], live("hi", 2));
    let out = pair.screen.clear();
    pair.terminal.process(out.as_bytes());
    assert_eq!(pair.rows(), ["[lobby] bob> hi"]);
    assert!(pair.all().starts_with("one two three [lobby] bob> hi"), "{}", pair.all());
}

#[test]
fn an_emoji_that_the_terminal_draws_wider_erases_nothing() {
    let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
    let mut pair = Pair::new(20, 24);
    for count in 0..12 {
        let text = family.repeat(count) + "x";
        pair.draw(&["[lobby] alice: hi"], live(&text, text.len()));
    }
    assert_eq!(pair.rows()[..12], ["[lobby] alice: hi"; 12]);
}

#[derive(Clone, Debug)]
enum Event {
    Lines(Vec<String>),
    Typing(String, prop::sample::Index),
    Resize(u16, u16),
    Redraw,
    Clear,
}

/// Anything that can happen; the terminal has one of these widths.
fn events(widths: Range<u16>) -> impl Strategy<Value = Vec<Event>> {
    let word = prop_oneof!["[a-z]{1,12}", "[a-z]{25}", "你好", "👨\u{200d}👩\u{200d}👧", "é🇩🇪"];
    let text = prop::collection::vec(word, 0..12).prop_map(|words| words.join(" "));
    let event = prop_oneof![
        4 => prop::collection::vec(text.clone(), 1..4).prop_map(Event::Lines),
        4 => (text, any::<prop::sample::Index>()).prop_map(|(text, at)| Event::Typing(text, at)),
        1 => (widths, 4_u16..30).prop_map(|(columns, rows)| Event::Resize(columns, rows)),
        1 => Just(Event::Redraw),
        1 => Just(Event::Clear),
    ];
    prop::collection::vec(event, 1..40)
}

/// Lets all this happen in a terminal of 40 columns. Returns the numbers of the lines in the scrollback and
/// on the screen, in order, how many lines were shown, and whether the text that is being typed is whole.
fn play(events: Vec<Event>) -> (Vec<usize>, usize, bool) {
    let mut pair = Pair::new(40, 12);
    let (mut typed, mut number) = (live("", 0), 0);
    for event in events {
        match event {
            Event::Lines(lines) => {
                let numbered = |text| {
                    number += 1;
                    format!("#{number}. {text}")
                };
                let lines: Vec<_> = lines.into_iter().map(numbered).collect();
                pair.draw(&lines.iter().map(String::as_str).collect::<Vec<_>>(), typed.clone());
            }
            Event::Typing(text, at) => {
                let places: Vec<_> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
                typed = live(&text, places[at.index(places.len())]);
                pair.draw(&[], typed.clone());
            }
            Event::Resize(columns, rows) => pair.resize(columns, rows),
            Event::Redraw | Event::Clear => {
                let is_clear = matches!(event, Event::Clear);
                let out = if is_clear { pair.screen.clear() } else { pair.screen.redraw() };
                pair.terminal.process(out.as_bytes());
            }
        }
    }
    let all = pair.all();
    let is_number = |word: &str| word.strip_prefix('#')?.strip_suffix('.')?.parse().ok();
    let seen = all.split_whitespace().filter_map(is_number).collect();
    pair.resize(100, 30);
    let without_spaces = |text: &str| text.split_whitespace().collect::<String>();
    let prompt = without_spaces(&format!("[lobby] bob> {}", typed.text));
    // The terminal of this test draws emoji of several characters as several emoji.
    let is_plain = !typed.text.contains(['\u{200d}', '\u{1f1e9}']);
    (seen, number, !is_plain || without_spaces(&pair.rows().concat()).ends_with(&prompt))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// With any keys, lines and heights: every line is in the scrollback or on the screen once, in order,
    /// and the text that is being typed is whole.
    #[test]
    fn nothing_is_lost_or_doubled(events in events(40..41)) {
        let (seen, number, is_whole) = play(events);
        prop_assert_eq!(seen, (1..=number).collect::<Vec<_>>());
        prop_assert!(is_whole);
    }

    /// When the width changes too, nothing is lost either. A line of which only the end was visible is there
    /// a second time, as it is now.
    #[test]
    fn nothing_is_lost_when_the_width_changes(events in events(20..80)) {
        let (mut seen, number, is_whole) = play(events);
        seen.sort_unstable();
        seen.dedup();
        prop_assert_eq!(seen, (1..=number).collect::<Vec<_>>());
        prop_assert!(is_whole);
    }
}
