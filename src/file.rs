//! A file on offer: its label, its offer's number, the tokens of its transfer and why that may fail.

use std::{fmt, str::FromStr};

mod name;
pub mod way;

pub use name::FileName;

/// The description of an offered file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The file's name.
    pub name: FileName,
    /// The file's size.
    pub size: ByteCount,
    /// What proves that the file that arrives is the one that was offered.
    pub digest: Promise,
}

/// The SHA-256 that a sender promises for its file; none, shown as `-`, if its program cannot compute one. A page in a
/// browser can do so only where the connection is safe from eavesdroppers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise(pub Option<Digest>);

impl Promise {
    /// Whether a file with this digest is the promised one, as far as anyone can tell.
    pub fn allows(self, digest: Digest) -> bool {
        self.0.is_none_or(|promised| promised == digest)
    }
}

impl From<Digest> for Promise {
    fn from(digest: Digest) -> Self {
        Self(Some(digest))
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(digest) => digest.fmt(f),
            None => f.write_str("-"),
        }
    }
}

impl FromStr for Promise {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text == "-" { Ok(Self(None)) } else { text.parse().map(|digest| Self(Some(digest))) }
    }
}

/// A number of bytes, shown in the usual unit: `1.5 MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteCount(pub u64);

impl fmt::Display for ByteCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
        if self.0 < 1024 {
            return write!(f, "{} B", self.0);
        }
        let (mut tenths, mut unit) = (u128::from(self.0) * 10 / 1024, 0);
        while tenths >= 10_240 && unit + 1 < UNITS.len() {
            (tenths, unit) = (tenths / 1024, unit + 1);
        }
        match (tenths / 10, tenths % 10) {
            (whole, 0) => write!(f, "{whole} {}", UNITS[unit]),
            (whole, tenth) => write!(f, "{whole}.{tenth} {}", UNITS[unit]),
        }
    }
}

/// A SHA-256, shown as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Digest {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Ok(Self(from_hex(text)?))
    }
}

/// The number of an offer. It is never used twice, so a late `/acceptfile 3` cannot accept another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OfferId(pub u64);

impl fmt::Display for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for OfferId {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        text.parse().map(Self).map_err(|_| Malformed)
    }
}

/// The right to take part in one transfer, once. It is too long to guess. Only [`Token::reveal`] shows
/// it, so that it does not get into a log by mistake.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token([u8; 16]);

impl Token {
    /// Makes a token from random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// The token as 32 hexadecimal digits, for its owner.
    pub fn reveal(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(secret)")
    }
}

impl FromStr for Token {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Ok(Self(from_hex(text)?))
    }
}

/// The two ends of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The client that offers the file.
    Sender,
    /// The client that the file is offered to.
    Receiver,
}

/// Why a file did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The sender can no longer read the file.
    Unreadable,
    /// The file has changed since it was offered.
    Changed,
    /// The file that arrived has a different SHA-256.
    Damaged,
    /// The receiver's disk is full.
    DiskFull,
    /// The receiver cannot write the file.
    Unwritable,
    /// This side's connection for the file ended early.
    BrokenOff(Side),
    /// This side's connection was idle for too long.
    Stalled(Side),
    /// This side broke the protocol.
    Nonsense(Side),
    /// One side did not connect in time.
    NotMet,
    /// The transfer took too long.
    TooSlow,
    /// The server had an internal error.
    Server,
}

/// The text does not follow its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

fn from_hex<const N: usize>(text: &str) -> Result<[u8; N], Malformed> {
    if text.len() != 2 * N || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Malformed);
    }
    let mut bytes = [0; N];
    for (byte, i) in bytes.iter_mut().zip(0..) {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| Malformed)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_in_the_usual_unit() {
        let told = |bytes| ByteCount(bytes).to_string();
        assert_eq!([told(0), told(1023), told(1024), told(1536)], ["0 B", "1023 B", "1 KiB", "1.5 KiB"]);
        assert_eq!([told(10 << 20), told((1 << 20) - 1)], ["10 MiB", "1023.9 KiB"]);
        assert_eq!(told(u64::MAX), "16383.9 PiB");
    }

    #[test]
    fn a_digest_is_64_hexadecimal_digits_and_nothing_else() {
        let digest = Digest([0xa5; 32]);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(digest.to_string().to_uppercase().parse(), Ok(digest));
        for wrong in ["", "a5", &"a5".repeat(33), &"é".repeat(32), &"+5".repeat(32)] {
            assert_eq!(wrong.parse::<Digest>(), Err(Malformed), "{wrong}");
        }
    }

    #[test]
    fn a_promise_is_a_digest_or_a_dash() {
        let (digest, other) = (Digest([0xa5; 32]), Digest([1; 32]));
        assert_eq!((digest.to_string().parse(), "-".parse()), (Ok(Promise::from(digest)), Ok(Promise(None))));
        assert_eq!(Promise(None).to_string(), "-");
        for wrong in ["", "--", "- ", "none"] {
            assert_eq!(wrong.parse::<Promise>(), Err(Malformed), "{wrong}");
        }
        assert!(Promise::from(digest).allows(digest) && !Promise::from(digest).allows(other));
        assert!(Promise(None).allows(other));
    }

    #[test]
    fn a_token_is_not_in_its_debug_output() {
        let token = Token::new([7; 16]);
        assert_eq!(token.reveal().parse(), Ok(token));
        assert_eq!(format!("{token:?}"), "Token(secret)");
    }
}
