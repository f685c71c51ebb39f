//! The text of a settings file, and where in it something is.

use std::{
    fs::{Metadata, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileTypeExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

/// The most bytes of a file.
const LARGEST: u64 = 64 << 10;

/// A file that was read.
pub(super) struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// Reads a file. The error is for the user.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let failed = |why: String| format!("cannot read the settings file {}: {why}.", path.display());
        let system = |error: io::Error| failed(reason(&error));
        // A pipe that no program writes to would make this wait for ever.
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(system)?;
        if let Some(kind) = no_file(&file.metadata().map_err(system)?) {
            return Err(failed(format!("it is {kind}, not a file")));
        }
        let mut bytes = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(system)?;
        if bytes.len() as u64 > LARGEST {
            return Err(failed("it is larger than 64 KiB".to_owned()));
        }
        let text =
            String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8. Save it as UTF-8".to_owned()))?;
        Ok(Self::new(path.to_owned(), text))
    }

    pub(super) fn new(path: PathBuf, text: String) -> Self {
        Self { path, text }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The folder in which the file is.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// The number of the line that holds this byte.
    pub(super) fn line(&self, at: usize) -> usize {
        1 + self.before(at).matches('\n').count()
    }

    /// What is wrong at this byte, for the user: the file, the line, the column in characters, and these words.
    pub(super) fn fault(&self, at: usize, words: &str) -> String {
        let before = self.before(at);
        let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let end = if words.ends_with(['.', '?']) { "" } else { "." };
        format!("{}:{}:{column}: {words}{end}", self.path.display(), self.line(at))
    }

    fn before(&self, at: usize) -> &str {
        self.text.get(..at).unwrap_or(&self.text)
    }
}

/// What the user has named instead of a file. `/dev/null` is an empty file.
fn no_file(file: &Metadata) -> Option<&'static str> {
    let kind = file.file_type();
    match () {
        () if kind.is_dir() => Some("a folder"),
        () if kind.is_fifo() => Some("a pipe"),
        () if kind.is_block_device() => Some("a disk"),
        () => None,
    }
}

/// The system's words for an error, without their number.
fn reason(error: &io::Error) -> String {
    let words = error.to_string();
    words.split(" (os error").next().unwrap_or_default().to_owned()
}
