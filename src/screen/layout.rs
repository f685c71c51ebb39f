//! Where text goes on a terminal: how wide each character is, and where rows break.
//!
//! Terminals disagree about the width of emoji that are made of several characters: a family of three is
//! two columns wide in one terminal and six in another. So nothing here depends on the terminal's own
//! width. Such an emoji is written only where its widest form fits, and then the cursor is set to the
//! column that we count on.

use std::fmt::Write as _;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Writes text into rows of a fixed width.
pub(super) struct Pen {
    columns: usize,
    /// How far the rows after the first are indented.
    indent: usize,
    rows: Vec<String>,
    column: usize,
}

/// A piece of styled text.
enum Atom<'a> {
    /// Takes no room: an escape sequence or a bell.
    Control(&'a str),
    /// One character as a reader sees it.
    Cluster(&'a str),
}

impl Pen {
    /// A pen at the start of an empty row. A row holds at least two columns, so every character fits.
    pub(super) fn new(columns: usize, indent: usize) -> Self {
        let columns = columns.max(2);
        Self { columns, indent: indent.min(columns / 2), rows: vec![String::new()], column: 0 }
    }

    /// Where the next character goes: its row and its column.
    pub(super) fn position(&self) -> (usize, usize) {
        (self.rows.len() - 1, self.column)
    }

    /// Writes styled text; rows break wherever they are full.
    pub(super) fn write(&mut self, styled: &str) {
        for atom in atoms(styled) {
            match atom {
                Atom::Control(control) => self.row().push_str(control),
                Atom::Cluster("\n") => self.break_row(0),
                Atom::Cluster(cluster) => self.write_cluster(cluster),
            }
        }
    }

    /// Writes styled text; rows break between words where that is possible.
    pub(super) fn write_words(&mut self, styled: &str) {
        for word in styled.split_inclusive(' ') {
            let width: usize = clusters(word.trim_end_matches(' ')).map(widest).sum();
            if self.column > self.indent && self.column + width > self.columns {
                let length = self.row().trim_end_matches(' ').len();
                self.row().truncate(length);
                self.break_row(self.indent);
            }
            self.write(word);
        }
    }

    pub(super) fn into_rows(self) -> Vec<String> {
        self.rows
    }

    fn write_cluster(&mut self, cluster: &str) {
        if self.column + widest(cluster) > self.columns {
            if cluster == " " {
                return;
            }
            self.break_row(self.indent);
        }
        self.column += width(cluster);
        let next = self.column + 1;
        let row = self.row();
        row.push_str(cluster);
        if !is_certain(cluster) {
            // CHA sets the column, EL erases what a wider reading has drawn behind it (ECMA-48 §8.3.9, §8.3.41).
            let _ = write!(row, "\x1b[{next}G\x1b[K");
        }
    }

    fn break_row(&mut self, indent: usize) {
        self.rows.push(" ".repeat(indent));
        self.column = indent;
    }

    fn row(&mut self) -> &mut String {
        self.rows.last_mut().expect("there is always a row")
    }
}

/// The rows that styled text takes when it is wrapped at words. All but the first are indented.
pub(super) fn wrapped(styled: &str, columns: usize, indent: usize) -> Vec<String> {
    let mut pen = Pen::new(columns, indent);
    pen.write_words(styled);
    pen.into_rows()
}

/// How wide styled text is, in columns.
pub(crate) fn text_width(styled: &str) -> usize {
    clusters(styled).map(width).sum()
}

/// How many columns we count on for one character.
fn width(cluster: &str) -> usize {
    cluster.width()
}

/// How many columns a terminal may take for one character at most.
fn widest(cluster: &str) -> usize {
    if is_certain(cluster) {
        return width(cluster);
    }
    2 * cluster.chars().filter(|c| c.width() != Some(0)).count().max(1)
}

/// Whether all terminals agree on the width. They do for one character below the emoji in Unicode, with or
/// without accents.
fn is_certain(cluster: &str) -> bool {
    const JOINER: char = '\u{200d}';
    const EMOJI: char = '\u{1f000}';
    const SELECTORS: std::ops::RangeInclusive<char> = '\u{fe00}'..='\u{fe0f}';
    let mut chars = cluster.chars();
    chars.next().is_none_or(|first| first < EMOJI)
        && chars.all(|c| c.width() == Some(0) && c != JOINER && !SELECTORS.contains(&c))
}

fn clusters(styled: &str) -> impl Iterator<Item = &str> {
    atoms(styled).filter_map(|atom| match atom {
        Atom::Cluster(cluster) => Some(cluster),
        Atom::Control(_) => None,
    })
}

/// Cuts styled text into atoms. Control characters other than a newline take no room.
fn atoms(styled: &str) -> impl Iterator<Item = Atom<'_>> {
    let mut rest = styled;
    std::iter::from_fn(move || {
        let length = match rest.chars().next()? {
            '\x1b' => escape_length(rest),
            _ => rest.graphemes(true).next()?.len(),
        };
        let (atom, after) = rest.split_at(length);
        rest = after;
        let is_control = atom.starts_with(char::is_control) && atom != "\n";
        Some(if is_control { Atom::Control(atom) } else { Atom::Cluster(atom) })
    })
}

/// The length of the control sequence that `text` begins with, in bytes (ECMA-48 §5.4).
fn escape_length(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\x1b[") else { return 1 };
    let end = parameters.find(|c: char| ('@'..='~').contains(&c));
    end.map_or(text.len(), |end| 2 + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAMILY: &str = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";

    #[track_caller]
    fn check(text: &str, columns: usize, indent: usize, expected: &[&str]) {
        assert_eq!(wrapped(text, columns, indent), expected, "{text:?} in {columns}");
    }

    #[test]
    fn rows_break_between_words_and_are_indented() {
        check("", 10, 2, &[""]);
        check("one two", 10, 2, &["one two"]);
        check("one two three", 10, 2, &["one two", "  three"]);
        check("one two  three four", 10, 2, &["one two", "  three", "  four"]);
    }

    #[test]
    fn a_word_that_is_too_long_is_cut() {
        check("abcdefghijkl", 5, 0, &["abcde", "fghij", "kl"]);
        check("ab cdefghijkl", 5, 1, &["ab", " cdef", " ghij", " kl"]);
    }

    #[test]
    fn a_space_never_begins_a_row() {
        check("abcde fghij", 5, 0, &["abcde", "fghij"]);
    }

    #[test]
    fn wide_characters_are_not_cut_in_half() {
        check("你好吗", 5, 0, &["你好", "吗"]);
    }

    #[test]
    fn styles_take_no_room() {
        check("\x1b[1mab\x1b[0m cd\x07", 5, 0, &["\x1b[1mab\x1b[0m cd\x07"]);
    }

    #[test]
    fn an_emoji_of_uncertain_width_has_room_for_the_widest_reading() {
        assert_eq!((width(FAMILY), widest(FAMILY)), (2, 6));
        check(&format!("ab{FAMILY}c"), 10, 0, &[&format!("ab{FAMILY}\x1b[5G\x1b[Kc")]);
        check(&format!("abcde{FAMILY}"), 10, 0, &["abcde", &format!("{FAMILY}\x1b[3G\x1b[K")]);
    }

    #[test]
    fn only_characters_that_terminals_agree_on_are_certain() {
        for certain in ["a", "é", "e\u{301}", "你", "ß"] {
            assert!(is_certain(certain), "{certain}");
        }
        for uncertain in [FAMILY, "😄", "🇩🇪", "👍🏽", "❤\u{fe0f}", "1\u{fe0f}\u{20e3}"] {
            assert!(!is_certain(uncertain), "{uncertain}");
        }
    }
}
