//! The limits of the server, and what a client hears when it meets one.

use std::{process::Command, thread::available_parallelism};

use rustix::process::{Resource, Rlimit, Signal, prlimit};

use crate::support::{
    Peer, Server,
    server::{eventually, run},
};

#[test]
fn a_full_server_refuses_clients_politely_and_takes_them_again_later() {
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
    assert!(grown < 4096, "one gigabyte in one line took {grown} kB");
}

#[test]
fn without_file_descriptors_new_clients_wait_and_the_chat_goes_on() {
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

/// A server under a limit, as `ulimit` takes it.
fn limited_to(limit: &str, max_clients: &str) -> Command {
    let mut command = Command::new("sh");
    let script = format!("ulimit {limit}; exec \"$0\" \"$@\"");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_chat_server"), "--port", "0", "--presence-limit", "1"]);
    command.args(["--max-clients", max_clients]).env("CHAT_DATA", ":memory:").env("CHAT_NO_HTTP", "1");
    command
}

#[test]
fn a_limit_that_leaves_no_place_for_a_client_is_refused_at_the_start() {
    for (limit, named) in [("-n 64", "RLIMIT_NOFILE is 64,"), ("-v 80000", "RLIMIT_AS is 81920000,")] {
        for (asked, told) in [("0", "any"), ("1000", "1000")] {
            let (status, out, err) = run(&mut limited_to(limit, asked));
            assert_eq!((status, out.as_str()), (Some(1), ""));
            let start = format!(
                "chat_server: cannot hold {told} clients: this machine holds 0 at most ({named} and the server"
            );
            assert!(err.starts_with(&start), "{err}");
        }
    }
}

#[test]
fn with_little_address_space_as_many_clients_as_the_server_says_are_served() {
    const ARENA: usize = 64 << 10;
    let cpus = available_parallelism().expect("Linux").get();
    for (arenas, space) in [("1", 240_000 + ARENA), ("", 240_000 + 8 * cpus * ARENA)] {
        let limit = format!("-v {space}");
        let (_, _, err) = run(limited_to(&limit, "1000000").env("MALLOC_ARENA_MAX", arenas));
        let holds = err.split(" holds ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a number");
        let mut command = limited_to(&limit, holds);
        let server = Server::start_command({
            command.env("MALLOC_ARENA_MAX", arenas);
            command
        });
        let mut clients: Vec<_> = (0..holds.parse().expect("a number")).map(|_| server.connect()).collect();
        assert!(clients.len() > 50, "{err}");
        clients.iter_mut().for_each(Peer::catches_up);
        server.connect().hears("Server is full.");
        clients[0].says("/nick alice");
        clients[0].hears("Nickname changed to 'alice'.");
        clients[0].says("hello");
        for client in &mut clients {
            client.hears("[lobby] alice: hello");
        }
    }
}

/// Takes all unused file descriptors from a running server; returns its limit before.
fn leave_no_descriptors(server: &Server) -> Rlimit {
    let pid = Some(server.pid());
    let before = rustix::process::getrlimit(Resource::Nofile);
    let used = Some(server.descriptors() as u64);
    prlimit(pid, Resource::Nofile, Rlimit { current: used, maximum: before.maximum }).expect("our own child")
}
