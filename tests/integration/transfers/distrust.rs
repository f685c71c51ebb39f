//! A client against servers and senders that do not keep to what was agreed.

use std::fs;

use super::{
    call,
    clients::{ABC, ByHand, Disk, NOTHING},
};
use crate::support::{FakeServer, Piped};

#[test]
fn a_server_can_neither_name_a_file_nor_send_one_that_was_not_accepted() {
    let (fake, disk) = (FakeServer::start(), Disk::new());
    let downloads = disk.downloads();
    let mut bob = Piped::start(fake.port(), &["--downloads", downloads.to_str().expect("a plain name")]);
    let mut server = fake.welcome();
    let token = "0".repeat(32);
    let port = fake.port();
    let cue = |name: &str| format!("@file receive 1 {port} {token} 3 {ABC} eve {name}");
    server.says(&cue("x"));
    server.says("now");
    bob.prints_at_last("now");
    bob.is_given("/acceptfile\n");
    server.hears("/take");
    for name in ["../x", "/tmp/x", ".x", "a\\b", "nul", "x\u{202e}y.part"] {
        server.says(&cue(name));
    }
    server.says("@file of a newer kind");
    server.says("[FILE REQUEST] @file not-taken");
    server.says("the end");
    bob.prints_at_last("[FILE REQUEST] @file not-taken");
    bob.prints_at_last("the end");
    // This file was accepted, so the client connects.
    server.says(&cue("good"));
    let mut file = fake.accept();
    file.hears(&token);
    file.hears(&format!("from 0 {NOTHING}"));
    file.sends(b"from 0\nabc");
    file.hears("received");
    assert_eq!(disk.received("good"), b"abc");
    disk.lists(&["good"]);
    drop((file, server));
    let said = bob.ends().2;
    assert!(
        said.starts_with("The server wants to send a file that was not accepted. It is ignored.\n"),
        "{said}"
    );
}

#[test]
fn a_server_cannot_have_a_file_that_was_not_offered() {
    let fake = FakeServer::start();
    let mut alice = Piped::start(fake.port(), &[]);
    let mut server = fake.welcome();
    server.says(&format!("@file offered 1 {ABC}"));
    server.says(&format!("@file send 1 {} {}", fake.port(), "0".repeat(32)));
    server.says("the end");
    alice.prints_at_last("the end");
    alice.input = None;
    // Had the client connected, its connection would be accepted before this one.
    server.hears_the_end();
    let last = call(([127, 0, 0, 1], fake.port()).into());
    let mut first = fake.accept();
    drop(last);
    first.hears_the_end();
}

#[test]
fn a_sender_cannot_damage_a_part_file_that_a_browser_left() {
    let mut test = ByHand::new();
    fs::create_dir(test.disk.downloads()).expect("a folder");
    let left = test.disk.downloads().join("thesis.pdf.part");
    fs::write(&left, "abc").expect("a file");
    // Other bytes than were offered, a place that was not agreed on, a connection that breaks off, and an
    // honest sender. None of them is told what the browser's file holds.
    let from_start = format!("from 0 {NOTHING}\n");
    for (offer, start, bytes) in [
        (format!("6 {ABC} thesis.pdf"), "from 0", "abcdef"),
        (format!("5 {ABC} thesis.pdf"), "from 3", "de"),
        (format!("4 {ABC} thesis.pdf"), "from 0", "a"),
        (format!("3 {ABC} thesis.pdf"), "from 0", "abc"),
    ] {
        assert_eq!(test.sends(&offer, start, bytes.as_bytes()).0, from_start);
        assert_eq!(fs::read_to_string(&left).expect("it is still there"), "abc");
    }
    let part = test.disk.part("thesis.pdf").expect("what the third sender left");
    test.disk.lists(&["thesis.pdf", &part, "thesis.pdf.part"]);
}

#[test]
fn a_sender_cannot_damage_what_has_arrived_from_another_one() {
    let mut test = ByHand::new();
    let offer = format!("6 {ABC} x");
    test.sends(&offer, "from 0", b"abc");
    let part = test.disk.part("x").expect("an unfinished file");
    test.alice.says("/nick mallory");
    let (kept, said) = test.sends(&offer, "from 0", b"abcdef");
    assert_eq!(kept, format!("from 0 {NOTHING}\n"));
    assert!(said.contains("'x' was not received: it is not the file that was offered.\n"), "{said}");
    assert_eq!(test.disk.received(&part), b"abc");
    test.disk.lists(&[&part]);
}
