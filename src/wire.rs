//! The table of wires, which says what is spoken at a door.

use std::{sync::Arc, time::Duration};

use crate::{
    certificate::Certificate,
    dialect::{Decoder, Dialect, Scene, json, text, verbs},
    event::Event,
    framing::{
        Divided, Pausing, Refusing, Seal,
        frames::{self, FrameSeal},
        pauses,
        websocket::{self, Messages},
    },
};

mod scheme;
mod url;

pub use scheme::Scheme;
pub use url::{Location, Options, UnixSocket, Url};

/// What is spoken at a door: one row of the table.
#[derive(Debug)]
pub struct Wire {
    /// The first word of its URL.
    pub scheme: &'static str,
    /// The dialect of its clients, unless they choose another one when they come in.
    pub dialect: Dialect,
    /// Makes the decoder of a client.
    pub decoder: fn(&Terms) -> Decoder,
    /// Makes the seal of a client; `None` if units are sent as they are.
    pub seal: fn(&Terms) -> Option<Box<dyn Seal>>,
    /// How long a client may be silent if its door does not say; `None` means for ever.
    pub idle: Option<Duration>,
    /// The options of its URL, besides the mode of a Unix socket.
    pub options: &'static [&'static str],
    /// The bytes with which its clients can begin. [`ANY`] recognises them by these.
    pub begins: &'static [&'static [u8]],
}

/// What a person with `nc` speaks. The door of `--host` and `--port` has it by default.
pub const TEXT: &Wire = &WIRES[0];

/// The wire whose clients choose another one with their first bytes.
pub const ANY: &Wire = &WIRES[1];

/// Its clients are answered request by request.
pub const HTTP: &Wire = &WIRES[2];

/// The option that names the file of a door's key.
pub const KEY_FILE: &str = "key-file";

/// All options of URLs: those of the rows below, and the mode of a Unix socket.
pub const URL_OPTIONS: &[&str] = &["mode", "idle", "rate", KEY_FILE];

/// What most wires have in common.
const PLAIN: Wire = Wire {
    scheme: "",
    dialect: Dialect::Text,
    decoder: |terms| Decoder::lines(terms.lines),
    seal: |_| None,
    idle: None,
    options: &[],
    begins: &[],
};

/// All wires.
pub static WIRES: [Wire; 8] = [
    Wire { scheme: "text", ..PLAIN },
    // This row serves no client: each is served by the row that it chooses. One that is refused is told so in text.
    Wire { scheme: "any", options: &["idle", KEY_FILE], ..PLAIN },
    // Its decoder is not used: what is read are requests, not commands.
    Wire {
        scheme: "http",
        seal: |_| Some(Box::new(Refusing)),
        idle: Some(Duration::from_secs(120)),
        options: &["idle"],
        begins: &[b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"OPTIONS "],
        ..PLAIN
    },
    Wire {
        scheme: "unframed",
        decoder: |terms| Decoder::other(pauses::Decoder::new(terms.lines)),
        seal: |_| Some(Box::new(pauses::Alone::default())),
        ..PLAIN
    },
    Wire {
        scheme: "json",
        dialect: Dialect::Json,
        decoder: |terms| Decoder::other(json::Decoder::new(terms.lines)),
        begins: &[b"{"],
        ..PLAIN
    },
    Wire {
        scheme: "json+udp",
        dialect: Dialect::Json,
        decoder: |terms| Decoder::other(json::datagrams::Decoder::new(terms.lines)),
        seal: |_| Some(Box::new(Divided::DATAGRAMS)),
        idle: Some(Duration::from_secs(120)),
        options: &["idle", "rate"],
        ..PLAIN
    },
    Wire {
        scheme: "frames",
        decoder: |terms| Decoder::other(frames::Decoder::new(terms.lines, terms.key.clone(), terms.idle())),
        seal: |terms| Some(Box::new(FrameSeal::new(terms.key.clone()))),
        idle: Some(Duration::from_secs(30)),
        options: &["idle", KEY_FILE],
        begins: &[&frames::MAGIC],
        ..PLAIN
    },
    Wire {
        scheme: "verbs",
        dialect: Dialect::Verbs,
        decoder: |terms| Decoder::other(verbs::Decoder::new(terms.lines)),
        seal: |_| Some(Box::new(Pausing::default())),
        ..PLAIN
    },
];

/// What is spoken over WebSocket, by the name of the subprotocol. Without a name, it is the first.
pub static WEBSOCKETS: [(&str, Wire); 2] = [
    (
        "chat.json",
        Wire {
            scheme: "websocket",
            dialect: Dialect::Messages,
            decoder: |terms| in_messages(terms, Decoder::other(json::Decoder::new(terms.lines))),
            seal: |_| Some(Box::new(Messages::default())),
            ..PLAIN
        },
    ),
    (
        "chat.text",
        Wire {
            scheme: "websocket",
            decoder: |terms| in_messages(terms, Decoder::lines(terms.lines)),
            seal: |_| Some(Box::new(Messages::default())),
            ..PLAIN
        },
    ),
];

fn in_messages(terms: &Terms, inner: Decoder) -> Decoder {
    Decoder::other(websocket::Decoder::new(inner, terms.lines))
}

/// What a client chooses that speaks TLS, with another wire inside of it. It is no row of the table.
pub static TLS: &Wire = &Wire { scheme: "tls", ..PLAIN };

/// How a handshake of TLS begins (RFC 8446 section 5.1).
const HANDSHAKE: &[u8] = &[22, 3];

/// As [`told_by`], where a client may also speak TLS.
pub fn told_by_or_tls(first: &[u8]) -> Option<&'static Wire> {
    if first.starts_with(HANDSHAKE) {
        return Some(TLS);
    }
    if HANDSHAKE.starts_with(first) { None } else { told_by(first) }
}

/// The wire of a client that sends these bytes first; `None` if that depends on the bytes that follow.
pub fn told_by(first: &[u8]) -> Option<&'static Wire> {
    let begins = || WIRES.iter().flat_map(|wire| wire.begins.iter().map(move |begin| (wire, *begin)));
    if let Some((wire, _)) = begins().find(|(_, begin)| first.starts_with(begin)) {
        return Some(wire);
    }
    let is_open = begins().any(|(_, begin)| begin.starts_with(first));
    (!is_open).then_some(TEXT)
}

/// The wires over which clients are in the chat. Those of the others choose one of these, or stay outside.
pub fn with_clients() -> impl Iterator<Item = &'static Wire> {
    let at_doors = WIRES.iter().filter(|wire| *wire != ANY && *wire != HTTP);
    at_doors.chain(WEBSOCKETS.iter().map(|(_, wire)| wire))
}

impl Wire {
    /// Whether its clients send datagrams instead of opening connections.
    pub fn has_datagrams(&self) -> bool {
        self.scheme.ends_with("+udp")
    }
}

impl PartialEq for Wire {
    fn eq(&self, other: &Self) -> bool {
        self.scheme == other.scheme
    }
}

impl Eq for Wire {}

/// What holds for the clients of a door.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What is spoken there.
    pub wire: &'static Wire,
    /// How long lines and texts may be.
    pub lines: text::Limits,
    /// How long a client may be silent; `None` means as long as the row of its wire says.
    pub silence: Option<Duration>,
    /// The most datagrams that a client is sent in a second; 0 means no limit.
    pub rate: u32,
    /// The key of the signatures, on wires that sign what they send.
    pub key: frames::Key,
    /// Whether clients speak TLS.
    pub encryption: Encryption,
}

/// Whether the clients of a door speak TLS.
#[derive(Clone, Debug, Default)]
pub enum Encryption {
    /// They do not.
    #[default]
    Without,
    /// They may, where they choose their wire.
    Possible(Arc<Certificate>),
    /// They must.
    Required(Arc<Certificate>),
}

/// The alert `internal_error` (RFC 8446 section 6), for a client that is refused before its handshake.
const ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 80];

/// The [`Terms::rate`] of a door that does not say.
const RATE: u32 = 200;

impl Terms {
    /// The default terms of a wire.
    pub fn new(wire: &'static Wire, lines: text::Limits) -> Self {
        Self {
            wire,
            lines,
            silence: None,
            rate: RATE,
            key: frames::Key::default(),
            encryption: Encryption::default(),
        }
    }

    /// The same terms, for a client that has chosen this wire.
    #[must_use]
    pub fn of(&self, wire: &'static Wire) -> Self {
        Self { wire, ..self.clone() }
    }

    /// The scheme of the URL of such a door.
    pub fn scheme(&self) -> Scheme {
        let is_encrypted = matches!(self.encryption, Encryption::Required(_));
        Scheme { wire: self.wire, is_encrypted }
    }

    /// How long a client may be silent; `None` means for ever. Wires without signs of life have no limit.
    pub fn idle(&self) -> Option<Duration> {
        self.wire.idle.map(|idle| self.silence.unwrap_or(idle))
    }

    /// A new decoder for a client.
    pub fn decoder(&self) -> Decoder {
        (self.wire.decoder)(self)
    }

    /// A new seal for a client; `None` if units are sent as they are.
    pub fn seal(&self) -> Option<Box<dyn Seal>> {
        (self.wire.seal)(self)
    }

    /// Why a client is not let in, as the bytes that it is sent.
    pub fn refusal(&self, why: &Event) -> Vec<u8> {
        match self.encryption {
            Encryption::Required(_) => ALERT.to_vec(),
            _ => self.plain_refusal(why),
        }
    }

    /// The same for a client that speaks no TLS, wherever it is.
    pub fn plain_refusal(&self, why: &Event) -> Vec<u8> {
        let mut units = self.wire.dialect.encoded(why, &Scene::default());
        let Some(mut seal) = self.seal() else { return units };
        units.extend(seal.farewell(Some(why)));
        seal.seal(&units).concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_tls_only_where_it_can_be_spoken() {
        let scheme = |first: &[u8]| told_by_or_tls(first).map(|wire| wire.scheme);
        assert_eq!([scheme(b""), scheme(b"\x16")], [None, None]);
        assert_eq!([scheme(b"\x16\x03"), scheme(b"\x16\x03\x01\x02")], [Some("tls"); 2]);
        assert_eq!(
            [scheme(b"\x16\x04"), scheme(b"hello"), scheme(b"{")],
            [Some("text"), Some("text"), Some("json")]
        );
        assert_eq!(told_by(b"\x16\x03").map(|wire| wire.scheme), Some("text"));
    }

    #[test]
    fn the_first_bytes_tell_the_wire() {
        let scheme = |first: &[u8]| told_by(first).map(|wire| wire.scheme);
        assert_eq!(scheme(b""), None);
        assert_eq!([scheme(b"hello"), scheme(b"/nick x\n"), scheme(b"\n")], [Some("text"); 3]);
        assert_eq!([scheme(b"{"), scheme(b"{\"type\"")], [Some("json"); 2]);
        for wire in &WIRES {
            for begin in wire.begins {
                assert_eq!(scheme(begin), Some(wire.scheme));
                assert_eq!(scheme(&[begin, &b"and more"[..]].concat()), Some(wire.scheme));
                for half in 1..begin.len() {
                    assert_eq!(scheme(&begin[..half]), None, "it can still become {}", wire.scheme);
                }
            }
        }
    }
}
