//! What is received: an unfinished file, and the one moment when it becomes a finished one.
//!
//! A file from a stranger must never cost the user one of their own. So nothing here opens a file for
//! writing that it did not make, with one exception: an unfinished file whose every byte the sender
//! has confirmed is continued. Finished names are reserved before they are taken, and whatever stands
//! there already stays.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};

use super::hashing::Hasher;
use crate::file::{Label, way::Kept};

/// Names that are tried before giving up: `x`, `x (1)` … Nobody wants more files of one name.
const MOST_NAMES: u32 = 1000;

/// A file that is being received.
pub(super) struct Download<'a> {
    folder: &'a Path,
    label: &'a Label,
    /// What was left by an earlier attempt, until it is known whether it is of use.
    part: Option<Part>,
    hasher: Hasher,
}

/// An unfinished file, locked so that no other client on this machine continues it too.
struct Part {
    file: File,
    path: PathBuf,
}

impl<'a> Download<'a> {
    /// Makes the folder if need be, and looks for what an earlier attempt has left.
    pub(super) fn new(folder: &'a Path, label: &'a Label) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut download = Self { folder, label, part: None, hasher: Hasher::default() };
        if let Some(part) = download.leftover() {
            let mut hasher = Hasher::default();
            hasher.read(&part.file)?;
            download.part = Some(part);
            download.hasher = hasher;
        }
        Ok(download)
    }

    /// What is here already, as the sender is told.
    pub(super) fn kept(&self) -> Kept {
        Kept::Prefix { length: self.hasher.length(), digest: self.hasher.digest() }
    }

    /// Begins to write at this place: where the earlier attempt ended, or at the start of a new file.
    pub(super) fn begin(&mut self, place: u64) -> io::Result<()> {
        if self.part.is_some() && place == self.hasher.length() {
            return Ok(());
        }
        if place > 0 {
            return Err(ErrorKind::InvalidData.into());
        }
        self.part = Some(self.new_part()?);
        self.hasher = Hasher::default();
        Ok(())
    }

    /// How many bytes are there.
    pub(super) fn length(&self) -> u64 {
        self.hasher.length()
    }

    /// How many there will be.
    pub(super) fn size(&self) -> u64 {
        self.label.size.0
    }

    /// Where the unfinished file is, if there is anything in it.
    pub(super) fn unfinished(&self) -> Option<&Path> {
        self.part.as_ref().filter(|_| self.length() > 0).map(|part| part.path.as_path())
    }

    /// Adds bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let part = self.part.as_mut().ok_or(ErrorKind::NotFound)?;
        part.file.write_all(bytes)?;
        self.hasher.update(bytes);
        Ok(())
    }

    /// Whether what is there is what was offered.
    pub(super) fn is_whole(&self) -> bool {
        self.length() == self.label.size.0 && self.hasher.digest() == self.label.digest
    }

    /// Gives the file its name, once it is whole.
    pub(super) fn finish(&mut self) -> io::Result<PathBuf> {
        let part = self.part.as_ref().ok_or(ErrorKind::NotFound)?;
        part.file.sync_all()?;
        let (_, path) = self.create("")?;
        // The name is ours now, with nothing in it; this puts the file there in one go.
        fs::rename(&part.path, &path).inspect_err(|_| drop(fs::remove_file(&path)))?;
        self.part = None;
        Ok(path)
    }

    /// Throws away what is there: it is of no use to anybody.
    pub(super) fn discard(&mut self) {
        if let Some(part) = self.part.take() {
            let _ = fs::remove_file(part.path);
        }
    }

    /// The newest unfinished file of this name, if it can be continued.
    fn leftover(&self) -> Option<Part> {
        let paths = (0..MOST_NAMES).map(|number| self.path(number, ".part"));
        let path = paths.take_while(|path| path.symlink_metadata().is_ok()).last()?;
        // A link could lead anywhere, and anything else than a file could make us wait.
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(&path, flags, Mode::empty()).ok()?);
        let metadata = file.metadata().ok()?;
        let is_ours_alone = metadata.is_file() && metadata.nlink() == 1;
        let is_a_part = (1..=self.label.size.0).contains(&metadata.len());
        let part = Part { file, path };
        (is_ours_alone && is_a_part && part.lock()).then_some(part)
    }

    fn new_part(&self) -> io::Result<Part> {
        let (file, path) = self.create(".part")?;
        let part = Part { file, path };
        part.lock();
        Ok(part)
    }

    /// Makes a file that was not there, under the first name that is free.
    fn create(&self, end: &str) -> io::Result<(File, PathBuf)> {
        for path in (0..MOST_NAMES).map(|number| self.path(number, end)) {
            // This follows no link, and overwrites nothing, whoever else makes files here.
            match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((file, path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    fn path(&self, number: u32, end: &str) -> PathBuf {
        self.folder.join(self.label.name.numbered(number) + end)
    }
}

impl Part {
    fn lock(&self) -> bool {
        flock(&self.file, FlockOperation::NonBlockingLockExclusive).is_ok()
    }
}

/// What is empty is nobody's leftover.
impl Drop for Download<'_> {
    fn drop(&mut self) {
        if self.length() == 0 {
            self.discard();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::file::{ByteCount, FileName};

    fn label(name: &str, text: &str) -> Label {
        let mut hasher = Hasher::default();
        hasher.update(text.as_bytes());
        Label {
            name: FileName::new(name).unwrap(),
            size: ByteCount(text.len() as u64),
            digest: hasher.digest(),
        }
    }

    /// What is in a folder: names with what the files hold.
    #[track_caller]
    fn check(folder: &Path, expected: &[(&str, &str)]) {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let mut found: Vec<_> = entries
            .map(|entry| {
                (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        found.sort();
        assert_eq!(found.iter().map(|(name, text)| (&**name, &**text)).collect::<Vec<_>>(), expected);
    }

    fn receive(folder: &Path, label: &Label, text: &str) -> PathBuf {
        let mut download = Download::new(folder, label).unwrap();
        download.begin(0).unwrap();
        download.write(text.as_bytes()).unwrap();
        assert!(download.is_whole());
        download.finish().unwrap()
    }

    #[test]
    fn the_folder_is_made_and_the_file_has_its_name_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new/downloads");
        let label = label("x.txt", "abc");
        let mut download = Download::new(&folder, &label).unwrap();
        download.begin(0).unwrap();
        download.write(b"ab").unwrap();
        assert!(!download.is_whole());
        check(&folder, &[("x.txt.part", "ab")]);
        download.write(b"c").unwrap();
        assert!(download.is_whole());
        assert_eq!(download.finish().unwrap(), folder.join("x.txt"));
        drop(download);
        check(&folder, &[("x.txt", "abc")]);
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.txt"), "mine").unwrap();
        fs::create_dir(folder.path().join("x (1).txt")).unwrap();
        let path = receive(folder.path(), &label("x.txt", "abc"), "abc");
        assert_eq!(path, folder.path().join("x (2).txt"));
        assert_eq!(fs::read_to_string(folder.path().join("x.txt")).unwrap(), "mine");
    }

    #[test]
    fn an_empty_file_is_received() {
        let folder = tempfile::tempdir().unwrap();
        receive(folder.path(), &label("x", ""), "");
        check(folder.path(), &[("x", "")]);
    }

    #[test]
    fn what_an_earlier_attempt_has_left_is_continued() {
        let folder = tempfile::tempdir().unwrap();
        let label = label("x", "abcdef");
        let mut download = Download::new(folder.path(), &label).unwrap();
        download.begin(0).unwrap();
        download.write(b"abc").unwrap();
        drop(download);
        let mut download = Download::new(folder.path(), &label).unwrap();
        let mut hasher = Hasher::default();
        hasher.update(b"abc");
        assert_eq!(download.kept(), Kept::Prefix { length: 3, digest: hasher.digest() });
        download.begin(3).unwrap();
        download.write(b"def").unwrap();
        assert!(download.is_whole());
        download.finish().unwrap();
        check(folder.path(), &[("x", "abcdef")]);
    }

    #[test]
    fn a_leftover_of_another_file_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.part"), "other").unwrap();
        receive(folder.path(), &label("x", "abcdef"), "abcdef");
        fs::write(folder.path().join("y.part"), "longer than the file").unwrap();
        receive(folder.path(), &label("y", "abc"), "abc");
        check(
            folder.path(),
            &[("x", "abcdef"), ("x.part", "other"), ("y", "abc"), ("y.part", "longer than the file")],
        );
    }

    #[test]
    fn two_at_a_time_do_not_write_into_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let label = label("x", "abc");
        let mut first = Download::new(folder.path(), &label).unwrap();
        first.begin(0).unwrap();
        first.write(b"ab").unwrap();
        let mut second = Download::new(folder.path(), &label).unwrap();
        assert_eq!(second.length(), 0, "the leftover is not left over yet");
        second.begin(0).unwrap();
        second.write(b"abc").unwrap();
        second.finish().unwrap();
        first.write(b"c").unwrap();
        assert_eq!(first.finish().unwrap(), folder.path().join("x (1)"));
    }

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
        fs::create_dir(&inside).unwrap();
        fs::write(&outside, "ab").unwrap();
        symlink(&outside, inside.join("x")).unwrap();
        symlink(&outside, inside.join("x.part")).unwrap();
        symlink("nowhere", inside.join("x (1)")).unwrap();
        fs::hard_link(&outside, inside.join("y.part")).unwrap();
        assert_eq!(receive(&inside, &label("x", "abc"), "abc"), inside.join("x (2)"));
        assert_eq!(receive(&inside, &label("y", "abc"), "abc"), inside.join("y"));
        assert_eq!(fs::read_to_string(&outside).unwrap(), "ab");
    }

    #[test]
    fn what_is_of_no_use_does_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        let label = label("x", "abc");
        let mut download = Download::new(folder.path(), &label).unwrap();
        download.begin(0).unwrap();
        drop(download);
        check(folder.path(), &[]);
        let mut download = Download::new(folder.path(), &label).unwrap();
        download.begin(0).unwrap();
        download.write(b"abd").unwrap();
        assert!(!download.is_whole());
        download.discard();
        check(folder.path(), &[]);
    }

    #[test]
    fn a_place_that_was_not_agreed_on_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let label = label("x", "abc");
        assert!(Download::new(folder.path(), &label).unwrap().begin(2).is_err());
    }
}
