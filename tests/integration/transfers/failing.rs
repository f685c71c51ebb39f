//! Two real clients and a real server: files that do not arrive, and what both users are told.

use std::{fs, io::Write};

use super::{
    Ticket,
    clients::{ABC, ByHand, Disk, NOTHING, client, exchange, typed},
    hears,
};
use crate::support::{FakeServer, Piped, Server, server::eventually};

#[test]
fn a_file_that_cannot_be_offered_is_reported_and_is_an_error() {
    let (server, disk) = (Server::start(&["--max-file-size", "10"]), Disk::new());
    let _bob = client(&server, "bob", &disk, &[]);
    let refused = |line: &str| {
        let mut alice = client(&server, "alice", &disk, &[]);
        alice.is_given(line);
        alice.input = None;
        let (status, heard, said) = alice.ends();
        assert_eq!(status, Some(1), "{said}");
        assert!(said.ends_with("chat_client: a file did not arrive\n"), "{said}");
        heard + &said
    };
    let large = disk.has("large", &[0; 11]);
    assert!(refused(&typed(&large)).contains("File too large (max 10 B)."));
    assert!(refused("/sendfile bob /no/such/file\n").contains("Cannot send '/no/such/file': No such file"));
    assert!(refused("/sendfile bob /\n").contains("Cannot send '/': it is not an ordinary file."));
    assert!(refused("/sendfile b@b x\n").contains("'b@b' is not a valid nickname."));
    let path = disk.has("small", b"x");
    let to_no_one = format!("/sendfile nobody {}", path.display());
    assert!(refused(&to_no_one).contains("User 'nobody' not found."));
}

#[test]
fn a_refused_file_is_reported_and_is_an_error() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    let (mut alice, mut bob) = (client(&server, "alice", &disk, &[]), client(&server, "bob", &disk, &[]));
    alice.is_given(&typed(&disk.has("x", b"x")));
    alice.input = None;
    bob.prints_request();
    bob.is_given("/rejectfile\n");
    let (status, heard, _) = alice.ends();
    assert_eq!(status, Some(1));
    assert!(heard.ends_with("bob has rejected 'x'.\n"), "{heard}");
}

#[test]
fn who_has_stopped_a_file_under_way_is_told() {
    for (bob_types, alice_types, words) in [
        ("/rejectfile\n", "", "you have stopped it"),
        ("", "/rejectfile", "alice has stopped it"),
        ("", "/quit", "alice has left"),
    ] {
        let (server, disk) = (Server::start(&[]), Disk::new());
        let (mut alice, mut bob) = (server.client("alice"), client(&server, "bob", &disk, &[]));
        alice.says(&format!("/offer bob 6 {ABC} x"));
        bob.prints_request();
        bob.is_given("/acceptfile\n");
        let mut sender = Ticket::told(&server, &mut alice, "@file send ").call("");
        hears(&mut sender, &format!("from 0 {NOTHING}"));
        sender.get_mut().write_all(b"from 0\nabc").expect("the server takes it");
        eventually("something has arrived", || {
            disk.part("x")
                .is_some_and(|part| fs::read(disk.downloads().join(part)).is_ok_and(|part| part == b"abc"))
        });
        alice.says(alice_types);
        bob.is_given(bob_types);
        bob.input = None;
        let (status, _, said) = bob.ends();
        assert_eq!(status, Some(1));
        assert!(said.contains(&format!("'x' was not received: {words}. A part of it is in ")), "{said}");
    }
}

#[test]
fn a_sender_whose_file_is_stopped_under_way_is_told_once() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    let (mut alice, mut bob) = (client(&server, "alice", &disk, &[]), server.client("bob"));
    alice.is_given(&typed(&disk.has("x", &vec![0; 8 << 20])));
    alice.input = None;
    bob.hears_at_last("[FILE REQUEST] alice wants to send x (8 MiB). Type /acceptfile or /rejectfile.");
    bob.says("/take");
    let mut receiver = Ticket::told(&server, &mut bob, "@file receive ").call(&format!("from 0 {NOTHING}\n"));
    hears(&mut receiver, "from 0");
    bob.says("/rejectfile");
    let (status, heard, said) = alice.ends();
    assert_eq!(status, Some(1));
    assert!(heard.ends_with("bob has rejected 'x'.\n"), "{heard}");
    assert!(!said.contains("ended too early") && !said.contains("Cannot send"), "{said}");
}

#[test]
fn a_file_that_has_changed_since_it_was_offered_does_not_arrive() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    let (mut alice, mut bob) = (client(&server, "alice", &disk, &[]), client(&server, "bob", &disk, &[]));
    let path = disk.has("x", b"x");
    alice.is_given(&typed(&path));
    alice.input = None;
    bob.prints_request();
    fs::write(path, "xy").expect("a file");
    bob.is_given("/acceptfile\n");
    bob.input = None;
    let (status, heard, said) = alice.ends();
    assert_eq!(status, Some(1));
    assert!(
        heard.contains("Sending 'x' to bob failed: the file has changed since it was offered.\n"),
        "{heard}"
    );
    assert!(said.contains("Cannot send ") && said.contains("it has changed since it was offered."), "{said}");
    let (status, heard, _) = bob.ends();
    assert_eq!(status, Some(1));
    assert!(heard.contains("Receiving 'x' from alice failed: the file has changed"), "{heard}");
    disk.lists(&[]);
}

#[test]
fn both_are_told_when_the_folder_cannot_be_created() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    disk.has("down loads", b"a file where the folder should be");
    let [(_, heard, _), (status, _, said)] = exchange(&server, &disk, &disk.has("x", b"x"));
    assert!(heard.contains("Sending 'x' to bob failed: the receiver cannot write the file.\n"), "{heard}");
    assert_eq!(status, Some(1));
    assert!(said.contains("'x' was not received: it cannot be written: "), "{said}");
}

#[test]
fn a_file_that_does_not_match_its_offer_is_deleted_and_both_are_told() {
    let mut test = ByHand::new();
    let (kept, said) = test.sends(&format!("3 {ABC} x"), "from 0", b"abd");
    assert_eq!(kept, format!("from 0 {NOTHING}\n"));
    assert!(said.contains("'x' was not received: it is not the file that was offered.\n"), "{said}");
    test.alice.hears_at_last("Sending 'x' to bob failed: the file arrived damaged (its SHA-256 differs).");
    test.disk.lists(&[]);
}

#[test]
fn the_client_does_not_wait_for_a_server_that_cannot_carry_files() {
    let (fake, disk) = (FakeServer::start(), Disk::new());
    let mut alice = Piped::start(fake.port(), &[]);
    let mut server = fake.welcome();
    alice.is_given(&typed(&disk.has("abc", b"abc")));
    alice.input = None;
    server.hears(&format!("/offer bob 3 {ABC} abc"));
    server.says("Unknown command: /offer. Type /help for available commands.");
    server.hears_the_end();
    drop(server);
    let (status, _, said) = alice.ends();
    assert_eq!(status, Some(1));
    assert!(said.starts_with("This server cannot carry files.\n"), "{said}");
}

#[test]
fn a_user_of_nc_can_refuse_a_file_and_is_told_how_to_accept_one() {
    let server = Server::start(&[]);
    let disk = Disk::new();
    let mut bob = server.client("bob");
    let mut alice = client(&server, "alice", &disk, &[]);
    alice.is_given(&typed(&disk.has("x", b"x")));
    bob.hears_at_last("[FILE REQUEST] alice wants to send x (1 B). Type /acceptfile or /rejectfile.");
    bob.says("/acceptfile");
    bob.hears("Use chat_client to receive files. To refuse one, type /rejectfile.");
    bob.says("/rejectfile");
    bob.hears("You have rejected 'x' from alice.");
    alice.prints_at_last("bob has rejected 'x'.");
    bob.hears_nothing();
}
