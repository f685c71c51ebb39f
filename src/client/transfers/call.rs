//! A connection to the server's port for files.

use std::{
    fmt,
    io::{self, Write},
    net::{IpAddr, TcpStream},
    time::Duration,
};

use crate::event::files::Ticket;

/// How long the server's port may take to answer, and the other side to do its part: a little longer
/// than the server's own patience, so that it is the server who says what went wrong.
const CONNECTING: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(90);

/// Calls the server's port for files, and says who we are.
pub(super) fn call(server: Option<IpAddr>, ticket: Ticket) -> io::Result<TcpStream> {
    let address = server.ok_or(io::ErrorKind::NotConnected)?;
    let stream = TcpStream::connect_timeout(&(address, ticket.port).into(), CONNECTING)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    say(&stream, ticket.token.reveal())?;
    Ok(stream)
}

/// Says one line.
pub(super) fn say(mut stream: &TcpStream, line: impl fmt::Display) -> io::Result<()> {
    stream.write_all(format!("{line}\n").as_bytes())
}
