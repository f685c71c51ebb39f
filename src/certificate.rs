//! The certificate with which the server encrypts; it is reread when its files change.

use std::{
    fmt, fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};
use zeroize::Zeroizing;

/// How often the files are looked at, at most.
const LOOK: Duration = Duration::from_secs(1);

/// The two commands that make a certificate for trying.
pub const RECIPE: &str = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
openssl req -x509 -new -key key.pem -out cert.pem -days 365 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1 -addext basicConstraints=critical,CA:FALSE";

/// The files of a certificate, in the format PEM.
#[derive(Clone, Debug)]
pub struct Files {
    /// The certificate of the server, and after it those that lead to its issuer.
    pub chain: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// A certificate in use. Connections that are open keep the one with which they began.
pub struct Certificate {
    files: Files,
    loaded: Mutex<Loaded>,
}

struct Loaded {
    config: Arc<ServerConfig>,
    /// What the files were like when they were read last, even if they could not be used.
    stamps: [Option<Stamp>; 2],
    looked: Instant,
}

/// What changes when a file is written or replaced: the device, the file's number, its length, and when it was
/// written, in seconds and nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp(u64, u64, u64, i64, i64);

impl Certificate {
    /// Reads the files.
    ///
    /// # Errors
    /// One cannot be read, or they cannot be used.
    pub fn read(files: Files) -> Result<Self, Error> {
        // A change between this and the reading is seen with the next look.
        let stamps = files.stamps();
        let config = files.read()?;
        Ok(Self { loaded: Mutex::new(Loaded { config, stamps, looked: Instant::now() }), files })
    }

    /// What a new connection begins with. Looks at the files if that was not done for a second.
    pub fn config(&self) -> Arc<ServerConfig> {
        let must_look = {
            let mut loaded = self.loaded.lock();
            let must_look = loaded.looked.elapsed() >= LOOK;
            if must_look {
                loaded.looked = Instant::now();
            }
            must_look
        };
        // No other client waits for the disk.
        if must_look && self.files.stamps() != self.loaded.lock().stamps {
            self.reread();
        }
        Arc::clone(&self.loaded.lock().config)
    }

    /// Reads the files again now. If they cannot be used, the old certificate stays, with a warning.
    pub fn reread(&self) {
        let (stamps, read) = (self.files.stamps(), self.files.read());
        self.loaded.lock().replace(&self.files, stamps, read);
    }
}

impl Loaded {
    fn replace(&mut self, files: &Files, stamps: [Option<Stamp>; 2], read: Result<Arc<ServerConfig>, Error>) {
        self.stamps = stamps;
        match read {
            Ok(config) => {
                self.config = config;
                tracing::info!("the certificate was reread from {}", files.chain.display());
            }
            Err(error) => tracing::warn!("{error}. The old certificate stays in use"),
        }
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Files {
    fn stamps(&self) -> [Option<Stamp>; 2] {
        [&self.chain, &self.key].map(|path| {
            let file = fs::metadata(path).ok()?;
            Some(Stamp(file.dev(), file.ino(), file.len(), file.mtime(), file.mtime_nsec()))
        })
    }

    fn read(&self) -> Result<Arc<ServerConfig>, Error> {
        let (chain, key) = (&self.chain, &self.key);
        let bytes = read(chain)?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        let certificates = certificates.map_err(|source| Error::Malformed(chain.clone(), source))?;
        if certificates.is_empty() {
            return Err(Error::Malformed(chain.clone(), pem::Error::NoItemsFound));
        }
        let private = PrivateKeyDer::from_pem_slice(&read(key)?);
        let private = private.map_err(|source| Error::Malformed(key.clone(), source))?;
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(certificates, private))
            .map(Arc::new)
            .map_err(|source| Error::Unusable(self.clone(), source))
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let read = || {
        // A pipe could keep its reader waiting.
        if fs::metadata(path)?.is_file() { fs::read(path) } else { Err(io::Error::other("it is not a file")) }
    };
    read().map(Zeroizing::new).map_err(|source| Error::Read(path.to_owned(), source))
}

/// Why a certificate cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// This file cannot be read.
    Read(PathBuf, io::Error),
    /// This file does not hold what it should.
    Malformed(PathBuf, pem::Error),
    /// The certificate and the key do not fit together, or are of an unknown kind.
    Unusable(Files, rustls::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, source) => write!(f, "cannot read {}: {source}", path.display()),
            Self::Malformed(path, pem::Error::NoItemsFound) => {
                write!(f, "{} does not hold what it should, in the format PEM", path.display())
            }
            // The bytes of a key must not get into a message, and some of these errors hold them.
            Self::Malformed(path, _) => write!(f, "{} is damaged", path.display()),
            Self::Unusable(Files { chain, key }, source) => {
                let (chain, key) = (chain.display(), key.display());
                write!(f, "the certificate in {chain} cannot be used with the key in {key}: {source}")
            }
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a new certificate and its key into a folder.
    fn write(folder: &Path) -> Files {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let files = Files { chain: folder.join("cert.pem"), key: folder.join("key.pem") };
        fs::write(&files.chain, made.cert.pem()).unwrap();
        fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        files
    }

    #[test]
    fn a_damaged_file_is_told_and_no_key_gets_into_the_message() {
        let folder = tempfile::tempdir().unwrap();
        let files = write(folder.path());
        let why = |files: &Files| Certificate::read(files.clone()).map(drop).unwrap_err().to_string();
        let swapped = Files { chain: files.key.clone(), key: files.chain.clone() };
        assert!(why(&swapped).ends_with("key.pem does not hold what it should, in the format PEM"));
        let missing = Files { key: folder.path().join("none"), ..files.clone() };
        assert!(why(&missing).contains("none: No such file"));
        let strange = Files { key: files.key.with_file_name("strange"), ..files.clone() };
        fs::write(&strange.key, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
        assert!(why(&strange).contains("cannot be used with the key"));
        let key = fs::read_to_string(&files.key).unwrap();
        fs::write(&files.key, key.replacen("\nM", "\n!secret", 1)).unwrap();
        assert!(why(&files).ends_with("key.pem is damaged"));
    }

    #[test]
    fn a_new_certificate_is_used_and_a_bad_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let certificate = Certificate::read(write(folder.path())).unwrap();
        let first = certificate.config();
        assert!(Arc::ptr_eq(&first, &certificate.config()));
        write(folder.path());
        let is_due = || certificate.loaded.lock().looked -= LOOK;
        is_due();
        let second = certificate.config();
        assert!(!Arc::ptr_eq(&first, &second));
        fs::write(&certificate.files.key, "").unwrap();
        is_due();
        assert!(Arc::ptr_eq(&second, &certificate.config()));
        write(folder.path());
        certificate.reread();
        assert!(!Arc::ptr_eq(&second, &certificate.config()));
    }
}
