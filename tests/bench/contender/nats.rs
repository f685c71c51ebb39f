//! NATS: each room is a subject, and each client has one more for whispers to it.

use std::process::Command;

use super::{Contender, Line, Speech};
use crate::{
    failure::Result,
    mark::TEXT,
    process::{Running, start_on_free_port},
};

pub(crate) struct Nats;

impl Contender for Nats {
    fn name(&self) -> String {
        "nats".into()
    }

    fn program(&self) -> Option<&'static str> {
        Some("nats-server")
    }

    fn start(&self, _clients: usize) -> Result<Running> {
        start_on_free_port(|port, _folder| {
            let mut command = Command::new("nats-server");
            command.args(["-a", "127.0.0.1", "-p", &port.to_string(), "-l", "/dev/null"]);
            Ok(command)
        })
    }

    fn speaks(&self, _client: usize) -> &dyn Speech {
        self
    }

    /// Each sender has a goroutine that delivers independently of the others.
    fn keeps_one_order(&self) -> bool {
        false
    }
}

impl Speech for Nats {
    fn hello(&self, _nick: &str) -> String {
        "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nPING\r\n".into()
    }

    fn enter(&self, nick: &str, room: &str) -> String {
        format!("SUB {nick} 1\r\nSUB {room} 2\r\nPING\r\n")
    }

    fn say(&self, room: &str, length: usize) -> String {
        format!("PUB {room} {length}\r\n")
    }

    fn read<'a>(&self, line: &'a [u8]) -> Line<'a> {
        match line {
            _ if line.len() == TEXT => Line::Said(line),
            b"PONG" => Line::Ready,
            b"PING" => Line::Ping(b"PONG\r\n".into()),
            _ if line.starts_with(b"MSG ") => Line::Framing,
            _ if line.starts_with(b"INFO ") => Line::Chatter,
            _ => Line::Complaint,
        }
    }
}
