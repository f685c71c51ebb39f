//! The raw floor: a program that only sends ready-made bytes, to show what the sockets cost.

use std::{
    env,
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::Command,
};

use super::{Contender, Line, nick, room};
use crate::{
    failure::{Failure, Result},
    mark::Mark,
    process::{Running, start_announced},
};

/// Sends this many lines at once.
pub(crate) struct Raw(pub(crate) u64);

impl Contender for Raw {
    fn name(&self) -> String {
        format!("raw, {} at once", self.0)
    }

    /// Runs this program itself with a hidden argument.
    fn start(&self, clients: usize) -> Result<Running> {
        let program = env::current_exe().map_err(Failure::io("finding this program"))?;
        let mut command = Command::new(program);
        command.args(["--raw-floor", &self.0.to_string(), &clients.to_string()]);
        start_announced(command)
    }

    fn enter(&self, _nick: &str, _room: &str) -> String {
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

    fn ready_made(&self) -> Option<u64> {
        Some(self.0)
    }
}

/// What `Raw` runs: accepts `clients`, and for each byte from the first client sends all lines to each
/// client in turn. It ends when the first client hangs up.
pub(crate) fn serve_raw(lines: u64, clients: u64) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    rustix::net::listen(&listener, 4096)?;
    println!("Raw floor started on {}", listener.local_addr()?);
    let mut streams = Vec::new();
    for _ in 0..clients {
        let mut stream = listener.accept()?.0;
        stream.set_nodelay(true)?;
        stream.write_all(b"ready\nready\n")?;
        streams.push(stream);
    }
    for stream in &mut streams {
        stream.read_exact(&mut [0; 3])?;
    }
    let bytes = block(lines);
    let mut wanted = [0; 64];
    loop {
        let count = streams[0].read(&mut wanted)?;
        if count == 0 {
            return Ok(());
        }
        for _ in 0..count {
            streams.iter_mut().try_for_each(|stream: &mut TcpStream| stream.write_all(&bytes))?;
        }
    }
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
