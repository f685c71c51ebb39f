//! The files of the log: one or more a day, of which the oldest are removed.
//!
//! `chat_2026-11-21.log` is the first of its day, `chat_2026-11-21_2.log` the second. A file ends before
//! the line that would make it too large, and has whole lines only.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt},
    path::PathBuf,
};

use jiff::civil::Date;
use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

/// The files in one folder.
pub(super) struct Rotation {
    folder: PathBuf,
    /// Locks the folder: two servers would split each other's lines and remove each other's files.
    _lock: File,
    max_size: u64,
    keep: usize,
    current: Option<Current>,
}

/// The file that is being written.
struct Current {
    name: Name,
    file: File,
    size: u64,
}

/// Which file of which day, ordered from old to new.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    date: Date,
    number: u32,
}

impl Rotation {
    /// Creates the folder if it does not exist, and locks it.
    pub(super) fn new(folder: PathBuf, max_size: Option<u64>, keep: Option<usize>) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let lock = File::open(&folder)?;
        // Some file systems have no locks; there the log goes without.
        if flock(&lock, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
            return Err(io::Error::other("another server has its log there"));
        }
        Ok(Self {
            folder,
            _lock: lock,
            max_size: max_size.unwrap_or(u64::MAX),
            keep: keep.unwrap_or(usize::MAX),
            current: None,
        })
    }

    /// Sets other limits for the files. Too many are removed when the next one is begun.
    pub(super) fn adjust(&mut self, max_size: Option<u64>, keep: Option<usize>) {
        (self.max_size, self.keep) = (max_size.unwrap_or(u64::MAX), keep.unwrap_or(usize::MAX));
    }

    /// Appends whole lines of one day: as many as fit to the current file, the others to the next. After
    /// an error, `lines` is what could not be written.
    pub(super) fn append(&mut self, date: Date, lines: &mut &[u8]) -> io::Result<()> {
        while !lines.is_empty() {
            *lines = &lines[self.append_some(date, lines)?..];
        }
        Ok(())
    }

    /// Appends as many lines as fit, but at least one, and returns how many bytes that was.
    fn append_some(&mut self, date: Date, lines: &[u8]) -> io::Result<usize> {
        let mut current = self.file_of(date)?;
        let mut length = fitting(lines, self.max_size.saturating_sub(current.size));
        while length == 0 && current.size > 0 {
            let next = current.name.number + 1;
            current = self.open(Name { date, number: next })?;
            length = fitting(lines, self.max_size.saturating_sub(current.size));
        }
        if length == 0 {
            length = memchr::memchr(b'\n', lines).map_or(lines.len(), |end| end + 1);
        }
        // After an error the file is closed, and opened again the next time.
        let written = current.write(&lines[..length])?;
        self.current = Some(current);
        Ok(written)
    }

    /// The file for more lines of this day, taken out of `self`.
    fn file_of(&mut self, date: Date) -> io::Result<Current> {
        match self.current.take() {
            Some(current) if current.name.date == date && self.is_in_place(&current) => Ok(current),
            _ => {
                let number = self.names()?.map(|(name, _)| name).filter(|name| name.date == date).max();
                self.open(number.unwrap_or(Name { date, number: 1 }))
            }
        }
    }

    /// Whether the file still has its name. Lines in a file that was removed or renamed cannot be found.
    fn is_in_place(&self, current: &Current) -> bool {
        let identity = |data: Metadata| (data.dev(), data.ino());
        let (ours, theirs) = (current.file.metadata(), fs::metadata(self.folder.join(current.name.file())));
        ours.is_ok_and(|ours| theirs.is_ok_and(|theirs| identity(ours) == identity(theirs)))
    }

    fn open(&self, name: Name) -> io::Result<Current> {
        let path = self.folder.join(name.file());
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        let mut current = Current { name, size: file.metadata()?.len(), file };
        self.remove_oldest(name);
        if current.ends_within_a_line() {
            current.write(b"\n")?;
        }
        Ok(current)
    }

    /// Removes the oldest files if there are too many. The log goes on if a file cannot be removed.
    fn remove_oldest(&self, current: Name) {
        let Ok(names) = self.names() else { return };
        let mut old: Vec<_> = names.filter(|&(name, _)| name != current).collect();
        old.sort_unstable_by_key(|&(name, _)| name);
        let surplus = (old.len() + 1).saturating_sub(self.keep);
        for (_, path) in old.into_iter().take(surplus) {
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(%error, path = %path.display(), "cannot remove an old log");
            }
        }
    }

    /// The files of the log in the folder.
    fn names(&self) -> io::Result<impl Iterator<Item = (Name, PathBuf)>> {
        let entries = fs::read_dir(&self.folder)?.filter_map(Result::ok);
        Ok(entries.filter_map(|entry| Some((Name::read(entry.file_name().to_str()?)?, entry.path()))))
    }
}

/// The length of the whole lines at the start that fit into `space`.
fn fitting(lines: &[u8], space: u64) -> usize {
    let space = usize::try_from(space).unwrap_or(usize::MAX).min(lines.len());
    memchr::memrchr(b'\n', &lines[..space]).map_or(0, |end| end + 1)
}

impl Current {
    /// Writes as many lines as the disk takes, but at least one, and returns how many bytes that was.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < lines.len() {
            match self.file.write(&lines[written..]) {
                Ok(length) if length > 0 => written += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                failed => return self.take_back(&lines[..written], failed),
            }
        }
        self.size += written as u64;
        Ok(written)
    }

    /// Removes half a line at the end, when the disk took no more than `written`.
    fn take_back(&mut self, written: &[u8], failed: io::Result<usize>) -> io::Result<usize> {
        let whole = fitting(written, u64::MAX);
        // If this fails too, the line is ended when the file is opened the next time.
        self.file.set_len(self.size + whole as u64)?;
        self.size += whole as u64;
        if whole > 0 { Ok(whole) } else { failed.and(Err(io::ErrorKind::WriteZero.into())) }
    }

    /// Whether an earlier server was stopped in the middle of a line.
    fn ends_within_a_line(&self) -> bool {
        let mut last = [b'\n'];
        self.size > 0 && self.file.read_at(&mut last, self.size - 1).is_ok() && last != [b'\n']
    }
}

impl Name {
    fn file(self) -> String {
        match self {
            Self { date, number: 1 } => format!("chat_{date}.log"),
            Self { date, number } => format!("chat_{date}_{number}.log"),
        }
    }

    /// Reads a name as [`Name::file`] writes it. Other files in the folder are left alone.
    fn read(file: &str) -> Option<Self> {
        let stem = file.strip_prefix("chat_")?.strip_suffix(".log")?;
        let (date, number) = stem.split_once('_').unwrap_or((stem, "1"));
        let name = Self { date: date.parse().ok()?, number: number.parse().ok()? };
        (name.file() == file).then_some(name)
    }
}
