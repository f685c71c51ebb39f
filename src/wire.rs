//! The table of wires, and the URLs that open a door for them.

use std::{
    fmt,
    net::Ipv6Addr,
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::dialect::Dialect;

/// What is spoken at a door: one row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Wire {
    /// The first word of its URL.
    pub scheme: &'static str,
    /// What is spoken there.
    pub dialect: Dialect,
}

/// What `--host` and `--port` open, and a person with `nc` speaks.
pub const TEXT: &Wire = &WIRES[0];

/// All wires.
pub static WIRES: [Wire; 2] =
    [Wire { scheme: "text", dialect: Dialect::Text }, Wire { scheme: "json", dialect: Dialect::Json }];

/// A door to open: `text://HOST:PORT` or `text+unix:///PATH?mode=0660`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// What is spoken there.
    pub wire: &'static Wire,
    /// Where it listens.
    pub location: Location,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// On a TCP port.
    Tcp {
        /// A host name, or an address without brackets.
        host: String,
        /// The port; 0 means any free one.
        port: u16,
    },
    /// On a Unix socket.
    Unix(UnixSocket),
}

/// A Unix socket to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixSocket {
    /// Its file.
    pub path: PathBuf,
    /// Who may connect: the permissions of the file, such as `0o600`.
    pub mode: u32,
}

impl FromStr for Url {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").ok_or("write it as SCHEME://HOST:PORT")?;
        let (scheme, is_unix) = match scheme.strip_suffix("+unix") {
            Some(scheme) => (scheme, true),
            None => (scheme, false),
        };
        let wire = WIRES.iter().find(|wire| wire.scheme == scheme).ok_or_else(|| {
            let schemes: Vec<_> = WIRES.iter().map(|wire| wire.scheme).collect();
            format!("'{scheme}' is not one of: {}", schemes.join(", "))
        })?;
        let location = if is_unix { Location::Unix(rest.parse()?) } else { tcp(rest)? };
        Ok(Self { wire, location })
    }
}

fn tcp(text: &str) -> Result<Location, String> {
    let (host, port) = text.rsplit_once(':').ok_or("the port is missing: write HOST:PORT")?;
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = match bracketed {
        Some(address) if address.parse::<Ipv6Addr>().is_ok() => address,
        None if !host.is_empty() && !host.contains(['[', ']', ':', '/', ' ']) => host,
        _ => return Err(format!("'{host}' is not a host; write an IPv6 address as [ADDRESS]:PORT")),
    };
    let port = port.parse().map_err(|_| format!("'{port}' is not a port from 0 to 65535"))?;
    Ok(Location::Tcp { host: host.to_owned(), port })
}

/// The most bytes of the path of a Unix socket, which ends with a zero byte (unix(7)).
const LONGEST_PATH: usize = 107;

impl FromStr for UnixSocket {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (path, mode) = match text.split_once('?') {
            None => (text, "mode=0600"),
            Some(parts) => parts,
        };
        if !Path::new(path).is_absolute() {
            return Err("write the path of a Unix socket with three slashes: SCHEME+unix:///PATH".to_owned());
        }
        if path.len() > LONGEST_PATH {
            return Err(format!("the path of a Unix socket has at most {LONGEST_PATH} bytes"));
        }
        let mode = mode.strip_prefix("mode=").and_then(|mode| u32::from_str_radix(mode, 8).ok());
        let mode = mode
            .filter(|mode| *mode <= 0o777)
            .ok_or("after '?' stands only mode=, with an octal number from 0 to 0777")?;
        Ok(Self { path: path.into(), mode })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.wire.scheme;
        match &self.location {
            Location::Tcp { host, port } if host.contains(':') => write!(f, "{scheme}://[{host}]:{port}"),
            Location::Tcp { host, port } => write!(f, "{scheme}://{host}:{port}"),
            Location::Unix(UnixSocket { path, .. }) => write!(f, "{scheme}+unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_the_wire_and_the_place() {
        for url in
            ["text://127.0.0.1:5555", "text://localhost:0", "text://[::1]:5555", "text+unix:///run/chat"]
        {
            assert_eq!(url.parse::<Url>().unwrap().to_string(), url);
        }
        let place = "text+unix:///run/a b?mode=0660".parse::<Url>().unwrap().location;
        assert_eq!(place, Location::Unix(UnixSocket { path: "/run/a b".into(), mode: 0o660 }));
    }

    #[test]
    fn a_wrong_url_is_refused_with_what_to_write() {
        let why = |url: &str| url.parse::<Url>().unwrap_err();
        assert_eq!(why("localhost:5555"), "write it as SCHEME://HOST:PORT");
        assert!(why("telnet://localhost:23").starts_with("'telnet' is not one of: text"));
        assert!(why("text://localhost").contains("HOST:PORT"));
        for host in ["text://:5", "text://::1:5", "text://[localhost]:5", "text://a/b:5"] {
            assert!(why(host).contains("[ADDRESS]:PORT"), "{host}");
        }
        for port in ["text://a:", "text://a:65536", "text://a:x"] {
            assert!(why(port).contains("65535"), "{port}");
        }
        assert!(why("text+unix://chat.sock").contains("unix:///PATH"));
        assert!(why(&format!("text+unix:///{}", "x".repeat(107))).contains("107"));
        for mode in ["?mode=999", "?mode=1000", "?mode=", "?own=1", "?"] {
            assert!(why(&format!("text+unix:///run/chat{mode}")).contains("0777"), "{mode}");
        }
    }
}
