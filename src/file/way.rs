//! The protocol of the two connections that carry a file.
//!
//! Each side connects to the server's port for files and sends its token on a line. Then the server
//! passes on these lines and the file:
//!
//! ```text
//!  receiver ─▶ sender     from 4096 9f86d081…    I have 4096 bytes with this SHA-256
//!  sender ─▶ receiver     from 4096              the same here, the rest follows; `from 0`: all follows
//!  sender ─▶ receiver     the bytes
//!  receiver ─▶ server     received               or: failed disk-full
//! ```
//!
//! A side that cannot begin sends `failed …` instead.

use std::{
    fmt,
    io::{self, BufRead, Read},
    str::FromStr,
};

use super::{Digest, Fault, Malformed};

/// The longest line, in bytes with its newline.
const LONGEST: u64 = 128;

/// A line of either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The receiver has the start of the file; nothing, if its length is 0.
    Kept {
        /// The number of bytes.
        length: u64,
        /// The SHA-256 of these bytes.
        digest: Digest,
    },
    /// The sender's bytes from this position on follow.
    From(u64),
    /// The receiver has the whole file in its place.
    Received,
    /// This side cannot begin, or the file did not arrive.
    Failed(Fault),
}

/// The faults that a client can report, and the words for them.
const FAULTS: [(Fault, &str); 5] = [
    (Fault::Unreadable, "unreadable"),
    (Fault::Changed, "changed"),
    (Fault::Damaged, "damaged"),
    (Fault::DiskFull, "disk-full"),
    (Fault::Unwritable, "unwritable"),
];

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept { length, digest } => write!(f, "from {length} {digest}"),
            Self::From(place) => write!(f, "from {place}"),
            Self::Received => f.write_str("received"),
            Self::Failed(fault) => {
                let row = FAULTS.iter().find(|(known, _)| known == fault);
                write!(f, "failed {}", row.map_or("unwritable", |(_, word)| word))
            }
        }
    }
}

impl FromStr for Line {
    type Err = Malformed;

    fn from_str(line: &str) -> Result<Self, Malformed> {
        let number = |digits: &str| digits.parse().map_err(|_| Malformed);
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["from", length, digest] => Ok(Self::Kept { length: number(length)?, digest: digest.parse()? }),
            ["from", place] => Ok(Self::From(number(place)?)),
            ["received"] => Ok(Self::Received),
            ["failed", said] => {
                let row = FAULTS.iter().find(|(_, word)| *word == said).ok_or(Malformed)?;
                Ok(Self::Failed(row.0))
            }
            _ => Err(Malformed),
        }
    }
}

/// Reads one line and parses it. What follows stays unread, because it may be the file.
///
/// # Errors
/// Those of reading; [`io::ErrorKind::UnexpectedEof`] if the input ends before the line does;
/// [`io::ErrorKind::InvalidData`] if the line is not part of the protocol.
pub fn read_line(input: &mut impl BufRead) -> io::Result<Line> {
    let mut line = Vec::new();
    input.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
    match line.strip_suffix(b"\n") {
        None if (line.len() as u64) < LONGEST => Err(io::ErrorKind::UnexpectedEof.into()),
        None => Err(io::ErrorKind::InvalidData.into()),
        Some(line) => {
            let parsed = str::from_utf8(line).ok().and_then(|line| line.parse().ok());
            parsed.ok_or_else(|| io::ErrorKind::InvalidData.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_parsed_as_it_was_written() {
        let kept = Line::Kept { length: 4096, digest: Digest([1; 32]) };
        let failed = FAULTS.map(|(fault, _)| Line::Failed(fault));
        for line in [kept, Line::From(0), Line::From(u64::MAX), Line::Received].into_iter().chain(failed) {
            assert_eq!(line.to_string().parse(), Ok(line));
        }
        for wrong in ["failed utterly", "from -1", "from 1 ", "received it", ""] {
            assert_eq!(wrong.parse::<Line>(), Err(Malformed), "{wrong}");
        }
    }

    #[test]
    fn the_bytes_after_a_line_are_not_consumed() {
        let mut input = &b"from 0\nfrom 1\n"[..];
        assert_eq!(read_line(&mut input).unwrap(), Line::From(0));
        assert_eq!(input, b"from 1\n");
    }

    #[test]
    fn a_line_that_is_unfinished_invalid_or_too_long_is_an_error() {
        let kind = |bytes: &[u8]| read_line(&mut &bytes[..]).unwrap_err().kind();
        assert_eq!(kind(b"from 1"), io::ErrorKind::UnexpectedEof);
        assert_eq!(kind(b"from x\n"), io::ErrorKind::InvalidData);
        assert_eq!(kind(b"\xff\n"), io::ErrorKind::InvalidData);
        assert_eq!(kind(&[b'x'; 200]), io::ErrorKind::InvalidData);
    }
}
