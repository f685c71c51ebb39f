//! What the server does not put up with, and how it says so.

use rustix::process::{Resource, Rlimit, Signal, prlimit};

use crate::support::{Peer, Server, server::eventually};

#[test]
fn a_full_server_turns_clients_away_politely_and_takes_them_again_later() {
    let server = Server::start(&["--max-clients", "2"]);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    let mut carol = server.connect();
    carol.hears("Server is full.");
    carol.hears_the_end();
    bob.says("/quit");
    bob.hears_at_last("Goodbye!");
    bob.hears_the_end();
    drop(bob);
    eventually("the place is free again", || {
        server.connect().next_line().is_some_and(|line| line.starts_with("Welcome!"))
    });
    alice.says("still here");
    alice.hears_at_last("[lobby] alice: still here");
}

#[test]
fn an_endless_line_is_answered_once_and_takes_no_memory() {
    const MIB: usize = 1 << 20;
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let before = server.status("VmRSS");
    let mebibyte = vec![b'x'; MIB];
    for _ in 0..1024 {
        alice.sends(&mebibyte);
    }
    alice.hears("Line too long (max 8192 bytes).");
    alice.says("");
    alice.hears_nothing();
    let grown = server.status("VmRSS").saturating_sub(before);
    assert!(grown < 4096, "one gigabyte on one line took {grown} kB");
}

#[test]
fn without_file_descriptors_nobody_is_let_in_but_the_chat_goes_on() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    let limits = leave_no_descriptors(&server);
    let mut others: Vec<_> = (0..3).map(|_| server.connect()).collect();
    eventually("the server has said why", || server.diagnostics().contains("cannot accept clients"));
    alice.says("hello");
    alice.hears_at_last("[lobby] alice: hello");
    prlimit(Some(server.pid()), Resource::Nofile, limits).expect("it was so before");
    let mut welcomes: Vec<_> = others.iter_mut().map(|peer| peer.next_line().expect("a welcome")).collect();
    welcomes.sort();
    assert!(welcomes.iter().all(|line| line.starts_with("Welcome!")), "{welcomes:?}");
}

#[test]
fn without_file_descriptors_a_stop_is_as_prompt_as_ever() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    leave_no_descriptors(&server);
    let _waiting: Vec<Peer> = (0..3).map(|_| server.connect()).collect();
    eventually("the server has said why", || server.diagnostics().contains("cannot accept clients"));
    server.signal(Signal::TERM);
    alice.hears_at_last("Server shutting down.");
    assert_eq!(server.ends().code(), Some(0));
}

/// Takes all unused file descriptors from a running server; what it had before.
fn leave_no_descriptors(server: &Server) -> Rlimit {
    let pid = Some(server.pid());
    let before = rustix::process::getrlimit(Resource::Nofile);
    let used = Some(server.descriptors() as u64);
    prlimit(pid, Resource::Nofile, Rlimit { current: used, maximum: before.maximum }).expect("our own child")
}
