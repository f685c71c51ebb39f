//! Finds the lines in a stream of bytes.

use std::{
    io::{self, Read},
    mem,
    net::TcpStream,
    time::Duration,
};

use crate::fault;

/// The most bytes a line may have.
const MAX: usize = 8192;

/// How much is discarded before it is collected, where that happens late.
const HEAP: usize = 120 << 20;

/// The most bytes of a line, without its newline, that the server accepts.
fn limit() -> usize {
    match () {
        () if fault::is("limit-too-low") => 8100,
        () if fault::is("limit-too-high") => 9000,
        () if fault::is("limit-in-characters") => 4 * MAX,
        () => MAX,
    }
}

/// What a client sent, or how its stream ended.
pub(crate) enum Input {
    Line(String),
    TooLong,
    End,
    Reset,
}

pub(crate) struct Lines<'a> {
    stream: &'a TcpStream,
    buffer: Vec<u8>,
    /// The buffer has no newline before this index.
    searched: usize,
    /// The rest of this line is discarded as it arrives.
    is_skipping: bool,
    /// What was discarded. Only two variants of the server use it.
    discarded: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(stream: &'a TcpStream) -> Self {
        if fault::is("read-timeout") {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
        }
        Self { stream, buffer: Vec::new(), searched: 0, is_skipping: false, discarded: Vec::new() }
    }

    pub(crate) fn next(&mut self) -> Input {
        let mut chunk = [0; 4096];
        loop {
            if let Some(input) = self.in_buffer() {
                return input;
            }
            match self.stream.read(&mut chunk) {
                Ok(0) if fault::is("half-line-said") && !self.buffer.is_empty() => {
                    return Input::Line(text(&mem::take(&mut self.buffer)));
                }
                Ok(0) => return Input::End,
                Ok(length) if fault::is("one-read-one-line") => return Input::Line(text(&chunk[..length])),
                Ok(length) => self.buffer.extend(&chunk[..length]),
                Err(_) => return Input::Reset,
            }
            if fault::is("unicode-lines") {
                self.ends_lines_at("\u{2028}");
            }
            if fault::is("cut-character") {
                str::from_utf8(&self.buffer).expect("what arrives is text");
            }
        }
    }

    /// Reads and discards what still arrives, for at most a second of silence.
    pub(crate) fn drain(mut self) {
        let _ = self.stream.set_read_timeout(Some(Duration::from_secs(1)));
        let _ = io::copy(&mut self.stream, &mut io::sink());
    }

    /// Makes a newline of each of these characters. Only a fault does that.
    fn ends_lines_at(&mut self, end: &str) {
        while let Some(at) = self.buffer.windows(end.len()).position(|bytes| bytes == end.as_bytes()) {
            self.buffer.splice(at..at + end.len(), *b"\n");
        }
    }

    fn in_buffer(&mut self) -> Option<Input> {
        while let Some(length) = memchr::memchr(b'\n', &self.buffer[self.searched..]) {
            let line: Vec<u8> = self.buffer.drain(..=self.searched + length).collect();
            self.searched = 0;
            if fault::is("rest-lost") {
                self.buffer.clear();
            }
            if !mem::take(&mut self.is_skipping) {
                let is_too_long = match &line[..line.len() - 1] {
                    line if fault::is("limit-in-characters") => {
                        String::from_utf8_lossy(line).chars().count() > MAX
                    }
                    line => line.len() > limit(),
                };
                return Some(if is_too_long { Input::TooLong } else { Input::Line(text(&line)) });
            }
        }
        self.searched = self.buffer.len();
        if self.searched <= limit() || fault::is("endless-line") {
            return None;
        }
        if fault::is("long-line-kept") || fault::is("collects-late") {
            self.discarded.extend(&self.buffer);
        }
        if fault::is("collects-late") && self.discarded.len() > HEAP {
            self.discarded.clear();
        }
        self.buffer.clear();
        self.searched = 0;
        (!mem::replace(&mut self.is_skipping, true)).then_some(Input::TooLong)
    }
}

/// A line without its line end.
fn text(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let line = line.strip_suffix('\n').unwrap_or(&line);
    let line = if fault::is("carriage-return") { line } else { line.strip_suffix('\r').unwrap_or(line) };
    match line {
        line if fault::is("trimmed") => line.trim().to_owned(),
        line if fault::is("hundred-characters") => line.chars().take(100).collect(),
        line if fault::is("ascii-only") => {
            line.bytes().map(|byte| if byte.is_ascii() { char::from(byte) } else { '?' }).collect()
        }
        line => line.to_owned(),
    }
}
