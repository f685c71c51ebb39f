//! Offering and sending a file.

use std::{
    env, fmt,
    fs::File,
    io::{self, BufReader, ErrorKind, Read, Seek, Write},
    net::TcpStream,
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags};

use super::{
    hashing::{CHUNK, Hasher},
    say,
};
use crate::{
    client::reason,
    file::{
        ByteCount, Fault, FileName, Label,
        way::{Line, read_line},
    },
};

/// Why a file was not sent.
#[derive(Debug)]
pub(super) enum Error {
    /// The file cannot be read.
    Unreadable(io::Error),
    /// The path leads to a folder, a device or a pipe.
    NotOrdinary,
    /// The file has changed since it was offered.
    Changed,
    /// The connection failed.
    Line,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => f.write_str(&reason(error)),
            Self::NotOrdinary => f.write_str("it is not an ordinary file"),
            Self::Changed => f.write_str("it has changed since it was offered"),
            Self::Line => f.write_str("the connection is gone"),
        }
    }
}

/// The path that was typed, with or without quotes. `~/` is the home folder.
pub(super) fn path(typed: &str) -> PathBuf {
    let typed = typed.trim_end();
    let is_there = |path: &str| home(path).symlink_metadata().is_ok();
    let unquoted = ['"', '\''].into_iter().find_map(|quote| typed.strip_prefix(quote)?.strip_suffix(quote));
    home(unquoted.filter(|_| !is_there(typed)).unwrap_or(typed))
}

/// Replaces a leading `~/` by the home folder.
pub(in crate::client) fn home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.into(),
    }
}

/// Reads a file to its end, and returns what to offer.
pub(super) fn label(path: &Path) -> Result<Label, Error> {
    let name = path.file_name().ok_or(Error::NotOrdinary)?;
    let mut hasher = Hasher::default();
    hasher.read(open(path)?).map_err(Error::Unreadable)?;
    let name = FileName::tamed(&name.to_string_lossy());
    Ok(Label { name, size: ByteCount(hasher.length()), digest: hasher.digest().into() })
}

/// Opens an ordinary file. `NONBLOCK`, because opening a pipe could block for ever.
fn open(path: &Path) -> Result<File, Error> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file =
        rustix::fs::open(path, flags, Mode::empty()).map_err(|error| Error::Unreadable(error.into()))?;
    let file = File::from(file);
    let is_ordinary = file.metadata().map_err(Error::Unreadable)?.is_file();
    if is_ordinary { Ok(file) } else { Err(Error::NotOrdinary) }
}

/// Sends a file that was offered, as [`crate::file::way`] describes.
pub(super) fn send(
    path: &Path,
    label: &Label,
    server: &TcpStream,
    progress: &mut dyn FnMut(u64),
) -> Result<(), Error> {
    let mut input = BufReader::new(server);
    let Ok(Line::Kept { length, digest }) = read_line(&mut input) else { return Err(Error::Line) };
    let mut file = match reopen(path, label) {
        Ok(file) => file,
        Err(error) => {
            let fault = if let Error::Changed = error { Fault::Changed } else { Fault::Unreadable };
            let _ = say(server, Line::Failed(fault));
            return Err(error);
        }
    };
    let mut hasher = Hasher::default();
    hasher.read((&file).take(length)).map_err(Error::Unreadable)?;
    if hasher.digest() != digest {
        file.rewind().map_err(Error::Unreadable)?;
        hasher = Hasher::default();
    }
    say(server, Line::From(hasher.length())).map_err(|_| Error::Line)?;
    copy(&mut file, label, server, hasher, progress)?;
    // The server closes the connection after the receiver's verdict.
    let _ = io::copy(&mut input, &mut io::sink());
    Ok(())
}

fn reopen(path: &Path, label: &Label) -> Result<File, Error> {
    let file = open(path)?;
    let size = file.metadata().map_err(Error::Unreadable)?.len();
    if size == label.size.0 { Ok(file) } else { Err(Error::Changed) }
}

/// Sends the bytes after those that are already hashed. The last ones are sent only if the digest of
/// the whole file is still what was offered.
fn copy(
    file: &mut File,
    label: &Label,
    mut server: &TcpStream,
    mut hasher: Hasher,
    progress: &mut dyn FnMut(u64),
) -> Result<(), Error> {
    let mut chunk = vec![0; CHUNK];
    while hasher.length() < label.size.0 {
        let length = match file.read(&mut chunk) {
            Ok(0) => return Err(Error::Changed),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::Unreadable(error)),
        };
        hasher.update(&chunk[..length]);
        if hasher.length() >= label.size.0 {
            let size = file.metadata().map_err(Error::Unreadable)?.len();
            if size != label.size.0 || !label.digest.allows(hasher.digest()) {
                return Err(Error::Changed);
            }
        }
        server.write_all(&chunk[..length]).map_err(|_| Error::Line)?;
        progress(hasher.length());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, net::TcpListener, thread};

    use super::*;

    /// Sends to a receiver that already has `kept`. Returns what it receives, and the result.
    fn sent(path: &Path, label: &Label, kept: &str) -> (String, Result<(), String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut receiver, _) = listener.accept().unwrap();
        let mut hasher = Hasher::default();
        hasher.update(kept.as_bytes());
        let kept = Line::Kept { length: hasher.length(), digest: hasher.digest() };
        receiver.write_all(format!("{kept}\n").as_bytes()).unwrap();
        receiver.shutdown(std::net::Shutdown::Write).unwrap();
        thread::scope(|scope| {
            let sending = move || send(path, label, &server, &mut |_| {}).map_err(|error| error.to_string());
            let sending = thread::Builder::new().spawn_scoped(scope, sending).unwrap();
            let mut heard = String::new();
            receiver.read_to_string(&mut heard).unwrap();
            (heard, sending.join().unwrap())
        })
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf, Label) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my notes.txt");
        fs::write(&path, text).unwrap();
        let label = label(&path).unwrap();
        (folder, path, label)
    }

    #[test]
    fn an_offer_has_the_files_name_size_and_digest() {
        let (_folder, _, label) = file("abc");
        assert_eq!((label.name.as_str(), label.size), ("my notes.txt", ByteCount(3)));
        assert!(label.digest.to_string().starts_with("ba7816bf"));
    }

    #[test]
    fn bytes_that_the_receiver_already_has_are_not_sent_again() {
        let (_folder, path, label) = file("0123456789");
        assert_eq!(sent(&path, &label, ""), ("from 0\n0123456789".into(), Ok(())));
        assert_eq!(sent(&path, &label, "0123"), ("from 4\n456789".into(), Ok(())));
        assert_eq!(sent(&path, &label, "0123456789"), ("from 10\n".into(), Ok(())));
    }

    #[test]
    fn a_receiver_that_has_other_bytes_gets_the_whole_file() {
        let (_folder, path, label) = file("0123456789");
        assert_eq!(sent(&path, &label, "01x3"), ("from 0\n0123456789".into(), Ok(())));
        assert_eq!(sent(&path, &label, "0123456789+"), ("from 0\n0123456789".into(), Ok(())));
    }

    #[test]
    fn an_empty_file_is_sent() {
        let (_folder, path, label) = file("");
        assert_eq!(sent(&path, &label, ""), ("from 0\n".into(), Ok(())));
    }

    #[test]
    fn a_file_that_has_changed_is_not_sent_to_its_end() {
        let changed = Err("it has changed since it was offered".to_owned());
        let (_folder, path, label) = file("0123456789");
        for other in ["0123", "0123456789+"] {
            fs::write(&path, other).unwrap();
            assert_eq!(sent(&path, &label, ""), ("failed changed\n".into(), changed.clone()));
        }
        fs::write(&path, "0123X56789").unwrap();
        assert_eq!(sent(&path, &label, ""), ("from 0\n".into(), changed));
        fs::remove_file(&path).unwrap();
        let (heard, result) = sent(&path, &label, "");
        assert_eq!(heard, "failed unreadable\n");
        assert!(result.unwrap_err().starts_with("No such file"));
    }

    #[test]
    fn only_ordinary_files_are_sent() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, Mode::RWXU, 0).unwrap();
        for path in [folder.path(), &fifo, Path::new("/dev/zero"), Path::new("/")] {
            assert_eq!(label(path).unwrap_err().to_string(), "it is not an ordinary file", "{path:?}");
        }
        let none = label(&folder.path().join("none")).unwrap_err();
        assert_eq!(none.to_string(), "No such file or directory", "without the system's number");
    }

    #[test]
    fn quotes_around_a_path_are_removed_unless_they_are_part_of_it() {
        assert_eq!(path("'my notes.txt' "), Path::new("my notes.txt"));
        assert_eq!(path("\"a\""), Path::new("a"));
        assert_eq!(path("'a"), Path::new("'a"));
        let folder = tempfile::tempdir().unwrap();
        let quoted = folder.path().join("x").display().to_string() + "'";
        assert_eq!(path(&quoted), Path::new(&quoted));
        assert_ne!(path("~/x"), Path::new("~/x"));
    }
}
