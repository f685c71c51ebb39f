//! A room in which one client speaks while a file is sent: how late its lines are then.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{
    contender::Contender,
    crowd::Crowd,
    failure::{Failure, Result},
    fan_out::FanOut,
    gather::{Goal, gather},
    hall::Hall,
    measure::{Measure, Sample},
    process::pause,
    scenario::Settings,
};

/// The largest file that the server carries by default.
const SIZE: usize = 10 << 20;

/// The file is sent in pieces of this size, spread over the time in which the room is measured.
const PIECE: usize = 64 << 10;

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures the room alone, and then while a file of 10 MiB is sent, from the first piece to the last.
pub(crate) fn beside_a_file(contender: &dyn Contender, room: &FanOut, settings: &Settings) -> Result<Sample> {
    let alone = room.run(contender, settings)?;
    let mut sample: Sample = alone.into_iter().filter(|(measure, _)| *measure == Measure::P99).collect();

    let server = contender.start(room.clients + 2)?;
    let mut crowd = Crowd::new()?;
    gather(&mut crowd, &server, contender, room.clients, &Goal::Room(&|_| 0))?;
    let mut hall = Hall::new(room, contender, settings);
    hall.drive(&mut crowd, settings.length / 4)?;
    hall.forget();
    let file =
        Carrying::begin(server.address, "", settings.length).map_err(Failure::io("agreeing on a file"))?;
    hall.drive(&mut crowd, settings.length)?;
    hall.finish(&mut crowd)?;
    file.finish()?;
    sample.extend(hall.latency(0.99).map(|latency| (Measure::P99WithFile, latency.as_secs_f64())));
    Ok(sample)
}

/// Where the server takes files. Two clients agree on one to learn that, and leave.
pub(crate) fn port_for_files(server: SocketAddr) -> Result<SocketAddr> {
    let ask = || {
        let (_sender, mut receiver) = agree(server, "-asking")?;
        receiver.cue("@file receive ").map(|(port, _token)| port)
    };
    ask().map_err(Failure::io("asking for the port for files"))
}

/// Sends a file as fast as possible. Each attempt has its own nicknames.
pub(crate) fn carry_one(server: SocketAddr, attempt: usize) -> Result<()> {
    let file = Carrying::begin(server, &format!("-{attempt}"), Duration::ZERO);
    file.map_err(Failure::io("agreeing on a file"))?.finish()
}

/// A file that is being sent.
struct Carrying(JoinHandle<std::io::Result<()>>);

/// The sender or the receiver of a file.
struct Party {
    chat: BufReader<TcpStream>,
    server: SocketAddr,
}

impl Carrying {
    fn begin(server: SocketAddr, suffix: &str, length: Duration) -> std::io::Result<Self> {
        let (mut sender, mut receiver) = agree(server, suffix)?;
        let digest = digest();
        let fetching = Arc::new(receiver.call("@file receive ")?);
        let sending = sender.call("@file send ")?;
        writeln!(&*fetching, "from 0 {digest}")?;
        let carry = move || {
            let mut line = String::new();
            BufReader::new(&sending).read_line(&mut line)?;
            writeln!(&sending, "from 0")?;
            pump(&sending, &fetching, length)?;
            writeln!(&*fetching, "received")?;
            // Both stay in the chat until then, because leaving cancels the file.
            receiver.hear("@file arrived ").and(sender.hear("@file arrived ")).map(drop)
        };
        Ok(Self(thread::Builder::new().name("file".into()).spawn(carry)?))
    }

    fn finish(self) -> Result<()> {
        let carried = self.0.join().map_err(|_| Failure::Broken("the file's thread has panicked".into()))?;
        carried.map_err(Failure::io("carrying a file"))
    }
}

/// Two clients with this suffix to their names, one of which has accepted a file of the other.
fn agree(server: SocketAddr, suffix: &str) -> std::io::Result<(Party, Party)> {
    let sender = Party::new(server, &format!("sender{suffix}"))?;
    let mut receiver = Party::new(server, &format!("receiver{suffix}"))?;
    writeln!(sender.chat.get_ref(), "/offer receiver{suffix} {SIZE} {} file", digest())?;
    receiver.hear("[FILE REQUEST] ")?;
    writeln!(receiver.chat.get_ref(), "/take")?;
    Ok((sender, receiver))
}

/// What the server is told instead of the digest of the file; it does not check it.
fn digest() -> String {
    "0".repeat(64)
}

/// Sends each piece when it is due, and checks that it arrives as it was sent.
fn pump(mut sending: &TcpStream, mut fetching: &TcpStream, length: Duration) -> std::io::Result<()> {
    fetching.read_exact(&mut [0; b"from 0\n".len()])?;
    let (start, pieces) = (Instant::now(), SIZE / PIECE);
    for number in 0..pieces {
        let due = length.mul_f64(number as f64 / pieces as f64);
        pause(due.saturating_sub(start.elapsed()));
        let sent = vec![number as u8; PIECE];
        sending.write_all(&sent)?;
        let mut arrived = vec![0; PIECE];
        fetching.read_exact(&mut arrived)?;
        if arrived != sent {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
    }
    Ok(())
}

impl Party {
    fn new(server: SocketAddr, nick: &str) -> std::io::Result<Self> {
        let chat = connect(server)?;
        writeln!(&chat, "/nick {nick}")?;
        let mut party = Self { chat: BufReader::new(chat), server };
        party.hear("Nickname changed to ")?;
        Ok(party)
    }

    /// Waits for the next line that begins with `start`, and returns the rest of it.
    fn hear(&mut self, start: &str) -> std::io::Result<String> {
        loop {
            let mut line = String::new();
            if self.chat.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(rest) = line.strip_prefix(start) {
                return Ok(rest.to_owned());
            }
        }
    }

    /// Waits for the server's cue, and returns the port for files and the token in it.
    fn cue(&mut self, start: &str) -> std::io::Result<(SocketAddr, String)> {
        let cue = self.hear(start)?;
        let mut words = cue.split_whitespace().skip(1);
        let (port, token) = (words.next().and_then(|port| port.parse().ok()), words.next());
        let address = (self.server.ip(), port.unwrap_or(0)).into();
        Ok((address, token.unwrap_or_default().to_owned()))
    }

    /// Connects to the port for files, and shows the token.
    fn call(&mut self, start: &str) -> std::io::Result<TcpStream> {
        let (address, token) = self.cue(start)?;
        let stream = connect(address)?;
        writeln!(&stream, "{token}")?;
        Ok(stream)
    }
}

fn connect(server: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}
