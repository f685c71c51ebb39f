//! Text that users type, without anything that could control a terminal.

use std::{borrow::Cow, fmt, sync::Arc};

/// A message or a topic: one line of clean text, not blank and not too long. Cloning it is cheap: its
/// receivers, the room's history and the log share the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(Arc<str>);

/// A text is longer than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl Text {
    /// Cleans a typed text and checks its length; `None` if nothing visible is left.
    ///
    /// # Errors
    /// [`TooLong`] if the clean text has more than `max` bytes. It is never shortened.
    pub fn new(typed: &str, max: usize) -> Result<Option<Self>, TooLong> {
        let clean = clean(typed);
        if clean.len() > max {
            return Err(TooLong);
        }
        Ok((!clean.trim().is_empty()).then(|| Self(clean.into())))
    }

    /// The clean text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Removes what could control a terminal or disguise a line: control characters (C0, C1, DEL), whole
/// ANSI escape sequences, bidirectional overrides, and the Unicode line separators that some
/// programs treat as the end of a line. A tab becomes one space, so that words stay apart.
pub fn clean(line: &str) -> Cow<'_, str> {
    // Without an early return, the compiler can check many bytes at once.
    if line.bytes().fold(0, |harm, b| harm | u8::from(!is_harmless(b))) == 0 {
        return Cow::Borrowed(line);
    }
    let mut kept = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        match c {
            '\t' => kept.push(' '),
            '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => {}
            c => kept.push(c),
        }
        let is_escape = matches!(c, '\u{1b}' | '\u{90}'..='\u{9f}');
        rest = &rest[if is_escape { escape_length(rest) } else { c.len_utf8() }..];
    }
    Cow::Owned(kept)
}

/// Whether a byte cannot belong to an unwanted character. 0xC2 and 0xE2 begin C1 controls and
/// overrides, but also many wanted characters: lines with them take the slow path.
fn is_harmless(b: u8) -> bool {
    b >= b' ' && b != 0x7f && b != 0xc2 && b != 0xe2
}

/// The length in bytes of the escape sequence that `rest` begins with (ECMA-48 §5.4 and §5.6). If the
/// sequence does not end, only its introducer counts, because the rest may be ordinary text.
fn escape_length(rest: &str) -> usize {
    let Some(introducer) = rest.chars().next() else { return 0 };
    let (kind, head) = match introducer {
        '\u{1b}' => match rest[1..].chars().next() {
            Some(c @ ' '..='~') => (c, 2),
            _ => return 1,
        },
        // A C1 control stands for ESC and the character 0x40 below it.
        c => (char::from(u8::try_from(c).unwrap_or(0) - 0x40), c.len_utf8()),
    };
    let body = &rest[head..];
    match kind {
        '[' => head + sequence_length(body, 0x40),
        ']' | 'P' | 'X' | '^' | '_' => head + control_string_length(body),
        // As in `ESC ( B`.
        ' '..='/' => 1 + sequence_length(&rest[1..], 0x30),
        _ => head,
    }
}

/// The length of what stands before a final byte (from 0x20), and of that byte (up to 0x7E); 0 without one.
fn sequence_length(body: &str, smallest_final: u8) -> usize {
    let before = body.bytes().take_while(|b| (0x20..smallest_final).contains(b)).count();
    match body.as_bytes().get(before) {
        Some(last) if (smallest_final..=0x7e).contains(last) => before + 1,
        _ => 0,
    }
}

/// The length of a control string, up to and including BEL, or up to the next ESC or C1 control, which
/// is removed in its turn. The search stops at every control, so no byte is searched twice.
fn control_string_length(body: &str) -> usize {
    match body.find(|c| matches!(c, '\u{7}' | '\u{1b}' | '\u{80}'..='\u{9f}')) {
        Some(end) if body.as_bytes()[end] == 0x7 => end + 1,
        Some(end) => end,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: &str) {
        assert_eq!(clean(typed), expected, "{typed:?}");
    }

    #[test]
    fn ordinary_text_in_any_script_is_unchanged() {
        for text in ["", "hello", "  a  b ", "héllo “quoted” — 你好 😄", "שלום \u{200f}مرحبا\u{200e}", "£5"]
        {
            check(text, text);
        }
    }

    #[test]
    fn control_characters_are_removed_and_a_tab_becomes_a_space() {
        check("a\u{0}b\u{7}c\u{8}\u{7f}d\r", "abcd");
        check("a\u{85}b\u{9c}c", "abc");
        check("a\tb", "a b");
        check("a\u{2028}b\u{2029}c", "abc");
    }

    #[test]
    fn whole_escape_sequences_are_removed() {
        check("\u{1b}[31mred\u{1b}[0m", "red");
        check("\u{9b}1;31mred", "red");
        check("\u{1b}]0;title\u{7}text", "text");
        check("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link");
        check("\u{1b}Pq#0\u{1b}\\x", "x");
        check("\u{1b}c\u{1b}7x\u{1b}(B", "x");
        check("\u{1b}(0hello\u{1b}(0", "hello");
        check("\u{9d}0;title\u{9c}text", "text");
    }

    #[test]
    fn an_unfinished_escape_sequence_does_not_remove_the_text_after_it() {
        check("\u{1b}", "");
        check("\u{1b}[12", "12");
        check("\u{1b}]0;hello", "0;hello");
        check("a\u{1b}é", "aé");
        check("\u{1b}[é", "é");
    }

    #[test]
    fn a_line_full_of_introducers_is_cleaned_in_one_pass() {
        // A search to the end of the line from each of them would take minutes.
        for opening in ["\u{9d}", "\u{90}", "\u{9b}", "\u{1b}"] {
            assert_eq!(clean(&opening.repeat(500_000)).len(), 0, "{opening:?}");
        }
    }

    #[test]
    fn bidirectional_overrides_are_removed() {
        check("abc\u{202e}cba\u{202c} \u{2066}x\u{2069}", "abccba x");
    }

    #[test]
    fn a_text_is_visible_and_has_an_exact_limit() {
        assert_eq!(Text::new("   ", 9), Ok(None));
        assert_eq!(Text::new("\u{1b}[0m", 9), Ok(None));
        assert_eq!(Text::new("12345", 4), Err(TooLong));
        assert_eq!(Text::new("\u{7}1234", 4).unwrap().unwrap().as_str(), "1234");
    }
}
