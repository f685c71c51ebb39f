//! `chat_server --probe URL`: asking a running server whether it answers.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    thread,
};

use chat::wire::WIRES;
use rustix::process::Signal;

use crate::support::{
    DEADLINE, Server,
    secure::{Certified, path},
    server::{command, run},
};

/// What the program says, and its exit status.
#[track_caller]
fn probe(url: &str) -> (Option<i32>, String) {
    let (status, out, errors) = run(command().args(["--probe", url]));
    assert_eq!(out.is_empty(), status == Some(1), "{out}{errors}");
    (status, out + &errors)
}

#[track_caller]
fn fails(url: &str, why: &str) {
    let (status, said) = probe(url);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.starts_with(&format!("chat_server: {url} {why}")) && said.ends_with(".\n"), "{said}");
}

#[test]
fn every_door_but_those_for_datagrams_answers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for wire in WIRES.iter().filter(|wire| !wire.has_datagrams()) {
        let scheme = wire.scheme;
        let socket = format!("{scheme}+unix://{}", folder.path().join(scheme).display());
        let (_server, door) = Server::with_door(&format!("{scheme}://127.0.0.1:0"), &["--listen", &socket]);
        for url in [format!("{scheme}://{door}"), socket] {
            assert_eq!(probe(&url), (Some(0), format!("{url} answers.\n")));
        }
    }
}

#[test]
fn users_are_told_nothing_of_a_probe_except_at_doors_without_a_handshake() {
    for scheme in ["http", "json", "any", "frames", "verbs"] {
        let (server, door) = Server::with_door(&format!("{scheme}://127.0.0.1:0"), &[]);
        let mut alice = server.client("alice");
        assert_eq!(probe(&format!("{scheme}://{door}")).0, Some(0));
        alice.hears_nothing();
    }
}

#[test]
fn a_server_that_is_full_is_not_to_be_restarted() {
    for scheme in ["http", "json", "text", "verbs"] {
        let (server, door) = Server::with_door(&format!("{scheme}://127.0.0.1:0"), &["--max-clients", "1"]);
        let _alice = server.client("alice");
        let url = format!("{scheme}://{door}");
        assert_eq!(probe(&url), (Some(0), format!("{url} answers, and is full.\n")));
    }
}

#[test]
fn a_server_that_is_gone_hangs_or_is_another_one_fails() {
    let (server, door) = Server::with_door("http://127.0.0.1:0", &[]);
    fails(&format!("http://{door}/nothing"), "answers something else: 'HTTP/1.1 404 Not Found'.");
    let other = format!("http://{}/healthz", server.address());
    fails(&other, "answers something else: '");
    server.signal(Signal::STOP);
    fails(&format!("http://{door}/healthz"), "does not answer within 3 seconds.");
    server.signal(Signal::CONT);
    server.signal(Signal::TERM);
    assert_eq!(server.ends().code(), Some(0));
    for url in [format!("http://{door}"), format!("text://{door}")] {
        fails(&url, "does not answer: Connection refused");
    }
}

/// A server that says this to its one client again and again, until the client is gone.
fn stranger(words: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it listens");
    let serve = move || {
        let (mut client, _) = listener.accept().expect("a client");
        client.set_write_timeout(Some(DEADLINE)).expect("a time");
        client.set_read_timeout(Some(DEADLINE)).expect("a time");
        while !words.is_empty() && client.write_all(words).is_ok() {}
        let _ = client.read_to_end(&mut Vec::new());
    };
    thread::Builder::new().spawn(serve).expect("a thread");
    address
}

#[test]
fn a_stranger_is_not_heard_out() {
    let endless = format!("text://{}", stranger(&[b'x'; 4096]));
    fails(&endless, &format!("answers something else: '{}'.", "x".repeat(80)));
    fails(&format!("json://{}", stranger(b"\x1b[2J")), "answers something else: '\\u{1b}[2J");
    fails(&format!("text://{}", stranger(b"")), "does not answer within 3 seconds.");
}

#[test]
fn over_tls_only_a_server_that_can_be_trusted_answers() {
    let certified = Certified::new("localhost");
    let (server, doors) = certified.server(&["https", "text+tls"], &[]);
    let chain = certified.chain();
    let ask = |url: &str| run(command().args(["--tls-ca", path(&chain), "--probe", url]));
    for (scheme, door) in [("https", doors[0]), ("http+tls", doors[0]), ("text+tls", doors[1])] {
        let url = format!("{scheme}://localhost:{}", door.port());
        assert_eq!(ask(&url), (Some(0), format!("{url} answers.\n"), String::new()));
        fails(&url, "does not answer: the issuer of the server's certificate is unknown.\n");
    }
    let (status, _, errors) = ask(&format!("https://{}", doors[0]));
    assert_eq!(status, Some(1));
    assert!(errors.contains("is not for the name '127.0.0.1'"), "{errors}");
    let (status, _, errors) = ask(&format!("https://localhost:{}", server.address().port()));
    assert_eq!(status, Some(1));
    assert!(errors.contains("does not speak TLS"), "{errors}");
    let (full, doors) = certified.server(&["https"], &["--max-clients", "1"]);
    let _alice = full.client("alice");
    let url = format!("https://localhost:{}", doors[0].port());
    assert_eq!(ask(&url), (Some(0), format!("{url} answers, and is full.\n"), String::new()));
}

#[test]
fn what_cannot_be_asked_is_a_wrong_option() {
    for url in ["json+udp://127.0.0.1:1", "http://127.0.0.1", "telnet://a:23", "127.0.0.1:5555"] {
        let (status, out, errors) = run(command().args(["--probe", url]));
        assert_eq!((status, out.as_str()), (Some(2), ""), "{errors}");
        assert!(errors.contains("--probe <URL>"), "{errors}");
    }
}
