//! Where connections arrive: a TCP port, or a Unix socket.

use std::{
    fmt, fs,
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener, TcpStream},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::{
            fs::{FileTypeExt, MetadataExt},
            net::{UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{CWD, Mode, chmodat},
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt},
};

use super::Socket;
use crate::{names::Peer, wire::UnixSocket};

/// Connections that may wait to be accepted. The standard library asks for 128, and then thousands
/// of clients that connect at once are put off for seconds.
const BACKLOG: i32 = 4096;

/// A socket that accepts connections.
pub struct Listener {
    kind: Kind,
    address: Address,
}

enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener, File),
}

/// Where clients find a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A port of TCP or UDP.
    Net(SocketAddr),
    /// The file of a Unix socket.
    Unix(PathBuf),
}

/// The file of our socket, as it was made: another server may have replaced it.
struct File {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Listener {
    /// Listens on an address; port 0 means any free port. Returns the address with the port that was chosen.
    ///
    /// # Errors
    /// As [`TcpListener::bind`]: the address is in use, or not ours.
    pub fn bind(address: SocketAddr) -> io::Result<(Self, SocketAddr)> {
        let socket = TcpListener::bind(address)?;
        // Accepted sockets inherit these, so no client costs a system call for them. The broadcaster
        // sends whole batches; holding one back to fill a packet would only delay it.
        sockopt::set_tcp_nodelay(&socket, true)?;
        // A silent client whose machine vanished is noticed after a minute and a half. If it is owed
        // something, TCP tries to deliver that first, on Linux for a quarter of an hour, unless the outbox
        // overflows.
        sockopt::set_socket_keepalive(&socket, true)?;
        sockopt::set_tcp_keepidle(&socket, Duration::from_secs(60))?;
        sockopt::set_tcp_keepintvl(&socket, Duration::from_secs(10))?;
        sockopt::set_tcp_keepcnt(&socket, 3)?;
        rustix::net::listen(&socket, BACKLOG)?;
        let address = socket.local_addr()?;
        Ok((Self { kind: Kind::Tcp(socket), address: Address::Net(address) }, address))
    }

    /// Listens on a Unix socket. A file that was left by a server that is gone is replaced.
    ///
    /// # Errors
    /// A server answers at this path, another file has it, or it cannot be made there.
    pub fn bind_unix(UnixSocket { path, mode }: &UnixSocket) -> io::Result<Self> {
        remove_stale(path)?;
        let socket =
            rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
        let made = fs::symlink_metadata(path)?;
        let file = File { path: path.clone(), device: made.dev(), inode: made.ino() };
        let listener =
            Self { kind: Kind::Unix(UnixListener::from(socket), file), address: Address::Unix(path.clone()) };
        // Nothing can connect before the socket listens, so nothing connects with other permissions.
        chmodat(CWD, path, Mode::from_raw_mode(*mode), rustix::fs::AtFlags::empty())?;
        rustix::net::listen(&listener, BACKLOG)?;
        Ok(listener)
    }

    /// Where it listens, with the port that was chosen.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Waits for the next connection; `None` when none came within `patience`, or it is gone again.
    ///
    /// # Errors
    /// Any error of `accept`: no file descriptors are left, or the listener was closed, for example.
    pub fn accept(&self, patience: Option<Duration>) -> io::Result<Option<(Socket, Peer)>> {
        if let Some(patience) = patience {
            let timeout = Timespec::try_from(patience).map_err(|_| ErrorKind::InvalidInput)?;
            match poll(&mut [PollFd::new(self, PollFlags::IN)], Some(&timeout)) {
                Ok(0) | Err(Errno::INTR) => return Ok(None),
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let accepted = match &self.kind {
            Kind::Tcp(socket) => socket.accept().map(|(stream, peer)| (stream.into(), peer.into())),
            Kind::Unix(socket, _) => socket.accept().map(|(stream, _)| {
                let user = user_of(&stream);
                (stream.into(), Peer::Local { user })
            }),
        };
        match accepted {
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => Ok(None),
            accepted => accepted.map(Some),
        }
    }

    /// Accepts nothing more, and wakes at most `waiting` threads that wait in [`Listener::accept`].
    pub fn close(&self, waiting: usize) {
        if let Kind::Unix(_, file) = &self.kind {
            file.remove();
        }
        // Shutting a listening socket down wakes them all on Linux, and needs no file descriptor.
        // Elsewhere it is an error, and connecting to it does it.
        if rustix::net::shutdown(self, rustix::net::Shutdown::Both).is_err() {
            for _ in 0..waiting {
                match &self.address {
                    Address::Net(address) => {
                        drop(TcpStream::connect_timeout(address, Duration::from_secs(1)));
                    }
                    Address::Unix(path) => drop(UnixStream::connect(path)),
                }
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.kind {
            Kind::Tcp(socket) => socket.as_fd(),
            Kind::Unix(socket, _) => socket.as_fd(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// Only a socket on which no server answers is removed.
fn remove_stale(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(there) if !there.file_type().is_socket() => {
            return Err(io::Error::new(ErrorKind::AlreadyExists, "this file is not a socket"));
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) => Err(error),
        Ok(_) => Err(ErrorKind::AddrInUse.into()),
    }
}

impl File {
    fn remove(&self) {
        let is_ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|there| (there.dev(), there.ino()) == (self.device, self.inode));
        if is_ours {
            // If this fails, the next server replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The socket is removed even if the server does not get as far as closing it.
impl Drop for File {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The user that a client on this machine runs as.
#[cfg(target_os = "linux")]
fn user_of(stream: &UnixStream) -> u32 {
    // If the system does not say, all clients count as one user.
    sockopt::socket_peercred(stream).map_or(u32::MAX, |peer| peer.uid.as_raw())
}

#[cfg(not(target_os = "linux"))]
fn user_of(_stream: &UnixStream) -> u32 {
    u32::MAX
}

#[cfg(test)]
mod tests {
    use std::{io::Write, os::unix::fs::PermissionsExt};

    use super::*;

    fn socket(folder: &tempfile::TempDir) -> UnixSocket {
        UnixSocket { path: folder.path().join("chat.sock"), mode: 0o600 }
    }

    #[test]
    fn closing_a_listener_wakes_every_thread_in_accept() {
        let folder = tempfile::tempdir().unwrap();
        let (tcp, _) = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        for listener in [tcp, Listener::bind_unix(&socket(&folder)).unwrap()] {
            std::thread::scope(|scope| {
                let wait = || drop(listener.accept(None));
                let waiting: Vec<_> =
                    (0..4).map(|_| std::thread::Builder::new().spawn_scoped(scope, wait).unwrap()).collect();
                listener.close(4);
                for waiting in waiting {
                    waiting.join().unwrap();
                }
            });
        }
    }

    #[test]
    fn only_the_user_of_the_server_can_connect_to_its_unix_socket() {
        let folder = tempfile::tempdir().unwrap();
        let mut socket = socket(&folder);
        for mode in [0o600, 0o660] {
            socket.mode = mode;
            let _listener = Listener::bind_unix(&socket).unwrap();
            let permissions = fs::metadata(&socket.path).unwrap().permissions();
            assert_eq!(permissions.mode() & 0o777, mode);
        }
    }

    #[test]
    fn a_client_of_a_unix_socket_is_known_by_its_user() {
        let folder = tempfile::tempdir().unwrap();
        let socket = socket(&folder);
        let listener = Listener::bind_unix(&socket).unwrap();
        let _client = UnixStream::connect(&socket.path).unwrap();
        let (_, peer) = listener.accept(None).unwrap().expect("it is there");
        assert_eq!(peer, Peer::Local { user: rustix::process::getuid().as_raw() });
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_living_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let socket = socket(&folder);
        drop(UnixListener::bind(&socket.path).unwrap());
        let listener = Listener::bind_unix(&socket).expect("the stale socket is replaced");
        let error = Listener::bind_unix(&socket).err().expect("it is alive");
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(socket.path.exists());
        listener.close(0);
        assert!(!socket.path.exists());
    }

    #[test]
    fn a_file_that_is_no_socket_is_never_replaced_or_removed() {
        let folder = tempfile::tempdir().unwrap();
        let socket = socket(&folder);
        fs::File::create(&socket.path).unwrap().write_all(b"mine").unwrap();
        assert!(Listener::bind_unix(&socket).is_err());
        fs::remove_file(&socket.path).unwrap();
        let listener = Listener::bind_unix(&socket).unwrap();
        fs::remove_file(&socket.path).unwrap();
        fs::write(&socket.path, "mine").unwrap();
        drop(listener);
        assert_eq!(fs::read(&socket.path).unwrap(), b"mine");
    }
}
