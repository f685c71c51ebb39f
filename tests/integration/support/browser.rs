//! A client that speaks HTTP, written without the server's code.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;

use super::DEADLINE;

/// One connection, and the bytes that were read but not used yet.
pub(crate) struct Browser {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: Vec<String>,
    pub(crate) body: String,
}

impl Browser {
    #[track_caller]
    pub(crate) fn connect(port: u16) -> Self {
        Self::connect_to(([127, 0, 0, 1], port).into())
    }

    #[track_caller]
    pub(crate) fn connect_to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time");
        stream.set_write_timeout(Some(DEADLINE)).expect("a time");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, unread: Vec::new() }
    }

    /// Sends bytes unchanged.
    #[track_caller]
    pub(crate) fn sends(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the server takes it");
    }

    /// Sends bytes, if the server still takes them.
    pub(crate) fn tries_to_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends a request without a body.
    #[track_caller]
    pub(crate) fn asks(&mut self, line: &str) {
        self.sends(format!("{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
    }

    /// The next response. One to `HEAD` has no body.
    #[track_caller]
    pub(crate) fn reply_to(&mut self, method: &str) -> Reply {
        let head = self.head();
        let status = head[0].split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let mut reply = Reply { status, head, body: String::new() };
        let length = reply.header("Content-Length").map_or(0, |length| length.parse().expect("a number"));
        if method != "HEAD" {
            reply.body = String::from_utf8(self.read(length).expect("a whole body")).expect("UTF-8");
        }
        reply
    }

    #[track_caller]
    pub(crate) fn reply(&mut self) -> Reply {
        self.reply_to("GET")
    }

    /// The lines of the next head.
    #[track_caller]
    pub(crate) fn head(&mut self) -> Vec<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(self.read(1).expect("a whole head"));
        }
        let head = String::from_utf8(head).expect("UTF-8");
        head.trim_end().split("\r\n").map(str::to_owned).collect()
    }

    /// So many bytes; `None` at the end of the stream.
    #[track_caller]
    pub(crate) fn read(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.unread.len() < length {
            let mut bytes = [0; 16 * 1024];
            let read = self.stream.read(&mut bytes).expect("bytes in time");
            if read == 0 {
                assert!(self.unread.is_empty(), "the stream ends within something");
                return None;
            }
            self.unread.extend(&bytes[..read]);
        }
        Some(self.unread.drain(..length).collect())
    }

    /// Sends bytes until the server has said something or takes no more; whether all of them were sent.
    pub(crate) fn sends_unless_answered(&mut self, bytes: &[u8]) -> bool {
        bytes.chunks(16 * 1024).all(|piece| {
            let mut stream = [PollFd::new(&self.stream, PollFlags::IN | PollFlags::OUT)];
            let deadline = Timespec::try_from(DEADLINE).expect("it is short");
            assert_eq!(poll(&mut stream, Some(&deadline)), Ok(1), "the server takes it in time");
            let is_answered = stream[0].revents().contains(PollFlags::IN);
            !is_answered && self.stream.write_all(piece).is_ok()
        })
    }

    /// Whether nothing has come so far.
    pub(crate) fn hears_nothing(&self) -> bool {
        let stream = &mut [PollFd::new(&self.stream, PollFlags::IN)];
        self.unread.is_empty() && poll(stream, Some(&Timespec::default())) == Ok(0)
    }

    /// All bytes up to the end of the stream, in order or with a reset.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.unread);
        if let Err(error) = self.stream.read_to_end(&mut rest) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
        rest
    }

    /// The server ends the stream.
    #[track_caller]
    pub(crate) fn is_closed(&mut self) {
        assert_eq!(self.read(1), None);
    }

    /// Closes the sending side.
    pub(crate) fn half_closes(&self) {
        self.stream.shutdown(Shutdown::Write).expect("a socket");
    }
}

impl Reply {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.iter().filter_map(|line| line.split_once(':'));
        fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// How many bytes it has.
    pub(crate) fn length(&self) -> u64 {
        let head: usize = self.head.iter().map(|line| line.len() + 2).sum();
        (head + 2 + self.body.len()) as u64
    }

    /// The body, which is JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}
