//! What happens to the files in a download folder, including the user's own.

use std::os::unix::fs::symlink;

use rustix::fs::{FileType, mknodat};
use tempfile::TempDir;

use super::*;
use crate::file::{ByteCount, FileName};

/// A folder for downloads, in which the user has files of their own.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn has(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Starts to receive a file from alice, of which this part arrives.
    fn begins<'a>(&'a self, label: &'a Label, text: &str) -> Download<'a> {
        let mut download = Download::new(self.path(), label, alice()).unwrap();
        download.begin(0).unwrap();
        download.write(text.as_bytes()).unwrap();
        download
    }

    fn receives(&self, label: &Label, text: &str) -> PathBuf {
        let mut download = self.begins(label, text);
        assert!(download.is_whole());
        download.finish().unwrap()
    }

    /// The folder holds exactly these files with these contents.
    #[track_caller]
    fn holds(&self, expected: &[(&str, &str)]) {
        let entries = fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap());
        let mut found: Vec<_> = entries
            .map(|entry| {
                (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found.iter().map(|(name, text)| (&**name, &**text)).collect::<Vec<_>>(), expected);
    }
}

fn alice() -> Nick {
    Nick::new("alice").unwrap()
}

fn label(name: &str, text: &str) -> Label {
    Label {
        name: FileName::new(name).unwrap(),
        size: ByteCount(text.len() as u64),
        digest: hashed(text).digest().into(),
    }
}

fn hashed(text: &str) -> Hasher {
    let mut hasher = Hasher::default();
    hasher.update(text.as_bytes());
    hasher
}

/// The name of a file while it is being received from alice.
fn part(label: &Label) -> String {
    format!("{}.{}.part", label.name, mark(label, alice()))
}

fn length_kept(folder: &Folder, label: &Label, from: &str) -> u64 {
    Download::new(folder.path(), label, Nick::new(from).unwrap()).unwrap().length()
}

#[test]
fn a_file_has_its_name_only_when_it_is_whole() {
    let folder = Folder::new();
    let label = label("x.txt", "abc");
    let mut download = folder.begins(&label, "ab");
    assert!(!download.is_whole());
    folder.holds(&[(&part(&label), "ab")]);
    download.write(b"c").unwrap();
    assert!(download.is_whole());
    assert_eq!(download.finish().unwrap(), folder.path().join("x.txt"));
    drop(download);
    folder.holds(&[("x.txt", "abc")]);
}

#[test]
fn a_missing_folder_is_created() {
    let folder = Folder::new();
    let label = label("x", "abc");
    let inner = folder.path().join("new/downloads");
    Download::new(&inner, &label, alice()).unwrap();
    assert!(inner.is_dir());
}

#[test]
fn a_finished_file_overwrites_nothing() {
    let folder = Folder::new();
    let own = folder.has("x.txt", "mine");
    fs::create_dir(folder.path().join("x (1).txt")).unwrap();
    symlink("nowhere", folder.path().join("x (2).txt")).unwrap();
    let path = folder.receives(&label("x.txt", "abc"), "abc");
    assert_eq!(path, folder.path().join("x (3).txt"));
    assert_eq!(fs::read_to_string(own).unwrap(), "mine");
}

#[test]
fn a_file_that_takes_the_name_while_ours_arrives_stays_as_it_is() {
    let folder = Folder::new();
    let label = label("x", "abc");
    let mut download = folder.begins(&label, "abc");
    folder.has("x", "mine");
    assert_eq!(download.finish().unwrap(), folder.path().join("x (1)"));
    folder.holds(&[("x", "mine"), ("x (1)", "abc")]);
}

#[test]
fn an_empty_file_is_received() {
    let folder = Folder::new();
    folder.receives(&label("x", ""), "");
    folder.holds(&[("x", "")]);
}

#[test]
fn the_longest_name_leaves_room_for_the_mark() {
    let folder = Folder::new();
    let name = "x".repeat(FileName::MAX);
    folder.receives(&label(&name, "abc"), "abc");
    folder.holds(&[(&name, "abc")]);
}

#[test]
fn an_unfinished_file_is_continued() {
    let folder = Folder::new();
    let label = label("x", "abcdef");
    drop(folder.begins(&label, "abc"));
    let mut download = Download::new(folder.path(), &label, alice()).unwrap();
    assert_eq!(download.kept(), Line::Kept { length: 3, digest: hashed("abc").digest() });
    download.begin(3).unwrap();
    download.write(b"def").unwrap();
    assert!(download.is_whole());
    download.finish().unwrap();
    folder.holds(&[("x", "abcdef")]);
}

#[test]
fn an_unfinished_file_is_replaced_if_the_sender_begins_again() {
    let folder = Folder::new();
    let label = label("x", "abcdef");
    drop(folder.begins(&label, "other"));
    folder.receives(&label, "abcdef");
    folder.holds(&[("x", "abcdef")]);
}

#[test]
fn a_part_file_that_a_browser_left_is_neither_continued_nor_deleted() {
    let folder = Folder::new();
    let label = label("thesis.pdf", "abcdef");
    folder.has("thesis.pdf.part", "abc");
    let mut download = Download::new(folder.path(), &label, alice()).unwrap();
    assert_eq!(download.length(), 0, "the sender is not told what is in it");
    download.begin(0).unwrap();
    download.write(b"wrong").unwrap();
    download.discard();
    drop(download);
    folder.holds(&[("thesis.pdf.part", "abc")]);
    folder.receives(&label, "abcdef");
    folder.holds(&[("thesis.pdf", "abcdef"), ("thesis.pdf.part", "abc")]);
}

#[test]
fn an_unfinished_file_is_not_used_for_another_offer() {
    let folder = Folder::new();
    let wanted = label("x", "abcdef");
    drop(folder.begins(&wanted, "abc"));
    let same_digest = Label { size: ByteCount(9), ..wanted.clone() };
    for (label, from) in [(&label("x", "abcxyz"), "alice"), (&same_digest, "alice"), (&wanted, "mallory")] {
        assert_eq!(length_kept(&folder, label, from), 0, "{from}: {label:?}");
    }
    assert_eq!(length_kept(&folder, &wanted, "Alice"), 3);
    folder.holds(&[(&part(&wanted), "abc")]);
}

#[test]
fn only_a_file_that_the_client_can_have_begun_is_continued() {
    let folder = Folder::new();
    let outside = Folder::new();
    let own = outside.has("own", "ab");
    let occupy: [&dyn Fn(&Path); 5] = [
        &|path| symlink(&own, path).unwrap(),
        &|path| symlink("nowhere", path).unwrap(),
        &|path| fs::hard_link(&own, path).unwrap(),
        &|path| fs::create_dir(path).unwrap(),
        &|path| mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap(),
    ];
    for (number, occupy) in occupy.iter().enumerate() {
        let label = label(&format!("x{number}"), "abc");
        let occupied = folder.path().join(part(&label));
        occupy(&occupied);
        let before = occupied.symlink_metadata().unwrap();
        assert_eq!(length_kept(&folder, &label, "alice"), 0);
        assert_eq!(folder.receives(&label, "abc"), folder.path().join(label.name.as_str()));
        drop(folder.begins(&label, ""));
        let after = occupied.symlink_metadata().unwrap();
        assert_eq!((before.ino(), before.len()), (after.ino(), after.len()));
    }
    outside.holds(&[("own", "ab")]);
}

#[test]
fn an_unfinished_file_that_is_too_long_is_left_alone() {
    let folder = Folder::new();
    let label = label("x", "abc");
    folder.has(&part(&label), "longer than the file");
    folder.receives(&label, "abc");
    folder.holds(&[("x", "abc"), (&part(&label), "longer than the file")]);
}

#[test]
fn two_clients_that_receive_the_same_file_do_not_write_to_one() {
    let folder = Folder::new();
    let label = label("x", "abc");
    let mut first = folder.begins(&label, "ab");
    let mut second = Download::new(folder.path(), &label, alice()).unwrap();
    assert_eq!(second.length(), 0, "the first client still writes to it");
    second.begin(0).unwrap();
    second.write(b"abc").unwrap();
    second.finish().unwrap();
    first.write(b"c").unwrap();
    assert_eq!(first.finish().unwrap(), folder.path().join("x (1)"));
    folder.holds(&[("x", "abc"), ("x (1)", "abc")]);
}

#[test]
fn a_file_that_another_client_finishes_meanwhile_is_not_continued() {
    let folder = Folder::new();
    let label = label("x", "abc");
    let mut first = folder.begins(&label, "abc");
    let path = folder.path().join(part(&label));
    let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    first.finish().unwrap();
    assert!(Part { file, path }.claimed(3).is_none());
}

#[test]
fn a_file_that_takes_the_place_of_the_unfinished_one_is_left_alone() {
    let folder = Folder::new();
    let label = label("x", "abc");
    for finishes in [true, false] {
        let mut download = folder.begins(&label, "abc");
        let path = folder.path().join(part(&label));
        fs::remove_file(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        assert_eq!(download.unfinished(), None);
        if finishes {
            download.finish().unwrap_err();
        } else {
            download.discard();
        }
        drop(download);
        folder.holds(&[(&part(&label), "mine")]);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn empty_and_damaged_files_are_deleted() {
    let folder = Folder::new();
    let label = label("x", "abc");
    drop(folder.begins(&label, ""));
    folder.holds(&[]);
    let mut download = folder.begins(&label, "abd");
    assert!(!download.is_whole());
    download.discard();
    folder.holds(&[]);
}

#[test]
fn a_place_in_the_middle_is_an_error() {
    let folder = Folder::new();
    let label = label("x", "abc");
    assert!(Download::new(folder.path(), &label, alice()).unwrap().begin(2).is_err());
}
