//! A text that is being typed, and the cursor in it.

use unicode_segmentation::UnicodeSegmentation as _;

/// The text. The cursor is always between two characters as a reader sees them (grapheme clusters).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buffer {
    text: String,
    cursor: usize,
}

/// How far the cursor moves, or how far text is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Motion {
    Back,
    Forward,
    WordBack,
    WordForward,
    /// To the space before the word.
    BackToSpace,
    Start,
    End,
}

impl Buffer {
    /// A text with the cursor at its end.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), cursor: text.len() }
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the cursor is, as a byte offset.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Replaces what is between `start` (a byte offset, not after the cursor) and the cursor.
    pub fn replace(&mut self, start: usize, with: &str) {
        self.text.replace_range(start..self.cursor, with);
        self.cursor = start + with.len();
        self.settle();
    }

    pub(super) fn insert(&mut self, text: &str) {
        self.replace(self.cursor, text);
    }

    pub(super) fn go(&mut self, motion: Motion) {
        self.cursor = self.target(motion);
    }

    /// Removes the text up to there, and returns it.
    pub(super) fn remove(&mut self, motion: Motion) -> String {
        let target = self.target(motion);
        let range = target.min(self.cursor)..target.max(self.cursor);
        self.cursor = range.start;
        let removed = self.text.drain(range).collect();
        self.settle();
        removed
    }

    /// Swaps the two characters before the cursor; in the middle of the text, those around it.
    pub(super) fn transpose(&mut self) {
        if self.cursor < self.text.len() {
            self.go(Motion::Forward);
        }
        let end = self.cursor;
        self.go(Motion::Back);
        let second = self.text[self.cursor..end].to_owned();
        self.text.replace_range(self.cursor..end, "");
        self.go(Motion::Back);
        self.text.insert_str(self.cursor, &second);
        self.cursor = end;
        self.settle();
    }

    fn target(&self, motion: Motion) -> usize {
        let (before, after) = self.text.split_at(self.cursor);
        let forward = |length: Option<usize>| length.map_or(self.text.len(), |length| self.cursor + length);
        match motion {
            Motion::Back => before.grapheme_indices(true).next_back().map_or(0, |(at, _)| at),
            Motion::Forward => forward(after.graphemes(true).next().map(str::len)),
            Motion::WordBack => before.unicode_word_indices().next_back().map_or(0, |(at, _)| at),
            Motion::WordForward => {
                forward(after.unicode_word_indices().next().map(|(at, word)| at + word.len()))
            }
            Motion::BackToSpace => {
                let word = before.trim_end();
                word.rfind(char::is_whitespace)
                    .map_or(0, |space| space + word[space..].chars().next().map_or(0, char::len_utf8))
            }
            Motion::Start => 0,
            Motion::End => self.text.len(),
        }
    }

    /// If two pieces have become one character where they meet, moves the cursor behind it.
    fn settle(&mut self) {
        let is_boundary = |&(at, _): &(usize, &str)| at >= self.cursor;
        let next = self.text.grapheme_indices(true).find(is_boundary);
        self.cursor = next.map_or(self.text.len(), |(at, _)| at);
    }
}

#[cfg(test)]
mod tests {
    use super::{Motion::*, *};

    /// A text with `|` where the cursor is.
    fn buffer(text: &str) -> Buffer {
        let cursor = text.find('|').expect("a cursor");
        Buffer { text: text.replacen('|', "", 1), cursor }
    }

    #[track_caller]
    fn check(before: &str, edit: impl FnOnce(&mut Buffer), after: &str) {
        let mut edited = buffer(before);
        edit(&mut edited);
        let Buffer { text, cursor } = edited;
        assert_eq!(format!("{}|{}", &text[..cursor], &text[cursor..]), after, "{before}");
    }

    #[test]
    fn the_cursor_moves_by_what_a_reader_sees() {
        check("ae\u{301}|", |b| b.go(Back), "a|e\u{301}");
        check("|👨\u{200d}👩\u{200d}👧x", |b| b.go(Forward), "👨\u{200d}👩\u{200d}👧|x");
        check("🇩🇪🇫🇷|", |b| b.go(Back), "🇩🇪|🇫🇷");
        check("|", |b| b.go(Back), "|");
        check("|", |b| b.go(Forward), "|");
    }

    #[test]
    fn the_cursor_moves_by_words() {
        check("one, two|", |b| b.go(WordBack), "one, |two");
        check("one, |two", |b| b.go(WordBack), "|one, two");
        check("|one, two", |b| b.go(WordForward), "one|, two");
        check("one|, two!", |b| b.go(WordForward), "one, two|!");
        check("...|", |b| b.go(WordBack), "|...");
    }

    #[test]
    fn text_is_removed_up_to_where_the_cursor_would_go() {
        check("hi 👍🏽|", |b| drop(b.remove(Back)), "hi |");
        check("one two-three|", |b| drop(b.remove(BackToSpace)), "one |");
        check("one two  |", |b| drop(b.remove(BackToSpace)), "one |");
        check("one |two", |b| drop(b.remove(End)), "one |");
        check("one |two", |b| drop(b.remove(Start)), "|two");
        check("|x", |b| drop(b.remove(Forward)), "|");
    }

    #[test]
    fn characters_that_become_one_keep_the_cursor_outside() {
        check("e|x", |b| b.insert("\u{301}"), "e\u{301}|x");
        check("|\u{301}x", |b| b.insert("e"), "e\u{301}|x");
        check("👨|👩", |b| b.insert("\u{200d}"), "👨\u{200d}👩|");
    }

    #[test]
    fn two_characters_change_places() {
        check("ab|", Buffer::transpose, "ba|");
        check("a|b", Buffer::transpose, "ba|");
        check("a|", Buffer::transpose, "a|");
        check("|", Buffer::transpose, "|");
    }
}
