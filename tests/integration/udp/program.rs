//! A program that speaks JSON over UDP.

use std::{io::ErrorKind, net::UdpSocket, time::Duration};

use serde_json::{Value, json};

use crate::support::{DEADLINE, Server};

/// A server that also speaks JSON over UDP, and its port for that.
#[track_caller]
pub(super) fn start(query: &str, options: &[&str]) -> (Server, u16) {
    let (server, door) = Server::with_door(&format!("json+udp://127.0.0.1:0{query}"), options);
    (server, door.port())
}

/// A program at an address of its own.
pub(super) struct Program(pub(super) UdpSocket);

impl Program {
    /// The number of the datagram with which it joins.
    pub(super) const JOIN: i64 = -1;

    /// The most bytes that a datagram of IPv4 can hold.
    pub(super) const LARGEST: usize = 65507;

    #[track_caller]
    pub(super) fn open(port: u16) -> Self {
        Self::open_on("127.0.0.1", port)
    }

    #[track_caller]
    pub(super) fn open_on(address: &str, port: u16) -> Self {
        let socket = UdpSocket::bind((address, 0)).expect("this machine has it");
        socket.connect(("127.0.0.1", port)).expect("an address");
        socket.set_read_timeout(Some(DEADLINE)).expect("a time");
        Self(socket)
    }

    /// Comes in, and hears the greeting.
    #[track_caller]
    pub(super) fn join(port: u16, user: &str, room: &str) -> Self {
        let mut program = Self::open(port);
        program.sends(&json!({"type": "join", "room": room, "user": user, "id": Self::JOIN}));
        program.hears_ack(Self::JOIN);
        assert_eq!(program.next()["event"], "welcome");
        if room != "lobby" {
            assert_eq!(program.next()["event"], "joined");
        }
        program
    }

    #[track_caller]
    pub(super) fn sends_bytes(&mut self, bytes: &[u8]) {
        self.0.send(bytes).expect("the socket takes it");
    }

    #[track_caller]
    pub(super) fn sends(&mut self, object: &Value) {
        self.sends_bytes(object.to_string().as_bytes());
    }

    #[track_caller]
    pub(super) fn says(&mut self, text: &str) {
        self.sends(&json!({"type": "message", "text": text}));
    }

    /// Sends it again until it is acknowledged, as every program should, and forgets what comes before that.
    #[track_caller]
    pub(super) fn sends_until_acknowledged(&mut self, object: &Value) {
        let ack = json!({"type": "ack", "id": object["id"]});
        self.0.set_read_timeout(Some(Duration::from_millis(50))).expect("a time");
        for _ in 0..100 {
            self.sends(object);
            if std::iter::from_fn(|| self.next_in_time()).any(|heard| heard == ack) {
                return self.0.set_read_timeout(Some(DEADLINE)).expect("a time");
            }
        }
        panic!("never acknowledged: {object}");
    }

    #[track_caller]
    pub(super) fn next(&mut self) -> Value {
        self.next_in_time().expect("an object in time")
    }

    /// The next object; `None` when none comes in time.
    #[track_caller]
    pub(super) fn next_in_time(&mut self) -> Option<Value> {
        let mut buffer = [0; 2048];
        match self.0.recv(&mut buffer) {
            Ok(length) => {
                assert!(length <= 1400, "{length} bytes in one datagram");
                Some(serde_json::from_slice(&buffer[..length]).expect("one object"))
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
            // The server is gone.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Everything that has arrived.
    #[track_caller]
    pub(super) fn rest(&mut self) -> Vec<Value> {
        self.0.set_nonblocking(true).expect("a socket");
        std::iter::from_fn(|| self.next_in_time()).collect()
    }

    #[track_caller]
    pub(super) fn hears(&mut self, user: &str, text: &str) -> u64 {
        let heard = self.next();
        assert_eq!((&heard["user"], &heard["text"]), (&json!(user), &json!(text)), "{heard}");
        heard["seq"].as_u64().expect("a number")
    }

    /// As [`Program::hears`], and nothing that was said since is missing.
    #[track_caller]
    pub(super) fn hears_after(&mut self, last: u64, user: &str, text: &str) -> u64 {
        assert_eq!(self.hears(user, text), last + 1);
        last + 1
    }

    #[track_caller]
    pub(super) fn hears_ack(&mut self, id: i64) {
        assert_eq!(self.next(), json!({"type": "ack", "id": id}));
    }

    #[track_caller]
    pub(super) fn hears_error(&mut self, text: &str) {
        let heard = self.next();
        assert_eq!((&heard["type"], &heard["text"]), (&json!("error"), &json!(text)), "{heard}");
    }
}
