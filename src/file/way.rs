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

/// The receiver's first line: what it has already, or why it cannot begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The receiver has the start of the file; nothing, if its length is 0.
    Prefix {
        /// The number of bytes.
        length: u64,
        /// The SHA-256 of these bytes.
        digest: Digest,
    },
    /// The receiver cannot begin.
    Failed(Fault),
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix { length, digest } => write!(f, "from {length} {digest}"),
            Self::Failed(fault) => failed(f, *fault),
        }
    }
}

impl FromStr for Kept {
    type Err = Malformed;

    fn from_str(line: &str) -> Result<Self, Malformed> {
        let Some(rest) = line.strip_prefix("from ") else { return fault(line).map(Self::Failed) };
        let (length, digest) = rest.split_once(' ').ok_or(Malformed)?;
        Ok(Self::Prefix { length: length.parse().map_err(|_| Malformed)?, digest: digest.parse()? })
    }
}

/// The sender's first line: where it begins, or why it cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The bytes from this position on follow.
    From(u64),
    /// The sender cannot begin.
    Failed(Fault),
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From(place) => write!(f, "from {place}"),
            Self::Failed(fault) => failed(f, *fault),
        }
    }
}

impl FromStr for Start {
    type Err = Malformed;

    fn from_str(line: &str) -> Result<Self, Malformed> {
        match line.strip_prefix("from ") {
            Some(place) => place.parse().map(Self::From).map_err(|_| Malformed),
            None => fault(line).map(Self::Failed),
        }
    }
}

/// The receiver's last line: whether it has the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The whole file is in its place.
    Received,
    /// The file did not arrive.
    Failed(Fault),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Received => f.write_str("received"),
            Self::Failed(fault) => failed(f, *fault),
        }
    }
}

impl FromStr for Verdict {
    type Err = Malformed;

    fn from_str(line: &str) -> Result<Self, Malformed> {
        if line == "received" { Ok(Self::Received) } else { fault(line).map(Self::Failed) }
    }
}

/// The faults that a client can report, and the words for them.
const FAULTS: [(Fault, &str); 5] = [
    (Fault::Unreadable, "unreadable"),
    (Fault::Changed, "changed"),
    (Fault::Damaged, "damaged"),
    (Fault::DiskFull, "disk-full"),
    (Fault::Unwritable, "unwritable"),
];

fn failed(f: &mut fmt::Formatter<'_>, fault: Fault) -> fmt::Result {
    let word = FAULTS.iter().find(|(known, _)| *known == fault).map_or("unwritable", |(_, word)| word);
    write!(f, "failed {word}")
}

fn fault(line: &str) -> Result<Fault, Malformed> {
    let said = line.strip_prefix("failed ").ok_or(Malformed)?;
    FAULTS.iter().find(|(_, word)| *word == said).map(|(fault, _)| *fault).ok_or(Malformed)
}

/// Reads one line and parses it. What follows stays unread, because it may be the file.
///
/// # Errors
/// Those of reading; [`io::ErrorKind::UnexpectedEof`] if the input ends before the line does;
/// [`io::ErrorKind::InvalidData`] if the line is not part of the protocol.
pub fn read_line<T: FromStr>(input: &mut impl BufRead) -> io::Result<T> {
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
        for kept in [Kept::Prefix { length: 4096, digest: Digest([1; 32]) }, Kept::Failed(Fault::Unwritable)]
        {
            assert_eq!(kept.to_string().parse(), Ok(kept));
        }
        for start in [Start::From(0), Start::From(u64::MAX), Start::Failed(Fault::Changed)] {
            assert_eq!(start.to_string().parse(), Ok(start));
        }
        for verdict in FAULTS.map(|(fault, _)| Verdict::Failed(fault)).into_iter().chain([Verdict::Received])
        {
            assert_eq!(verdict.to_string().parse(), Ok(verdict));
        }
        assert_eq!("failed utterly".parse::<Verdict>(), Err(Malformed));
        assert_eq!("from -1".parse::<Start>(), Err(Malformed));
    }

    #[test]
    fn the_bytes_after_a_line_are_not_consumed() {
        let mut input = &b"from 0\nfrom 1\n"[..];
        assert_eq!(read_line::<Start>(&mut input).unwrap(), Start::From(0));
        assert_eq!(input, b"from 1\n");
    }

    #[test]
    fn a_line_that_is_unfinished_invalid_or_too_long_is_an_error() {
        let kind = |bytes: &[u8]| read_line::<Start>(&mut &bytes[..]).unwrap_err().kind();
        assert_eq!(kind(b"from 1"), io::ErrorKind::UnexpectedEof);
        assert_eq!(kind(b"from x\n"), io::ErrorKind::InvalidData);
        assert_eq!(kind(b"\xff\n"), io::ErrorKind::InvalidData);
        assert_eq!(kind(&[b'x'; 200]), io::ErrorKind::InvalidData);
    }
}
