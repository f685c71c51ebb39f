//! The first word of a URL, which says what is spoken.

use std::{fmt, str::FromStr};

use super::{HTTP, WIRES, Wire};

/// A wire, inside of TLS or not: `text`, `json+tls`, `https`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// What is spoken.
    pub wire: &'static Wire,
    /// Whether that is inside of TLS.
    pub is_encrypted: bool,
}

/// What follows the name of a wire that is spoken inside of TLS.
const TLS: &str = "+tls";

/// The usual name of HTTP inside of TLS.
const HTTPS: &str = "https";

impl Scheme {
    /// A wire that is not encrypted.
    pub fn plain(wire: &'static Wire) -> Self {
        Self { wire, is_encrypted: false }
    }
}

impl FromStr for Scheme {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == HTTPS {
            return Ok(Self { wire: HTTP, is_encrypted: true });
        }
        let (name, is_encrypted) = match text.strip_suffix(TLS) {
            Some(name) => (name, true),
            None => (text, false),
        };
        let wire = WIRES.iter().find(|wire| wire.scheme == name).ok_or_else(|| {
            let names: Vec<_> = WIRES.iter().map(|wire| wire.scheme).collect();
            format!("'{name}' is not one of: {}, {HTTPS}; with TLS, add {TLS}", names.join(", "))
        })?;
        if is_encrypted && wire.has_datagrams() {
            return Err("TLS is only spoken on ports of TCP".to_owned());
        }
        Ok(Self { wire, is_encrypted })
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_encrypted {
            true if self.wire == HTTP => f.write_str(HTTPS),
            is_encrypted => write!(f, "{}{}", self.wire.scheme, if is_encrypted { TLS } else { "" }),
        }
    }
}
