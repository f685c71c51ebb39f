//! File names that are safe on every system and cannot lead out of a folder.

use std::{fmt, sync::Arc};

use super::Malformed;

/// A file name that works in any folder on any system. It is not a path, a hidden file or a device, and it
/// contains nothing that controls a terminal or changes the order in which it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(Arc<str>);

/// The longest extension that is recognised as one, in bytes with its dot.
const LONGEST_EXTENSION: usize = 20;

/// Names that are devices on Windows, with any extension.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// The extension of an unfinished file. A finished file must not have it.
const UNFINISHED: &str = ".part";

impl FileName {
    /// The longest name, in bytes. Systems allow 255, but the receiver may have to add a number.
    pub const MAX: usize = 150;

    /// Checks a name.
    ///
    /// # Errors
    /// [`Malformed`] if it breaks the rule above.
    pub fn new(name: &str) -> Result<Self, Malformed> {
        if tame(name) == name { Ok(Self(name.into())) } else { Err(Malformed) }
    }

    /// The valid name closest to this one: `.profile` becomes `_profile`.
    pub fn tamed(name: &str) -> Self {
        Self(tame(name).into())
    }

    /// The valid name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same name with a number, before its extension: `notes (2).txt`.
    pub fn numbered(&self, number: u32) -> String {
        let (stem, extension) = split_extension(&self.0);
        if number == 0 { self.0.to_string() } else { format!("{stem} ({number}){extension}") }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes a name valid. A valid name stays as it is.
fn tame(name: &str) -> String {
    let harmless: String = name.chars().map(|c| if is_unwanted(c) { '_' } else { c }).collect();
    let mut tame = trim(&harmless).to_owned();
    if tame.starts_with(['.', '-', '~']) {
        tame.replace_range(..1, "_");
    }
    if is_device(&tame) {
        tame.insert(0, '_');
    }
    if ends_with_ignoring_case(&tame, UNFINISHED) {
        tame.push('_');
    }
    let tame = cut(&tame);
    if tame.is_empty() { "unnamed".to_owned() } else { tame }
}

/// Windows drops spaces and dots at the end; spaces at the start are easily lost on a command line.
fn trim(name: &str) -> &str {
    name.trim_start().trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Path separators, wildcards and quotes of any system, control characters, and the characters that make
/// `gpj.exe` look like `exe.jpg`.
fn is_unwanted(c: char) -> bool {
    let is_special = matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    let turns_around =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || is_special || turns_around
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end();
    let (head, number) = stem.split_at_checked(3).unwrap_or((stem, ""));
    let is = |device: &str| stem.eq_ignore_ascii_case(device);
    let is_port = |port: &str| head.eq_ignore_ascii_case(port);
    let is_numbered =
        matches!(number, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³");
    DEVICES.into_iter().any(is) || (is_numbered && (is_port("COM") || is_port("LPT")))
}

fn ends_with_ignoring_case(name: &str, end: &str) -> bool {
    let tail = name.len().checked_sub(end.len()).and_then(|start| name.get(start..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// Shortens a name that is too long, keeping its extension.
fn cut(name: &str) -> String {
    if name.len() <= FileName::MAX {
        return name.to_owned();
    }
    let (stem, extension) = split_extension(name);
    let room = FileName::MAX - extension.len();
    let end = (0..=room).rev().find(|&end| stem.is_char_boundary(end)).unwrap_or(0);
    // The shortened name may end with a space, a dot or the extension of an unfinished file again.
    let cut = trim(&format!("{}{extension}", &stem[..end])).to_owned();
    if ends_with_ignoring_case(&cut, UNFINISHED) { cut[..cut.len() - 1].to_owned() } else { cut }
}

/// Splits a name at its last dot, unless what follows is too long to be an extension.
fn split_extension(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= LONGEST_EXTENSION => name.split_at(dot),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(name: &str, tamed: &str) {
        assert_eq!(FileName::tamed(name).as_str(), tamed, "{name:?}");
        assert_eq!(FileName::new(name).is_ok(), name == tamed, "{name:?}");
    }

    #[test]
    fn ordinary_names_in_any_script_are_unchanged() {
        for name in ["notes.txt", "my  holiday 😄.jpg", "你好", "a", "Makefile", "x.tar.gz", "👩‍👩‍👧.png", "a..b"]
        {
            check(name, name);
        }
    }

    #[test]
    fn a_path_of_any_system_becomes_a_plain_name() {
        check("../../etc/passwd", "_._.._etc_passwd");
        check("/etc/passwd", "_etc_passwd");
        check("..\\..\\windows", "_._.._windows");
        check("C:\\x", "C__x");
        check("x:stream", "x_stream");
        check("..", "unnamed");
        check(".", "unnamed");
        check("", "unnamed");
        check(" ", "unnamed");
    }

    #[test]
    fn hidden_files_options_and_devices_are_renamed() {
        check(".profile", "_profile");
        check("-rf", "_rf");
        check("~root", "_root");
        check("nul", "_nul");
        check("Con.txt", "_Con.txt");
        check("lpt1.", "_lpt1");
        check("COM9.tar.gz", "_COM9.tar.gz");
        check("console.txt", "console.txt");
        check("com10", "com10");
        check("name. . ", "name");
    }

    #[test]
    fn a_name_cannot_disguise_its_extension() {
        check("exe.\u{202e}gpj", "exe._gpj");
        check("a\u{1b}[2Jb\nc", "a_[2Jb_c");
        check("film.PART", "film.PART_");
    }

    #[test]
    fn a_long_name_is_shortened_between_characters_and_keeps_its_extension() {
        let tamed = FileName::tamed(&format!("{}.jpeg", "é".repeat(200)));
        assert_eq!(tamed.as_str(), format!("{}.jpeg", "é".repeat(72)));
        assert!(FileName::new(&"x".repeat(FileName::MAX)).is_ok());
        assert!(FileName::new(&"x".repeat(FileName::MAX + 1)).is_err());
    }

    #[test]
    fn a_number_goes_before_the_extension() {
        let numbered = |name| FileName::tamed(name).numbered(2);
        assert_eq!(numbered("notes.txt"), "notes (2).txt");
        assert_eq!(numbered("x.tar.gz"), "x.tar (2).gz");
        assert_eq!(numbered("Makefile"), "Makefile (2)");
        assert_eq!(FileName::tamed("a.b").numbered(0), "a.b");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_tamed_name_is_valid(name in "[ .~a-cC\u{e9}\u{1f604}/\\\\:\u{202e}-]{0,40}", times in 1..12_usize, end in "(|\\.part|\\.|nul)") {
            let name = name.repeat(times) + &end;
            let tamed = FileName::tamed(&name);
            prop_assert_eq!(FileName::new(tamed.as_str()), Ok(tamed.clone()), "{:?}", name);
            prop_assert!((1..=FileName::MAX).contains(&tamed.as_str().len()));
        }
    }
}
