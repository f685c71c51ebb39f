//! What programs say to the server without their users, over real sockets.

use crate::support::Server;

#[test]
fn a_program_learns_from_a_mark_which_of_its_lines_were_said() {
    let limits = ["--max-message-length", "100", "--max-line-length", "300"];
    let server = Server::start(&[&limits[..], &["--rate", "1", "--burst", "2"]].concat());
    let mut alice = server.client("alice");
    alice.sends(b"one\n/mark 1\ntwo\n/mark 2\nthree\n/mark 3\n");
    alice.hears("[lobby] alice: one");
    alice.hears("@mark 1 seq=1 rate=1 burst=2 left=1 text=100 line=300");
    alice.hears("[lobby] alice: two");
    alice.hears("@mark 2 seq=2 rate=1 burst=2 left=0 text=100 line=300");
    alice.hears("Rate limit exceeded. Slow down.");
    alice.hears("@mark 3 seq=2 rate=1 burst=2 left=0 text=100 line=300");
    alice.says("/help all");
    alice.says("/barrier");
    while let Some(line) = alice.next_line().filter(|line| !line.starts_with("Unknown command: /barrier")) {
        assert!(!line.starts_with("/mark"), "it is not listed");
    }
}

#[test]
fn a_program_that_is_back_asks_for_what_it_missed() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.sends(b"one\ntwo\n/mark 1\n");
    alice.hears_at_last("@mark 1 seq=2 rate=0 burst=0 left=0 text=1024 line=8192");
    alice.half_closes();
    alice.rest();
    let mut bob = server.client("bob");
    bob.says("three");
    bob.hears("[lobby] bob: three");
    let mut alice = server.connect();
    alice.sends(b"/missed 2\n/missed 3\n");
    alice.hears_at_last("Last 1 messages in 'lobby':");
    assert!(alice.next_line().is_some_and(|line| line.ends_with("[lobby] bob: three")));
    alice.hears_nothing();
}

#[test]
fn telnet_is_answered_after_ctrl_c_before_the_next_line_is_typed() {
    let server = Server::start(&[]);
    let mut telnet = server.client("telnet");
    telnet.sends(b"\xff\xf4\xff\xfd\x06");
    telnet.hears_bytes(b"\xff\xfc\x06");
    telnet.sends(b"hel\xff\xfb\x1flo\r\n");
    telnet.hears_bytes(b"\xff\xfe\x1f");
    telnet.hears("[lobby] telnet: hello");
}
