//! Two real clients and a real server: files that are cut off, and continued later.

use std::{io::Write, process::Command};

use rustix::process::{Pid, Signal, kill_process};

use super::{
    Ticket,
    clients::{ABC, ByHand, Disk, NOTHING, bytes, client, exchange, typed},
    hears,
};
use crate::support::{Piped, Server, Terminal, server::eventually};

/// The SHA-256 of `abcdef`.
const ABCDEF: &str = "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721";

/// A client that cannot write more than so many kilobytes to a file, as if the disk were full.
#[track_caller]
fn client_with_a_small_disk(server: &Server, name: &str, disk: &Disk, kilobytes: usize) -> Piped {
    let mut command = Command::new("bash");
    // Without the trap, the system would end the program instead of refusing to write.
    let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" \"$@\"");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_chat_client")]);
    command.args(["--port", &server.address().port().to_string(), "--nick", name]);
    let mut client = Piped::spawn(command.arg("--downloads").arg(disk.downloads()));
    client.prints_at_last(&format!("Nickname changed to '{name}'."));
    client
}

#[test]
fn both_are_told_of_a_full_disk_and_later_only_the_rest_is_sent() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    let sent = bytes(1 << 20);
    let path = disk.has("x.bin", &sent);
    let mut bob = client_with_a_small_disk(&server, "bob", &disk, 512);
    let mut alice = client(&server, "alice", &disk, &[]);
    alice.is_given(&typed(&path));
    alice.input = None;
    bob.prints_request();
    bob.is_given("/acceptfile\n");
    bob.input = None;
    let (status, heard, _) = alice.ends();
    assert_eq!(status, Some(1));
    assert!(heard.contains("\nSending 'x.bin' to bob failed: the receiver's disk is full.\n"), "{heard}");
    let (status, _, said) = bob.ends();
    assert_eq!(status, Some(1));
    let part = disk.part("x.bin").expect("an unfinished file");
    let hint = format!("{part}. If alice sends the file again, only the rest is sent.\n");
    assert!(said.contains("A part of it is in ") && said.contains(&hint), "{said}");
    assert_eq!(disk.received(&part), sent[..512 << 10]);

    let [(_, _, alice_said), (status, _, bob_said)] = exchange(&server, &disk, &path);
    assert_eq!(status, Some(0), "{bob_said}");
    assert!(disk.received("x.bin") == sent);
    disk.lists(&["x.bin"]);
    for said in [alice_said, bob_said] {
        assert!(!said.contains(": 40 %") && said.contains(": 60 %"), "only the rest was sent: {said}");
    }
}

#[test]
fn a_receiver_that_was_killed_continues_its_file() {
    let (server, disk) = (Server::start(&["--max-file-size", "0"]), Disk::new());
    // More than the socket buffers can hold.
    let sent = bytes(32 << 20);
    let path = disk.has("x.bin", &sent);
    let mut carol = server.client("carol");
    let (mut alice, mut bob) = (client(&server, "alice", &disk, &[]), client(&server, "bob", &disk, &[]));
    alice.is_given(&typed(&path));
    alice.input = None;
    bob.prints_request();
    bob.is_given("/acceptfile\n");
    let mut part = None;
    eventually("something has arrived", || {
        part = disk.part("x.bin");
        let path = part.as_ref().map(|part| disk.downloads().join(part));
        path.is_some_and(|path| path.metadata().is_ok_and(|part| part.len() > 0))
    });
    kill_process(Pid::from_child(&bob.child), Signal::KILL).expect("it is running");
    let (status, heard, _) = alice.ends();
    assert_eq!(status, Some(1));
    // Two connections are gone, and the server may notice either one first.
    let is_told =
        ["'x.bin' is cancelled: bob has left.", "Sending 'x.bin' to bob failed: bob's connection was lost."];
    assert!(is_told.iter().any(|line| heard.contains(line)), "{heard}");
    disk.lists(&[&part.expect("an unfinished file")]);
    drop(bob);
    // Then the name is free again.
    carol.hears_at_last("bob has left the chat.");

    let [_, (status, _, said)] = exchange(&server, &disk, &path);
    assert_eq!(status, Some(0), "{said}");
    assert!(disk.received("x.bin") == sent);
    disk.lists(&["x.bin"]);
}

#[test]
fn a_file_whose_sender_breaks_off_is_continued() {
    let mut test = ByHand::new();
    let (_, said) = test.sends(&format!("6 {ABC} x"), "from 0", b"abc");
    assert!(said.contains("the connection ended too early. A part of it is in "), "{said}");
    assert_eq!(test.disk.received_part("x"), b"abc");
    let (kept, said) = test.sends(&format!("6 {ABC} x"), "from 3", b"d");
    assert_eq!(kept, format!("from 3 {ABC}\n"));
    assert!(said.contains("the connection ended too early. A part of it is in "), "{said}");
    assert_eq!(test.disk.received_part("x"), b"abcd");
}

#[test]
fn a_sender_that_begins_again_replaces_the_unfinished_file() {
    let mut test = ByHand::new();
    test.sends(&format!("3 {ABC} x"), "from 0", b"ab");
    let (_, said) = test.sends(&format!("3 {ABC} x"), "from 0", b"abc");
    assert!(said.contains("Saved as "), "{said}");
    assert_eq!(test.disk.received("x"), b"abc");
    test.disk.lists(&["x"]);
}

#[test]
fn a_client_that_reconnects_gets_the_rest_of_a_file() {
    let server = Server::start(&[]);
    let port = server.address().port();
    let disk = Disk::new();
    let downloads = disk.downloads();
    let downloads = downloads.to_str().expect("a plain name");
    let mut bob = Terminal::start(port, &["--nick", "bob", "--downloads", downloads]);
    bob.shows("Here: bob.");
    bob.shows_prompt("[lobby] bob> ");
    let accepts = |bob: &mut Terminal, server: &Server| {
        let mut alice = server.client("alice");
        alice.says(&format!("/offer bob 6 {ABCDEF} x"));
        bob.shows_above(&["[FILE REQUEST] alice wants to send x (6 B). Type /acceptfile or /rejectfile."]);
        bob.types("/acceptfile\r");
        let sending = Ticket::told(server, &mut alice, "@file send ").call("");
        (alice, sending)
    };
    let (alice, mut sending) = accepts(&mut bob, &server);
    hears(&mut sending, &format!("from 0 {NOTHING}"));
    sending.get_mut().write_all(b"from 0\nabc").expect("the server takes it");
    bob.shows(", file 50 %");
    server.signal(Signal::KILL);
    server.ends();
    bob.shows("A part of it is in");
    drop((alice, sending));
    let server = Server::start_on(port, &[]);
    bob.shows("Connected again.");
    bob.shows_prompt("[lobby] bob> ");
    let (mut alice, mut sending) = accepts(&mut bob, &server);
    hears(&mut sending, &format!("from 3 {ABC}"));
    sending.get_mut().write_all(b"from 3\ndef").expect("the server takes it");
    alice.hears_at_last("bob has received 'x'.");
    assert_eq!(disk.received("x"), b"abcdef");
}
