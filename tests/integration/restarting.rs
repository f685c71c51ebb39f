//! What outlives the server, however it ended.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{
    Peer, Server,
    server::{command, eventually, on_a_small_disk, run},
};

/// A folder for a data file that several servers use, one after the other.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("chat.db")
    }

    #[track_caller]
    fn server(&self, options: &[&str]) -> Server {
        let file = self.file();
        let data = ["--data", file.to_str().expect("a name in UTF-8"), "--history-replay", "50"];
        Server::start(&[&data, options].concat())
    }
}

#[track_caller]
fn stop(server: Server) {
    server.signal(Signal::TERM);
    assert_eq!(server.ends().code(), Some(0));
}

#[track_caller]
fn kill(server: Server) {
    server.signal(Signal::KILL);
    server.ends();
}

/// The history of the lobby without the times.
#[track_caller]
fn past(peer: &mut Peer) -> Vec<String> {
    peer.says("/history 1000");
    peer.says("/barrier");
    let mut lines = Vec::new();
    loop {
        let line = peer.next_line().expect("the server is there");
        if line.starts_with("Unknown command: /barrier") {
            return lines;
        }
        if let Some((_, said)) = line.split_once(" [lobby] ") {
            lines.push(said.to_owned());
        }
    }
}

#[test]
fn history_and_topics_are_there_after_a_restart() {
    let folder = Folder::new();
    let server = folder.server(&[]);
    let mut alice = server.client("alice");
    for line in ["hello", "/me waves", "/join Ops", "/topic Order", "in ops"] {
        alice.says(line);
    }
    alice.hears_at_last("[Ops] alice: in ops");
    stop(server);

    let server = folder.server(&[]);
    let mut bob = server.connect();
    bob.hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
    bob.hears("Last 2 messages in 'lobby':");
    let (first, second) = (bob.next_line().expect("a line"), bob.next_line().expect("a line"));
    assert!(first.ends_with(" [lobby] alice: hello"), "{first}");
    assert!(second.ends_with(" [lobby] * alice waves"), "{second}");
    bob.says("/join ops");
    bob.hears("You joined room 'Ops'.");
    bob.hears("Last 1 messages in 'Ops':");
    assert!(bob.next_line().expect("a line").ends_with(" [Ops] alice: in ops"));
    bob.hears("Topic of 'Ops': Order");
    bob.hears_nothing();
}

#[test]
fn the_file_holds_no_more_lines_of_a_room_than_its_history() {
    let folder = Folder::new();
    let server = folder.server(&["--history", "3"]);
    let mut alice = server.client("alice");
    (0..9).for_each(|n| alice.says(&n.to_string()));
    alice.hears_at_last("[lobby] alice: 8");
    assert_eq!(past(&mut alice), ["alice: 6", "alice: 7", "alice: 8"]);
    stop(server);
    let server = folder.server(&["--history", "1000"]);
    assert_eq!(past(&mut server.client("bob")), ["alice: 6", "alice: 7", "alice: 8"]);
}

#[test]
fn a_server_that_is_killed_in_a_storm_loses_only_the_last_lines() {
    let folder = Folder::new();
    let server = folder.server(&["--history", "100000"]);
    let mut alice = server.client("alice");
    let (mut said, before) = (0, size(&folder.file()));
    eventually("something is saved", || {
        for _ in 0..50 {
            alice.says(&said.to_string());
            alice.hears_at_last(&format!("[lobby] alice: {said}"));
            said += 1;
        }
        size(&folder.file()) > before + 100_000
    });
    kill(server);
    let server = folder.server(&["--history", "100000"]);
    let kept = past(&mut server.client("bob"));
    let last = kept.last().and_then(|line| line.strip_prefix("alice: ")).expect("a line of alice");
    let last: usize = last.parse().expect("a number");
    assert!(last < said && !kept.is_empty());
    let expected: Vec<_> = (last + 1 - kept.len()..=last).map(|n| format!("alice: {n}")).collect();
    assert_eq!(kept, expected, "no line is missing in between");
}

/// Bytes of the data file and its journal.
fn size(file: &Path) -> u64 {
    let journal = file.with_extension("db-wal");
    [file, &journal].into_iter().filter_map(|file| fs::metadata(file).ok()).map(|data| data.len()).sum()
}

#[test]
fn a_server_that_is_killed_again_and_again_in_a_storm_always_starts() {
    let folder = Folder::new();
    for _ in 0..3 {
        let server = folder.server(&["--presence-limit", "1"]);
        thread::scope(|scope| {
            for name in ["alice", "bob", "carol"] {
                let mut peer = server.client(name);
                let storm = move || while peer.is_taken("hello\n".repeat(100).as_bytes()) {};
                thread::Builder::new().spawn_scoped(scope, storm).expect("a thread");
            }
            let before = size(&folder.file());
            eventually("something is saved", || size(&folder.file()) != before);
            server.signal(Signal::KILL);
        });
        server.ends();
    }
    let kept = past(&mut folder.server(&[]).client("dave"));
    assert_eq!(kept.len(), 1000);
}

#[test]
fn a_second_server_on_the_same_file_is_refused() {
    let folder = Folder::new();
    let _first = folder.server(&[]);
    let (status, out, err) = run(command().args(["--port", "0", "--data"]).arg(folder.file()));
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(err.contains("is in use by another server"), "{err}");
}

#[test]
fn a_file_of_another_program_is_refused_and_left_alone() {
    let folder = Folder::new();
    fs::write(folder.file(), "Dear diary").expect("a file");
    let (status, _, err) = run(command().args(["--port", "0", "--data"]).arg(folder.file()));
    assert_eq!(status, Some(1));
    assert!(err.contains("is not a data file of this program"), "{err}");
    assert_eq!(fs::read_to_string(folder.file()).expect("the file"), "Dear diary");
}

#[test]
fn a_server_without_a_data_file_saves_nothing() {
    let folder = Folder::new();
    let mut command = command();
    command.current_dir(folder.0.path()).args(["--port", "0", "--data", ":memory:"]);
    let server = Server::start_command(command);
    let mut alice = server.client("alice");
    alice.says("hello");
    alice.hears("[lobby] alice: hello");
    stop(server);
    assert_eq!(fs::read_dir(folder.0.path()).expect("a folder").count(), 0);
}

#[test]
fn a_ban_survives_a_kill_right_after_the_room_was_told() {
    let folder = Folder::new();
    let server = folder.server(&[]);
    let mut alice = server.client("alice");
    alice.sends(b"/join ops\n/ban bob spam\n");
    alice.hears("You joined room 'ops'.");
    alice.hears("alice has banned bob: spam");
    kill(server);

    let server = folder.server(&[]);
    let mut bob = server.client("bob");
    bob.says("/join ops");
    bob.hears("You are banned from this room.");
}

/// A registration survives a kill right after it was acknowledged, and so does what was said before.
#[track_caller]
fn check_registration_survives(folder: &Folder, server: Server, mut alice: Peer) {
    alice.says("/register correct-horse");
    alice.hears_at_last("Registration successful.");
    kill(server);
    let server = folder.server(&[]);
    let mut bob = server.connect();
    bob.says("/login alice correct-horse");
    bob.hears_at_last("Login successful.");
    assert_eq!(past(&mut bob), ["alice: hello"]);
}

/// A server that has saved a line.
fn with_history(folder: &Folder) -> (Server, Peer) {
    let server = folder.server(&[]);
    let mut alice = server.client("alice");
    let before = size(&folder.file());
    alice.says("hello");
    alice.hears("[lobby] alice: hello");
    eventually("it is saved", || size(&folder.file()) > before);
    (server, alice)
}

#[test]
fn a_registration_after_the_data_file_was_deleted_survives_a_kill() {
    for with_journal in [false, true] {
        let folder = Folder::new();
        let (server, alice) = with_history(&folder);
        fs::remove_file(folder.file()).expect("the data file");
        if with_journal {
            fs::remove_file(folder.file().with_extension("db-wal")).expect("its journal");
        }
        check_registration_survives(&folder, server, alice);
    }
}

#[test]
fn a_deleted_data_file_is_noticed_in_a_silent_chat() {
    let folder = Folder::new();
    let (server, alice) = with_history(&folder);
    fs::remove_file(folder.file()).expect("the data file");
    eventually("the file is there again", || folder.file().exists());
    eventually("it is reported", || server.diagnostics().contains("the data file was removed"));
    drop(alice);
    stop(server);
    assert_eq!(past(&mut folder.server(&[]).client("bob")), ["alice: hello"]);
}

#[test]
fn nothing_is_reported_as_saved_while_another_file_is_in_the_place_of_the_data_file() {
    let folder = Folder::new();
    let (server, mut alice) = with_history(&folder);
    let other = folder.0.path().join("other");
    fs::write(&other, "Dear diary").expect("a file");
    fs::rename(&other, folder.file()).expect("to replace the data file");
    alice.says("/register correct-horse");
    alice.hears("The change could not be saved and was undone. Try again later.");
    eventually("it is reported", || server.diagnostics().contains("another file was put in the place"));
    assert_eq!(server.diagnostics().matches("cannot save").count(), 1, "once");
    assert_eq!(fs::read_to_string(folder.file()).expect("the other file"), "Dear diary");
    fs::remove_file(folder.file()).expect("the other file");
    eventually("a new file is written", || server.diagnostics().contains("is saved again"));
    check_registration_survives(&folder, server, alice);
}

/// A server that has reported that its disk is full.
fn with_full_disk(folder: &Folder) -> (Server, Peer) {
    let server = Server::start_command(on_a_small_disk(&folder.file()));
    let mut alice = server.client("alice");
    let text = "x".repeat(1000);
    (0..200).for_each(|_| alice.says(&text));
    alice.catches_up();
    eventually("it is reported", || server.diagnostics().contains("cannot save what is said"));
    (server, alice)
}

#[test]
fn the_chat_goes_on_when_the_disk_is_full() {
    let folder = Folder::new();
    let (server, mut alice) = with_full_disk(&folder);
    alice.says("still here");
    alice.hears("[lobby] alice: still here");
    assert_eq!(server.diagnostics().matches("cannot save").count(), 1, "once");
    stop(server);
    folder.server(&[]).client("bob");
}

#[test]
fn a_ban_that_a_full_disk_cannot_take_holds_until_the_server_stops() {
    let folder = Folder::new();
    let (server, mut alice) = with_full_disk(&folder);
    let mut bob = server.client("bob");
    alice.sends(b"/join ops\n/ban bob\n");
    alice.hears_at_last("You joined room 'ops'.");
    alice.hears("alice has banned bob.");
    alice.hears("This could not be saved. It holds only until the server stops.");
    bob.catches_up();
    bob.says("/join ops");
    bob.hears("You are banned from this room.");
}
