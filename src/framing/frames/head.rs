//! The first 64 bytes of a frame.

use super::{MOST_CONTENT, MOST_HEADER, fault::Fault};

/// What each frame begins with. Its first byte begins no character in UTF-8, so a magic is never part of a JSON
/// header or of a text.
pub const MAGIC: [u8; 8] = *b"\x89PNG\x0e\x0b\x1b\x0b";

const VERSION: u16 = 1;

/// What a frame says about its parts. All numbers are big-endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The length of the JSON header in bytes.
    pub header_length: u32,
    /// The CRC-32 of the JSON header.
    pub header_checksum: u32,
    /// The length of the content in bytes.
    pub content_length: u64,
    /// The CRC-32 of the content.
    pub content_checksum: u32,
    /// The HMAC-SHA256 of the JSON header and the content.
    pub signature: [u8; 32],
}

impl Head {
    /// Its length in bytes.
    pub const LENGTH: usize = 64;

    /// Reads a head that begins with the magic, and checks that its lengths are plausible.
    pub(super) fn read(bytes: &[u8; Self::LENGTH]) -> Result<Self, Fault> {
        let version = u16::from_be_bytes(part(bytes, 8));
        if version != VERSION {
            return Err(Fault::Version(version));
        }
        // The type, at 10, says nothing: the JSON header has a better one.
        let head = Self {
            header_length: u32::from_be_bytes(part(bytes, 12)),
            header_checksum: u32::from_be_bytes(part(bytes, 16)),
            content_length: u64::from_be_bytes(part(bytes, 20)),
            content_checksum: u32::from_be_bytes(part(bytes, 28)),
            signature: part(bytes, 32),
        };
        if !(1..=MOST_HEADER).contains(&head.header_length) {
            return Err(Fault::HeaderLength(head.header_length));
        }
        if !(1..=MOST_CONTENT).contains(&head.content_length) {
            return Err(Fault::ContentLength(head.content_length));
        }
        Ok(head)
    }

    /// As bytes.
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        let parts: [(usize, &[u8]); 7] = [
            (0, &MAGIC),
            (8, &VERSION.to_be_bytes()),
            (12, &self.header_length.to_be_bytes()),
            (16, &self.header_checksum.to_be_bytes()),
            (20, &self.content_length.to_be_bytes()),
            (28, &self.content_checksum.to_be_bytes()),
            (32, &self.signature),
        ];
        for (at, part) in parts {
            bytes[at..at + part.len()].copy_from_slice(part);
        }
        bytes
    }
}

fn part<const N: usize>(bytes: &[u8; Head::LENGTH], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("it is N bytes long")
}
