//! What is known of a file before it is sent, and what its way is called.

use std::{fmt, str::FromStr};

mod name;
pub mod way;

pub use name::{FileName, InvalidFileName};

/// What a file is offered as. The digest says *which* bytes are offered: it ends the argument about
/// whether what arrived is what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What the receiver may call it.
    pub name: FileName,
    /// Its size.
    pub size: ByteCount,
    /// The SHA-256 of its bytes.
    pub digest: Digest,
}

/// So many bytes; shown as people say it: `1.5 MiB`.
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

/// A SHA-256, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Ok(Self(from_hex(text)?))
    }
}

/// The number of an offer. Never used twice, so a late `/acceptfile 3` can only miss, never hit
/// somebody else's file.
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

/// Lets whoever shows it take part in one transfer, once. It is random and long, so it cannot be
/// guessed; and as it must not be read in a log, only [`Token::reveal`] shows it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token([u8; 16]);

impl Token {
    /// A token of these random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// The 32 hexadecimal digits that its owner is told, and shows again.
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
    /// Whose file it is.
    Sender,
    /// Who gets it.
    Receiver,
}

/// Why a file did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The sender cannot read it any more.
    Unreadable,
    /// It is not what it was when it was offered.
    Changed,
    /// What arrived has another SHA-256.
    Damaged,
    /// The receiver's disk is full.
    DiskFull,
    /// The receiver cannot write it.
    Unwritable,
    /// This side's connection for the file ended too early.
    BrokenOff(Side),
    /// This side did nothing for too long.
    Stalled(Side),
    /// This side said something that makes no sense.
    Nonsense(Side),
    /// Not both sides connected in time.
    NotMet,
    /// It took too long altogether.
    TooSlow,
    /// The server could not do its part.
    Server,
}

/// Not written as it has to be.
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
    fn sizes_are_told_as_people_say_them() {
        let told = |bytes| ByteCount(bytes).to_string();
        assert_eq!([told(0), told(1023), told(1024), told(1536)], ["0 B", "1023 B", "1 KiB", "1.5 KiB"]);
        assert_eq!([told(10 << 20), told((1 << 20) - 1)], ["10 MiB", "1023.9 KiB"]);
        assert_eq!(told(u64::MAX), "16383.9 PiB");
    }

    #[test]
    fn a_digest_is_64_digits_and_nothing_else() {
        let digest = Digest([0xa5; 32]);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(digest.to_string().to_uppercase().parse(), Ok(digest));
        for wrong in ["", "a5", &"a5".repeat(33), &"é".repeat(32), &"+5".repeat(32)] {
            assert_eq!(wrong.parse::<Digest>(), Err(Malformed), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_told_only_to_whoever_asks_for_it_by_name() {
        let token = Token::new([7; 16]);
        assert_eq!(token.reveal().parse(), Ok(token));
        assert_eq!(format!("{token:?}"), "Token(secret)");
    }
}
