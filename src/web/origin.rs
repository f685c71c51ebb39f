//! Which web pages may speak for their visitors.

use std::{fmt, net::IpAddr, str::FromStr};

use super::House;
use crate::{
    http::{Method, Problem, Request, Response, Status, is_host},
    names::Peer,
};

/// A web site, as browsers write it in the header `Origin`: `https://chat.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let host = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
        match host {
            Some(host) if is_host(host) => Ok(Self(text.to_ascii_lowercase())),
            _ => Err("write it as https://HOST or https://HOST:PORT, without a path".to_owned()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The pages that a request comes from, if it comes from one.
pub(super) struct Origins<'a> {
    pub(super) house: &'a House<'a>,
    pub(super) peer: Peer,
    pub(super) request: &'a Request,
}

impl Origins<'_> {
    /// Refuses the request of a strange page.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let Self { house, peer, request } = self;
        let is_allowed = |origin: &str| is_allowed(origin, &request.host, *peer, &house.origins);
        if request.values("origin").all(is_allowed) {
            return Ok(());
        }
        let detail = "Pages of this web site may not speak here. The server allows them with --allow-origin.";
        Err(Problem::new(Status::Forbidden, detail))
    }

    /// Lets an allowed page of another web site read the response (Fetch Standard §3.3).
    pub(super) fn allow(&self, response: &mut Response) {
        let Some(origin) = self.request.header("origin").filter(|_| self.check().is_ok()) else { return };
        let mut add = |name, value: &str| response.headers.push((name, value.to_owned()));
        add("Access-Control-Allow-Origin", origin);
        add("Vary", "Origin");
        add("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate");
        if self.request.method == Method::Options {
            add("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID");
            add("Access-Control-Max-Age", "600");
            let allow = response.headers.iter().find(|(name, _)| *name == "Allow");
            let methods = allow.map(|(_, methods)| methods.clone());
            response.headers.extend(methods.map(|methods| ("Access-Control-Allow-Methods", methods)));
        }
    }
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
