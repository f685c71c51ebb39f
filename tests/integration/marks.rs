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
