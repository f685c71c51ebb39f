//! A connected socket of any kind that carries a stream of bytes.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    time::Duration,
};

use rustix::net::{
    RecvFlags,
    sockopt::{Timeout, set_socket_timeout},
};

use crate::watch;

/// A connected stream socket. What is read and sent here is counted.
#[derive(Debug)]
pub struct Socket(OwnedFd);

impl Socket {
    /// Closes one or both directions, for all threads that use it.
    ///
    /// # Errors
    /// It is not connected any more.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let how = match how {
            Shutdown::Read => rustix::net::Shutdown::Read,
            Shutdown::Write => rustix::net::Shutdown::Write,
            Shutdown::Both => rustix::net::Shutdown::Both,
        };
        Ok(rustix::net::shutdown(self, how)?)
    }

    /// How long a read may wait; longer is [`io::ErrorKind::WouldBlock`]. `None` means for ever.
    ///
    /// # Errors
    /// The time is zero.
    pub fn set_read_timeout(&self, time: Option<Duration>) -> io::Result<()> {
        Ok(set_socket_timeout(self, Timeout::Recv, time)?)
    }

    /// How long a write may wait; longer is [`io::ErrorKind::WouldBlock`].
    ///
    /// # Errors
    /// The time is zero.
    pub fn set_write_timeout(&self, time: Duration) -> io::Result<()> {
        Ok(set_socket_timeout(self, Timeout::Send, Some(time))?)
    }
}

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Self {
        Self(stream.into())
    }
}

impl From<UnixStream> for Socket {
    fn from(stream: UnixStream) -> Self {
        Self(stream.into())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Read for &Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // On a socket, this is a little faster than `read`.
        let length = rustix::net::recv(self, buffer, RecvFlags::empty())?.0;
        watch::received(length);
        Ok(length)
    }
}

impl Write for &Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = rustix::io::write(self, bytes)?;
        watch::sent(length);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
