//! Where connections arrive: a TCP port, or a Unix socket.

use std::{
    fmt, fs,
    io::{self, ErrorKind, PipeReader, PipeWriter, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
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
    /// How threads are woken at a socket that another program also has. Such a socket stays open.
    alarm: Option<Alarm>,
}

enum Kind {
    Tcp(TcpListener),
    /// The file is `None` if another program made it.
    Unix(UnixListener, Option<File>),
}

/// What is written is never read, so it wakes every thread that waits.
struct Alarm {
    rung: PipeReader,
    bell: PipeWriter,
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
        tune(&socket)?;
        let address = socket.local_addr()?;
        Ok((Self { kind: Kind::Tcp(socket), address: Address::Net(address), alarm: None }, address))
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
        let kind = Kind::Unix(UnixListener::from(socket), Some(file));
        let listener = Self { kind, address: Address::Unix(path.clone()), alarm: None };
        // Nothing can connect before the socket listens, so nothing connects with other permissions.
        chmodat(CWD, path, Mode::from_raw_mode(*mode), rustix::fs::AtFlags::empty())?;
        rustix::net::listen(&listener, BACKLOG)?;
        Ok(listener)
    }

    /// Takes a socket on which another program, such as a service manager, listens for the server. It is left open for
    /// the next server.
    ///
    /// # Errors
    /// It is no stream socket that listens, or a Unix socket without a file.
    pub fn inherited(socket: OwnedFd) -> io::Result<Self> {
        if sockopt::socket_type(&socket)? != SocketType::STREAM || !sockopt::socket_acceptconn(&socket)? {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it does not listen for connections"));
        }
        // Of the threads that are woken for a connection, one gets it. The others must not wait in `accept`.
        rustix::io::ioctl_fionbio(&socket, true)?;
        let (rung, bell) = io::pipe()?;
        let alarm = Some(Alarm { rung, bell });
        if let Ok(path) = UnixListener::from(socket.try_clone()?).local_addr() {
            let path = path.as_pathname().ok_or(io::Error::new(ErrorKind::InvalidInput, "it has no file"))?;
            let address = Address::Unix(path.to_owned());
            return Ok(Self { kind: Kind::Unix(socket.into(), None), address, alarm });
        }
        let socket = TcpListener::from(socket);
        tune(&socket)?;
        let address = Address::Net(socket.local_addr()?);
        Ok(Self { kind: Kind::Tcp(socket), address, alarm })
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
        if (patience.is_some() || self.alarm.is_some()) && !self.is_ready(patience)? {
            return Ok(None);
        }
        let accepted = match &self.kind {
            Kind::Tcp(socket) => socket.accept().map(|(stream, peer)| (stream.into(), peer.into())),
            Kind::Unix(socket, _) => socket.accept().map(|(stream, _)| {
                let user = user_of(&stream);
                (stream.into(), Peer::Local { user })
            }),
        };
        match accepted {
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::WouldBlock) => {
                Ok(None)
            }
            accepted => accepted.map(Some),
        }
    }

    /// Waits for a connection, but not after the alarm.
    fn is_ready(&self, patience: Option<Duration>) -> io::Result<bool> {
        let timeout = patience.map(Timespec::try_from).transpose().map_err(|_| ErrorKind::InvalidInput)?;
        let mut awaited = vec![PollFd::new(self, PollFlags::IN)];
        awaited.extend(self.alarm.as_ref().map(|alarm| PollFd::new(&alarm.rung, PollFlags::IN)));
        match poll(&mut awaited, timeout.as_ref()) {
            Ok(0) | Err(Errno::INTR) => Ok(false),
            Ok(_) => Ok(awaited[1..].iter().all(|alarm| alarm.revents().is_empty())),
            Err(error) => Err(error.into()),
        }
    }

    /// Accepts nothing more, and wakes at most `waiting` threads that wait in [`Listener::accept`].
    pub fn close(&self, waiting: usize) {
        if let Some(alarm) = &self.alarm {
            // The pipe is empty, so it takes a byte at once.
            let _ = (&alarm.bell).write(&[0]);
            return;
        }
        if let Kind::Unix(_, Some(file)) = &self.kind {
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

impl Address {
    /// The address of a port; `None` for a Unix socket.
    pub fn port(&self) -> Option<SocketAddr> {
        if let Self::Net(address) = self { Some(*address) } else { None }
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

/// Prepares a TCP socket for clients, and listens.
fn tune(socket: &TcpListener) -> io::Result<()> {
    // Accepted sockets inherit these, so no client costs a system call for them. The broadcaster
    // sends whole batches; holding one back to fill a packet would only delay it.
    sockopt::set_tcp_nodelay(socket, true)?;
    // A silent client whose machine vanished is noticed after a minute and a half. If it is owed
    // something, TCP tries to deliver that first, on Linux for a quarter of an hour, unless the outbox
    // overflows.
    sockopt::set_socket_keepalive(socket, true)?;
    sockopt::set_tcp_keepidle(socket, Duration::from_secs(60))?;
    sockopt::set_tcp_keepintvl(socket, Duration::from_secs(10))?;
    sockopt::set_tcp_keepcnt(socket, 3)?;
    Ok(rustix::net::listen(socket, BACKLOG)?)
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
    fn a_socket_of_another_program_stays_open_when_its_threads_are_woken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chat.sock");
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let unix = UnixListener::bind(&path).unwrap();
        let address = tcp.local_addr().unwrap();
        let connect = |address: &Address| match address {
            Address::Net(address) => TcpStream::connect(address).map(OwnedFd::from).unwrap(),
            Address::Unix(path) => UnixStream::connect(path).map(OwnedFd::from).unwrap(),
        };
        for (socket, address) in
            [(OwnedFd::from(tcp), Address::Net(address)), (unix.into(), Address::Unix(path.clone()))]
        {
            for _each_server in 0..2 {
                let listener = Listener::inherited(socket.try_clone().unwrap()).unwrap();
                assert_eq!(listener.address(), &address);
                let _client = connect(&address);
                assert!(listener.accept(None).unwrap().is_some());
                std::thread::scope(|scope| {
                    let wait = || assert!(listener.accept(None).unwrap().is_none());
                    let threads = (0..4).map(|_| std::thread::Builder::new().spawn_scoped(scope, wait));
                    let waiting: Vec<_> = threads.collect();
                    listener.close(4);
                    for thread in waiting {
                        thread.unwrap().join().unwrap();
                    }
                });
            }
        }
        assert!(path.exists());
    }

    #[test]
    fn what_does_not_listen_is_not_taken() {
        let (connected, _other) = UnixStream::pair().unwrap();
        let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for socket in [OwnedFd::from(connected), datagrams.into()] {
            assert!(Listener::inherited(socket).is_err());
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
