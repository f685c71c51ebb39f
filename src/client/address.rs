//! Where the server is: a host with or without a port, or a Unix socket.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU16,
    path::{Path, PathBuf},
    str::FromStr,
};

/// The address of a server, as a user writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A host name or an address without brackets, and a port if one is given.
    Tcp {
        /// The host.
        host: String,
        /// The port.
        port: Option<u16>,
    },
    /// The absolute path of a Unix socket.
    Unix(PathBuf),
}

/// The port if no other is given.
pub(super) const PORT: u16 = 5555;

impl Address {
    /// The address, with this port if it has none.
    pub(super) fn or_port(&self, default: u16) -> Self {
        match self {
            Self::Tcp { host, port } => Self::Tcp { host: host.clone(), port: port.or(Some(default)) },
            Self::Unix(_) => self.clone(),
        }
    }

    pub(super) fn has_port(&self) -> bool {
        matches!(self, Self::Tcp { port: Some(_), .. })
    }

    /// The command that starts a server at this address; `None` if it belongs to another machine.
    pub(super) fn command(&self) -> Option<String> {
        let Self::Tcp { host, port } = self else { return None };
        let address = host.parse::<IpAddr>().ok();
        if !(host.eq_ignore_ascii_case("localhost") || address.is_some_and(|address| address.is_loopback())) {
            return None;
        }
        let host =
            if address.is_some() && host != "127.0.0.1" { format!(" --host {host}") } else { String::new() };
        let port =
            port.filter(|port| *port != PORT).map(|port| format!(" --port {port}")).unwrap_or_default();
        Some(format!("chat_server{host}{port}"))
    }
}

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(rest) = text.strip_prefix("unix:") {
            let path = rest.strip_prefix("//").map(Path::new).filter(|path| path.is_absolute());
            return path.map(|path| Self::Unix(path.to_owned())).ok_or("write a Unix socket as unix:///PATH");
        }
        let (host, rest) = match text.strip_prefix('[') {
            Some(bracketed) => bracketed.split_once(']').filter(|(host, _)| is_ipv6(host)).ok_or(BRACKETS)?,
            None if is_ipv6(text) => (text, ""),
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        if text == "-" || text.contains('/') {
            return Err("this is not a host name. To send the lines of a file, use --file FILE");
        }
        if host.is_empty() || host.starts_with('-') || host.contains(char::is_whitespace) {
            return Err("this is not a host name");
        }
        let port = match rest.strip_prefix(':') {
            None if rest.is_empty() => None,
            None => return Err(BRACKETS),
            Some(port) if port.contains(':') => return Err(BRACKETS),
            Some(number) => Some(port(number)?),
        };
        Ok(Self::Tcp { host: host.to_owned(), port })
    }
}

/// Reads the number of a port that a server can have.
pub(super) fn port(number: &str) -> Result<u16, &'static str> {
    number.parse().map(NonZeroU16::get).map_err(|_| "a port is a number from 1 to 65535")
}

const BRACKETS: &str = "write an IPv6 address with a port as [ADDRESS]:PORT";

/// Whether this is an IPv6 address, perhaps with the interface to use: `fe80::1%eth0`.
fn is_ipv6(text: &str) -> bool {
    text.split('%').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => {
                let brackets = if host.contains(':') { ("[", "]") } else { ("", "") };
                write!(f, "{}{host}{}", brackets.0, brackets.1)?;
                port.map_or(Ok(()), |port| write!(f, ":{port}"))
            }
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_can_have_a_port_and_an_ipv6_address_can_have_brackets() {
        for (text, host, port) in [
            ("localhost", "localhost", None),
            ("localhost:5755", "localhost", Some(5755)),
            ("example.org:5555", "example.org", Some(5555)),
            ("127.0.0.1:1", "127.0.0.1", Some(1)),
            ("::1", "::1", None),
            ("[::1]", "::1", None),
            ("[::1]:5555", "::1", Some(5555)),
            ("fe80::1%eth0", "fe80::1%eth0", None),
            ("[fe80::1%eth0]:7", "fe80::1%eth0", Some(7)),
        ] {
            assert_eq!(text.parse(), Ok(Address::Tcp { host: host.to_owned(), port }), "{text}");
        }
    }

    #[test]
    fn a_unix_socket_has_an_absolute_path() {
        let socket = "unix:///run/chat.sock".parse::<Address>().unwrap();
        assert_eq!(socket, Address::Unix("/run/chat.sock".into()));
        assert_eq!(socket.or_port(1).to_string(), "unix:///run/chat.sock");
    }

    #[test]
    fn a_unix_socket_that_is_written_wrongly_is_not_called_a_wrong_port() {
        for socket in ["unix://chat.sock", "unix:chat.sock", "unix:/run/chat.sock", "unix:"] {
            let why = socket.parse::<Address>().unwrap_err();
            assert_eq!(why, "write a Unix socket as unix:///PATH", "{socket}");
        }
    }

    #[test]
    fn an_invalid_address_is_refused_with_what_to_write() {
        let why = |text: &str| text.parse::<Address>().unwrap_err();
        for file in ["-", "./notes.txt", "/tmp/my notes"] {
            assert!(why(file).contains("--file"), "{file}");
        }
        for host in ["", ":5555", "my host", "-a"] {
            assert_eq!(why(host), "this is not a host name");
        }
        for port in ["localhost:", "localhost:http", "localhost:65536", "127.0.0.1:0", "[::1]:0"] {
            assert!(why(port).contains("from 1 to 65535"), "{port}");
        }
        for brackets in ["[::1", "[localhost]:1", "[::1]5555", "a:b:c"] {
            assert!(why(brackets).contains("[ADDRESS]:PORT"), "{brackets}");
        }
    }

    #[test]
    fn an_address_of_this_machine_has_a_command_that_starts_a_server() {
        let command = |text: &str| text.parse::<Address>().unwrap().command();
        assert_eq!(command("127.0.0.1:5555").as_deref(), Some("chat_server"));
        assert_eq!(command("localhost:5755").as_deref(), Some("chat_server --port 5755"));
        assert_eq!(command("[::1]:5755").as_deref(), Some("chat_server --host ::1 --port 5755"));
        assert_eq!(command("example.org:5555"), None);
        assert_eq!(command("192.0.2.1"), None);
    }
}
