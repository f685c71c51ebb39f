//! Transfers: how the server carries a file between two connections that the test drives itself.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    thread,
};

use rustix::process::Signal;

use crate::support::{DEADLINE, Peer, Server};

mod arriving;
pub(crate) mod clients;
mod distrust;
mod failing;
mod resuming;
mod terminal;

const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// alice and bob, who have agreed on a file of so many bytes, and the tickets for it.
struct Agreed {
    alice: Peer,
    bob: Peer,
    sending: Ticket,
    receiving: Ticket,
}

/// Where to connect for a transfer, and the token to send first.
struct Ticket {
    address: SocketAddr,
    token: String,
}

impl Agreed {
    #[track_caller]
    fn on(server: &Server, size: usize) -> Self {
        let (mut alice, mut bob) = (server.client("alice"), server.client("bob"));
        alice.says(&format!("/offer bob {size} {DIGEST} x"));
        let mut offered = String::new();
        while !offered.starts_with("[FILE REQUEST] alice wants to send x ") {
            offered = bob.next_line().expect("an offer");
        }
        bob.says("/take");
        let receiving = Ticket::told(server, &mut bob, "@file receive ");
        let sending = Ticket::told(server, &mut alice, "@file send ");
        Self { alice, bob, sending, receiving }
    }
}

impl Ticket {
    #[track_caller]
    fn told(server: &Server, peer: &mut Peer, cue: &str) -> Self {
        loop {
            let line = peer.next_line().expect("a cue");
            let Some(rest) = line.strip_prefix(cue) else { continue };
            let words: Vec<_> = rest.split(' ').collect();
            let port = words[1].parse().expect("a port");
            return Self { address: (server.address().ip(), port).into(), token: words[2].to_owned() };
        }
    }

    #[track_caller]
    fn call(&self, first_lines: &str) -> BufReader<TcpStream> {
        let mut stream = call(self.address);
        stream.write_all(format!("{}\n{first_lines}", self.token).as_bytes()).expect("the server takes it");
        BufReader::new(stream)
    }
}

#[track_caller]
fn call(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server is listening");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
    stream.set_write_timeout(Some(DEADLINE)).expect("a socket");
    stream
}

#[track_caller]
fn hears(stream: &mut BufReader<TcpStream>, expected: &str) {
    let mut line = String::new();
    stream.read_line(&mut line).expect("a line");
    assert_eq!(line, format!("{expected}\n"));
}

/// The server has closed the connection, in order or with a reset.
#[track_caller]
fn hears_the_end(stream: &mut impl Read) {
    let mut rest = Vec::new();
    if let Err(error) = stream.read_to_end(&mut rest) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
}

#[test]
fn a_transfer_does_not_show_in_the_chat() {
    let server = Server::start(&[]);
    let Agreed { mut alice, mut bob, sending, receiving } = Agreed::on(&server, 5);
    let mut receiver = receiving.call(&format!("from 0 {DIGEST}\n"));
    let mut sender = sending.call("");
    hears(&mut sender, &format!("from 0 {DIGEST}"));
    alice.says("/users");
    alice.hears("Users in lobby: alice, bob");
    sender.get_mut().write_all(b"from 0\na\0\xff\nz").expect("the server takes it");
    hears(&mut receiver, "from 0");
    let mut bytes = [0; 5];
    receiver.read_exact(&mut bytes).expect("the file");
    assert_eq!(&bytes, b"a\0\xff\nz");
    receiver.get_mut().write_all(b"received\n").expect("the server takes it");
    alice.hears("bob has received 'x'.");
    alice.hears("@file arrived 1");
    bob.hears("You have received 'x' from alice.");
    bob.hears("@file arrived 1");
    hears_the_end(&mut sender);
    hears_the_end(&mut receiver);
    alice.hears_nothing();
    bob.hears_nothing();
}

#[test]
fn a_stalled_receiver_does_not_delay_the_chat_and_costs_the_server_one_buffer() {
    const SIZE: usize = 200 << 20;
    let server = Server::start(&["--max-file-size", "0"]);
    let Agreed { mut alice, mut bob, sending, receiving } = Agreed::on(&server, SIZE);
    let before = server.status("VmRSS");
    let mut receiver = receiving.call(&format!("from 0 {DIGEST}\n"));
    let mut sender = sending.call("");
    hears(&mut sender, &format!("from 0 {DIGEST}"));
    sender.get_mut().write_all(b"from 0\n").expect("the server takes it");
    hears(&mut receiver, "from 0");
    let stalled = sender.get_ref().try_clone().expect("a socket");
    let writing = thread::Builder::new().spawn(move || sender.get_mut().write_all(&vec![b'x'; SIZE]));
    for n in 0..1000 {
        alice.says(&format!("line {n}"));
        alice.hears(&format!("[lobby] alice: line {n}"));
        bob.hears(&format!("[lobby] alice: line {n}"));
    }
    assert!(server.status("VmRSS") < before + 4096, "{before} and {}", server.status("VmRSS"));
    bob.says("/rejectfile");
    bob.hears("You have rejected 'x' from alice.");
    hears_the_end(&mut receiver);
    assert!(writing.expect("a thread").join().expect("it ends").is_err(), "the receiver took it all");
    drop(stalled);
}

#[test]
fn a_client_that_leaves_ends_the_transfer_for_both() {
    for leaving_is_sender in [true, false] {
        let server = Server::start(&[]);
        let Agreed { mut alice, mut bob, sending, receiving } = Agreed::on(&server, 5);
        let mut receiver = receiving.call(&format!("from 0 {DIGEST}\n"));
        let mut sender = sending.call("");
        hears(&mut sender, &format!("from 0 {DIGEST}"));
        let (leaving, staying) =
            if leaving_is_sender { (&mut alice, &mut bob) } else { (&mut bob, &mut alice) };
        leaving.says("/quit");
        let name = if leaving_is_sender { "alice" } else { "bob" };
        staying.hears_at_last(&format!("'x' is cancelled: {name} has left."));
        hears_the_end(&mut sender);
        hears_the_end(&mut receiver);
    }
}

#[test]
fn both_are_told_when_a_connection_breaks_off() {
    let server = Server::start(&[]);
    let Agreed { mut alice, mut bob, sending, receiving } = Agreed::on(&server, 5);
    let _receiver = receiving.call(&format!("from 0 {DIGEST}\n"));
    let sender = sending.call("from 0\nabc");
    sender.get_ref().shutdown(Shutdown::Write).expect("a socket");
    alice.hears_at_last("Sending 'x' to bob failed: your connection was lost.");
    bob.hears_at_last("Receiving 'x' from alice failed: alice's connection was lost.");
}

#[test]
fn a_token_can_be_used_only_once() {
    let server = Server::start(&[]);
    let Agreed { mut alice, bob: _bob, sending, receiving } = Agreed::on(&server, 5);
    let _receiver = receiving.call(&format!("from 0 {DIGEST}\n"));
    let mut sender = sending.call("");
    // Then both tokens have been used.
    hears(&mut sender, &format!("from 0 {DIGEST}"));
    hears_the_end(&mut sending.call(""));
    hears_the_end(&mut receiving.call(""));
    hears_the_end(&mut Ticket { token: "0".repeat(32), ..sending }.call(""));
    alice.hears_nothing();
}

#[test]
fn another_protocol_on_the_port_for_files_gets_an_explanation() {
    let server = Server::start(&[]);
    let Agreed { sending, .. } = Agreed::on(&server, 5);
    for nonsense in ["/nick bob\n", "GET / HTTP/1.1\r\n", &"x".repeat(200)] {
        let mut stream = call(sending.address);
        stream.write_all(nonsense.as_bytes()).expect("the server takes it");
        let mut answer = [0; 24];
        stream.read_exact(&mut answer).expect("an answer");
        assert_eq!(&answer, b"This port is for files. ");
    }
}

#[test]
fn a_stop_of_the_server_ends_transfers_in_every_state() {
    let server = Server::start(&["--max-file-size", "0"]);
    let Agreed { mut alice, bob: _bob, sending, receiving } = Agreed::on(&server, 200 << 20);
    let mut receiver = receiving.call(&format!("from 0 {DIGEST}\n"));
    let mut sender = sending.call("");
    hears(&mut sender, &format!("from 0 {DIGEST}"));
    sender.get_mut().write_all(b"from 0\nabc").expect("the server takes it");
    let mut stranger = call(sending.address);
    let mut slow_stranger = call(sending.address);
    slow_stranger.write_all(b"abc").expect("the server takes it");
    hears(&mut receiver, "from 0");
    server.signal(Signal::TERM);
    alice.hears_at_last("Server shutting down.");
    assert_eq!(server.ends().code(), Some(0));
    hears_the_end(&mut sender);
    hears_the_end(&mut receiver);
    hears_the_end(&mut stranger);
}

#[test]
fn the_port_for_files_can_be_chosen_unless_it_is_in_use() {
    let first = Server::start(&[]);
    let Agreed { sending, .. } = Agreed::on(&first, 5);
    let port = sending.address.port().to_string();
    let (status, _, err) = crate::support::server::run(crate::support::server::command().args([
        "--port",
        "0",
        "--transfer-port",
        &port,
    ]));
    assert_eq!(status, Some(1));
    assert_eq!(err, format!("chat_server: port {port} on 127.0.0.1 is in use by another program\n"));
    drop(first);
    let second = Server::start(&["--transfer-port", &port]);
    assert_eq!(Agreed::on(&second, 5).sending.address.port().to_string(), port);
}

#[test]
fn silent_connections_do_not_keep_a_file_from_arriving() {
    let server = Server::start(&[]);
    let Agreed { mut alice, bob: _bob, sending, receiving } = Agreed::on(&server, 0);
    let _strangers: Vec<_> = (0..200).map(|_| call(sending.address)).collect();
    let _receiver = receiving.call(&format!("from 0 {DIGEST}\nreceived\n"));
    let _sender = sending.call("from 0\n");
    alice.hears_at_last("bob has received 'x'.");
}

#[test]
fn both_can_chat_while_a_transfer_waits_for_its_receiver() {
    let server = Server::start(&[]);
    let Agreed { mut alice, mut bob, sending, .. } = Agreed::on(&server, 5);
    let _sender = sending.call("");
    alice.says("hello");
    alice.hears("[lobby] alice: hello");
    bob.hears("[lobby] alice: hello");
}
