//! Which web pages may speak for their visitors.

use std::{fmt, net::IpAddr, str::FromStr};

use super::House;
use crate::{
    http::{Problem, Request, Status},
    names::Peer,
};

/// A web site, as browsers write it in the header `Origin`: `https://chat.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        let host = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
        match host {
            Some(host) if !host.is_empty() && host.bytes().all(is_fit) => Ok(Self(text.to_ascii_lowercase())),
            _ => Err("write it as https://HOST or https://HOST:PORT, without a path".to_owned()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Refuses a request that a page of another web site has made.
pub(super) fn check(house: &House<'_>, peer: Peer, request: &Request) -> Result<(), Problem> {
    if request.values("origin").all(|origin| is_allowed(origin, &request.host, peer, &house.origins)) {
        return Ok(());
    }
    let detail = "Pages of this web site may not speak here. The server allows them with --allow-origin.";
    Err(Problem::new(Status::Forbidden, detail))
}

/// Whether a page of this origin may speak for its visitor, who has asked for `host`.
///
/// A page of the server itself may. But a site that belongs to an attacker can give its own name the address of the
/// visitor's machine, and then looks like the server's own page. So on this machine only addresses and `localhost`
/// count as the server's own. Behind a proxy on the same machine, the site must be allowed by name.
fn is_allowed(origin: &str, host: &str, peer: Peer, allowed: &[Origin]) -> bool {
    if allowed.iter().any(|allowed| allowed.0.eq_ignore_ascii_case(origin)) {
        return true;
    }
    let own = ["http://", "https://"].iter().find_map(|scheme| origin.strip_prefix(scheme));
    own.is_some_and(|own| !own.is_empty() && own.eq_ignore_ascii_case(host))
        && (!is_this_machine(peer) || is_fixed(host))
}

fn is_this_machine(peer: Peer) -> bool {
    peer.ip().is_none_or(|address| address.to_canonical().is_loopback())
}

/// Whether no one can give this host another address.
fn is_fixed(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let is_localhost = |name: &str| name == "localhost" || name.ends_with(".localhost");
    address.parse::<IpAddr>().is_ok() || is_localhost(&name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_server_and_of_allowed_sites_may_speak() {
        let allowed = ["https://chat.example".parse().unwrap()];
        let near: Peer = std::net::SocketAddr::from(([127, 0, 0, 1], 9)).into();
        let far: Peer = std::net::SocketAddr::from(([192, 0, 2, 1], 9)).into();
        let may = |origin: &str, host: &str, peer| is_allowed(origin, host, peer, &allowed);
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "LOCALHOST", "[::1]", "127.0.0.1"] {
            assert!(may(&format!("http://{host}"), host, near), "{host}");
        }
        assert!(may("http://chat.lan:8080", "Chat.lan:8080", far));
        assert!(may("https://CHAT.example", "127.0.0.1:8080", near));
        for (origin, host) in [
            ("http://evil.example", "127.0.0.1:8080"),
            ("http://localhost:9090", "localhost:8080"),
            ("http://127.0.0.1:8080.evil.example", "127.0.0.1:8080"),
            ("null", "null"),
            ("", ""),
            ("http://", ""),
            ("file://", "127.0.0.1"),
            ("http://chat.example", "127.0.0.1"),
        ] {
            assert!(!may(origin, host, far) && !may(origin, host, near), "{origin}");
        }
    }

    #[test]
    fn a_site_that_takes_the_address_of_this_machine_is_not_the_servers_own() {
        let near: Peer = std::net::SocketAddr::from(([127, 0, 0, 1], 9)).into();
        let local = Peer::Local { user: 1 };
        for host in ["evil.example:8080", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example"]
        {
            assert!(!is_allowed(&format!("http://{host}"), host, near, &[]), "{host}");
            assert!(!is_allowed(&format!("http://{host}"), host, local, &[]), "{host}");
        }
    }

    #[test]
    fn an_origin_has_no_path() {
        for text in ["chat.example", "https://", "https://a/", "https://a b", "*", "null", "ftp://a"] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
