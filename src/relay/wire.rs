//! An end that speaks the protocol of [`crate::file::way`], as `chat_client` does.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Read, Write},
    sync::Arc,
    time::Instant,
};

use rustix::event::PollFlags;

use super::carry::{BUFFER, IDLE, Kept, Receiving, Sending, fault};
use crate::{
    file::{
        Fault, Side,
        way::{self, Line},
    },
    transport::{Connection, Socket},
};

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

    fn say(&self, line: impl fmt::Display, side: Side) -> Result<(), Fault> {
        let said = self.connected().write_all(format!("{line}\n").as_bytes());
        said.map_err(|error| fault(&error, side))
    }

    /// Reads this side's next line, which must be there in time.
    fn hear(&mut self, side: Side) -> Result<Line, Fault> {
        self.input.get_mut().deadline = Some(Instant::now() + IDLE);
        let line = way::read_line(&mut self.input);
        self.input.get_mut().deadline = None;
        match line {
            Ok(Line::Failed(fault)) => Err(fault),
            line => line.map_err(|error| fault(&error, side)),
        }
    }

    /// Whether bytes were read but not used yet.
    fn holds_bytes(&self) -> bool {
        !self.input.buffer().is_empty()
    }

    fn connected(&self) -> &Socket {
        self.input.get_ref().connection.socket()
    }
}

impl Sending for Wire {
    fn begin(&mut self, Kept { length, digest }: Kept) -> Result<u64, Fault> {
        self.say(Line::Kept { length, digest }, Side::Sender)?;
        match self.hear(Side::Sender)? {
            Line::From(place) => Ok(place),
            _ => Err(Fault::Nonsense(Side::Sender)),
        }
    }

    fn bytes(&mut self) -> Result<&[u8], Fault> {
        match self.input.fill_buf() {
            Ok([]) => Err(Fault::BrokenOff(Side::Sender)),
            Ok(bytes) => Ok(bytes),
            Err(error) => Err(fault(&error, Side::Sender)),
        }
    }

    fn take(&mut self, length: usize) {
        self.input.consume(length);
    }

    /// The end of the file is where its size says. More than that is not for the receiver.
    fn finish(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn has_more(&mut self) -> bool {
        self.holds_bytes()
    }

    fn socket(&self) -> &Socket {
        self.connected()
    }
}

impl Receiving for Wire {
    fn kept(&mut self) -> Result<Kept, Fault> {
        match self.hear(Side::Receiver)? {
            Line::Kept { length, digest } => Ok(Kept { length, digest }),
            _ => Err(Fault::Nonsense(Side::Receiver)),
        }
    }

    fn begin(&mut self, place: u64) -> Result<(), Fault> {
        self.say(Line::From(place), Side::Receiver)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.connected().write_all(bytes).map_err(|error| fault(&error, Side::Receiver))
    }

    fn verdict(&mut self, is_whole: bool) -> Result<(), Fault> {
        match self.hear(Side::Receiver)? {
            Line::Received if is_whole => Ok(()),
            _ => Err(Fault::Nonsense(Side::Receiver)),
        }
    }

    fn has_spoken(&self) -> bool {
        self.holds_bytes()
    }

    fn speaking(&self) -> PollFlags {
        PollFlags::IN
    }

    fn socket(&self) -> &Socket {
        self.connected()
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
        file::{ByteCount, Digest},
        relay::carry::carry,
        transport::ConnectionLimit,
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
        let ((mut sender, mut first), (mut receiver, mut second)) = (pair(), pair());
        sender.write_all(sending).unwrap();
        receiver.write_all(receiving).unwrap();
        sender.shutdown(Shutdown::Write).unwrap();
        receiver.shutdown(Shutdown::Write).unwrap();
        let outcome = carry(&mut first, &mut second, ByteCount(size));
        drop((first, second));
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
        let ((mut sender, mut first), (mut receiver, mut second)) = (pair(), pair());
        thread::scope(|scope| {
            let carrying = || carry(&mut first, &mut second, ByteCount(5));
            let carrying = thread::Builder::new().spawn_scoped(scope, carrying).unwrap();
            receiver.write_all(kept(2).as_bytes()).unwrap();
            let mut heard = vec![0; kept(2).len()];
            sender.read_exact(&mut heard).unwrap();
            assert_eq!(heard, kept(2).as_bytes());
            // More than the file has is not for the receiver.
            sender.write_all(b"from 2\ncdeyyy").unwrap();
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
        let ((mut sender, mut first), (mut receiver, mut second)) = (pair(), pair());
        receiver.write_all(kept(0).as_bytes()).unwrap();
        sender.write_all(b"from 0\nabc").unwrap();
        sender.shutdown(Shutdown::Write).unwrap();
        assert_eq!(carry(&mut first, &mut second, ByteCount(5)), Err(Fault::BrokenOff(Side::Sender)));
        drop((first, second));
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
