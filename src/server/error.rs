//! Why a server cannot start, or had to stop.

use std::{fmt, io, net::SocketAddr, path::PathBuf};

use crate::{
    certificate::{self, RECIPE},
    log, store,
    wire::Scheme,
};

/// Why a server cannot start, or had to stop.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The host is neither an address nor the name of one.
    Address(String, io::Error),
    /// The server cannot listen there.
    Bind(SocketAddr, io::Error),
    /// The server cannot listen on this Unix socket.
    Socket(PathBuf, io::Error),
    /// The server cannot use the socket of this name that it has inherited, and why.
    Inherited(String, String),
    /// The file of a key holds none.
    Key(PathBuf, io::Error),
    /// The certificate cannot be used.
    Certificate(certificate::Error),
    /// A door speaks TLS, and there is no certificate.
    NoCertificate(Scheme),
    /// This machine cannot hold so many clients.
    TooManyClients {
        /// How many were asked for; `None` means as many as there can be.
        asked: Option<usize>,
        /// How many it can hold.
        holds: usize,
        /// What limits it, and to what.
        limit: String,
    },
    /// The data file cannot be used.
    Data(store::Error),
    /// The log cannot be begun.
    Log(log::Error),
    /// The file of questions for the bots cannot be used, and why.
    Questions(PathBuf, String),
    /// A thread could not be started.
    Spawn(io::Error),
    /// The broadcaster's thread has panicked.
    Broadcaster,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(host, source) => write!(f, "'{host}' is not an address to listen on: {source}"),
            Self::Bind(address, source) if source.kind() == io::ErrorKind::AddrInUse => {
                write!(f, "port {} on {} is in use by another program", address.port(), address.ip())
            }
            Self::Bind(address, source) => write!(f, "cannot listen on {address}: {source}"),
            Self::Socket(path, source) if source.kind() == io::ErrorKind::AddrInUse => {
                write!(f, "another program listens on {}", path.display())
            }
            Self::Socket(path, source) => write!(f, "cannot listen on {}: {source}", path.display()),
            Self::Inherited(name, why) => {
                write!(f, "cannot use the socket '{name}' that the service manager has opened: {why}")
            }
            Self::Key(path, source) => write!(f, "cannot read the key from {}: {source}", path.display()),
            Self::Certificate(source) => source.fmt(f),
            Self::NoCertificate(scheme) => write!(
                f,
                "a door for {scheme} needs a certificate: give one with --tls-cert FILE --tls-key FILE. These make one for \
                 trying:\n{RECIPE}"
            ),
            Self::TooManyClients { asked, holds, limit } => {
                let asked = asked.map_or_else(|| "any".to_owned(), |asked| asked.to_string());
                write!(f, "cannot hold {asked} clients: this machine holds {holds} at most ({limit})")
            }
            Self::Data(source) => source.fmt(f),
            Self::Log(source) => source.fmt(f),
            Self::Questions(path, why) => write!(f, "cannot use the questions in {}: {why}", path.display()),
            Self::Spawn(source) => write!(f, "cannot start a thread: {source}"),
            Self::Broadcaster => f.write_str("the broadcaster has failed; this is a bug"),
        }
    }
}

impl std::error::Error for Error {}
