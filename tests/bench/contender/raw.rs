//! The raw floor: a program that only sends ready-made bytes, to show what the sockets cost.

use std::{
    env,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    process::Command,
};

use super::{Contender, Json, Line, Speech, nick, room};
use crate::{
    address::Address,
    failure::{Failure, Result},
    framing::Framing,
    mark::Mark,
    process::{Running, start_announced, start_with_door},
};

/// Sends this many lines at once.
pub(crate) struct Raw {
    pub(crate) lines: u64,
    /// Whether it sends them as datagrams of JSON, to all clients but the first.
    pub(crate) is_in_datagrams: bool,
}

impl Contender for Raw {
    fn name(&self) -> String {
        let how = if self.is_in_datagrams { "sendto" } else { "raw" };
        format!("{how}, {} at once", self.lines)
    }

    /// Runs this program itself with a hidden argument.
    fn start(&self, clients: usize) -> Result<Running> {
        let program = env::current_exe().map_err(Failure::io("finding this program"))?;
        let (streams, addresses) = if self.is_in_datagrams { (1, clients - 1) } else { (clients, 0) };
        let mut command = Command::new(program);
        command.arg("--raw-floor").args([self.lines.to_string(), streams.to_string(), addresses.to_string()]);
        if self.is_in_datagrams { start_with_door(command, None) } else { start_announced(command) }
    }

    fn speaks(&self, client: usize) -> &dyn Speech {
        if self.is_in_datagrams && client > 0 { &Datagrams } else { &Lines }
    }

    fn address(&self, client: usize, server: &Running) -> Address {
        server.door.clone().filter(|_| client > 0).unwrap_or(Address::Tcp(server.address))
    }

    fn ready_made(&self) -> Option<u64> {
        Some(self.lines)
    }
}

struct Lines;

impl Speech for Lines {
    fn enter(&self, _nick: &str, _room: &str) -> Vec<u8> {
        "in\n".into()
    }

    fn say(&self, _room: &str, _length: usize) -> String {
        "x".into()
    }

    fn whisper(&self, _nick: &str, _length: usize) -> String {
        String::new()
    }

    fn line_end(&self) -> &'static str {
        "\n"
    }

    fn read<'a>(&self, line: &'a [u8]) -> Line<'a> {
        match line {
            b"ready" => Line::Ready,
            _ => memchr::memmem::find(line, b": ").map_or(Line::Complaint, |at| Line::Said(&line[at + 2..])),
        }
    }
}

struct Datagrams;

impl Speech for Datagrams {
    fn hello(&self, _nick: &str) -> String {
        "in\n".into()
    }

    fn enter(&self, nick: &str, room: &str) -> Vec<u8> {
        Lines.enter(nick, room)
    }

    fn say(&self, room: &str, length: usize) -> String {
        Lines.say(room, length)
    }

    fn framing(&self) -> Framing {
        Framing::Datagrams
    }

    fn read<'a>(&self, line: &'a [u8]) -> Line<'a> {
        if line == b"ready" { Line::Ready } else { Json(Framing::Datagrams).read(line) }
    }
}

/// What `Raw` runs: accepts this many clients over TCP and over UDP, and for each byte from the first client sends
/// all lines to each client in turn. It ends when the first client hangs up.
pub(crate) fn serve_raw(lines: u64, streams: u64, addresses: u64) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    rustix::net::listen(&listener, 4096)?;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("Raw floor started on {}", listener.local_addr()?);
    println!("Listening on raw+udp://{}", socket.local_addr()?);
    let mut streams = accept(&listener, streams)?;
    let addresses = meet(&socket, addresses)?;
    let (bytes, datagrams) = (block(lines), datagrams(lines));
    let mut wanted = [0; 64];
    loop {
        let count = streams[0].read(&mut wanted)?;
        if count == 0 {
            return Ok(());
        }
        for _ in 0..count {
            streams.iter_mut().try_for_each(|stream: &mut TcpStream| stream.write_all(&bytes))?;
            for address in &addresses {
                for datagram in &datagrams {
                    socket.send_to(datagram, address)?;
                }
            }
        }
    }
}

/// Lets clients in over TCP.
fn accept(listener: &TcpListener, count: u64) -> io::Result<Vec<TcpStream>> {
    let mut streams = Vec::new();
    for _ in 0..count {
        let mut stream = listener.accept()?.0;
        stream.set_nodelay(true)?;
        stream.write_all(b"ready\nready\n")?;
        streams.push(stream);
    }
    for stream in &mut streams {
        stream.read_exact(&mut [0; 3])?;
    }
    Ok(streams)
}

/// Lets clients in over UDP: each sends two datagrams, and hears an answer to both.
fn meet(socket: &UdpSocket, count: u64) -> io::Result<Vec<SocketAddr>> {
    let mut addresses = Vec::new();
    for _ in 0..2 * count {
        let (_length, from) = socket.recv_from(&mut [0; 64])?;
        socket.send_to(b"ready", from)?;
        if !addresses.contains(&from) {
            addresses.push(from);
        }
    }
    Ok(addresses)
}

/// The lines, as the chat server would send them.
fn block(lines: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..lines {
        bytes.extend_from_slice(format!("[{}] {}: ", room(0), nick(0)).as_bytes());
        Mark::new(0, number).write(&mut bytes);
        bytes.push(b'\n');
    }
    bytes
}

/// The lines, as the chat server would send them over UDP.
fn datagrams(lines: u64) -> Vec<Vec<u8>> {
    let datagram = |number| {
        let said =
            format!("{{\"type\":\"message\",\"room\":\"{}\",\"user\":\"{}\",\"text\":\"", room(0), nick(0));
        let mut bytes = said.into_bytes();
        Mark::new(0, number).write(&mut bytes);
        bytes.extend_from_slice(format!("\",\"seq\":{}}}\n", 100_000 + number).as_bytes());
        bytes
    };
    (0..lines).map(datagram).collect()
}
