//! Redis: each room is a channel, and each client has one more for whispers to it.

use std::process::Command;

use super::{Contender, Line, Speech};
use crate::{
    address::Address,
    failure::Result,
    mark::TEXT,
    process::{Running, start_on_free_port},
    tls::{Handshake, write_certificate},
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redis {
    Plain,
    Tls,
}

impl Contender for Redis {
    fn name(&self) -> String {
        match self {
            Self::Plain => "redis".into(),
            Self::Tls => "redis over TLS".into(),
        }
    }

    fn program(&self) -> Option<&'static str> {
        Some("redis-server")
    }

    fn start(&self, clients: usize) -> Result<Running> {
        start_on_free_port(|port, folder| {
            let port = port.to_string();
            let mut command = Command::new("redis-server");
            command.args(["--bind", "127.0.0.1"]);
            match self {
                Self::Plain => command.args(["--port", &port]),
                Self::Tls => {
                    let (chain, key) = write_certificate(folder)?;
                    command.args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]);
                    command.arg("--tls-cert-file").arg(&chain).arg("--tls-key-file").arg(key);
                    command.arg("--tls-ca-cert-file").arg(chain)
                }
            };
            command.args(["--save", "", "--appendonly", "no", "--loglevel", "warning"]);
            command.args(["--maxclients", &(clients + 100).to_string(), "--tcp-backlog", "4096"]);
            command.args(["--client-output-buffer-limit", "pubsub 0 0 0"]);
            command.arg("--dir").arg(folder);
            Ok(command)
        })
    }

    fn speaks(&self, _client: usize) -> &dyn Speech {
        self
    }

    fn address(&self, _client: usize, server: &Running) -> Address {
        match self {
            Self::Plain => Address::Tcp(server.address),
            Self::Tls => Address::Tls(server.address, Handshake::AtOnce),
        }
    }
}

impl Speech for Redis {
    /// Version 3 of the protocol lets a subscriber publish on the same connection.
    fn hello(&self, _nick: &str) -> String {
        "HELLO 3\r\nPING\r\n".into()
    }

    fn enter(&self, nick: &str, room: &str) -> Vec<u8> {
        format!("SUBSCRIBE {nick} {room}\r\n").into()
    }

    fn say(&self, room: &str, length: usize) -> String {
        format!("*3\r\n$7\r\nPUBLISH\r\n${}\r\n{room}\r\n${length}\r\n", room.len())
    }

    fn read<'a>(&self, line: &'a [u8]) -> Line<'a> {
        match line {
            _ if line.len() == TEXT => Line::Said(line),
            b"+PONG" | b":2" => Line::Ready,
            [b':' | b'+', ..] => Line::Chatter,
            [b'-', ..] => Line::Complaint,
            _ => Line::Framing,
        }
    }
}
