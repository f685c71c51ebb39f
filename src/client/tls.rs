//! TLS for the client: which servers it trusts, and a connection that encrypts.

use std::{
    env,
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::{Args, builder::BoolishValueParser};
use parking_lot::Mutex;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct,
    Error as TlsError, RootCertStore, SignatureScheme, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};

/// How long the server may be silent in the handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a server that speaks first may take for its welcome.
const SILENCE: Duration = Duration::from_secs(1);

/// How many raw bytes are read at once. With more, the last record of a read could find no room.
const CHUNK: usize = 1536;

/// Where the systems keep the certificates of the issuers that they trust.
const ISSUERS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Whether the connection is encrypted, and which servers are trusted.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Security {
    /// Whether to encrypt the connection with TLS. The server must have a certificate for the name you connect to.
    /// Without this option, the client encrypts if the server is on another machine and its port waits for TLS.
    #[arg(long, env = "CHAT_TLS", value_name = "YES|NO", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", hide_possible_values = true, value_parser = BoolishValueParser::new())]
    tls: Option<bool>,

    /// Trust the issuers in this file (PEM) instead of those that the system trusts.
    #[arg(long, env = "CHAT_TLS_CA", value_name = "FILE")]
    tls_ca: Option<PathBuf>,

    /// Do not check who the server is. Use this only to try something.
    #[arg(long, requires = "tls", conflicts_with = "tls_ca")]
    tls_insecure: bool,
}

/// A connection that is encrypted. It has one reader and one writer, which do not wait for each other.
pub(super) struct Encrypted {
    socket: TcpStream,
    session: Mutex<ClientConnection>,
    /// Held while a record is sent, so that records stay in order.
    sending: Mutex<()>,
}

impl Security {
    /// Whether the connection must be encrypted.
    pub(super) fn is_demanded(&self) -> bool {
        self.tls == Some(true)
    }

    /// Whether this connection is to be encrypted. If the user does not say, it is one to another machine whose
    /// server does not speak first, as it does on a port without TLS.
    pub(super) fn is_chosen(&self, socket: &TcpStream, is_far: bool) -> io::Result<bool> {
        match self.tls {
            Some(is_chosen) => Ok(is_chosen),
            None => Ok(is_far && is_silent(socket)?),
        }
    }

    /// Does the handshake with the server of this host.
    pub(super) fn encrypt(&self, host: &str, socket: TcpStream) -> io::Result<Encrypted> {
        let mut session = self.session(host)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        while session.is_handshaking() {
            session.complete_io(&mut &socket).map_err(|error| explained(host, error))?;
        }
        while session.wants_write() {
            session.write_tls(&mut &socket)?;
        }
        socket.set_read_timeout(None)?;
        socket.set_write_timeout(None)?;
        Ok(Encrypted { socket, session: Mutex::new(session), sending: Mutex::new(()) })
    }

    fn session(&self, host: &str) -> io::Result<ClientConnection> {
        let config = self.config().map_err(io::Error::other)?;
        let plain_host = host.split('%').next().unwrap_or(host).to_owned();
        let name = ServerName::try_from(plain_host)
            .map_err(|_| io::Error::other(format!("no certificate can be for the name '{host}'")))?;
        ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)
    }

    fn config(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        if self.tls_insecure {
            let trusting = Arc::new(Trusting(provider));
            return Ok(config.dangerous().with_custom_certificate_verifier(trusting).with_no_client_auth());
        }
        let roots = self.tls_ca.as_deref().map_or_else(trusted_by_the_system, issuers)?;
        Ok(config.with_root_certificates(roots).with_no_client_auth())
    }
}

/// Does the handshake with the server of this host, for one thread that reads and writes. Without a file of issuers,
/// those count that the system trusts.
///
/// # Errors
/// The server cannot be trusted, or does not speak TLS. A server that is full is [`ErrorKind::ResourceBusy`].
pub(crate) fn encrypt(
    host: &str,
    socket: TcpStream,
    issuers: Option<&Path>,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let security = Security { tls: Some(true), tls_ca: issuers.map(Path::to_owned), tls_insecure: false };
    let mut session = security.session(host)?;
    while session.is_handshaking() {
        session.complete_io(&mut &socket).map_err(|error| explained(host, error))?;
    }
    Ok(StreamOwned::new(session, socket))
}

/// Whether the server says nothing for a while.
fn is_silent(socket: &TcpStream) -> io::Result<bool> {
    socket.set_read_timeout(Some(SILENCE))?;
    let peeked = socket.peek(&mut [0]);
    socket.set_read_timeout(None)?;
    match peeked {
        Ok(_) => Ok(false),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(true),
        Err(error) => Err(error),
    }
}

fn trusted_by_the_system() -> Result<RootCertStore, String> {
    let file = env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let file = file.or_else(|| ISSUERS.iter().map(PathBuf::from).find(|path| path.exists()));
    // Without any, the server's issuer is unknown, and that is explained.
    file.map_or_else(|| Ok(RootCertStore::empty()), |path| issuers(&path))
}

/// The issuers in a file.
fn issuers(path: &Path) -> Result<RootCertStore, String> {
    let path_shown = path.display();
    let unusable = |why: &str| format!("cannot use the certificates in {path_shown}: {why}");
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unusable(&error.to_string()))?;
    let mut roots = RootCertStore::empty();
    // The system may have some that nothing can use.
    roots.add_parsable_certificates(certificates.filter_map(Result::ok));
    if roots.is_empty() { Err(unusable("there are none in the format PEM")) } else { Ok(roots) }
}

/// Says why a handshake failed, and what to do.
fn explained(host: &str, error: io::Error) -> io::Error {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    let words = match (tls, error.kind()) {
        (Some(TlsError::InvalidCertificate(why)), _) => explained_certificate(host, why),
        (Some(TlsError::InvalidMessage(_)), _) => {
            "the server does not speak TLS at this port. Use --tls=no, or check the port.".to_owned()
        }
        (Some(TlsError::AlertReceived(AlertDescription::InternalError)), _) => {
            let words = "the server lets no more clients in. Try again later.";
            return io::Error::new(ErrorKind::ResourceBusy, words);
        }
        (None, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {
            "the server closed the connection in the handshake of TLS. Use --tls=no, or check the port."
                .to_owned()
        }
        (None, ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            "the server does not answer with TLS. Use --tls=no, or check the port.".to_owned()
        }
        _ => return error,
    };
    io::Error::new(error.kind(), words)
}

fn explained_certificate(host: &str, why: &CertificateError) -> String {
    use CertificateError as Why;
    match why {
        Why::NotValidForName | Why::NotValidForNameContext { .. } => format!(
            "the certificate of the server is not for the name '{host}'. Connect to a name that it is for."
        ),
        // Another issuer can have the same name.
        Why::UnknownIssuer | Why::BadSignature => {
            "the issuer of the server's certificate is unknown. If you trust it, give its \
                               certificate with --tls-ca FILE."
                .to_owned()
        }
        Why::Expired | Why::ExpiredContext { .. } => {
            "the certificate of the server has expired. Tell its operator.".to_owned()
        }
        Why::NotValidYet | Why::NotValidYetContext { .. } => {
            "the certificate of the server is not valid yet. Check the clock of this machine.".to_owned()
        }
        Why::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "the certificate of the server is made for an issuer. Make one with basicConstraints=CA:FALSE."
                .to_owned()
        }
        other => format!("the certificate of the server is invalid: {other}"),
    }
}

impl Encrypted {
    /// The connection below.
    pub(super) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Closes one or both directions, with a goodbye if that need not wait.
    pub(super) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        if how != Shutdown::Read
            && let Some(_turn) = self.sending.try_lock()
        {
            let goodbye = {
                let mut session = self.session.lock();
                session.send_close_notify();
                written(&mut session)
            };
            // A server that does not read does not get it.
            self.socket.set_write_timeout(Some(Duration::from_millis(100)))?;
            let _ = (&self.socket).write_all(&goodbye);
        }
        self.socket.shutdown(how)
    }

    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let ready = self.session.lock().reader().read(buffer);
            match ready {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                ready => return ready,
            }
            let mut raw = [0; CHUNK];
            let length = (&self.socket).read(&mut raw)?;
            let mut raw = &raw[..length];
            if raw.is_empty() {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let mut session = self.session.lock();
            while !raw.is_empty() && session.read_tls(&mut raw)? > 0 {
                session.process_new_packets().map_err(io::Error::other)?;
            }
        }
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let _turn = self.sending.lock();
        let (length, raw) = {
            let mut session = self.session.lock();
            (session.writer().write(bytes)?, written(&mut session))
        };
        // Never while the session is locked: the reader must not wait for a server that does not read.
        (&self.socket).write_all(&raw)?;
        Ok(length)
    }
}

/// What is to be sent.
fn written(session: &mut ClientConnection) -> Vec<u8> {
    let mut raw = Vec::new();
    while session.wants_write() {
        session.write_tls(&mut raw).expect("a Vec takes everything");
    }
    raw
}

/// Takes every certificate, but not a server that has no key for it.
#[derive(Debug)]
struct Trusting(Arc<CryptoProvider>);

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn without_a_wish_only_a_far_server_that_is_silent_is_spoken_to_in_tls() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let chosen = |tls, is_far| {
            let security = Security { tls, ..Security::default() };
            security.is_chosen(&client, is_far).unwrap()
        };
        assert!(chosen(None, true), "it waits for TLS");
        assert!(!chosen(None, false), "it is on this machine");
        server.write_all(b"Welcome!").unwrap();
        assert!(!chosen(None, true), "it speaks text");
        assert!(chosen(Some(true), false) && !chosen(Some(false), true), "the user decides");
        assert_eq!((&client).read(&mut [0; 9]).unwrap(), 8, "nothing is lost");
    }
}
