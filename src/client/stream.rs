//! A connection to the server, over TCP, with or without TLS, or through a Unix socket.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{IpAddr, Ipv4Addr, Shutdown, TcpStream, ToSocketAddrs as _},
    os::unix::{fs::FileTypeExt as _, net::UnixStream},
    path::Path,
    sync::Arc,
    time::Duration,
};

use rustix::{
    io::Errno,
    net::{
        AddressFamily, SocketAddrUnix, SocketType,
        sockopt::{Timeout, set_socket_timeout},
    },
};

use super::{
    address::{Address, PORT},
    tls::{Encrypted, Security},
};

/// How long one attempt to connect may take. Without a limit, a host that drops packets takes two minutes.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open connection. Its clones share it.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Arc<Encrypted>),
}

impl Stream {
    /// Connects to the server. If the host has several addresses, the first that accepts is used.
    pub(super) fn connect(address: &Address, security: &Security) -> io::Result<Self> {
        match address {
            Address::Tcp { host, port } => {
                let socket = connect_tcp(host, port.unwrap_or(PORT))?;
                let is_far = socket.peer_addr().is_ok_and(|peer| !peer.ip().to_canonical().is_loopback());
                if security.is_chosen(&socket, is_far)? {
                    security.encrypt(host, socket).map(|stream| Self::Tls(Arc::new(stream)))
                } else {
                    Ok(Self::Tcp(socket))
                }
            }
            Address::Unix(_) if security.is_demanded() => Err(io::Error::new(
                ErrorKind::InvalidInput,
                "TLS is not spoken on Unix sockets, where no other can listen. Leave --tls out.",
            )),
            Address::Unix(path) => connect_unix(path).map(Self::Unix).map_err(|error| explained(path, error)),
        }
    }

    pub(super) fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
            Self::Tls(stream) => Ok(Self::Tls(Arc::clone(stream))),
        }
    }

    pub(super) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(how),
            Self::Unix(stream) => stream.shutdown(how),
            Self::Tls(stream) => stream.shutdown(how),
        }
    }

    /// The address of the server's machine, where its port for files is too.
    pub(super) fn machine(&self) -> Option<IpAddr> {
        let tcp = match self {
            Self::Tcp(stream) => stream,
            Self::Tls(stream) => stream.socket(),
            Self::Unix(_) => return Some(Ipv4Addr::LOCALHOST.into()),
        };
        tcp.peer_addr().ok().map(|peer| peer.ip())
    }

    /// Whether others on the network can read what is sent.
    pub(super) fn is_overheard(&self) -> bool {
        let is_far = || self.machine().is_some_and(|machine| !machine.to_canonical().is_loopback());
        !matches!(self, Self::Tls(_)) && is_far()
    }
}

fn connect_tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let unknown =
        || io::Error::new(ErrorKind::NotFound, format!("no address is known for the host '{host}'"));
    let mut last = unknown();
    for address in (host, port).to_socket_addrs().map_err(|_| unknown())? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return stream.set_nodelay(true).map(|()| stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn connect_unix(path: &Path) -> io::Result<UnixStream> {
    let socket = UnixStream::from(rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?);
    // On Linux, this also limits the wait for a listener that accepts nothing.
    set_socket_timeout(&socket, Timeout::Send, Some(PATIENCE))?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    set_socket_timeout(&socket, Timeout::Send, None)?;
    Ok(socket)
}

/// Says what is wrong with a Unix socket, and what to do.
fn explained(path: &Path, error: io::Error) -> io::Error {
    // The system also refuses a connection to a file that is not a socket.
    let is_socket = path.metadata().map_or(true, |file| file.file_type().is_socket());
    let words = match Errno::from_io_error(&error) {
        Some(Errno::NOENT | Errno::NOTDIR) => "the file does not exist. Start the server, or check the path.",
        Some(Errno::PROTOTYPE) => "the file is a socket of another kind. Check the path.",
        _ if !is_socket => "the file is not a socket. Check the path.",
        Some(Errno::CONNREFUSED) => "no server is listening on this socket. Start the server.",
        Some(Errno::ACCESS) => "you do not have permission. Ask for write access to the socket.",
        Some(Errno::AGAIN) => "the server does not answer. Try again later.",
        Some(Errno::NAMETOOLONG) => "the path is too long for a socket. Use a shorter one.",
        _ => return error,
    };
    io::Error::new(error.kind(), words)
}

impl Read for &Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&*stream).read(bytes),
            Stream::Unix(stream) => (&*stream).read(bytes),
            Stream::Tls(stream) => stream.read(bytes),
        }
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&*stream).write(bytes),
            Stream::Unix(stream) => (&*stream).write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::{
            fs::PermissionsExt as _,
            net::{UnixDatagram, UnixListener},
        },
    };

    use super::*;

    #[track_caller]
    fn why(path: &Path) -> String {
        let refused = Stream::connect(&Address::Unix(path.to_owned()), &Security::default()).map(drop);
        refused.expect_err("nothing listens there").to_string()
    }

    #[test]
    fn a_unix_socket_that_cannot_be_used_is_explained() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "").unwrap();
        drop(UnixListener::bind(path("stale")).unwrap());
        let _datagrams = UnixDatagram::bind(path("datagrams")).unwrap();
        assert!(why(&path("none")).starts_with("the file does not exist."));
        assert!(why(&path("file/inside")).starts_with("the file does not exist."));
        assert!(why(&path("file")).starts_with("the file is not a socket."));
        assert!(why(folder.path()).starts_with("the file is not a socket."));
        assert!(why(&path("stale")).starts_with("no server is listening on this socket."));
        assert!(why(&path("datagrams")).starts_with("the file is a socket of another kind."));
        assert!(why(&path(&"x".repeat(200))).starts_with("the path is too long for a socket."));
    }

    #[test]
    fn a_socket_without_permission_is_explained() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        // An administrator may connect to any socket.
        if !rustix::process::geteuid().is_root() {
            assert!(why(&path).starts_with("you do not have permission."));
        }
    }

    #[test]
    fn what_is_sent_through_a_unix_socket_is_not_overheard() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        let stream = Stream::connect(&Address::Unix(path), &Security::default()).unwrap();
        assert!(!stream.is_overheard());
        assert_eq!(stream.machine(), Some(Ipv4Addr::LOCALHOST.into()));
    }
}
