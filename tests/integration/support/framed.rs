//! A program that speaks binary frames, written without the server's code.

use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::Path,
};

use serde_json::{Value, json};

use super::DEADLINE;
use crate::speech::frames::{KEY, MAGIC, packed, signature};

trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

/// One connection, and the bytes that were read but not used yet.
pub(crate) struct Framed {
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
    key: Vec<u8>,
    pub(crate) session: String,
}

impl Framed {
    /// Connects to a port.
    #[track_caller]
    pub(crate) fn tcp(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time");
        stream.set_nodelay(true).expect("a socket");
        Self::new(stream)
    }

    /// Connects to a Unix socket.
    #[track_caller]
    pub(crate) fn unix(path: &Path) -> Self {
        let stream = UnixStream::connect(path).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time");
        Self::new(stream)
    }

    fn new(stream: impl Stream + 'static) -> Self {
        let (unread, key) = (Vec::new(), KEY.to_vec());
        Self { stream: Box::new(stream), unread, key, session: String::new() }
    }

    /// The same program, with another key.
    pub(crate) fn with_key(self, key: &[u8]) -> Self {
        Self { key: key.to_vec(), ..self }
    }

    /// Hears the session's id with one read, which must bring the whole frame: existing programs read it like that.
    #[track_caller]
    pub(crate) fn is_greeted(&mut self) {
        let mut first = [0; 1024];
        let length = self.stream.read(&mut first).expect("the server speaks first");
        assert!(length < 1024, "the first frame is short");
        self.unread.extend(&first[..length]);
        let (header, content) = self.next().expect("a whole frame");
        assert_eq!((&header["type"], &content[..]), (&json!("session_init"), "Session established"));
        assert!(self.unread.is_empty(), "it stands alone");
        header["session_id"].as_str().expect("an id").clone_into(&mut self.session);
    }

    /// Comes in under this name.
    #[track_caller]
    pub(crate) fn enters_as(mut self, name: &str) -> Self {
        self.is_greeted();
        self.sends("session_ack", "ok");
        assert!(self.hears_message().starts_with("Welcome!"));
        self.says(&format!("/nick {name}"));
        self.hears(&format!("Nickname changed to '{name}'."));
        self
    }

    /// A frame, as bytes.
    pub(crate) fn frame(&self, kind: &str, content: &[u8]) -> Vec<u8> {
        packed(kind, &self.session, content, &self.key)
    }

    #[track_caller]
    pub(crate) fn sends(&mut self, kind: &str, content: &str) {
        let frame = self.frame(kind, content.as_bytes());
        self.sends_bytes(&frame);
    }

    /// Sends bytes, the first 64 of them in a segment of their own, as existing programs do.
    #[track_caller]
    pub(crate) fn sends_bytes(&mut self, bytes: &[u8]) {
        let (head, rest) = bytes.split_at(bytes.len().min(64));
        self.stream.write_all(head).and_then(|()| self.stream.write_all(rest)).expect("the server takes it");
    }

    /// Sends bytes, if the server still takes them.
    pub(crate) fn tries_to_send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    #[track_caller]
    pub(crate) fn says(&mut self, line: &str) {
        self.sends("message", line);
    }

    /// The next frame; `None` at the end of the stream.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Option<(Value, String)> {
        let head = self.read(64)?;
        assert_eq!(&head[..12], [&MAGIC[..], &[0, 1, 0, 0]].concat());
        let number = |at| u32::from_be_bytes(head[at..at + 4].try_into().expect("4 bytes"));
        assert_eq!(number(20), 0, "no content is so long");
        let (header_length, content_length) = (number(12) as usize, number(24) as usize);
        let header = self.read(header_length).expect("a whole frame");
        let content = self.read(content_length).expect("a whole frame");
        assert_eq!(crc32fast::hash(&header), number(16));
        assert_eq!(crc32fast::hash(&content), number(28));
        assert_eq!(signature(&header, &content, &self.key), head[32..]);
        assert!(content_length > 0);
        let header: Value = serde_json::from_slice(&header).expect("JSON");
        let is_init = header["type"] == "session_init";
        assert!(is_init || 64 + header_length + content_length >= 1024, "{header}");
        if !self.session.is_empty() {
            assert_eq!(header["session_id"], self.session);
        }
        Some((header, String::from_utf8(content).expect("UTF-8")))
    }

    fn read(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.unread.len() < length {
            let mut bytes = [0; 16 * 1024];
            let read = self.stream.read(&mut bytes).expect("bytes in time");
            if read == 0 {
                assert!(self.unread.is_empty(), "the stream ends with a whole frame");
                return None;
            }
            self.unread.extend(&bytes[..read]);
        }
        Some(self.unread.drain(..length).collect())
    }

    /// The next frame has this type; returns its content.
    #[track_caller]
    pub(crate) fn hears_a(&mut self, kind: &str) -> String {
        let (header, content) = self.next().expect("a frame");
        assert_eq!(header["type"], kind, "{content}");
        content
    }

    #[track_caller]
    pub(crate) fn hears_message(&mut self) -> String {
        self.hears_a("message")
    }

    /// The next frame is this message.
    #[track_caller]
    pub(crate) fn hears(&mut self, line: &str) {
        assert_eq!(self.hears_message(), line);
    }

    /// The server says why the stream ends, and ends it.
    #[track_caller]
    pub(crate) fn is_disconnected(&mut self, reason: &str) {
        let content: Value = serde_json::from_str(&self.hears_a("disconnect")).expect("JSON");
        assert_eq!(content, json!({"message": "Disconnecting", "reason": reason}));
        assert_eq!(self.next(), None);
    }
}
