//! Certificates, and a client that speaks TLS.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tempfile::TempDir;

use super::{DEADLINE, Server};

/// A certificate for this name and its key, in files, which can be replaced.
pub(crate) struct Certified {
    folder: TempDir,
}

impl Certified {
    pub(crate) fn new(name: &str) -> Self {
        let certified = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        certified.renew(name);
        certified
    }

    /// Makes a new certificate, and puts it in the place of the old one.
    pub(crate) fn renew(&self, name: &str) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a name");
        for (path, content) in
            [(self.chain(), made.cert.pem()), (self.key(), made.signing_key.serialize_pem())]
        {
            let new = path.with_extension("new");
            fs::write(&new, content).and_then(|()| fs::rename(&new, path)).expect("a file");
        }
    }

    pub(crate) fn chain(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// A server with a door for each of these wires, and where they are.
    #[track_caller]
    pub(crate) fn server(&self, schemes: &[&str], options: &[&str]) -> (Server, Vec<SocketAddr>) {
        let (chain, key) = (self.chain(), self.key());
        let urls: Vec<_> = schemes.iter().map(|scheme| format!("{scheme}://127.0.0.1:0")).collect();
        let mut all = vec!["--tls-cert", path(&chain), "--tls-key", path(&key)];
        for url in &urls {
            all.extend(["--listen", url]);
        }
        all.extend(options);
        let mut server = Server::start(&all);
        let doors = schemes.iter().map(|scheme| server.announces(scheme)).collect();
        (server, doors)
    }

    /// What a client needs that trusts it.
    pub(crate) fn config(&self, versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.chain()).expect("a certificate")).expect("a root");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_protocol_versions(versions).expect("versions");
        Arc::new(config.with_root_certificates(roots).with_no_client_auth())
    }

    /// A client that trusts it.
    #[track_caller]
    pub(crate) fn connect(&self, address: SocketAddr) -> Secure {
        Secure::connect(address, self.config(rustls::DEFAULT_VERSIONS))
    }

    /// A client of this name in the text chat.
    #[track_caller]
    pub(crate) fn client(&self, address: SocketAddr, name: &str) -> Secure {
        let mut client = self.connect(address);
        client.says(&format!("/nick {name}"));
        client.hears_at_last(&format!("Nickname changed to '{name}'."));
        client
    }
}

/// A path as an option.
pub(crate) fn path(path: &Path) -> &str {
    path.to_str().expect("the temporary folder has a plain name")
}

/// A client that speaks TLS.
pub(crate) struct Secure {
    stream: StreamOwned<ClientConnection, TcpStream>,
    unread: Vec<u8>,
}

impl Secure {
    #[track_caller]
    pub(crate) fn connect(address: SocketAddr, config: Arc<ClientConfig>) -> Self {
        let name = ServerName::try_from("localhost").expect("a name");
        let mut session = ClientConnection::new(config, name).expect("a session");
        let mut socket = TcpStream::connect(address).expect("the server listens");
        socket.set_read_timeout(Some(DEADLINE)).expect("a socket");
        socket.set_write_timeout(Some(DEADLINE)).expect("a socket");
        socket.set_nodelay(true).expect("a socket");
        // Where the first bytes tell the wire, they must come soon. Only a server that refuses takes none.
        let _ = session.write_tls(&mut socket);
        Self { stream: StreamOwned::new(session, socket), unread: Vec::new() }
    }

    #[track_caller]
    pub(crate) fn says(&mut self, line: &str) {
        self.sends(format!("{line}\n").as_bytes());
    }

    #[track_caller]
    pub(crate) fn sends(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server takes it");
    }

    /// Reads some plain bytes.
    #[track_caller]
    pub(crate) fn reads(&mut self, buffer: &mut [u8]) -> usize {
        self.stream.read(buffer).expect("bytes in time")
    }

    /// Sends bytes unchanged. Returns whether the handshake succeeds, and the server takes them.
    pub(crate) fn is_taken(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Does the handshake, which must fail, and says why it does.
    #[track_caller]
    pub(crate) fn session_fails(&mut self) -> String {
        self.stream.read(&mut [0; 100]).expect_err("it fails").to_string()
    }

    /// Whether the handshake succeeds and the server says something.
    pub(crate) fn is_welcome(&mut self) -> bool {
        self.stream.read(&mut [0; 100]).is_ok_and(|length| length > 0)
    }

    /// The raw connection below TLS.
    pub(crate) fn socket(&mut self) -> &mut TcpStream {
        &mut self.stream.sock
    }

    /// What encrypts.
    pub(crate) fn session(&mut self) -> &mut ClientConnection {
        &mut self.stream.conn
    }

    /// The next line; `None` at an end with a goodbye of TLS, and a panic at one without.
    #[track_caller]
    pub(crate) fn next_line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.iter().position(|&b| b == b'\n') {
                let line: Vec<_> = self.unread.drain(..=end).collect();
                return Some(String::from_utf8(line[..end].to_vec()).expect("UTF-8"));
            }
            let mut bytes = [0; 16 * 1024];
            match self.stream.read(&mut bytes) {
                Ok(0) => {
                    assert_eq!(self.unread, b"", "the stream ends with a whole line");
                    return None;
                }
                Ok(length) => self.unread.extend(&bytes[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("waited for a line: {error}"),
            }
        }
    }

    #[track_caller]
    pub(crate) fn hears(&mut self, expected: &str) {
        assert_eq!(self.next_line().as_deref(), Some(expected));
    }

    #[track_caller]
    pub(crate) fn hears_at_last(&mut self, expected: &str) {
        let mut skipped = Vec::new();
        loop {
            match self.next_line() {
                Some(line) if line == expected => return,
                Some(line) => skipped.push(line),
                None => panic!("expected {expected:?}, and the stream ended after {skipped:?}"),
            }
        }
    }

    /// The server must say goodbye and close now.
    #[track_caller]
    pub(crate) fn hears_the_end(&mut self) {
        assert_eq!(self.next_line(), None);
    }
}
