//! A client of any wire, which a test sees as one that speaks text.

use std::{
    cell::RefCell,
    collections::VecDeque,
    io::{self, Read, Write},
    net::{TcpStream, UdpSocket},
    os::unix::net::UnixStream,
};

use super::{DEADLINE, secure::Secure};
use crate::speech::{Interpreter, interpreter};

/// A client of any wire.
pub(crate) struct WireClient {
    socket: Socket,
    interpreter: Box<dyn Interpreter>,
    bytes: Vec<u8>,
    lines: VecDeque<String>,
}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
    Udp(UdpSocket),
    Tls(Box<RefCell<Secure>>),
}

impl WireClient {
    /// Connects to a door as the server announces it: `json://127.0.0.1:8765`. `speech` names the interpreter.
    #[track_caller]
    pub(crate) fn connect(door: &str, speech: &str) -> Self {
        let (scheme, place) = door.split_once("://").expect("a URL");
        let connected = if scheme.ends_with("+unix") {
            UnixStream::connect(place).map(Socket::Unix)
        } else if scheme.ends_with("+udp") {
            UdpSocket::bind("127.0.0.1:0").and_then(|socket| {
                socket.connect(place)?;
                Ok(Socket::Udp(socket))
            })
        } else {
            TcpStream::connect(place).map(Socket::Tcp)
        };
        Self::new(connected.expect("the server listens"), speech)
    }

    /// Talks on a connection behind TLS.
    #[track_caller]
    pub(crate) fn secure(secure: Secure, speech: &str) -> Self {
        Self::new(Socket::Tls(Box::new(RefCell::new(secure))), speech)
    }

    #[track_caller]
    fn new(socket: Socket, speech: &str) -> Self {
        socket.prepare().expect("a time");
        let interpreter = interpreter(speech).expect("there is one");
        let mut client = Self { socket, interpreter, bytes: Vec::new(), lines: VecDeque::new() };
        client.pass(|interpreter, _, to_client, to_server| interpreter.begin(to_client, to_server));
        client
    }

    /// Sends a line, as it is typed.
    #[track_caller]
    pub(crate) fn says(&mut self, line: &str) {
        self.pass(|interpreter, _, to_client, to_server| {
            interpreter.ask(line.as_bytes(), to_client, to_server);
        });
    }

    /// The next line; `None` at the end.
    #[track_caller]
    pub(crate) fn next_line(&mut self) -> Option<String> {
        let mut read = vec![0; 64 * 1024];
        while self.lines.is_empty() {
            let length = self.socket.receive(&mut read).expect("something to hear in time");
            if length == 0 {
                return None;
            }
            self.bytes.extend_from_slice(&read[..length]);
            self.pass(|interpreter, bytes, to_client, to_server| {
                interpreter.answer(bytes, to_client, to_server);
            });
        }
        self.lines.pop_front()
    }

    /// Skips lines up to this one, and returns them.
    #[track_caller]
    pub(crate) fn hears_at_last(&mut self, line: &str) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            let next = self.next_line().unwrap_or_else(|| panic!("{line:?} should come after {before:?}"));
            if next == line {
                return before;
            }
            before.push(next);
        }
    }

    #[track_caller]
    fn pass(&mut self, act: impl FnOnce(&mut dyn Interpreter, &mut Vec<u8>, &mut Vec<u8>, &mut Vec<u8>)) {
        let (mut to_client, mut to_server) = (Vec::new(), Vec::new());
        act(self.interpreter.as_mut(), &mut self.bytes, &mut to_client, &mut to_server);
        let lines = String::from_utf8(to_client).expect("lines of text");
        self.lines.extend(lines.lines().map(str::to_owned));
        if !to_server.is_empty() {
            self.socket.send(&to_server).expect("it is connected");
        }
    }
}

impl Socket {
    fn prepare(&self) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => socket.set_read_timeout(Some(DEADLINE)),
            Self::Unix(socket) => socket.set_read_timeout(Some(DEADLINE)),
            Self::Udp(socket) => socket.set_read_timeout(Some(DEADLINE)),
            // It has a deadline already.
            Self::Tls(_) => Ok(()),
        }
    }

    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => (&mut &*socket).write_all(bytes),
            Self::Unix(socket) => (&mut &*socket).write_all(bytes),
            Self::Udp(socket) => socket.send(bytes).map(drop),
            Self::Tls(secure) => {
                secure.borrow_mut().sends(bytes);
                Ok(())
            }
        }
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => (&mut &*socket).read(buffer),
            Self::Unix(socket) => (&mut &*socket).read(buffer),
            Self::Tls(secure) => Ok(secure.borrow_mut().reads(buffer)),
            // A unit may come without its newline.
            Self::Udp(socket) => {
                let length = socket.recv(buffer)?;
                buffer[length] = b'\n';
                Ok(length + usize::from(buffer[..length].last() != Some(&b'\n')))
            }
        }
    }
}
