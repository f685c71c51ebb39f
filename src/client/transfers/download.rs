//! A file while it is being received: unfinished under a name of its own, then moved to its real name.
//!
//! The sender chooses the name, and the folder also holds the user's own files. Two rules keep those
//! safe:
//!
//! - An unfinished file is called `NAME.MARK.part`. The mark is a digest of the sender, the size and
//!   the SHA-256 that were offered, so the name says which offer the file belongs to. No other
//!   program makes such a name, and no sender can find an offer whose mark is that of a given file.
//!   Only a file of that name, which this user owns, is ever continued, shortened or deleted.
//! - Every new name is taken by a system call that fails if the name exists.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Seek, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, FlockOperation, Mode, OFlags, RenameFlags, flock, renameat_with},
    io::Errno,
    process::geteuid,
};

use super::hashing::Hasher;
use crate::{
    file::{Label, way::Line},
    names::Nick,
};

/// How many names are tried: `x`, `x (1)` and so on.
const MOST_NAMES: u32 = 1000;

/// Hexadecimal digits of a mark: 128 bits, too many to find a second offer with the same mark.
const MARK_DIGITS: usize = 32;

/// A file that is being received.
pub(super) struct Download<'a> {
    folder: &'a Path,
    label: &'a Label,
    mark: String,
    /// What an earlier attempt left, or what this one has begun.
    part: Option<Part>,
    hasher: Hasher,
}

/// An unfinished file, locked so that no other client writes to it.
struct Part {
    file: File,
    path: PathBuf,
}

impl<'a> Download<'a> {
    /// Creates the folder if it does not exist, and looks for what an earlier attempt left there.
    pub(super) fn new(folder: &'a Path, label: &'a Label, from: Nick) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mark = mark(label, from);
        let mut download = Self { folder, label, mark, part: None, hasher: Hasher::default() };
        if let Some(part) = download.leftover() {
            download.hasher.read(&part.file)?;
            download.part = Some(part);
        }
        Ok(download)
    }

    /// What the sender is told about the part that is here already.
    pub(super) fn kept(&self) -> Line {
        Line::Kept { length: self.hasher.length(), digest: self.hasher.digest() }
    }

    /// Prepares to write at this place, which is the end of what is here, or 0 to begin again.
    pub(super) fn begin(&mut self, place: u64) -> io::Result<()> {
        match &mut self.part {
            Some(_) if place == self.hasher.length() => return Ok(()),
            _ if place > 0 => return Err(ErrorKind::InvalidData.into()),
            Some(part) => {
                part.file.set_len(0)?;
                part.file.rewind()?;
            }
            None => self.part = Some(self.create()?),
        }
        self.hasher = Hasher::default();
        Ok(())
    }

    /// How many bytes have arrived.
    pub(super) fn length(&self) -> u64 {
        self.hasher.length()
    }

    /// How many bytes are missing.
    pub(super) fn left(&self) -> u64 {
        self.label.size.0.saturating_sub(self.length())
    }

    /// Where the unfinished file is, if it holds anything.
    pub(super) fn unfinished(&self) -> Option<&Path> {
        let part = self.part.as_ref().filter(|part| self.length() > 0 && part.is_in_place())?;
        Some(&part.path)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let part = self.part.as_mut().ok_or(ErrorKind::NotFound)?;
        part.file.write_all(bytes)?;
        self.hasher.update(bytes);
        Ok(())
    }

    /// Whether what has arrived is what was offered.
    pub(super) fn is_whole(&self) -> bool {
        self.length() == self.label.size.0 && self.label.digest.allows(self.hasher.digest())
    }

    /// Moves a whole file to the first free name.
    pub(super) fn finish(&mut self) -> io::Result<PathBuf> {
        let part = self.part.as_ref().ok_or(ErrorKind::NotFound)?;
        part.file.sync_all()?;
        let path = first_free(self.paths(String::new()), |path| part.move_to(&path).map(|()| path))?;
        self.part = None;
        Ok(path)
    }

    /// Deletes the unfinished file.
    pub(super) fn discard(&mut self) {
        if let Some(part) = self.part.take().filter(Part::is_in_place) {
            let _ = fs::remove_file(part.path);
        }
    }

    fn leftover(&self) -> Option<Part> {
        let mut taken = self.part_paths().take_while(|path| path.symlink_metadata().is_ok());
        taken.find_map(|path| Part::reopen(path, self.label.size.0))
    }

    fn create(&self) -> io::Result<Part> {
        first_free(self.part_paths(), |path| {
            let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
            let part = Part { file, path };
            // Another client that receives the same file may find this one before it is locked; then that
            // client has it.
            let is_ours = part.lock() != Err(Errno::WOULDBLOCK) && part.is_in_place();
            if is_ours { Ok(part) } else { Err(ErrorKind::AlreadyExists.into()) }
        })
    }

    fn part_paths(&self) -> impl Iterator<Item = PathBuf> {
        self.paths(format!(".{}.part", self.mark))
    }

    /// The paths to try: the file's name, with a number from the second on, and this after it.
    fn paths(&self, end: String) -> impl Iterator<Item = PathBuf> {
        (0..MOST_NAMES)
            .map(move |number| self.folder.join(format!("{}{end}", self.label.name.numbered(number))))
    }
}

/// Takes the first of these paths that does not exist yet.
fn first_free<T>(
    paths: impl Iterator<Item = PathBuf>,
    take: impl Fn(PathBuf) -> io::Result<T>,
) -> io::Result<T> {
    for path in paths {
        match take(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            taken => return taken,
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// The digits that tell this offer from every other.
fn mark(label: &Label, from: Nick) -> String {
    let mut hasher = Hasher::default();
    let from = from.as_str().to_ascii_lowercase();
    hasher.update(format!("{from} {} {}", label.size.0, label.digest).as_bytes());
    let mut mark = hasher.digest().to_string();
    mark.truncate(MARK_DIGITS);
    mark
}

impl Part {
    /// Opens what an earlier attempt left at this path.
    fn reopen(path: PathBuf, size: u64) -> Option<Self> {
        // A link could lead anywhere, and opening a pipe could block.
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(&path, flags, Mode::empty()).ok()?);
        Self { file, path }.claimed(size)
    }

    /// Takes the lock, then checks that this is an unfinished file of at most `size` bytes. In this
    /// order: before the lock is taken, another client can still finish the file and move it.
    fn claimed(self, size: u64) -> Option<Self> {
        self.lock().ok()?;
        let metadata = self.file.metadata().ok()?;
        let is_ours = metadata.is_file() && metadata.uid() == geteuid().as_raw();
        let is_free = metadata.nlink() == 1 && self.is_in_place();
        (is_ours && is_free && metadata.len() <= size).then_some(self)
    }

    fn lock(&self) -> rustix::io::Result<()> {
        flock(&self.file, FlockOperation::NonBlockingLockExclusive)
    }

    /// Whether the path still leads to this file. Another program may have replaced it.
    fn is_in_place(&self) -> bool {
        match (self.file.metadata(), self.path.symlink_metadata()) {
            (Ok(file), Ok(path)) => (file.dev(), file.ino()) == (path.dev(), path.ino()),
            _ => false,
        }
    }

    /// Moves the file to a path that must not exist.
    fn move_to(&self, path: &Path) -> io::Result<()> {
        if !self.is_in_place() {
            let words = "another program has moved or replaced the unfinished file";
            return Err(io::Error::new(ErrorKind::NotFound, words));
        }
        match renameat_with(CWD, &self.path, CWD, path, RenameFlags::NOREPLACE) {
            // NFS, among others, has no such call, but it has hard links.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                fs::hard_link(&self.path, path)?;
                fs::remove_file(&self.path)
            }
            result => Ok(result?),
        }
    }
}

/// Deletes an empty unfinished file: there is nothing to continue.
impl Drop for Download<'_> {
    fn drop(&mut self) {
        if self.length() == 0 {
            self.discard();
        }
    }
}

#[cfg(test)]
mod tests;
