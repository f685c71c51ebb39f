//! The table of wires, which says what is spoken at a door.

use std::{str::FromStr, sync::Arc, time::Duration};

use crate::{
    certificate::Certificate,
    dialect::{Decoder, Dialect, Scene, json, text, verbs},
    event::Event,
    framing::{
        Datagrams, Pausing, Seal,
        frames::{self, FrameSeal},
        pauses,
    },
};

mod url;

pub use url::{Location, Options, Scheme, UnixSocket, Url};

/// What is spoken at a door: one row of the table.
#[derive(Debug)]
pub struct Wire {
    /// The first word of its URL.
    pub scheme: &'static str,
    /// In which dialect its clients are answered, as long as they do not speak another one.
    pub dialect: Dialect,
    /// Makes what reads a client.
    pub decoder: fn(&Terms) -> Decoder,
    /// Makes what packs what a client is told, if that is packed.
    pub seal: fn(&Terms) -> Option<Box<dyn Seal>>,
    /// How long a client may send nothing, unless its door says something else; `None` means for ever.
    pub idle: Option<Duration>,
    /// What a URL can set, beside the mode of a Unix socket.
    pub options: &'static [&'static str],
    /// The first bytes of its clients, by which [`ANY`] recognises them.
    pub begins: &'static [&'static [u8]],
}

/// What `--host` and `--port` open, and a person with `nc` speaks.
pub const TEXT: &Wire = &WIRES[0];

/// Its clients choose another wire with their first bytes.
pub const ANY: &Wire = &WIRES[1];

/// The option that names the file of a door's key.
pub const KEY_FILE: &str = "key-file";

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
pub static WIRES: [Wire; 7] = [
    Wire { scheme: "text", ..PLAIN },
    // Until a client has chosen, nothing of this is used.
    Wire { scheme: "any", options: &["idle"], ..PLAIN },
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
        seal: |_| Some(Box::new(Datagrams)),
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

/// What a client chooses that speaks TLS, and then another wire inside of it. It is no row of the table.
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

/// The wire of a client that sends these bytes first; `None` while more of them can make a difference.
pub fn told_by(first: &[u8]) -> Option<&'static Wire> {
    let begins = || WIRES.iter().flat_map(|wire| wire.begins.iter().map(move |begin| (wire, *begin)));
    if let Some((wire, _)) = begins().find(|(_, begin)| first.starts_with(begin)) {
        return Some(wire);
    }
    let is_open = begins().any(|(_, begin)| begin.starts_with(first));
    (!is_open).then_some(TEXT)
}

impl Wire {
    /// Whether its clients send datagrams, and have no connection.
    pub fn has_datagrams(&self) -> bool {
        self.scheme.ends_with("+udp")
    }
}

impl FromStr for &'static Wire {
    type Err = String;

    fn from_str(scheme: &str) -> Result<Self, String> {
        WIRES.iter().find(|wire| wire.scheme == scheme).ok_or_else(|| {
            let schemes: Vec<_> = WIRES.iter().map(|wire| wire.scheme).collect();
            format!("'{scheme}' is not one of: {}", schemes.join(", "))
        })
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
    /// How long a client may send nothing, instead of what the row of its wire says.
    pub silence: Option<Duration>,
    /// The most datagrams that a client is sent in a second; 0 means no limit.
    pub rate: u32,
    /// What signs what is sent, on wires where something does.
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

/// The most datagrams that a client is sent in a second, unless its door says something else.
const RATE: u32 = 200;

impl Terms {
    /// Those of a wire, as far as nothing else is said.
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

    /// The same, for a client that has chosen this wire.
    #[must_use]
    pub fn of(&self, wire: &'static Wire) -> Self {
        Self { wire, ..self.clone() }
    }

    /// The first word of the URL of such a door.
    pub fn scheme(&self) -> Scheme {
        let is_encrypted = matches!(self.encryption, Encryption::Required(_));
        Scheme { wire: self.wire, is_encrypted }
    }

    /// How long a client may send nothing; `None` means for ever, as on wires without a sign of life.
    pub fn idle(&self) -> Option<Duration> {
        self.wire.idle.map(|idle| self.silence.unwrap_or(idle))
    }

    /// What reads a client.
    pub fn decoder(&self) -> Decoder {
        (self.wire.decoder)(self)
    }

    /// What packs what a client is told, if that is packed.
    pub fn seal(&self) -> Option<Box<dyn Seal>> {
        (self.wire.seal)(self)
    }

    /// What a client is told that is not let in, as bytes.
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
        units.extend(seal.farewell(Some(&why.to_string())));
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
