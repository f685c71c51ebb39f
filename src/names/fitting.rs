//! Turns any name into a nickname, for programs whose users can have any name.

use super::Nick;

/// The nickname of a user whose name has no Latin letter and no digit.
const NO_LETTERS: &str = "user";

/// The base letters of U+00C0 to U+024F and of U+1E00 to U+1EFF, by their canonical decompositions (Unicode,
/// chapter 3.7) or, for letters with strokes and hooks, by their names. `_` means that there is no such letter.
const LATIN: &str = "\
    AAAAAAACEEEEIIIIDNOOOOO_OUUUUYTsaaaaaaaceeeeiiiidnooooo_ouuuuytyAaAaAaCcCcCcCcDd\
    DdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSs\
    SsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzsbBBb__OCcDDDd_EEEFfG__IIKkl_MNnOOo__Pp__S__tTtTU\
    uUVYyZzZ____________DDdLLlNNnAaIiOoUuUuUuUuUueAaAaAaGgGgKkOoOoZzjDDdGg__NnAaAaOo\
    AaAaEeEeIiIiOoOoRrRrUuUuSsTt__HhNd__ZzAaEeOoOoOoOoYylntj__ACcLTsz__BUVEeJj_qRrYy";
const LATIN_ADDITIONAL: &str = "\
    AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMmMmMmNnNnNnNnOoOo\
    OoOoPpPpRrRrRrRrSsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVvWwWwWwWwWwXxXxYyZzZzZzhtwyasss__\
    AaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEeEeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUu\
    UuYyYyYyYy____Yy";

impl Nick {
    /// The nickname that is most like a name: `Zoë Müller` becomes `Zoe_Muller`, and `42` becomes `n42`.
    pub fn fit(name: &str) -> Self {
        if let Ok(nick) = Self::new(name) {
            return if nick.guest_number().is_some() { Self::fit(&name.replace('_', "")) } else { nick };
        }
        let mut fit = String::new();
        for letter in name.chars().filter(|letter| !is_mark(*letter)).map(latin) {
            if letter != '_' || !fit.is_empty() && !fit.ends_with('_') {
                fit.push(letter);
            }
            // A name may have any length, and only its beginning counts.
            if fit.len() == Self::MAX {
                break;
            }
        }
        let fit = fit.trim_matches(['_', '-']);
        match fit.chars().next() {
            None => Self::fit(NO_LETTERS),
            Some('0'..='9') => Self::fit(&format!("n{}", &fit[..fit.len().min(Self::MAX - 1)])),
            Some(_) => Self::fit(fit),
        }
    }

    /// The nickname with a number behind it, from 2 on: `bob`, `bob2`, `bob3` and so on.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        if number < 2 {
            return *self;
        }
        let number = number.to_string();
        let stem = &self.as_str()[..self.as_str().len().min(Self::MAX - number.len())];
        Self::fit(&format!("{}{number}", stem.trim_end_matches(['_', '-'])))
    }
}

/// Whether a character changes the letter before it: a diacritic, or a variation of an emoji.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\'' | '’')
}

/// The letter of a nickname that a character is most like; `_` if there is none.
fn latin(c: char) -> char {
    let of = |letters: &str, first| char::from(letters.as_bytes()[c as usize - first]);
    match c {
        '-' => c,
        '\u{c0}'..='\u{24f}' => of(LATIN, 0xc0),
        '\u{1e00}'..='\u{1eff}' => of(LATIN_ADDITIONAL, 0x1e00),
        _ if c.is_ascii_alphanumeric() => c,
        _ => '_',
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::Config};

    use super::*;

    #[track_caller]
    fn check(name: &str, nick: &str) {
        assert_eq!(Nick::fit(name).as_str(), nick, "{name:?}");
    }

    #[test]
    fn a_nickname_stays_as_it_is() {
        for name in ["alice", "Z9", "alice_-", "a__b", "guest_", "admin", "abcdefghijklmnopqrst"] {
            check(name, name);
        }
    }

    #[test]
    fn other_names_become_nicknames() {
        check("Zoë Müller", "Zoe_Muller");
        check("Zoe\u{308} Mu\u{308}ller", "Zoe_Muller");
        check("42", "n42");
        check("  Łukasz Żółć  ", "Lukasz_Zolc");
        check("Nguyễn Thị", "Nguyen_Thi");
        check("Ștefan", "Stefan");
        check("O'Neill & Søn", "ONeill_Son");
        check("_bob_", "bob");
        check("😀 bob 😀", "bob");
        check("Анна", "user");
        check("小明42", "n42");
        for nothing in ["", " ", "_", "--", "😀", "\0"] {
            check(nothing, "user");
        }
    }

    #[test]
    fn long_names_are_cut() {
        check("a very long name of a person", "a_very_long_name_of");
        check("123456789012345678901234567890", "n1234567890123456789");
    }

    #[test]
    fn a_number_fits_behind_any_nickname() {
        let numbered = |name, number| Nick::fit(name).numbered(number).to_string();
        assert_eq!(numbered("Alice", 1), "Alice");
        assert_eq!(numbered("Alice", 2), "Alice2");
        assert_eq!(numbered("abcdefghijklmnopqrst", 100), "abcdefghijklmnopq100");
        assert_eq!(numbered("abcdefghijk", u32::MAX), "abcdefghij4294967295");
    }

    #[test]
    fn no_name_becomes_that_of_a_guest() {
        for name in ["guest_1", "GUEST_007", "guest 1", "guest_1é", "guest_99999999999999", "guest_"] {
            for number in [1, 2, 77] {
                let nick = Nick::fit(name).numbered(number);
                assert!(!nick.is_reserved(), "{name:?} became {nick}");
            }
        }
    }

    #[test]
    fn the_tables_have_a_letter_for_each_character() {
        assert_eq!((LATIN.len(), LATIN_ADDITIONAL.len()), (0x250 - 0xc0, 0x100));
        assert_eq!(['ÿ', 'ž', 'ț', 'ỹ', 'ß', 'Ø', '×'].map(latin), ['y', 'z', 't', 'y', 's', 'O', '_']);
    }

    proptest! {
        #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

        #[test]
        fn any_name_is_made_fit(name in "\\PC{0,40}|[guest_0-9é]{0,30}", number in 1..u32::MAX) {
            let nick = Nick::fit(&name).numbered(number);
            prop_assert!(Nick::new(nick.as_str()).is_ok());
            prop_assert_eq!(nick.guest_number(), None);
        }
    }
}
