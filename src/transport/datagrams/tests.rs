//! Ports and their clients, without a server.

use std::thread;

use super::*;
use crate::transport::ConnectionLimit;

/// How long what must happen may take.
const DEADLINE: Duration = Duration::from_secs(30);

fn port() -> (Arc<Port>, SocketAddr) {
    let (port, address) = Port::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (Arc::new(port), address)
}

fn program() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn joined(port: &Arc<Port>, peer: SocketAddr, places: &Arc<ConnectionLimit>) -> (Reader, Box<dyn Sink>) {
    let permit = places.take(peer, Duration::ZERO).unwrap_or_else(|why| panic!("no place: {why:?}"));
    client(port, peer, permit, 0)
}

#[test]
fn closing_a_port_wakes_its_thread_however_it_was_opened() {
    for address in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"] {
        // A machine may have no IPv6.
        let Ok((port, _)) = Port::bind(address.parse().unwrap()) else { continue };
        thread::scope(|scope| {
            let wait = || drop(port.receive(&mut [0; 9]));
            let waiting = thread::Builder::new().spawn_scoped(scope, wait).unwrap();
            port.close();
            waiting.join().unwrap();
        });
    }
}

#[test]
fn what_must_still_be_said_can_be_sent_after_closing() {
    let ((port, _), (program, address)) = (port(), program());
    port.close();
    assert!(port.send(b"bye", address));
    assert_eq!(program.recv(&mut [0; 9]).unwrap(), 3);
}

#[test]
fn a_program_whose_port_is_closed_disturbs_no_other() {
    let ((port, address), (gone, closed), (program, other)) = (port(), program(), program());
    drop(gone);
    for _ in 0..3 {
        assert!(port.send(b"lost", closed));
        assert!(port.send(b"heard", other));
        assert_eq!(program.recv(&mut [0; 9]).unwrap(), 5);
    }
    program.send_to(b"hello", address).unwrap();
    let received = loop {
        if let Some(received) = port.receive(&mut [0; 9]).expect("the port works") {
            break received;
        }
    };
    assert_eq!(received, (5, other));
}

#[test]
fn a_place_is_free_again_when_both_ends_are_gone() {
    let ((port, _), (_, peer)) = (port(), program());
    let places = ConnectionLimit::new(1, 9);
    let (reader, sink) = joined(&port, peer, &places);
    let mailbox = Arc::clone(reader.mailbox());
    assert!(mailbox.left().is_none());
    drop(reader);
    assert!(mailbox.left().is_some());
    assert!(places.take(peer, Duration::ZERO).is_err());
    drop(sink);
    assert!(places.take(peer, Duration::ZERO).is_ok());
}

#[test]
fn a_writing_end_that_finishes_or_is_lost_ends_its_session() {
    let ((port, _), (_, peer)) = (port(), program());
    let places = ConnectionLimit::new(9, 9);
    let (finished, mut sink) = joined(&port, peer, &places);
    sink.finish();
    drop(sink);
    let (lost, _) = joined(&port, peer, &places);
    for (reader, why) in [(finished, Ending::Stopping), (lost, Ending::Failed)] {
        assert_eq!(reader.read(&mut [0; 9]).unwrap(), 0);
        assert_eq!(reader.hung_up(), Some(why));
    }
}
