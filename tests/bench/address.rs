//! Where a client connects, and how.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use rustix::net::{AddressFamily, SocketType, sockopt};

use crate::{tls::Handshake, websocket::Inside};

#[derive(Clone, Debug)]
pub(crate) enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
    Udp(SocketAddr),
    WebSocket(SocketAddr, Inside),
    Tls(SocketAddr, Handshake),
}

/// How many bytes of datagrams may wait in a client's socket. The kernel may give less. It counts more than half a
/// kilobyte for each, and throws away what does not fit.
const WAITING: usize = 1 << 20;

/// How long a connection from another address may take to be accepted.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads an address as our server announces it, such as `json+udp://127.0.0.1:8766`.
impl FromStr for Address {
    type Err = ();

    fn from_str(url: &str) -> Result<Self, ()> {
        let (scheme, place) = url.split_once("://").ok_or(())?;
        let socket = || place.parse().map_err(|_| ());
        match scheme.split_once('+') {
            Some((_, "unix")) => Ok(Self::Unix(place.into())),
            Some((_, "udp")) => socket().map(Self::Udp),
            Some((_, "tls")) => Ok(Self::Tls(socket()?, Handshake::AtOnce)),
            None if scheme == "http" => Ok(Self::WebSocket(socket()?, Inside::Json)),
            _ => socket().map(Self::Tcp),
        }
    }
}

impl Address {
    /// The same address, where bytes are sent as they are.
    pub(crate) fn without_layers(self) -> Self {
        match self {
            Self::WebSocket(address, _) | Self::Tls(address, _) => Self::Tcp(address),
            plain => plain,
        }
    }

    pub(crate) fn connect(&self) -> io::Result<OwnedFd> {
        match self {
            Self::Tcp(address) | Self::WebSocket(address, _) | Self::Tls(address, _) => {
                let stream = TcpStream::connect(address)?;
                stream.set_nodelay(true)?;
                Ok(stream.into())
            }
            Self::Unix(path) => UnixStream::connect(path).map(OwnedFd::from),
            Self::Udp(address) => {
                let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
                socket.connect(address)?;
                sockopt::set_socket_recv_buffer_size(&socket, WAITING)?;
                Ok(socket.into())
            }
        }
    }
}

/// Connects from one of the addresses 127.0.1.1 to 127.0.1.254. Dropping the stream
/// resets the connection, so no port stays in use.
pub(crate) fn connect_from(origin: usize, server: SocketAddr) -> io::Result<TcpStream> {
    let host = u8::try_from(origin % 254 + 1).expect("it is at most 254");
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    sockopt::set_socket_linger(&socket, Some(Duration::ZERO))?;
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Send, Some(PATIENCE))?;
    rustix::net::bind(&socket, &SocketAddr::from(([127, 0, 1, host], 0)))?;
    rustix::net::connect(&socket, &server)?;
    Ok(socket.into())
}
