//! The key that signs frames.

use std::{fmt, sync::Arc};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The key that existing programs use by default.
pub const WELL_KNOWN: &str = "default-key";

/// How long a key may be, in bytes.
const LONGEST: usize = 4096;

/// A key, ready to sign. It keeps only the state of the HMAC before the first byte, which clients share.
#[derive(Clone)]
pub struct Key(Arc<Hmac<Sha256>>);

impl Key {
    /// The longest content of a file with a key, in bytes: the key and the end of its line.
    pub const LONGEST_FILE: usize = LONGEST + 2;

    /// A key of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Arc::new(Hmac::new_from_slice(bytes).expect("any length will do")))
    }

    /// The key in a file: its content without a newline at the end.
    ///
    /// # Errors
    /// Why the file holds no key: it is empty, or too long.
    pub fn of_file(content: &[u8]) -> Result<Self, &'static str> {
        let line = content.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let key = line.unwrap_or(content);
        match key.len() {
            0 => Err("it is empty"),
            length if length > LONGEST => Err("it has more than 4096 bytes"),
            _ => Ok(Self::new(key)),
        }
    }

    /// Begins a signature.
    pub(super) fn begin(&self) -> Hmac<Sha256> {
        Hmac::clone(&self.0)
    }

    /// Whether this is the signature of these two, one after the other.
    pub(super) fn has_signed(&self, header: &[u8], content: &[u8], signature: &[u8; 32]) -> bool {
        self.begin().chain_update(header).chain_update(content).verify(signature.into()).is_ok()
    }
}

/// The well-known one.
impl Default for Key {
    fn default() -> Self {
        Self::new(WELL_KNOWN.as_bytes())
    }
}

/// A key is a secret.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &[u8], expected: Result<&[u8], &str>) {
        match (Key::of_file(content), expected) {
            (Ok(key), Ok(bytes)) => {
                let signature = Key::new(bytes).begin().chain_update("ab").finalize().into_bytes().into();
                assert!(key.has_signed(b"a", b"b", &signature));
            }
            (read, expected) => assert_eq!(read.unwrap_err(), expected.unwrap_err()),
        }
    }

    #[test]
    fn a_key_is_the_content_of_its_file_without_the_last_newline() {
        check(b"secret", Ok(b"secret"));
        check(b"secret\n", Ok(b"secret"));
        check(b"secret\r\n", Ok(b"secret"));
        check(b"\xff\0 two\nlines\n\n", Ok(b"\xff\0 two\nlines\n"));
        check(&[b'x'; 4096], Ok(&[b'x'; 4096]));
        check(b"", Err("it is empty"));
        check(b"\n", Err("it is empty"));
        check(&[b'x'; 4097], Err("it has more than 4096 bytes"));
        check(&vec![b'x'; 1 << 20], Err("it has more than 4096 bytes"));
    }

    #[test]
    fn a_key_is_never_shown() {
        assert_eq!(format!("{:?}", Key::new(b"secret")), "Key(..)");
    }
}
