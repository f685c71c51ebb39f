//! A client against a server that wants what was not agreed.

use super::{
    call,
    clients::{ABC, Disk, NOTHING},
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
    // Now it is called, for what was accepted.
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
    assert!(said.starts_with("The server wants to send a file that was not accepted: ignored.\n"), "{said}");
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
    // The next it hears is the end; had it called, that call would be in front of this one.
    server.hears_the_end();
    let last = call(([127, 0, 0, 1], fake.port()).into());
    let mut first = fake.accept();
    drop(last);
    first.hears_the_end();
}
