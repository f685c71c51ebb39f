//! The SHA-256 of a file while it is read or written.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use crate::file::Digest;

/// How many bytes are read at a time.
pub(super) const CHUNK: usize = 64 * 1024;

/// An unfinished digest.
#[derive(Clone, Default)]
pub(super) struct Hasher {
    sha256: Sha256,
    length: u64,
}

impl Hasher {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.length += bytes.len() as u64;
    }

    /// Reads to the end, and adds the bytes.
    pub(super) fn read(&mut self, mut from: impl Read) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        loop {
            match from.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(length) => self.update(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// How many bytes were added.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The digest of all bytes so far.
    pub(super) fn digest(&self) -> Digest {
        Digest(self.sha256.clone().finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_match_the_examples_of_the_standard() {
        // FIPS 180-4, the examples of its appendix.
        let mut hasher = Hasher::default();
        assert!(hasher.digest().to_string().starts_with("e3b0c442"));
        hasher.read(&b"abc"[..]).unwrap();
        assert_eq!(hasher.length(), 3);
        assert_eq!(
            hasher.digest().to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
