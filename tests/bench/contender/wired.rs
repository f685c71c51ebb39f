//! This package's own server with a second door, where clients speak something else.

use std::path::PathBuf;

use super::{Contender, Frames, Json, Ours, Speech, Text};
use crate::{
    address::Address,
    failure::{Failure, Result},
    framing::Framing,
    process::{Running, start_with_door},
    tls::write_certificate,
};

/// What is spoken at the second door.
pub(crate) struct Wire {
    pub(crate) name: &'static str,
    scheme: &'static str,
    options: &'static str,
    who: Who,
    speech: &'static dyn Speech,
}

/// Which clients use the second door.
#[derive(Clone, Copy)]
enum Who {
    All,
    EveryOther,
    /// All that do not speak. Those that speak are the first ones.
    Hearers,
}

const LINES: &Json = &Json(Framing::Lines);

pub(crate) const JSON: Wire =
    Wire { name: "… in JSON", scheme: "json", options: "", who: Who::All, speech: LINES };

pub(crate) const HALF_JSON: Wire =
    Wire {
        name: "… half text, half JSON", scheme: "json", options: "", who: Who::EveryOther, speech: LINES
    };

pub(crate) const FRAMES: Wire = Wire {
    name: "… heard in frames",
    scheme: "frames",
    options: "?idle=600",
    who: Who::Hearers,
    speech: &Frames,
};

pub(crate) const UNIX: Wire =
    Wire { name: "… over a Unix socket", scheme: "text+unix", options: "", who: Who::All, speech: &Text };

pub(crate) const UDP: Wire = Wire {
    name: "chat_server, JSON over UDP",
    scheme: "json+udp",
    options: "?idle=600&rate=0",
    who: Who::Hearers,
    speech: &Json(Framing::Datagrams),
};

pub(crate) const WEBSOCKET: Wire = Wire {
    name: "… in JSON over WebSocket",
    scheme: "http",
    options: "",
    who: Who::All,
    speech: &Json(Framing::Messages),
};

/// All clients but the first are programs over HTTP.
pub(crate) const REST: Wire =
    Wire { name: "chat_server", scheme: "http", options: "", who: Who::Hearers, speech: &Text };

pub(crate) const TLS: Wire =
    Wire { name: "… over TLS", scheme: "text+tls", options: "", who: Who::All, speech: &Text };

pub(crate) struct Wired {
    server: Ours,
    wire: Wire,
    senders: usize,
}

impl Wired {
    /// The server without history, log and limits. The first `senders` clients speak.
    pub(crate) fn new(program: PathBuf, wire: Wire, senders: usize) -> Self {
        Self { server: Ours::plain(program), wire, senders }
    }

    fn is_at_the_second_door(&self, client: usize) -> bool {
        match self.wire.who {
            Who::All => true,
            Who::EveryOther => client % 2 == 1,
            Who::Hearers => client >= self.senders,
        }
    }
}

impl Contender for Wired {
    fn name(&self) -> String {
        self.wire.name.into()
    }

    fn start(&self, clients: usize) -> Result<Running> {
        let folder = tempfile::tempdir().map_err(Failure::io("preparing a folder"))?;
        let Wire { scheme, options, .. } = self.wire;
        let place = if scheme.ends_with("+unix") {
            folder.path().join("socket").display().to_string()
        } else {
            "127.0.0.1:0".into()
        };
        let mut command = self.server.command(clients);
        command.args(["--listen", &format!("{scheme}://{place}{options}")]);
        if scheme.ends_with("+tls") {
            let (chain, key) =
                write_certificate(folder.path()).map_err(Failure::io("writing a certificate"))?;
            command.arg("--tls-cert").arg(chain).arg("--tls-key").arg(key);
        }
        start_with_door(command, Some(folder))
    }

    fn speaks(&self, client: usize) -> &dyn Speech {
        if self.is_at_the_second_door(client) { self.wire.speech } else { &Text }
    }

    fn address(&self, client: usize, server: &Running) -> Address {
        let door = server.door.clone().filter(|_| self.is_at_the_second_door(client));
        door.unwrap_or(Address::Tcp(server.address))
    }
}
