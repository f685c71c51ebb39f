//! URLs that open a door.

use std::{
    fmt,
    net::Ipv6Addr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use super::{KEY_FILE, Scheme};

/// A door to open: `text://HOST:PORT` or `text+unix:///PATH?mode=0660`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// What is spoken there.
    pub scheme: Scheme,
    /// Where it listens.
    pub location: Location,
    /// What stands after the `?`.
    pub options: Options,
}

/// The options of a URL, apart from the mode of a Unix socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How long a client may be silent.
    pub idle: Option<Duration>,
    /// The most datagrams that a client is sent in a second; 0 means no limit.
    pub rate: Option<u32>,
    /// The file of the key that signs what is sent; `None` means the well-known key.
    pub key_file: Option<PathBuf>,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// On a port of TCP, or of UDP if the wire has datagrams.
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
        let scheme: Scheme = scheme.parse()?;
        if is_unix && scheme.is_encrypted {
            return Err("TLS is only spoken on ports of TCP".to_owned());
        }
        if is_unix && scheme.wire.has_datagrams() {
            return Err(format!("'{scheme}' is not spoken on Unix sockets"));
        }
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let location = if is_unix { unix(place)? } else { tcp(place)? };
        let mut url = Self { scheme, location, options: Options::default() };
        for option in query.split('&').filter(|_| rest.contains('?')) {
            url.set(option)?;
        }
        Ok(url)
    }
}

impl Url {
    /// Takes an option, such as `mode=0660`.
    fn set(&mut self, option: &str) -> Result<(), String> {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        match (key, &mut self.location) {
            ("mode", Location::Unix(socket)) => socket.mode = mode(value)?,
            ("idle", _) if self.scheme.wire.options.contains(&key) => self.options.idle = Some(idle(value)?),
            ("rate", _) if self.scheme.wire.options.contains(&key) => self.options.rate = Some(rate(value)?),
            (KEY_FILE, _) if self.scheme.wire.options.contains(&key) => {
                self.options.key_file = Some(file(value)?);
            }
            _ => {
                let unix = matches!(self.location, Location::Unix(_)).then_some("mode");
                let known: Vec<_> =
                    unix.iter().chain(self.scheme.wire.options).map(|key| format!("{key}=")).collect();
                return Err(match &known[..] {
                    [] => format!("'{option}' is not allowed: this URL has no options"),
                    known => format!("'{option}' is not one of: {}", known.join(", ")),
                });
            }
        }
        Ok(())
    }
}

/// The permissions of a file, such as `0660`.
fn mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or_else(|| format!("'{text}' is not an octal number from 0 to 0777"))
}

/// A number of seconds.
fn idle(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (1..=86400).contains(seconds));
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| format!("'{text}' is not a number of seconds from 1 to 86400"))
}

/// A number of datagrams a second.
fn rate(text: &str) -> Result<u32, String> {
    let rate = text.parse().ok().filter(|rate| *rate <= MOST_RATE);
    rate.ok_or_else(|| format!("'{text}' is not a number of datagrams a second from 0 to {MOST_RATE}"))
}

/// The highest rate that can be set. For more, there is 0, which means no limit.
const MOST_RATE: u32 = 1_000_000;

fn file(path: &str) -> Result<PathBuf, String> {
    if path.is_empty() { Err("the name of a file is missing".to_owned()) } else { Ok(path.into()) }
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

fn unix(path: &str) -> Result<Location, String> {
    if !Path::new(path).is_absolute() {
        return Err("write the path of a Unix socket with three slashes: SCHEME+unix:///PATH".to_owned());
    }
    if path.len() > LONGEST_PATH {
        return Err(format!("the path of a Unix socket has at most {LONGEST_PATH} bytes"));
    }
    Ok(Location::Unix(UnixSocket { path: path.into(), mode: 0o600 }))
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme;
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
        for url in [
            "text://127.0.0.1:5555",
            "json+tls://localhost:0",
            "text://[::1]:5555",
            "text+unix:///run/chat",
            "https://[::]:443",
        ] {
            assert_eq!(url.parse::<Url>().unwrap().to_string(), url);
        }
        let place = "text+unix:///run/a b?mode=0660".parse::<Url>().unwrap().location;
        assert_eq!(place, Location::Unix(UnixSocket { path: "/run/a b".into(), mode: 0o660 }));
        let options = "json+udp://localhost:0?idle=5&rate=0".parse::<Url>().unwrap().options;
        assert_eq!((options.idle, options.rate), (Some(Duration::from_secs(5)), Some(0)));
        let options = "frames://localhost:9999?key-file=/run/key=1&idle=9".parse::<Url>().unwrap().options;
        let expected =
            Options { idle: Some(Duration::from_secs(9)), key_file: Some("/run/key=1".into()), rate: None };
        assert_eq!(options, expected);
    }

    #[test]
    fn a_wrong_url_is_refused_with_what_to_write() {
        let why = |url: &str| url.parse::<Url>().unwrap_err();
        assert_eq!(why("localhost:5555"), "write it as SCHEME://HOST:PORT");
        assert!(why("telnet://localhost:23").starts_with("'telnet' is not one of: text"));
        assert!(why("text://localhost").contains("HOST:PORT"));
        for url in ["text+tls+unix:///run/chat", "json+udp+tls://localhost:0", "https+unix:///run/chat"] {
            assert_eq!(why(url), "TLS is only spoken on ports of TCP");
        }
        for host in ["text://:5", "text://::1:5", "text://[localhost]:5", "text://a/b:5"] {
            assert!(why(host).contains("[ADDRESS]:PORT"), "{host}");
        }
        for port in ["text://a:", "text://a:65536", "text://a:x"] {
            assert!(why(port).contains("65535"), "{port}");
        }
        assert!(why("text+unix://chat.sock").contains("unix:///PATH"));
        assert!(why(&format!("text+unix:///{}", "x".repeat(107))).contains("107"));
        for mode in ["999", "1000", ""] {
            assert!(why(&format!("text+unix:///run/chat?mode={mode}")).contains("0777"), "{mode}");
        }
        for option in ["?own=1", "?", "?mode=0600&"] {
            assert!(
                why(&format!("text+unix:///run/chat{option}")).ends_with("not one of: mode="),
                "{option}"
            );
        }
        assert!(why("text://localhost:5?mode=0600").ends_with("no options"));
        assert!(why("json+udp+unix:///run/chat").contains("Unix"));
        assert!(why("json+udp://localhost:5?rate=-1").contains("1000000"));
        assert!(why("json+udp://localhost:5?mode=0600").ends_with("not one of: idle=, rate="));
        assert_eq!(why("frames://localhost:5?key-file="), "the name of a file is missing");
    }
}
