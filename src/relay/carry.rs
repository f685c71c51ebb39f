//! From one socket to the other: one file, from its first line to the receiver's verdict.

use std::{
    fmt,
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use super::{
    Fault, Side,
    way::{self, Line},
};
use crate::{
    file::ByteCount,
    transport::{Connection, Socket},
    watch,
};

/// The buffer of a transfer in bytes. A larger one saves hardly any more system calls.
const BUFFER: usize = 64 * 1024;

/// How long one side may keep the other waiting.
const IDLE: Duration = Duration::from_secs(60);

/// Carries a file. [`crate::file::way`] describes the lines that are exchanged.
pub(super) fn carry(mut sender: Wire, mut receiver: Wire, size: ByteCount) -> Result<(), Fault> {
    let kept = hear(&mut receiver, Side::Receiver)?;
    let Line::Kept { length, .. } = kept else { return Err(Fault::Nonsense(Side::Receiver)) };
    sender.say(kept).map_err(|error| fault(&error, Side::Sender))?;
    let start = match hear(&mut sender, Side::Sender)? {
        Line::From(place) if place == 0 || place == length => place,
        _ => return Err(Fault::Nonsense(Side::Sender)),
    };
    let length = size.0.checked_sub(start).ok_or(Fault::Nonsense(Side::Receiver))?;
    receiver.say(Line::From(start)).map_err(|error| fault(&error, Side::Receiver))?;
    let is_whole = copy(&mut sender, &mut receiver, length)?;
    match hear(&mut receiver, Side::Receiver)? {
        Line::Received if is_whole => Ok(()),
        _ => Err(Fault::Nonsense(Side::Receiver)),
    }
}

/// Reads a side's next line, which must be there in time.
fn hear(wire: &mut Wire, side: Side) -> Result<Line, Fault> {
    wire.input.get_mut().deadline = Some(Instant::now() + IDLE);
    let line = way::read_line(&mut wire.input);
    wire.input.get_mut().deadline = None;
    match line {
        Ok(Line::Failed(fault)) => Err(fault),
        line => line.map_err(|error| fault(&error, side)),
    }
}

/// Copies `length` bytes, unless the receiver gives its verdict before; whether it copied them all.
fn copy(sender: &mut Wire, receiver: &mut Wire, length: u64) -> Result<bool, Fault> {
    let mut left = length;
    while left > 0 {
        if wait(sender, receiver)? == Side::Receiver {
            return Ok(false);
        }
        let bytes = sender.input.fill_buf().map_err(|error| fault(&error, Side::Sender))?;
        let taken = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if taken == 0 {
            return Err(Fault::BrokenOff(Side::Sender));
        }
        receiver.socket().write_all(&bytes[..taken]).map_err(|error| fault(&error, Side::Receiver))?;
        watch::carried(taken);
        sender.input.consume(taken);
        left -= taken as u64;
    }
    Ok(true)
}

/// Waits until one side has sent something. The receiver comes first.
fn wait(sender: &Wire, receiver: &Wire) -> Result<Side, Fault> {
    if receiver.has_more() {
        return Ok(Side::Receiver);
    }
    let seconds = if sender.has_more() { 0 } else { IDLE.as_secs().cast_signed() };
    let mut ends =
        [PollFd::new(sender.socket(), PollFlags::IN), PollFd::new(receiver.socket(), PollFlags::IN)];
    match poll(&mut ends, Some(&Timespec { tv_sec: seconds, tv_nsec: 0 })) {
        Ok(0) if !sender.has_more() => return Err(Fault::Stalled(Side::Sender)),
        // Interrupted: it is not known whether anything was sent. Reading finds out.
        Ok(_) | Err(Errno::INTR) => {}
        Err(_) => return Err(Fault::Server),
    }
    let [_, receiver] = &ends;
    Ok(if receiver.revents().is_empty() { Side::Sender } else { Side::Receiver })
}

fn fault(error: &io::Error, side: Side) -> Fault {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Fault::Stalled(side),
        ErrorKind::InvalidData => Fault::Nonsense(side),
        _ => Fault::BrokenOff(side),
    }
}

/// A connection.
pub(super) struct Wire {
    /// Reads from it, and holds the bytes that were read but not used yet.
    input: BufReader<Stream>,
}

struct Stream {
    connection: Arc<Connection>,
    /// When to give up, however much comes until then.
    deadline: Option<Instant>,
}

impl Wire {
    pub(super) fn new(connection: Arc<Connection>) -> io::Result<Self> {
        connection.socket().set_write_timeout(IDLE)?;
        let stream = Stream { connection, deadline: None };
        Ok(Self { input: BufReader::with_capacity(BUFFER, stream) })
    }

    fn say(&self, line: impl fmt::Display) -> io::Result<()> {
        self.socket().write_all(format!("{line}\n").as_bytes())
    }

    /// Whether bytes were read but not used yet.
    fn has_more(&self) -> bool {
        !self.input.buffer().is_empty()
    }

    fn socket(&self) -> &Socket {
        self.input.get_ref().connection.socket()
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.deadline.map_or(IDLE, |at| at.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let mut socket = self.connection.socket();
        socket.set_read_timeout(Some(left))?;
        socket.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read,
        net::{Shutdown, TcpListener, TcpStream},
        thread,
        time::Duration,
    };

    use super::*;
    use crate::{
        file::Digest,
        transport::{Connection, ConnectionLimit},
    };

    /// The two ends of a connection: the client's and the server's.
    fn pair() -> (TcpStream, Wire) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(IDLE)).unwrap();
        let (stream, peer) = listener.accept().unwrap();
        let permit = ConnectionLimit::new(1, 1).take(peer, Duration::ZERO).unwrap();
        (client, Wire::new(Connection::new(stream, peer, permit)).unwrap())
    }

    fn kept(length: u64) -> String {
        format!("{}\n", Line::Kept { length, digest: Digest([0; 32]) })
    }

    /// The outcome when both sides send these bytes and nothing more, and what each of them receives.
    fn carried(sending: &[u8], receiving: &[u8], size: u64) -> (Result<(), Fault>, String, String) {
        let ((mut sender, first), (mut receiver, second)) = (pair(), pair());
        sender.write_all(sending).unwrap();
        receiver.write_all(receiving).unwrap();
        sender.shutdown(Shutdown::Write).unwrap();
        receiver.shutdown(Shutdown::Write).unwrap();
        let outcome = carry(first, second, ByteCount(size));
        let heard = |mut stream: TcpStream| {
            let mut heard = Vec::new();
            // What is left unread at the server's end resets the connection; what came before counts.
            let _ = stream.read_to_end(&mut heard);
            String::from_utf8(heard).unwrap()
        };
        (outcome, heard(sender), heard(receiver))
    }

    #[test]
    fn a_file_is_carried_from_the_position_that_both_sides_agree_on() {
        let ((mut sender, first), (mut receiver, second)) = (pair(), pair());
        thread::scope(|scope| {
            let carrying = || carry(first, second, ByteCount(5));
            let carrying = thread::Builder::new().spawn_scoped(scope, carrying).unwrap();
            receiver.write_all(kept(2).as_bytes()).unwrap();
            let mut heard = vec![0; kept(2).len()];
            sender.read_exact(&mut heard).unwrap();
            assert_eq!(heard, kept(2).as_bytes());
            // More than the file has is not for the receiver.
            sender.write_all(b"from 2\ncdeXXX").unwrap();
            let mut heard = [0; 10];
            receiver.read_exact(&mut heard).unwrap();
            assert_eq!(&heard, b"from 2\ncde");
            receiver.write_all(b"received\n").unwrap();
            assert_eq!(carrying.join().unwrap(), Ok(()));
        });
    }

    #[test]
    fn an_empty_file_is_carried() {
        let (outcome, _, heard) = carried(b"from 0\n", (kept(0) + "received\n").as_bytes(), 0);
        assert_eq!((outcome, heard.as_str()), (Ok(()), "from 0\n"));
    }

    #[test]
    fn a_sender_that_cannot_begin_says_why() {
        let (outcome, _, heard) = carried(b"failed changed\n", kept(0).as_bytes(), 5);
        assert_eq!((outcome, heard.as_str()), (Err(Fault::Changed), ""));
    }

    #[test]
    fn a_receiver_that_cannot_begin_says_why() {
        let (outcome, heard, _) = carried(b"", b"failed unwritable\n", 5);
        assert_eq!((outcome, heard.as_str()), (Err(Fault::Unwritable), ""));
    }

    #[test]
    fn a_sender_that_closes_too_early_has_broken_off() {
        let ((mut sender, first), (mut receiver, second)) = (pair(), pair());
        receiver.write_all(kept(0).as_bytes()).unwrap();
        sender.write_all(b"from 0\nabc").unwrap();
        sender.shutdown(Shutdown::Write).unwrap();
        assert_eq!(carry(first, second, ByteCount(5)), Err(Fault::BrokenOff(Side::Sender)));
        let mut heard = Vec::new();
        receiver.read_to_end(&mut heard).unwrap();
        assert_eq!(heard, b"from 0\nabc");
    }

    #[test]
    fn a_receiver_that_gives_up_is_heard_at_once() {
        let (outcome, ..) = carried(b"from 0\nabc", (kept(0) + "failed disk-full\n").as_bytes(), 5);
        assert_eq!(outcome, Err(Fault::DiskFull));
    }

    #[test]
    fn a_receiver_cannot_claim_to_have_received_what_was_not_sent() {
        let (outcome, ..) = carried(b"from 0\nabc", (kept(0) + "received\n").as_bytes(), 5);
        assert_eq!(outcome, Err(Fault::Nonsense(Side::Receiver)));
    }

    #[test]
    fn nonsense_is_the_fault_of_the_side_that_sends_it() {
        let outcome = |sending: &str, receiving: &str| carried(sending.as_bytes(), receiving.as_bytes(), 5).0;
        assert_eq!(outcome("", "hello\n"), Err(Fault::Nonsense(Side::Receiver)));
        assert_eq!(outcome("hello\n", &kept(0)), Err(Fault::Nonsense(Side::Sender)));
        assert_eq!(outcome("from 3\n", &kept(2)), Err(Fault::Nonsense(Side::Sender)));
        assert_eq!(outcome("from 6\n", &kept(6)), Err(Fault::Nonsense(Side::Receiver)));
        assert_eq!(outcome("", &kept(0)), Err(Fault::BrokenOff(Side::Sender)));
        assert_eq!(outcome("", ""), Err(Fault::BrokenOff(Side::Receiver)));
    }
}
