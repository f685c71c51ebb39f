//! Recognises commands with a password that would be said aloud.

use std::ops::RangeInclusive;

use crate::command::Verb;

/// The verb of a line that was meant to be a command with a password but is none, because its slash is
/// not a plain one or not the first character. Said aloud, it would tell the room the password.
pub fn misplaced_secret(line: &str) -> Option<&'static Verb> {
    let is_ordinary = match *line.as_bytes() {
        [b'/', second, ..] => second.is_ascii_alphabetic(),
        [first, ..] => first.is_ascii_graphic() && first != b'\\',
        [] => true,
    };
    if is_ordinary {
        return None;
    }
    let command = line.trim_start_matches(|c: char| is_slash(c) || c.is_whitespace() || is_invisible(c));
    let before = &line[..line.len() - command.len()];
    if before == "/" || !before.contains(is_slash) {
        return None;
    }
    let visible = command.chars().filter(|&c| !is_invisible(c)).map(to_ascii);
    let word: String = visible.take_while(char::is_ascii_alphanumeric).take(LONGEST_WORD).collect();
    Verb::find(&word).filter(|verb| verb.is_secret)
}

/// More letters than any verb has.
const LONGEST_WORD: usize = 32;

/// The slash, and what looks like one or is easily typed instead.
const SLASHES: &str = "/\\\u{2044}\u{2215}\u{2216}\u{2571}\u{2572}\u{27cb}\u{27cd}\u{29f5}\u{29f8}\u{29f9}\
                       \u{2afb}\u{2afd}\u{fe68}\u{ff0f}\u{ff3c}";

fn is_slash(c: char) -> bool {
    SLASHES.contains(c)
}

/// What shows nothing: `Default_Ignorable_Code_Point` of Unicode, and the blank Braille pattern.
#[rustfmt::skip]
const INVISIBLE: [RangeInclusive<char>; 18] = [
    '\u{ad}'..='\u{ad}', '\u{34f}'..='\u{34f}', '\u{61c}'..='\u{61c}', '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}', '\u{180b}'..='\u{180f}', '\u{200b}'..='\u{200f}', '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{206f}', '\u{2800}'..='\u{2800}', '\u{3164}'..='\u{3164}', '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}', '\u{ffa0}'..='\u{ffa0}', '\u{fff0}'..='\u{fff8}', '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}', '\u{e0000}'..='\u{e0fff}',
];

fn is_invisible(c: char) -> bool {
    INVISIBLE.iter().any(|range| range.contains(&c))
}

/// A full-width letter as the ASCII letter that it stands for; others as they are.
fn to_ascii(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_behind_a_misplaced_slash_is_noticed() {
        for line in [
            " /login alice secret",
            "   /LOGIN alice secret",
            "\t/register secret",
            "//login alice secret",
            " //passwd old new",
            "/ /login alice secret",
            " / unregister secret",
            "\u{a0}/admin secret",
            "\u{3000}/admin secret",
            " /login",
        ] {
            assert!(misplaced_secret(line).is_some(), "{line:?}");
        }
    }

    #[test]
    fn a_password_behind_an_invisible_mark_is_not_said_aloud() {
        let marks = "\u{ad}\u{34f}\u{115f}\u{1160}\u{17b4}\u{180b}\u{180e}\u{200b}\u{200d}\u{200e}\u{2060}\
                     \u{2064}\u{2800}\u{3164}\u{fe00}\u{fe0f}\u{feff}\u{ffa0}\u{e0100}";
        for mark in marks.chars() {
            for line in
                [format!("{mark}/login a b"), format!("/{mark}login a b"), format!("//lo{mark}gin a b")]
            {
                assert!(misplaced_secret(&line).is_some(), "{line:?}");
            }
        }
    }

    #[test]
    fn a_password_behind_a_character_that_looks_like_a_slash_is_not_said_aloud() {
        for line in [
            "\u{ff0f}login alice secret",
            "\u{ff0f}\u{ff2c}\u{ff4f}\u{ff47}\u{ff49}\u{ff4e}\u{3000}alice secret",
            "\u{2044}login alice secret",
            "\u{2215}admin secret",
            "\u{29f8}passwd old new",
            "\\login alice secret",
            " \u{ff3c}register secret",
        ] {
            assert!(misplaced_secret(line).is_some(), "{line:?}");
        }
    }

    #[test]
    fn other_lines_may_be_said() {
        for line in [
            "/login alice secret",
            "login alice",
            "  hello",
            "//nick bob",
            " /join ops",
            "\u{ff0f}nick bob",
            "\\o/",
            "1/2 login",
            "é /login",
            "",
            " ",
            "/",
            "\\",
        ] {
            assert_eq!(misplaced_secret(line), None, "{line:?}");
        }
    }
}
