//! Sockets that a service manager has opened for the server, and keeps while the server starts again.

use std::{net::SocketAddr, os::fd::OwnedFd, sync::Arc};

use super::Error;
use crate::{
    transport::{Entrance, Listener},
    wire::{Scheme, Url},
};

/// A socket that listens already.
pub struct Inherited {
    /// The scheme of its wire, as in `--listen`. Without a name, the service manager names it after itself.
    pub name: String,
    /// The socket.
    pub socket: OwnedFd,
}

/// The doors at the sockets that were inherited.
pub(super) struct InheritedDoors(Vec<(Scheme, Arc<Listener>)>);

impl InheritedDoors {
    /// A socket without a name is for the wire of the first door.
    pub(super) fn open(inherited: Vec<Inherited>, first: Scheme) -> Result<Self, Error> {
        let open = |Inherited { name, socket }| {
            let scheme = if is_default(&name) { first.to_string() } else { name.clone() };
            door(&scheme, socket).map_err(|why| Error::Inherited(name, why))
        };
        inherited.into_iter().map(open).collect::<Result<_, _>>().map(Self)
    }

    /// Takes what replaces the first door, if it is there: a port for that wire.
    pub(super) fn take_first(&mut self, first: Scheme) -> Option<(Entrance, SocketAddr)> {
        let port = |(index, (scheme, listener)): (usize, &(Scheme, Arc<Listener>))| {
            Some((index, listener.address().port()?)).filter(|_| *scheme == first)
        };
        let (index, address) = self.0.iter().enumerate().find_map(port)?;
        Some((Entrance::Listener(self.0.remove(index).1), address))
    }

    /// What is spoken at the others.
    pub(super) fn schemes(&self) -> impl Iterator<Item = &Scheme> {
        self.0.iter().map(|(scheme, _)| scheme)
    }

    /// The others.
    pub(super) fn rest(self) -> impl Iterator<Item = (Scheme, Entrance)> {
        self.0.into_iter().map(|(scheme, listener)| (scheme, Entrance::Listener(listener)))
    }
}

fn door(scheme: &str, socket: OwnedFd) -> Result<(Scheme, Arc<Listener>), String> {
    let listener = Listener::inherited(socket).map_err(|error| error.to_string())?;
    let unix = if listener.address().port().is_none() { "+unix" } else { "" };
    let url: Url = format!("{scheme}{unix}://{}", listener.address()).parse()?;
    if url.scheme.wire.has_datagrams() {
        return Err(format!("{scheme} needs a socket for datagrams, which the server opens itself"));
    }
    Ok((url.scheme, Arc::new(listener)))
}

/// The names of sockets that were not given any (`sd_listen_fds(3)`).
fn is_default(name: &str) -> bool {
    matches!(name, "" | "unknown") || name.ends_with(".socket")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::wire::TEXT;

    const FIRST: Scheme = Scheme { wire: TEXT, is_encrypted: false };

    fn open(names: &[&str]) -> Result<InheritedDoors, Error> {
        let socket = || TcpListener::bind("127.0.0.1:0").unwrap().into();
        let inherited = names.iter().map(|&name| Inherited { name: name.to_owned(), socket: socket() });
        InheritedDoors::open(inherited.collect(), FIRST)
    }

    #[test]
    fn the_name_of_a_socket_is_the_scheme_of_its_door() {
        let mut doors = open(&["http", "text+tls", "chat-server.socket", "unknown"]).unwrap();
        assert!(doors.take_first(FIRST).is_some());
        let rest: Vec<_> = doors.schemes().map(ToString::to_string).collect();
        assert_eq!(rest, ["http", "text+tls", "text"]);
        assert!(open(&["http"]).unwrap().take_first(FIRST).is_none());
        let why = |name| open(&[name]).err().expect("it is no scheme of a port").to_string();
        assert!(why("htpp").contains("socket 'htpp'") && why("htpp").contains("not one of: text"));
        assert!(why("json+udp").contains("datagrams"));
        assert!(why("text+unix").contains("three slashes"));
    }
}
