//! Transfers, as the user of a terminal sees them.

use std::io::Write;

use super::{
    Ticket,
    clients::{ABC, Disk, NOTHING},
    hears,
};
use crate::support::{Server, Terminal};

#[test]
fn the_row_below_the_prompt_shows_the_progress() {
    let server = Server::start(&[]);
    let disk = Disk::new();
    let downloads = disk.downloads();
    let downloads = downloads.to_str().expect("a plain name");
    let mut bob = Terminal::start(server.address().port(), &["--nick", "bob", "--downloads", downloads]);
    bob.shows("Here: bob.");
    bob.shows_prompt("[lobby] bob> ");
    let mut alice = server.client("alice");
    alice.says(&format!("/offer bob 6 {ABC} x"));
    bob.shows_above(&["[FILE REQUEST] alice wants to send x (6 B). Type /acceptfile or /rejectfile."]);
    bob.types("/acc\tnot yet\x15/acceptfile\r");
    let mut sender = Ticket::told(&server, &mut alice, "@file send ").call("");
    hears(&mut sender, &format!("from 0 {NOTHING}"));
    sender.get_mut().write_all(b"from 0\nabc").expect("the server takes it");
    bob.shows(", file 50 %");
    bob.types("half-typed");
    bob.shows_prompt("[lobby] bob> half-typed");
    drop(sender);
    bob.shows("A part of it is in");
    bob.shows_prompt("[lobby] bob> half-typed");
    assert!(!bob.contents().contains("@file"), "{}", bob.contents());
}

#[test]
fn tab_completes_the_path_of_a_file_to_send() {
    let server = Server::start(&[]);
    let disk = Disk::new();
    let path = disk.has("my notes.txt", b"abc");
    let mut alice = Terminal::start(server.address().port(), &["--nick", "alice"]);
    alice.shows_prompt("[lobby] alice> ");
    let mut bob = server.client("bob");
    let folder = path.parent().expect("a folder").display().to_string();
    alice.types(&format!("/sendf\tbob {folder}/my\t\r"));
    alice.shows("You offered 'my notes.txt' (3 B) to bob. The offer expires in 300 s.");
    bob.hears("[FILE REQUEST] alice wants to send my notes.txt (3 B). Type /acceptfile or /rejectfile.");
    alice.types("/acceptfile x\r");
    alice.shows("Usage: /acceptfile [id]");
    alice.types("/sendfile bob /no/such/file\r");
    alice.shows("Cannot send '/no/such/file': No such file");
}
