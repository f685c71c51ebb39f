//! NATS: each room is a subject, and each client has one more for whispers to it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Contender, Line, Speech};
use crate::{
    address::Address,
    failure::Result,
    mark::TEXT,
    process::{Running, start_on_free_port},
    tls::{Handshake, write_certificate},
    websocket::Inside,
};

/// The server with its clients in one kind of connection.
pub(crate) struct Nats {
    name: &'static str,
    /// The file that says where it listens; its port and the paths of its certificate are filled in.
    config: &'static str,
    address: fn(&Running) -> Address,
}

pub(crate) const NATS: Nats =
    Nats { name: "nats", config: "port: PORT\n", address: |server| Address::Tcp(server.address) };

pub(crate) const NATS_WEBSOCKET: Nats = Nats {
    name: "nats over WebSocket",
    config: "port: -1\nwebsocket { host: 127.0.0.1, port: PORT, no_tls: true }\n",
    address: |server| Address::WebSocket(server.address, Inside::Nats),
};

pub(crate) const NATS_TLS: Nats = Nats {
    name: "nats over TLS",
    config: "port: PORT\ntls { cert_file: \"CERT\", key_file: \"KEY\" }\n",
    address: |server| Address::Tls(server.address, Handshake::AfterALine),
};

impl Nats {
    fn write_config(&self, port: u16, folder: &Path) -> io::Result<PathBuf> {
        let (chain, key) = write_certificate(folder)?;
        let config = self.config.replace("PORT", &port.to_string());
        let config = config.replace("CERT", &chain.display().to_string());
        let path = folder.join("nats.conf");
        fs::write(&path, config.replace("KEY", &key.display().to_string()))?;
        Ok(path)
    }
}

impl Contender for Nats {
    fn name(&self) -> String {
        self.name.into()
    }

    fn program(&self) -> Option<&'static str> {
        Some("nats-server")
    }

    fn start(&self, _clients: usize) -> Result<Running> {
        start_on_free_port(|port, folder| {
            let mut command = Command::new("nats-server");
            command.args(["-a", "127.0.0.1", "-l", "/dev/null", "-c"]);
            command.arg(self.write_config(port, folder)?);
            Ok(command)
        })
    }

    fn speaks(&self, _client: usize) -> &dyn Speech {
        self
    }

    fn address(&self, _client: usize, server: &Running) -> Address {
        (self.address)(server)
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

    fn enter(&self, nick: &str, room: &str) -> Vec<u8> {
        format!("SUB {nick} 1\r\nSUB {room} 2\r\nPING\r\n").into()
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
