//! TLS: a certificate for all servers, and the clients' side of a connection.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore,
    crypto::{CryptoProvider, ring},
};

use crate::failure::{Failure, Result};

/// The name of all servers.
const NAME: &str = "localhost";

/// What all servers and clients of this run share.
struct Trust {
    chain: String,
    key: String,
    client: Arc<ClientConfig>,
}

fn trust() -> &'static Trust {
    static TRUST: OnceLock<Trust> = OnceLock::new();
    TRUST.get_or_init(|| {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("the name is one");
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).expect("it was made just now");
        // One suite for all, so that no server has a cheaper one than another.
        let provider = CryptoProvider {
            cipher_suites: vec![ring::cipher_suite::TLS13_AES_128_GCM_SHA256],
            ..ring::default_provider()
        };
        let client = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("the suite is of this version")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Trust { chain: made.cert.pem(), key: made.signing_key.serialize_pem(), client: client.into() }
    })
}

/// Writes the certificate and its key into files of a folder.
pub(crate) fn write_certificate(folder: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let (chain, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    fs::write(&chain, &trust().chain)?;
    fs::write(&key, &trust().key)?;
    Ok((chain, key))
}

/// When the handshake begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    AtOnce,
    /// After a line of the server that is not encrypted.
    AfterALine,
}

/// One client's connection.
pub(crate) struct Tls {
    connection: ClientConnection,
    handshake: Handshake,
}

impl Tls {
    pub(crate) fn new(handshake: Handshake) -> Result<Self> {
        let name = NAME.try_into().expect("it is a name");
        let connection = ClientConnection::new(Arc::clone(&trust().client), name)
            .map_err(|error| Failure::Broken(error.to_string()))?;
        Ok(Self { connection, handshake })
    }

    /// Encrypts what the client says. Before the handshake is done, it waits.
    pub(crate) fn pack(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.connection.writer().write_all(bytes).expect("memory takes it");
        self.write(out);
    }

    fn write(&mut self, out: &mut Vec<u8>) {
        while self.handshake == Handshake::AtOnce && self.connection.wants_write() {
            self.connection.write_tls(out).expect("memory takes it");
        }
    }

    /// Appends to `heard` what was encrypted, and to `out` what must be sent now.
    pub(crate) fn unpack(
        &mut self,
        mut bytes: &[u8],
        heard: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        if self.handshake == Handshake::AfterALine {
            let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
            heard.extend_from_slice(&bytes[..end]);
            if heard.ends_with(b"\n") {
                self.handshake = Handshake::AtOnce;
            }
            bytes = &bytes[end..];
        }
        while !bytes.is_empty() {
            self.connection.read_tls(&mut bytes).map_err(|error| error.to_string())?;
            let state = self.connection.process_new_packets().map_err(|error| error.to_string())?;
            let before = heard.len();
            heard.resize(before + state.plaintext_bytes_to_read(), 0);
            self.connection.reader().read_exact(&mut heard[before..]).map_err(|error| error.to_string())?;
        }
        self.write(out);
        Ok(())
    }
}
