//! `--probe URL`: asks a running server whether it answers, as the health check of a container does.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    str::FromStr,
    thread,
    time::Duration,
};

use crossbeam_channel::bounded;

use crate::{
    client::tls,
    event::Event,
    wire::{Location, Url},
};

/// How long all of it may take. Health checks often wait no longer than five seconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most bytes that are read. No server needs as many to show that it answers.
const MOST: u64 = 16 * 1024;

/// The path that is asked for over HTTP if the URL has none.
const PATH: &str = "/healthz";

/// A door to ask, and what it should answer.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    url: String,
    door: Url,
    /// What to send.
    question: String,
    /// How the answer begins if all is well.
    answer: &'static [u8],
}

impl FromStr for Probe {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let (door, path) = divide(url);
        let door: Url = door.parse()?;
        let (question, answer): (_, &[u8]) = match door.scheme.wire.scheme {
            "http" => (request(&door, path)?, b"HTTP/1.1 200 "),
            "json" | "any" => ("{\"type\":\"rooms\"}\n".into(), b"{\"type\":\"rooms\","),
            "verbs" => ("LIST CHAT_ROOMS\n".into(), b"MSG "),
            "frames" => (String::new(), door.scheme.wire.begins[0]),
            "text" => (String::new(), b"Welcome! "),
            "unframed" => (String::new(), b"Your nickname: "),
            scheme => {
                return Err(format!("a server cannot be asked over '{scheme}'; use another of its doors"));
            }
        };
        Ok(Self { url: url.to_owned(), door, question, answer })
    }
}

/// The URL of a door, and the path that is asked for there. That of a Unix socket's door has no other path.
fn divide(url: &str) -> (&str, &str) {
    let place = ["http://", "https://", "http+tls://"]
        .iter()
        .find(|scheme| url.starts_with(**scheme))
        .map(|it| it.len());
    let path = place.and_then(|place| Some(place + url[place..].find('/')?));
    path.map_or((url, PATH), |path| url.split_at(path))
}

fn request(door: &Url, path: &str) -> Result<String, String> {
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("'{}' is not a path of a URL", path.escape_debug()));
    }
    let host = match &door.location {
        Location::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
        Location::Tcp { host, port } => format!("{host}:{port}"),
        Location::Unix(_) => "localhost".to_owned(),
    };
    Ok(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
}

impl Probe {
    /// Asks, and returns the sentence that says that the server answers. Over TLS, it must have a certificate from one
    /// of these issuers.
    ///
    /// # Errors
    /// The sentence that says why not.
    pub(super) fn ask(&self, issuers: Option<&Path>) -> Result<String, String> {
        let (tell, told) = bounded(1);
        let (url, probe, issuers) = (&self.url, self.clone(), issuers.map(PathBuf::from));
        // Looking up a name has no time limit. If this takes too long, the thread ends with the program.
        let asking = move || drop(tell.send(probe.connect_and_ask(issuers.as_deref())));
        let thread = thread::Builder::new().name("probe".to_owned()).spawn(asking);
        thread.map_err(|error| format!("cannot start a thread: {error}"))?;
        match told.recv_timeout(PATIENCE) {
            Ok(Ok(heard)) => self.judge(&heard),
            Ok(Err(error)) if error.kind() == ErrorKind::ResourceBusy => {
                Ok(format!("{url} answers, and is full."))
            }
            Ok(Err(error)) => {
                // What to do about it is written for users.
                let why = error.to_string();
                let why = why.split(". ").next().unwrap_or_default().trim_end_matches('.');
                Err(format!("{url} does not answer: {why}."))
            }
            Err(_) => Err(format!("{url} does not answer within {} seconds.", PATIENCE.as_secs())),
        }
    }

    fn connect_and_ask(&self, issuers: Option<&Path>) -> io::Result<Vec<u8>> {
        match &self.door.location {
            Location::Tcp { host, port } => {
                let socket = TcpStream::connect((host.as_str(), *port))?;
                if self.door.scheme.is_encrypted {
                    self.converse(tls::encrypt(host, socket, issuers)?)
                } else {
                    self.converse(socket)
                }
            }
            Location::Unix(socket) => self.converse(UnixStream::connect(&socket.path)?),
        }
    }

    /// Sends the question, and reads until the answer is there, or nothing more comes.
    fn converse(&self, mut server: impl Read + Write) -> io::Result<Vec<u8>> {
        let mut heard = Vec::new();
        server.write_all(self.question.as_bytes())?;
        let mut server = server.take(MOST);
        let mut bytes = [0; 1024];
        while !heard.starts_with(self.answer) {
            match server.read(&mut bytes) {
                Ok(0) => break,
                Ok(length) => heard.extend_from_slice(&bytes[..length]),
                // A server that refuses a client may close before it has read the question.
                Err(_) if !heard.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(heard)
    }

    /// A full server is healthy: restarting it would only disconnect its clients.
    fn judge(&self, heard: &[u8]) -> Result<String, String> {
        let (url, said) = (&self.url, String::from_utf8_lossy(heard));
        if heard.starts_with(self.answer) {
            Ok(format!("{url} answers."))
        } else if said.contains(&Event::Full.to_string()) {
            Ok(format!("{url} answers, and is full."))
        } else if said.is_empty() {
            Err(format!("{url} closes the connection."))
        } else {
            let line: String = said.lines().next().unwrap_or_default().chars().take(80).collect();
            Err(format!("{url} answers something else: '{}'.", line.escape_debug()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(url: &str) -> String {
        url.parse::<Probe>().unwrap_err()
    }

    #[test]
    fn over_http_the_path_of_the_url_is_asked_for() {
        for (url, line, host) in [
            ("http://127.0.0.1:80/healthz", "GET /healthz HTTP/1.1\r\n", "Host: 127.0.0.1:80\r\n"),
            ("http://[::1]:80", "GET /healthz HTTP/1.1\r\n", "Host: [::1]:80\r\n"),
            ("http://a:80/server/status?x=/", "GET /server/status?x=/ HTTP/1.1\r\n", "Host: a:80\r\n"),
            ("https://a:443/x", "GET /x HTTP/1.1\r\n", "Host: a:443\r\n"),
            ("http+unix:///run/chat.sock", "GET /healthz HTTP/1.1\r\n", "Host: localhost\r\n"),
        ] {
            let question = url.parse::<Probe>().unwrap().question;
            assert!(question.starts_with(line) && question.contains(host), "{question}");
        }
    }

    #[test]
    fn a_url_that_cannot_be_asked_is_refused() {
        assert!(why("json+udp://127.0.0.1:1").contains("another of its doors"));
        assert!(why("http://a:80/x\r\nHost: b").contains("not a path"));
        assert!(why("http://a/healthz").contains("HOST:PORT"));
        assert!(why("gopher://a:70").contains("not one of"));
    }
}
