//! Two real clients and a real server: files that arrive whole.

use super::clients::{Disk, bytes, client, exchange, typed};
use crate::support::{Browser, Server};

#[test]
fn a_file_arrives_whole_and_both_users_are_told() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    let sent = bytes(1_000_000);
    let [alice, bob] = exchange(&server, &disk, &disk.has("all bytes.bin", &sent));
    assert!(disk.received("all bytes.bin") == sent);
    disk.lists(&["all bytes.bin"]);
    let (status, heard, said) = alice;
    assert_eq!(status, Some(0), "{said}");
    assert!(heard.contains("You offered 'all bytes.bin' (976.5 KiB) to bob."), "{heard}");
    assert!(
        heard.contains("\nbob has accepted 'all bytes.bin'.\nbob has received 'all bytes.bin'.\n"),
        "{heard}"
    );
    assert!(!heard.contains("@file"), "{heard}");
    let steps: Vec<_> = (1..=10).map(|tens| format!("all bytes.bin: {tens}0 %")).collect();
    assert_eq!(said.lines().collect::<Vec<_>>(), steps);
    let (status, heard, said) = bob;
    assert_eq!(status, Some(0), "{said}");
    assert!(heard.contains("You have received 'all bytes.bin' from alice.\n"), "{heard}");
    assert!(!heard.contains("@file"), "{heard}");
    assert!(said.starts_with("Receiving 'all bytes.bin' (976.5 KiB) from alice.\n"), "{said}");
    assert!(
        said.contains(&format!("Saved as {}.\n", disk.downloads().join("all bytes.bin").display())),
        "{said}"
    );
}

#[test]
fn empty_files_and_names_with_spaces_and_emoji_arrive() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    for (name, bytes) in [("empty", &b""[..]), ("my  cat 😄.jpg", b"\0"), ("ünïcödé (1).txt", b"x\n")] {
        let [alice, bob] = exchange(&server, &disk, &disk.has(name, bytes));
        assert_eq!((alice.0, bob.0), (Some(0), Some(0)), "{} {}", alice.2, bob.2);
        assert_eq!(disk.received(name), bytes);
    }
}

#[test]
fn a_second_file_of_the_same_name_gets_a_number() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    for text in ["one", "two"] {
        exchange(&server, &disk, &disk.has("x.txt", text.as_bytes()));
    }
    assert_eq!(disk.received("x.txt"), b"one");
    assert_eq!(disk.received("x (1).txt"), b"two");
}

#[test]
fn a_hidden_file_is_not_hidden_when_it_arrives() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    exchange(&server, &disk, &disk.has(".profile", b"x"));
    disk.lists(&["_profile"]);
}

#[test]
fn a_client_can_accept_every_file() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    let mut bob = client(&server, "bob", &disk, &["--accept-files"]);
    let names = ["a", "b", "c"];
    let senders = names.map(|name| {
        let mut sender = client(&server, &format!("sender_{name}"), &disk, &[]);
        sender.is_given(&typed(&disk.has(name, name.as_bytes())));
        sender.input = None;
        sender
    });
    for sender in senders {
        assert_eq!(sender.ends().0, Some(0));
    }
    disk.lists(&names);
    bob.input = None;
    assert_eq!(bob.ends().0, Some(0));
}

#[test]
fn two_clients_can_receive_the_same_file_into_the_same_folder_at_once() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    let sent = bytes(1_000_000);
    let path = disk.has("x", &sent);
    let receivers = ["bob", "carol"].map(|name| client(&server, name, &disk, &["--accept-files"]));
    let mut alice = client(&server, "alice", &disk, &[]);
    for name in ["bob", "carol"] {
        alice.is_given(&format!("/sendfile {name} {}\n", path.display()));
    }
    alice.input = None;
    let (status, _, said) = alice.ends();
    assert_eq!(status, Some(0), "{said}");
    for mut receiver in receivers {
        receiver.input = None;
        assert_eq!(receiver.ends().0, Some(0));
    }
    disk.lists(&["x", "x (1)"]);
    assert!(disk.received("x") == sent && disk.received("x (1)") == sent);
}

#[test]
fn the_bytes_of_a_file_that_was_carried_are_counted() {
    let (server, http) = Server::with_door("http://127.0.0.1:0", &[]);
    let disk = Disk::new();
    let _ = exchange(&server, &disk, &disk.has("counted", &bytes(300_000)));
    let mut browser = Browser::connect_to(http);
    browser.asks("GET /metrics");
    let page = browser.reply().body;
    assert!(page.contains("\nchat_file_bytes_total 300000\n"), "{page}");
    assert!(page.contains("\nchat_offers_total{outcome=\"received\"} 1\n"), "{page}");
}
