//! Emoji by their names: `:smile:` becomes 😄.
//!
//! The names are the usual shortcodes and a few of our own. Each word is replaced on its own, in one
//! pass without backtracking, so the cost of a line is proportional to its length.

use std::borrow::Cow;

/// One emoji.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emoji {
    /// The name, without the colons.
    pub name: &'static str,
    /// The character or characters that are shown.
    pub picture: &'static str,
}

/// Names that users try but the usual set lacks. None of them replaces a name in that set.
const ALIASES: [Emoji; 7] = [
    Emoji { name: "sad", picture: "😢" },
    Emoji { name: "laugh", picture: "😂" },
    Emoji { name: "check", picture: "✅" },
    Emoji { name: "party", picture: "🎉" },
    Emoji { name: "game", picture: "🎮" },
    Emoji { name: "music", picture: "🎵" },
    Emoji { name: "code", picture: "💻" },
];

/// The emoji that are listed if the user searches for none.
#[rustfmt::skip]
const FAVOURITES: [&str; 21] = [
    "smile", "sad", "laugh", "heart", "thumbsup", "thumbsdown", "fire", "star", "check", "x", "thinking",
    "cool", "party", "rocket", "coffee", "pizza", "game", "music", "book", "code", "wave",
];

/// The longest name, in bytes; a test checks it.
const LONGEST_NAME: usize = 40;

/// Replaces each name between colons by its emoji. A text without a colon is returned as it is.
///
/// Times, links and code stay as they are: a word that contains `://` is unchanged, and so is a name
/// after a digit, or with letters or colons on both sides, as in `10:100:00`, `a:x:b` or
/// `std::key::Key`. In scripts that are written without spaces, letters may stand on both sides.
pub fn expand(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b':', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut expanded = String::with_capacity(text.len());
    for word in text.split_inclusive(' ') {
        expanded.extend(Pieces::new(word).map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Picture(picture) => picture,
        }));
    }
    Cow::Owned(expanded)
}

/// Finds the emoji with this name, in any case.
pub fn named(name: &str) -> Option<Emoji> {
    if let Some(&alias) = ALIASES.iter().find(|alias| alias.name.eq_ignore_ascii_case(name)) {
        return Some(alias);
    }
    let mut lower = [0; LONGEST_NAME];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    let lower = str::from_utf8(lower).ok()?;
    let emoji = emojis::get_by_shortcode(lower)?;
    let name = emoji.shortcodes().find(|&name| name == lower)?;
    Some(Emoji { name, picture: emoji.as_str() })
}

/// Every emoji, once for each of its names.
pub fn all() -> impl Iterator<Item = Emoji> {
    let known = emojis::iter()
        .flat_map(|emoji| emoji.shortcodes().map(|name| Emoji { name, picture: emoji.as_str() }));
    ALIASES.into_iter().chain(known)
}

/// The unfinished name at the end of a word, with its colon.
pub fn half_typed(word: &str) -> Option<&str> {
    match Pieces::new(word).last()? {
        Piece::Text(text) if text.len() > 1 && text.starts_with(':') => Some(text),
        Piece::Text(_) | Piece::Picture(_) => None,
    }
}

/// The result of a search, of bounded size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The word searched for; `None` lists some favourites.
    pub word: Option<Box<str>>,
    /// The first matches.
    pub shown: Vec<Emoji>,
    /// The number of matches not shown.
    pub more: usize,
}

impl Found {
    /// The largest number of emoji shown.
    pub const MAX: usize = 50;

    /// Finds the emoji whose names contain a word, in any case. Names that start with it come first,
    /// and shorter names before longer ones. Without a word, it returns some favourites.
    pub fn search(word: &str) -> Self {
        let word = word.trim();
        if word.is_empty() {
            let shown: Vec<_> = FAVOURITES.iter().filter_map(|name| named(name)).collect();
            return Self { word: None, more: all().count() - shown.len(), shown };
        }
        let wanted = word.trim_matches(':').to_ascii_lowercase().replace(' ', "_");
        let mut shown: Vec<_> = all().filter(|emoji| emoji.name.contains(&wanted)).collect();
        shown.sort_by_key(|emoji| (!emoji.name.starts_with(&wanted), emoji.name.len()));
        let more = shown.len().saturating_sub(Self::MAX);
        shown.truncate(Self::MAX);
        Self { word: Some(word.into()), shown, more }
    }
}

/// A part of a word.
#[derive(Clone, Copy)]
enum Piece<'a> {
    /// Text that stays as it is. Only its first character can be a colon.
    Text(&'a str),
    /// An emoji in place of its name and colons.
    Picture(&'static str),
}

struct Pieces<'a> {
    rest: &'a str,
    before: Side,
    /// A link is a single piece.
    is_link: bool,
}

/// The character next to a name and its colons.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Nothing, or a character that is not one of the others.
    Free,
    /// A letter of A–Z.
    Letter,
    Digit,
    Colon,
}

impl Side {
    fn of(byte: Option<&u8>) -> Self {
        match byte {
            Some(b':') => Self::Colon,
            Some(b'0'..=b'9') => Self::Digit,
            Some(b'_' | b'a'..=b'z' | b'A'..=b'Z') => Self::Letter,
            _ => Self::Free,
        }
    }
}

impl<'a> Pieces<'a> {
    fn new(word: &'a str) -> Self {
        Self { rest: word, before: Side::Free, is_link: word.contains("://") }
    }

    /// The picture named at the start of the rest, and the length in bytes of its name with both colons.
    fn picture(&self) -> Option<(&'static str, usize)> {
        let bytes = self.rest.strip_prefix(':').filter(|_| !self.is_link)?.as_bytes();
        let length = memchr::memchr(b':', &bytes[..bytes.len().min(LONGEST_NAME + 1)])?;
        let after = Side::of(bytes.get(length + 1));
        let is_within_a_word = match self.before {
            Side::Free => false,
            Side::Letter => matches!(after, Side::Letter | Side::Digit),
            Side::Digit => true,
            Side::Colon => after == Side::Colon,
        };
        let picture = named(&self.rest[1..=length])?.picture;
        (!is_within_a_word).then_some((picture, length + 2))
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if let Some((picture, length)) = self.picture() {
            self.rest = &self.rest[length..];
            self.before = Side::Free;
            return Some(Piece::Picture(picture));
        }
        let after_first = self.rest.as_bytes().get(1..)?;
        let colon = memchr::memchr(b':', after_first).filter(|_| !self.is_link);
        let length = colon.map_or(self.rest.len(), |colon| colon + 1);
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.before = Side::of(text.as_bytes().last());
        Some(Piece::Text(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: &str) {
        assert_eq!(expand(typed), expected, "{typed:?}");
    }

    #[track_caller]
    fn check_unchanged(typed: &str) {
        check(typed, typed);
    }

    #[test]
    fn every_name_in_the_documentation_is_an_emoji() {
        for name in "smile sad laugh heart thumbsup thumbsdown fire star check x thinking cool party \
                     rocket coffee pizza game music book code"
            .split_whitespace()
        {
            assert!(!expand(&format!(":{name}:")).is_ascii(), "{name}");
        }
        check(":smile: :sad: :+1: :-1: :e-mail:", "😄 😢 👍 👎 📧");
    }

    #[test]
    fn several_names_in_any_case_are_replaced_in_one_line() {
        check("hi :SMILE: and :Heart::fire:!", "hi 😄 and ❤\u{fe0f}🔥!");
        check("(:star:), ':x:'", "(⭐), '❌'");
    }

    #[test]
    fn a_name_may_touch_a_word_but_not_stand_inside_one() {
        check("nice:smile:", "nice😄");
        check(":smile:nice", "😄nice");
        check("nice:smile::heart:", "nice😄❤\u{fe0f}");
        check(":smile:smile:", "😄smile:");
        check("你好:smile:世界", "你好😄世界");
        check_unchanged("a:smile:b");
        check_unchanged("_:smile:_");
    }

    #[test]
    fn times_and_ratios_are_unchanged() {
        check_unchanged("10:30:45");
        check_unchanged("10:100:45");
        check("at 10:30 :coffee:", "at 10:30 ☕");
        check_unchanged("00:11:a: and 10:100:");
    }

    #[test]
    fn links_are_unchanged() {
        check_unchanged("https://host:8080/a:b:c");
        check_unchanged("https://host/:smile:");
        check_unchanged("(see ftp://user:key:@host/:x:)");
        check("https://host/:x: :x:", "https://host/:x: ❌");
    }

    #[test]
    fn unknown_names_and_stray_colons_are_unchanged() {
        check_unchanged(":no_such_emoji:");
        check_unchanged(": smile :");
        check_unchanged(":smile");
        check_unchanged("smile:");
        check_unchanged("::smile::");
        check_unchanged("std::key::Key");
        check_unchanged(":::::");
        check_unchanged(":é:");
        check(":foo::smile:", ":foo:😄");
        check(":foo:smile:", ":foo😄");
    }

    #[test]
    fn a_text_without_a_colon_is_not_copied() {
        assert!(matches!(expand("hello"), Cow::Borrowed("hello")));
    }

    #[test]
    fn a_line_full_of_colons_is_expanded_in_one_pass() {
        // A search to the end of the line from each colon would take minutes.
        assert_eq!(expand(&":".repeat(400_000)).len(), 400_000);
        assert!(expand(&":a".repeat(200_000)).ends_with(":a:a:a"));
        assert!(expand(&":a:".repeat(100_000)).starts_with("🅰"));
    }

    #[test]
    fn the_longest_name_has_the_stated_length() {
        assert_eq!(all().map(|emoji| emoji.name.len()).max(), Some(LONGEST_NAME));
        assert_eq!(named(&"a".repeat(LONGEST_NAME + 1)), None);
    }

    #[test]
    fn our_own_names_replace_no_usual_name() {
        for Emoji { name, .. } in ALIASES {
            assert!(emojis::get_by_shortcode(name).is_none(), "{name}");
        }
        for emoji in all() {
            assert_eq!(named(&emoji.name.to_ascii_uppercase()), Some(emoji));
        }
    }

    #[test]
    fn a_search_finds_parts_of_names_and_shows_names_that_start_with_them_first() {
        let found = Found::search(":HEART");
        assert_eq!(found.shown[0], Emoji { name: "heart", picture: "❤\u{fe0f}" });
        assert!(found.shown.iter().any(|emoji| emoji.name == "broken_heart"));
        assert_eq!(Found::search("red car").shown[0].name, "red_car");
        assert_eq!(Found::search("xyzzy").shown, []);
    }

    #[test]
    fn an_answer_is_bounded_and_counts_what_it_left_out() {
        let found = Found::search("a");
        assert_eq!(found.shown.len(), Found::MAX);
        assert!(found.more > 1000);
        let favourites = Found::search("");
        assert_eq!(favourites.shown.len(), FAVOURITES.len());
        assert_eq!(favourites.shown.len() + favourites.more, all().count());
    }

    #[test]
    fn an_unfinished_name_is_the_last_piece_of_a_word() {
        assert_eq!(half_typed(":smi"), Some(":smi"));
        assert_eq!(half_typed("hi:smi"), Some(":smi"));
        assert_eq!(half_typed(":smile::he"), Some(":he"));
        for nothing in ["", ":", "smi", "bob:", ":smile:", ":smile:he", "http://host:sm"] {
            assert_eq!(half_typed(nothing), None, "{nothing}");
        }
    }
}
