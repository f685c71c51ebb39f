//! Datagrams with forged addresses.

use std::net::Ipv4Addr;

use serde_json::json;

use super::program::{Program, start};
use crate::support::Server;

/// The bytes that each datagram has before its content, in IPv4.
const HEADERS: usize = 28;

/// Datagrams of an address that has not joined.
fn strange() -> Vec<Vec<u8>> {
    let mut datagrams: Vec<_> = (0..400).step_by(7).map(|length| vec![b'x'; length]).collect();
    for spaces in [0, 20, 50, 100, 1000, 60_000] {
        for object in [
            r#"{"id":1}"#,
            r#"{"type":"rooms"}"#,
            r#"{"type":"rooms","id":1}"#,
            r#"{"type":"users","id":18446744073709551615}"#,
            r#"{"type":"leave","id":-5}"#,
            r#"{"type":"message","text":"hello","id":2}"#,
            r#"{"type":"command","text":"/help all","id":2}"#,
            r#"{"type":"join","room":"lobby","user":"server","id":3}"#,
            r#"{"type":"join","room":"lobby","user":"bot","id":3}"#,
            r#"{"type":"join","room":"a","user":"b"}"#,
            r#"{"type":"join","id":3}"#,
            r#"{"type":"error","text":"Join a room first","seq":7}"#,
            "[1,2,3]",
            r#"{"type":"dance\u0000\u0001\u0002\"\\\"\\\"\\\"\\","id":3}"#,
        ] {
            datagrams.push(format!("{object}{}", " ".repeat(spaces)).into_bytes());
        }
    }
    datagrams
}

/// Everything that was sent to the server before has been received.
fn catches_up(member: &mut Program, id: i64) {
    member.sends_until_acknowledged(&json!({"type": "users", "id": id}));
}

#[test]
fn an_address_that_has_not_joined_is_sent_fewer_bytes_than_it_has_sent() {
    let (_server, port) = start("", &["--max-clients", "1"]);
    let mut member = Program::join(port, "member", "lobby");
    let (mut all_sent, mut all_heard, mut most_answers) = (0, 0, 0);
    for (id, datagram) in (0..).zip(strange()) {
        let mut forged = Program::open(port);
        forged.sends_bytes(&datagram);
        catches_up(&mut member, id);
        forged.0.set_nonblocking(true).expect("a socket");
        let answers: Vec<_> = std::iter::from_fn(|| forged.0.recv(&mut [0; 2048]).ok()).collect();
        let on_the_way = |datagrams: &[usize]| datagrams.iter().map(|length| length + HEADERS).sum::<usize>();
        let (sent, heard) = (on_the_way(&[datagram.len()]), on_the_way(&answers));
        assert!(heard < sent, "{sent} bytes were answered with {heard}: {answers:?}");
        (all_sent, all_heard) = (all_sent + sent, all_heard + heard);
        most_answers = most_answers.max(answers.len());
    }
    assert!(most_answers == 2 && all_heard > 1000, "padded questions are answered");
    assert!(all_heard * 10 < all_sent, "{all_sent} bytes were answered with {all_heard}");
}

#[test]
fn a_full_server_says_so_in_less_than_it_was_sent() {
    let (_server, port) = start("", &["--max-clients", "1"]);
    let _member = Program::join(port, "member", "lobby");
    let mut late = Program::open(port);
    late.sends(&json!({"type": "join", "room": "lobby", "user": "late", "id": 1}));
    late.hears_error("Server is full.");
    late.sends(&json!({"type": "join", "room": "a", "user": "b"}));
    late.hears_error("Server is");
}

/// Sends from this many addresses, a few hundred at a time.
fn from_many(count: u32, member: &mut Program, port: u16, datagram: impl Fn(u32) -> Vec<Vec<u8>>) {
    for number in 0..count {
        let address = Ipv4Addr::from_bits(Ipv4Addr::new(127, 1, 0, 0).to_bits() + number);
        let mut forged = Program::open_on(&address.to_string(), port);
        for datagram in datagram(number) {
            forged.sends_bytes(&datagram);
        }
        if number % 200 == 199 {
            catches_up(member, number.into());
        }
    }
}

fn size(server: &Server) -> (usize, usize) {
    (server.status("Threads"), server.status("VmRSS"))
}

#[test]
fn ten_thousand_addresses_that_have_not_joined_take_no_thread_and_no_memory() {
    let (server, port) = start("", &[]);
    let mut member = Program::join(port, "member", "lobby");
    let datagrams = |_| {
        [&br#"{"type":"rooms","id":1}"#[..], b"rubbish", br#"{"type":"message","text":"hello","id":2}"#]
            .map(<[u8]>::to_vec)
            .to_vec()
    };
    from_many(200, &mut member, port, datagrams);
    let (threads, memory) = size(&server);
    from_many(10_000, &mut member, port, datagrams);
    let (threads_after, memory_after) = size(&server);
    assert_eq!(threads_after, threads);
    assert!(memory_after < memory + 1024, "grew from {memory} to {memory_after} kB");
}

#[test]
fn forged_joins_take_no_more_than_the_places_there_are() {
    let (server, port) = start("", &["--max-clients", "20"]);
    let mut member = Program::join(port, "member", "lobby");
    let (threads, _) = size(&server);
    let joins = |number| {
        let join = json!({"type": "join", "room": "lobby", "user": format!("x{number}"), "id": 1});
        vec![join.to_string().into_bytes()]
    };
    from_many(2000, &mut member, port, joins);
    let (threads_after, _) = size(&server);
    assert!(threads_after < threads + 20, "{threads_after} threads");
    member.says("The chat goes on.");
    while member.next()["text"] != "The chat goes on." {}
}
