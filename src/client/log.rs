//! The user's own log of the chat (`--log FILE`): what was shown and what was typed.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use jiff::Zoned;

use super::{Error, reason, secret};
use crate::text::clean;

/// The file, or none. A log that cannot be written does not end the chat.
#[derive(Default)]
pub(super) struct Log {
    file: Option<File>,
    path: PathBuf,
    /// Whether only a part of the last line may have been written.
    is_torn: bool,
    has_failed: bool,
}

impl Log {
    /// Opens a file to append to. If it does not exist, it is created so that only its owner can read it.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Self::default()) };
        let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        let file = opened.map_err(|error| Error::File(path.to_owned(), error))?;
        Ok(Self { file: Some(file), path: path.to_owned(), ..Self::default() })
    }

    /// Writes a line that was shown, without its styles. The first time that this fails, returns what to
    /// tell the user.
    #[must_use]
    pub(super) fn note_shown(&mut self, line: &str) -> Option<String> {
        self.write("  ", &clean(line))
    }

    /// Writes a line that was typed, without its passwords. The first time that this fails, returns what to
    /// tell the user.
    #[must_use]
    pub(super) fn note_typed(&mut self, line: &str) -> Option<String> {
        self.write("> ", &clean(&secret::withheld(line)))
    }

    fn write(&mut self, mark: &str, text: &str) -> Option<String> {
        let file = self.file.as_mut()?;
        let now = Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
        let torn = if self.is_torn { "\n" } else { "" };
        // One write, because several clients may append to the same file.
        let written = file.write_all(format!("{torn}{now} {mark}{text}\n").as_bytes());
        self.is_torn = written.is_err();
        let error: io::Error = written.err().filter(|_| !self.has_failed)?;
        self.has_failed = true;
        let path = self.path.display();
        Some(format!("Lines are missing from the log {path}: {}. The chat goes on.", reason(&error)))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn the_log_has_what_was_shown_and_typed_and_no_password() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        for line in ["first", "second"] {
            let mut log = Log::open(Some(&path)).unwrap();
            assert_eq!(log.note_shown(&format!("\x1b[2m[lobby]\x1b[0m bob: {line}\x07")), None);
            assert_eq!(log.note_typed("/login alice s3cret"), None);
            assert_eq!(log.note_typed(" /register s3cret"), None);
        }
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().map(|line| line.split_at("2026-11-21 22:18:07 ".len())).collect();
        let typed = ["> /login alice ***", "> ***"];
        let [first, second] = ["  [lobby] bob: first", "  [lobby] bob: second"];
        let written: Vec<_> = lines.iter().map(|(_, line)| *line).collect();
        assert_eq!(written, [first, typed[0], typed[1], second, typed[0], typed[1]]);
        for (at, _) in lines {
            assert!(jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S ", at).is_ok(), "{at}");
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_full_disk_is_told_once() {
        let mut log = Log::open(Some(Path::new("/dev/full"))).unwrap();
        let told = log.note_shown("one").unwrap();
        assert_eq!(
            told,
            "Lines are missing from the log /dev/full: No space left on device. The chat goes on."
        );
        assert_eq!(log.note_typed("two"), None);
        assert_eq!(log.note_shown("three"), None);
    }

    #[test]
    fn without_a_file_nothing_is_written_and_a_folder_is_an_error() {
        assert_eq!(Log::open(None).unwrap().note_shown("one"), None);
        assert!(matches!(Log::open(Some(Path::new("/"))), Err(Error::File(..))));
    }
}
