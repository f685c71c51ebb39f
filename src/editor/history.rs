//! The lines that were typed before, and the file that keeps them.

use std::{
    collections::VecDeque,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

#[cfg(unix)]
use std::os::unix::fs::OpenOptionsExt as _;

/// How many lines are remembered.
const MOST: usize = 1000;

/// Earlier lines, the oldest first.
#[derive(Debug, Default)]
pub struct History {
    lines: VecDeque<String>,
    /// How many of the last lines are not in the file yet.
    unsaved: usize,
}

impl History {
    /// Reads the lines of a file. A missing file has none, and neither has a device like `/dev/null`.
    ///
    /// # Errors
    /// When the file exists and cannot be read.
    pub fn load(path: &Path) -> io::Result<Self> {
        if is_endless(path) {
            return Ok(Self::default());
        }
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let text = String::from_utf8_lossy(&bytes);
        // `#V2` is how the history files of other line editors begin.
        let lines = text.lines().filter(|line| !line.is_empty() && *line != "#V2");
        let mut history = Self::default();
        lines.for_each(|line| history.add(line));
        history.unsaved = 0;
        Ok(history)
    }

    /// Appends the new lines to a file that only its owner can read.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&mut self, path: &Path) -> io::Result<()> {
        let new = self.lines.range(self.lines.len() - self.unsaved..);
        let text: String = new.flat_map(|line| [line, "\n"]).collect();
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        options.mode(0o600);
        if !is_endless(path) {
            options.create(true).append(true).open(path)?.write_all(text.as_bytes())?;
        }
        self.unsaved = 0;
        Ok(())
    }

    /// Adds a line, unless it is the same as the last one.
    pub fn add(&mut self, line: &str) {
        if self.lines.back().is_some_and(|last| last == line) {
            return;
        }
        self.lines.push_back(line.to_owned());
        self.lines.drain(..self.lines.len().saturating_sub(MOST));
        self.unsaved = (self.unsaved + 1).min(MOST);
    }

    pub(super) fn line(&self, index: usize) -> Option<&str> {
        self.lines.get(index).map(String::as_str)
    }

    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The last line before `end` that contains `text`.
    pub(super) fn find(&self, text: &str, end: usize) -> Option<usize> {
        self.lines.range(..end).rposition(|line| line.contains(text))
    }
}

/// Whether this is a device or a named pipe, which may have no end or wait for ever.
fn is_endless(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_the_lines_of_several_programs() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("history");
        let (mut first, mut second) = (History::load(&path).unwrap(), History::load(&path).unwrap());
        first.add("one");
        first.add("one");
        second.add("two");
        first.save(&path).unwrap();
        second.save(&path).unwrap();
        first.add("three");
        first.save(&path).unwrap();
        assert_eq!(History::load(&path).unwrap().lines, ["one", "two", "three"]);
    }

    #[test]
    #[cfg(unix)]
    fn only_its_owner_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("history");
        History::default().save(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_oldest_lines_are_forgotten() {
        let mut history = History::default();
        (0..MOST + 5).for_each(|n| history.add(&n.to_string()));
        assert_eq!((history.len(), history.line(0)), (MOST, Some("5")));
    }
}
