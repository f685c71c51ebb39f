//! Receiving an accepted file.

use std::{
    fmt,
    io::{self, BufRead, BufReader, ErrorKind},
    net::{Shutdown, TcpStream},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{download::Download, hashing::CHUNK, say};
use crate::{
    client::reason,
    file::{
        Fault, Label,
        way::{Line, read_line},
    },
    names::Nick,
};

/// Why a file was not received.
enum Error {
    /// The file cannot be written.
    Unwritable(io::Error),
    /// The bytes do not match the SHA-256 that was offered.
    Damaged,
    /// The connection failed.
    Line,
    /// A user has stopped the transfer, or has left.
    Stopped(String),
}

/// The disk is full, or a limit on the user's files is reached.
const FULL: [ErrorKind; 3] = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::FileTooLarge];

impl Error {
    /// What to tell the sender. After a failed connection, nothing can be told.
    fn fault(&self) -> Option<Fault> {
        match self {
            Self::Unwritable(error) if FULL.contains(&error.kind()) => Some(Fault::DiskFull),
            Self::Unwritable(_) => Some(Fault::Unwritable),
            Self::Damaged => Some(Fault::Damaged),
            Self::Line | Self::Stopped(_) => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwritable(error) => write!(f, "it cannot be written: {}", reason(error)),
            Self::Damaged => f.write_str("it is not the file that was offered"),
            Self::Line => f.write_str("the connection ended too early"),
            Self::Stopped(why) => f.write_str(why),
        }
    }
}

/// How long the server may take to say on its other connection why this one has ended.
const REASON: Duration = Duration::from_secs(2);

/// Receives a file, and returns what to tell the user about how that ended. `stop` says who has stopped the
/// transfer, if it is known after so long.
pub(super) fn receive(
    folder: &Path,
    label: &Label,
    from: Nick,
    server: &TcpStream,
    progress: &mut dyn FnMut(u64),
    stop: &dyn Fn(Duration) -> Option<String>,
) -> String {
    let mut download = None;
    let received = Download::new(folder, label, from)
        .map_err(Error::Unwritable)
        .and_then(|new| fetch(download.insert(new), server, progress, stop));
    let last_line = match &received {
        Ok(_) => Some(Line::Received),
        Err(error) => error.fault().map(Line::Failed),
    };
    hang_up(server, last_line);
    let error = match received {
        Ok(path) if label.digest.0.is_none() => {
            let path = path.display();
            return format!("Saved as {path}. {from} gave no SHA-256, so only its size was checked.");
        }
        Ok(path) => return format!("Saved as {}.", path.display()),
        Err(Error::Line) => stop(REASON).map_or(Error::Line, Error::Stopped),
        Err(error) => error,
    };
    let rest = download.as_ref().and_then(Download::unfinished).map(|path| {
        let path = path.display();
        format!(" A part of it is in {path}. If {from} sends the file again, only the rest is sent.")
    });
    format!("'{}' was not received: {error}.{}", label.name, rest.unwrap_or_default())
}

/// Agrees with the sender on where to start, writes the bytes, and moves the whole file to its place.
fn fetch(
    download: &mut Download<'_>,
    server: &TcpStream,
    progress: &mut dyn FnMut(u64),
    stop: &dyn Fn(Duration) -> Option<String>,
) -> Result<PathBuf, Error> {
    let mut input = BufReader::with_capacity(CHUNK, server);
    say(server, download.kept()).map_err(|_| Error::Line)?;
    let Ok(Line::From(place)) = read_line(&mut input) else { return Err(Error::Line) };
    download.begin(place).map_err(Error::Unwritable)?;
    while download.left() > 0 {
        let bytes = match input.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Ok([]) | Err(_) => return Err(Error::Line),
            Ok(bytes) => bytes,
        };
        let taken = bytes.len().min(usize::try_from(download.left()).unwrap_or(usize::MAX));
        download.write(&bytes[..taken]).map_err(Error::Unwritable)?;
        input.consume(taken);
        progress(download.length());
    }
    if !download.is_whole() {
        download.discard();
        return Err(Error::Damaged);
    }
    // All of it can have been on its way already when a user stopped it.
    match stop(Duration::ZERO) {
        Some(who) => Err(Error::Stopped(who)),
        None => download.finish().map_err(Error::Unwritable),
    }
}

/// Sends the last line, and reads what still comes. Closing before that would reset the connection,
/// and the last line could be lost.
fn hang_up(server: &TcpStream, last_line: Option<Line>) {
    /// How long the server may take to close the connection.
    const PATIENCE: Duration = Duration::from_secs(10);
    let Some(last_line) = last_line else { return };
    let is_said = say(server, last_line).and_then(|()| server.shutdown(Shutdown::Write));
    if is_said.is_ok() && server.set_read_timeout(Some(PATIENCE)).is_ok() {
        let _ = io::copy(&mut &*server, &mut io::sink());
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, net::TcpListener};

    use super::*;
    use crate::{
        client::transfers::hashing::Hasher,
        file::{ByteCount, FileName},
    };

    #[test]
    fn a_file_that_was_stopped_is_not_saved_even_if_all_of_it_has_arrived() {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        say(&server, Line::From(0)).unwrap();
        server.write_all(b"hello").unwrap();
        let mut hasher = Hasher::default();
        hasher.update(b"hello");
        let label = Label { name: FileName::tamed("x"), size: ByteCount(5), digest: hasher.digest().into() };
        let (from, stop) = (Nick::new("bob").unwrap(), |_| Some("bob has stopped it".to_owned()));
        let told = receive(folder.path(), &label, from, &client, &mut |_| {}, &stop);
        assert!(told.starts_with("'x' was not received: bob has stopped it. A part of it is in "), "{told}");
        assert!(!folder.path().join("x").exists());
    }
}
