//! What the tests with two clients share: the clients and their folders.

use std::{
    fs,
    io::{BufRead, Write},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::Ticket;
use crate::support::{Peer, Piped, Server};

/// A folder with the sender's files, and in it one for received files.
pub(crate) struct Disk(TempDir);

impl Disk {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// Creates a file to send.
    #[track_caller]
    pub(crate) fn has(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).expect("a file");
        path
    }

    pub(crate) fn downloads(&self) -> PathBuf {
        self.0.path().join("down loads")
    }

    #[track_caller]
    pub(crate) fn received(&self, name: &str) -> Vec<u8> {
        fs::read(self.downloads().join(name)).expect("a file that was received")
    }

    /// The name of the unfinished file for `name`, if there is exactly one.
    pub(super) fn part(&self, name: &str) -> Option<String> {
        let entries = fs::read_dir(self.downloads()).into_iter().flatten();
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let is_part = |entry: &String| {
            let mark =
                entry.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".part"));
            mark.is_some_and(|mark| mark.len() == 32)
        };
        let mut parts: Vec<_> = names.filter(is_part).collect();
        parts.pop().filter(|_| parts.is_empty())
    }

    #[track_caller]
    pub(super) fn received_part(&self, name: &str) -> Vec<u8> {
        self.received(&self.part(name).expect("an unfinished file"))
    }

    /// The folder for received files holds exactly these.
    #[track_caller]
    pub(super) fn lists(&self, expected: &[&str]) {
        let entries = fs::read_dir(self.downloads()).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.expect("readable").file_name()).collect();
        names.sort();
        assert_eq!(names, expected);
    }
}

/// Bytes of every value, in a sequence that does not repeat.
pub(super) fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i ^ (i >> 8) ^ (i >> 16)).to_le_bytes()[0]).collect()
}

/// Starts a client, and waits until it has this nickname.
#[track_caller]
pub(crate) fn client(server: &Server, name: &str, disk: &Disk, options: &[&str]) -> Piped {
    let downloads = disk.downloads();
    let downloads = downloads.to_str().expect("a plain name");
    let options = [&["--nick", name, "--downloads", downloads], options].concat();
    let mut client = Piped::start(server.address().port(), &options);
    client.prints_at_last(&format!("Nickname changed to '{name}'."));
    client
}

pub(super) fn typed(path: &Path) -> String {
    format!("/sendfile bob {}\n", path.display())
}

/// alice sends bob a file, and both clients end after that.
#[track_caller]
pub(super) fn exchange(server: &Server, disk: &Disk, path: &Path) -> [(Option<i32>, String, String); 2] {
    let mut bob = client(server, "bob", disk, &[]);
    let mut alice = client(server, "alice", disk, &[]);
    alice.is_given(&typed(path));
    alice.input = None;
    bob.prints_request();
    bob.is_given("/acceptfile\n");
    bob.input = None;
    [alice.ends(), bob.ends()]
}

/// A sender that the test drives itself, and a real client that receives.
pub(super) struct ByHand {
    server: Server,
    pub(super) alice: Peer,
    pub(super) disk: Disk,
}

impl ByHand {
    pub(super) fn new() -> Self {
        let server = Server::start(&[]);
        let alice = server.client("alice");
        Self { server, alice, disk: Disk::new() }
    }

    /// alice offers and sends this. Returns the first line of bob's client, and its standard error.
    #[track_caller]
    pub(super) fn sends(&mut self, offer: &str, start: &str, bytes: &[u8]) -> (String, String) {
        let mut bob = client(&self.server, "bob", &self.disk, &[]);
        self.alice.says(&format!("/offer bob {offer}"));
        bob.prints_request();
        bob.is_given("/acceptfile\n");
        bob.input = None;
        let mut sender = Ticket::told(&self.server, &mut self.alice, "@file send ").call("");
        let mut kept = String::new();
        sender.read_line(&mut kept).expect("a line");
        sender.get_mut().write_all(&[start.as_bytes(), b"\n", bytes].concat()).expect("the server takes it");
        drop(sender);
        (kept, bob.ends().2)
    }
}

/// The SHA-256 of `abc`.
pub(super) const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// The SHA-256 of no bytes.
pub(super) const NOTHING: &str = super::DIGEST;
