//! Reads the body of a request.

use super::{
    MOST_BODY, Problem,
    head::{Length, bad, too_large},
};

/// The longest line between chunks, in bytes.
const MOST_LINE: usize = 1024;

/// The most bytes of a body that carry no content: sizes of chunks, and trailers.
const MOST_OVERHEAD: usize = 64 * 1024;

/// A body that is being read.
#[derive(Debug)]
pub(super) struct Body {
    content: Vec<u8>,
    next: Next,
    overhead: usize,
}

/// What comes next in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// So much content, and then the end.
    Content(usize),
    /// The line with the size of a chunk.
    Size,
    /// So much content of a chunk.
    Chunk(usize),
    /// The end of the line behind a chunk.
    LineEnd,
    /// A trailer, or the empty line that ends the body.
    Trailer,
    /// Nothing: the body is whole.
    Nothing,
}

impl Body {
    pub(super) fn new(length: Length) -> Self {
        let next = match length {
            Length::Known(0) => Next::Nothing,
            Length::Known(length) => Next::Content(length),
            Length::Chunked => Next::Size,
        };
        Self { content: Vec::new(), next, overhead: 0 }
    }

    /// Takes as much of the stream as it can; returns how much.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<usize, Problem> {
        let mut taken = 0;
        while self.next != Next::Nothing {
            let length = self.step(&bytes[taken..])?;
            if length == 0 {
                break;
            }
            taken += length;
        }
        Ok(taken)
    }

    /// The content, when all of it has come.
    pub(super) fn whole(&mut self) -> Option<Vec<u8>> {
        (self.next == Next::Nothing).then(|| std::mem::take(&mut self.content))
    }

    fn step(&mut self, bytes: &[u8]) -> Result<usize, Problem> {
        match self.next {
            Next::Content(left) => {
                let length = self.keep(bytes, left);
                self.next = if length == left { Next::Nothing } else { Next::Content(left - length) };
                Ok(length)
            }
            Next::Chunk(left) => {
                let length = self.keep(bytes, left);
                self.next = if length == left { Next::LineEnd } else { Next::Chunk(left - length) };
                Ok(length)
            }
            Next::Nothing => Ok(0),
            Next::Size | Next::LineEnd | Next::Trailer => {
                let Some(line) = line(bytes)? else { return Ok(0) };
                self.read_line(line)?;
                let length = line.len() + 2;
                self.overhead += length;
                if self.overhead > MOST_OVERHEAD { Err(too_large()) } else { Ok(length) }
            }
        }
    }

    fn keep(&mut self, bytes: &[u8], most: usize) -> usize {
        let length = bytes.len().min(most);
        self.content.extend_from_slice(&bytes[..length]);
        length
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), Problem> {
        self.next = match (self.next, line) {
            (Next::Size, line) => match chunk_size(line)? {
                0 => Next::Trailer,
                size if self.content.len() + size > MOST_BODY => return Err(too_large()),
                size => Next::Chunk(size),
            },
            (Next::LineEnd, []) => Next::Size,
            (Next::LineEnd, _) => return Err(bad("A chunk is longer than its size.")),
            (_, []) => Next::Nothing,
            (next, line) if is_trailer(line) => next,
            _ => return Err(bad("A trailer is malformed.")),
        };
        Ok(())
    }
}

/// The line at the beginning, without its end.
fn line(bytes: &[u8]) -> Result<Option<&[u8]>, Problem> {
    let is_plain = |line: &[u8]| line.iter().all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f));
    match memchr::memchr(b'\n', &bytes[..bytes.len().min(MOST_LINE)]) {
        Some(end) => {
            let line = bytes[..end].strip_suffix(b"\r").filter(|line| is_plain(line));
            line.map(Some).ok_or_else(|| bad("A line between chunks is malformed."))
        }
        None if bytes.len() >= MOST_LINE => Err(bad("A line between chunks is too long.")),
        None => Ok(None),
    }
}

/// A size in hexadecimal, without signs or spaces. An extension may follow, and means nothing (RFC 9112 §7.1).
fn chunk_size(line: &[u8]) -> Result<usize, Problem> {
    let digits = line.split(|&byte| byte == b';').next().unwrap_or_default();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(bad("The size of a chunk is malformed."));
    }
    let digits = str::from_utf8(digits).unwrap_or_default();
    usize::from_str_radix(digits, 16).ok().filter(|&size| size <= MOST_BODY).ok_or_else(too_large)
}

/// Whether it is a header, which is not needed here.
fn is_trailer(line: &[u8]) -> bool {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
    !name.is_empty() && name.len() < line.len() && name.iter().all(is_token)
}

#[cfg(test)]
impl Body {
    /// How many bytes of memory it keeps.
    pub(super) fn kept(&self) -> usize {
        self.content.capacity()
    }
}
