//! Whether the data file is still where it was opened.
//!
//! A file that was removed or replaced still takes what the server writes to it, but that is lost when
//! the server ends. The same holds for the journal beside it, which has the latest writes.

use std::{
    ffi::OsString,
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Which file it is, regardless of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    pub(super) fn of(data: &Metadata) -> Self {
        Self { device: data.dev(), inode: data.ino() }
    }

    pub(super) fn at(path: &Path) -> io::Result<Option<Self>> {
        match fs::metadata(path) {
            Ok(data) => Ok(Some(Self::of(&data))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A data file and its journal, as they were when they were opened.
pub(super) struct Place {
    pub(super) path: PathBuf,
    file: Identity,
    /// The write-ahead log. It is beside the file itself, even if `path` is a link to that.
    journal_path: PathBuf,
    journal: Option<Identity>,
}

/// What is found in a [`Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Both files.
    Both,
    /// The data file, without its journal.
    NoJournal,
    /// No file.
    Nothing,
    /// Another file.
    Other,
}

impl Place {
    /// The place of a file that is open.
    pub(super) fn new(path: &Path, file: Identity) -> io::Result<Self> {
        let mut journal_path = OsString::from(fs::canonicalize(path)?);
        journal_path.push("-wal");
        let mut place =
            Self { path: path.to_owned(), file, journal_path: PathBuf::from(journal_path), journal: None };
        place.find_journal()?;
        Ok(place)
    }

    /// Takes the journal that is there now for the right one.
    pub(super) fn find_journal(&mut self) -> io::Result<()> {
        self.journal = Identity::at(&self.journal_path)?;
        Ok(())
    }

    pub(super) fn look(&self) -> io::Result<Found> {
        Ok(match Identity::at(&self.path)? {
            None => Found::Nothing,
            Some(file) if file != self.file => Found::Other,
            Some(_) if Identity::at(&self.journal_path)? != self.journal => Found::NoJournal,
            Some(_) => Found::Both,
        })
    }
}
