//! The key that signs frames.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The key that existing programs use by default.
pub const WELL_KNOWN: &str = "default-key";

/// How long a key may be, in bytes. A wrong file is not read to its end.
const LONGEST: usize = 4096;

/// A key, ready to sign. It keeps only the state of the HMAC before the first byte, which clients share.
#[derive(Clone)]
pub struct Key(Arc<Hmac<Sha256>>);

impl Key {
    /// A key of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Arc::new(Hmac::new_from_slice(bytes).expect("any length will do")))
    }

    /// The content of a file, without a newline at its end.
    ///
    /// # Errors
    /// The file cannot be read, or holds no key of 1 to 4096 bytes.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 3));
        File::open(path)?.take(LONGEST as u64 + 3).read_to_end(&mut bytes)?;
        let key =
            bytes.strip_suffix(b"\n").map_or(&bytes[..], |line| line.strip_suffix(b"\r").unwrap_or(line));
        let why = match key.len() {
            0 => "it is empty",
            length if length > LONGEST => "it has more than 4096 bytes",
            _ => return Ok(Self::new(key)),
        };
        Err(io::Error::new(io::ErrorKind::InvalidData, why))
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
        let mut file = tempfile::NamedTempFile::new().unwrap();
        io::Write::write_all(&mut file, content).unwrap();
        match (Key::read(file.path()), expected) {
            (Ok(key), Ok(bytes)) => {
                let signature = Key::new(bytes).begin().chain_update("ab").finalize().into_bytes().into();
                assert!(key.has_signed(b"a", b"b", &signature));
            }
            (read, expected) => {
                assert_eq!(read.unwrap_err().to_string(), expected.unwrap_err());
            }
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
