//! A connection to the server's port for files.

use std::{
    fmt,
    io::{self, Write},
    net::{IpAddr, TcpStream},
    time::Duration,
};

use crate::event::transfers::Ticket;

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(10);

/// How long the other side may do nothing. This is more than the server allows, so that the server
/// says what went wrong.
const SILENCE: Duration = Duration::from_secs(90);

/// Connects to the server's port for files, and sends the ticket's token.
pub(super) fn call(server: Option<IpAddr>, ticket: Ticket) -> io::Result<TcpStream> {
    let address = server.ok_or(io::ErrorKind::NotConnected)?;
    let stream = TcpStream::connect_timeout(&(address, ticket.port).into(), CONNECTING)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    say(&stream, ticket.token.reveal())?;
    Ok(stream)
}

/// Sends one line.
pub(super) fn say(mut stream: &TcpStream, line: impl fmt::Display) -> io::Result<()> {
    stream.write_all(format!("{line}\n").as_bytes())
}
