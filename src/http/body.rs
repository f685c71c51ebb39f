//! Tells the content of a request's body from what is around it.

use super::{
    Problem,
    head::{Length, too_large},
};

/// The longest line between chunks, in bytes.
const MOST_LINE: usize = 1024;

/// The most bytes of a body that carry no content: sizes of chunks, and trailers. A body may have one more for each
/// byte of its content.
const MOST_OVERHEAD: u64 = 64 * 1024;

/// A body that is being read. It keeps none of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body {
    next: Next,
    /// How long the content is so far, and how long it may become.
    length: u64,
    most: u64,
    overhead: u64,
}

/// What some bytes of the stream begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// So many bytes of content.
    Content(usize),
    /// So many bytes that mean nothing to the reader of the content.
    Framing(usize),
    /// It is not known before more has come.
    NotYet,
    /// What is behind the body.
    End,
}

/// What comes next in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// So much content, and then the end.
    Content(u64),
    /// The line with the size of a chunk.
    Size,
    /// So much content of a chunk.
    Chunk(u64),
    /// The end of the line behind a chunk.
    LineEnd,
    /// A trailer, or the empty line that ends the body.
    Trailer,
    /// Nothing: the body is whole.
    Nothing,
}

impl Body {
    /// A body of at most so many bytes.
    pub(super) fn new(length: Length, most: u64) -> Result<Self, Problem> {
        let next = match length {
            Length::Known(length) if length > most => return Err(too_large(most)),
            Length::Known(0) => Next::Nothing,
            Length::Known(length) => Next::Content(length),
            Length::Chunked => Next::Size,
        };
        Ok(Self { next, length: 0, most, overhead: 0 })
    }

    /// Says what these bytes begin with, which are the next ones of the stream. It is asked next about what follows that.
    pub(super) fn part(&mut self, bytes: &[u8]) -> Result<Part, Problem> {
        match self.next {
            Next::Nothing => Ok(Part::End),
            _ if bytes.is_empty() => Ok(Part::NotYet),
            Next::Content(left) => Ok(self.content(bytes, left, Next::Content, Next::Nothing)),
            Next::Chunk(left) => Ok(self.content(bytes, left, Next::Chunk, Next::LineEnd)),
            Next::Size | Next::LineEnd | Next::Trailer => {
                let Some(line) = line(bytes)? else { return Ok(Part::NotYet) };
                self.read_line(line)?;
                let length = line.len() + 2;
                self.overhead += length as u64;
                let is_fair = self.overhead <= MOST_OVERHEAD.saturating_add(self.length);
                if is_fair { Ok(Part::Framing(length)) } else { Err(too_large(self.most)) }
            }
        }
    }

    /// Some of the content, of which so much is left.
    fn content(&mut self, bytes: &[u8], left: u64, more: fn(u64) -> Next, then: Next) -> Part {
        let here = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        self.length += here as u64;
        let left = left - here as u64;
        self.next = if left == 0 { then } else { more(left) };
        Part::Content(here)
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), Problem> {
        self.next = match (self.next, line) {
            (Next::Size, line) => match chunk_size(line).ok_or_else(|| too_large(self.most))?? {
                0 => Next::Trailer,
                size if size > self.most - self.length => return Err(too_large(self.most)),
                size => Next::Chunk(size),
            },
            (Next::LineEnd, []) => Next::Size,
            (Next::LineEnd, _) => return Err(Problem::bad_request("A chunk is longer than its size.")),
            (_, []) => Next::Nothing,
            (next, line) if is_trailer(line) => next,
            _ => return Err(Problem::bad_request("A trailer is malformed.")),
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
            line.map(Some).ok_or_else(|| Problem::bad_request("A line between chunks is malformed."))
        }
        None if bytes.len() >= MOST_LINE => Err(Problem::bad_request("A line between chunks is too long.")),
        None => Ok(None),
    }
}

/// A size in hexadecimal, without signs or spaces; `None` if it is larger than all numbers. An extension may follow, and
/// means nothing (RFC 9112 §7.1).
fn chunk_size(line: &[u8]) -> Option<Result<u64, Problem>> {
    let digits = line.split(|&byte| byte == b';').next().unwrap_or_default();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Some(Err(Problem::bad_request("The size of a chunk is malformed.")));
    }
    let digits = str::from_utf8(digits).unwrap_or_default();
    u64::from_str_radix(digits, 16).ok().map(Ok)
}

/// Whether it is a header, which is not needed here.
fn is_trailer(line: &[u8]) -> bool {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
    !name.is_empty() && name.len() < line.len() && name.iter().all(is_token)
}
