//! The end of a receiver that speaks HTTP: the body of the response is the file.

use std::{
    fmt::Write,
    io::ErrorKind,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sha2::{Digest as _, Sha256};

use super::{
    carry::{IDLE, Kept, Receiving},
    reply::Reply,
    upload::LOOK,
};
use crate::{
    file::{Digest, Fault, FileName, Label, Side},
    http::{Response, Status},
    transport::Socket,
};

/// What shows that a client has closed its side. A client that asks for a file waits for it with both sides open.
#[cfg(target_os = "linux")]
const GONE: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const GONE: PollFlags = PollFlags::HUP;

/// How long a client whose system has all of a file may take to close the connection. It was told to do so.
const CLOSING: Duration = Duration::from_secs(2);

/// A response with a file. Its head goes out with the first bytes, so that a file that does not come can be answered with
/// a problem.
pub(super) struct Download {
    reply: Arc<Reply>,
    label: Label,
    has_begun: bool,
    sha256: Sha256,
    /// How many bytes are missing.
    left: u64,
}

impl Download {
    pub(super) fn new(reply: &Arc<Reply>, label: Label) -> Self {
        let left = label.size.0;
        Self { reply: Arc::clone(reply), label, has_begun: false, sha256: Sha256::new(), left }
    }

    fn is_gone(&self) -> bool {
        poll(&mut [PollFd::new(self.socket(), GONE)], Some(&Timespec::default())) != Ok(0)
    }

    /// A browser does not check the digest, so it is checked here, before the last bytes are sent.
    fn check(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.left = self.left.saturating_sub(bytes.len() as u64);
        if self.label.digest.0.is_none() {
            return Ok(());
        }
        self.sha256.update(bytes);
        let is_right =
            self.left > 0 || self.label.digest.allows(Digest(self.sha256.clone().finalize().into()));
        if is_right { Ok(()) } else { Err(Fault::Damaged) }
    }

    /// Waits until the client closes the connection, as it does when it has read everything. If it dies before, its system
    /// resets the connection.
    fn wait_for_close(&self) -> Result<(), Fault> {
        let (incoming, deadline) = (self.reply.stream.incoming(), Instant::now() + CLOSING);
        loop {
            let read = incoming.set_patience(Some(LOOK)).and_then(|()| incoming.read(&mut [0; 256]));
            match read.map_err(|error| error.kind()) {
                Ok(0) | Err(ErrorKind::UnexpectedEof) => return Ok(()),
                Ok(_) | Err(ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    if self.reply.is_over() {
                        return Ok(());
                    }
                    if Instant::now() >= deadline {
                        // It does not close by itself, and has all of the file.
                        self.reply.stream.end(&[]);
                        return Ok(());
                    }
                }
                Err(_) => return Err(Fault::BrokenOff(Side::Receiver)),
            }
        }
    }
}

impl Receiving for Download {
    fn kept(&mut self) -> Result<Kept, Fault> {
        if self.is_gone() {
            return Err(Fault::BrokenOff(Side::Receiver));
        }
        Ok(Kept { length: 0, digest: Digest(Sha256::digest([]).into()) })
    }

    fn begin(&mut self, _: u64) -> Result<(), Fault> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.check(bytes)?;
        if self.has_begun {
            return self.reply.send(bytes);
        }
        self.reply.begin()?;
        self.has_begun = true;
        let head = self.reply.completed(head(&self.label)).head(true);
        self.reply.send(&[&head, bytes].concat())
    }

    fn verdict(&mut self, is_whole: bool) -> Result<(), Fault> {
        if !is_whole {
            return Err(Fault::BrokenOff(Side::Receiver));
        }
        let has_arrived = self.reply.stream.connection().wait_for_arrival(IDLE);
        if !has_arrived {
            return Err(Fault::Stalled(Side::Receiver));
        }
        self.wait_for_close()
    }

    fn has_spoken(&self) -> bool {
        false
    }

    fn speaking(&self) -> PollFlags {
        GONE
    }

    fn socket(&self) -> &Socket {
        self.reply.stream.connection().socket()
    }
}

/// The head of a response with this file.
pub(super) fn head(label: &Label) -> Response {
    let disposition = disposition(&label.name);
    let response = Response::empty(Status::Ok)
        .of_length(label.size.0)
        .with("Content-Disposition", disposition)
        .with("Content-Security-Policy", "sandbox")
        .with("Accept-Ranges", "none");
    let response = Response { media: "application/octet-stream", ..response };
    match label.digest.0 {
        Some(Digest(digest)) => {
            response.with("Repr-Digest", format!("sha-256=:{}:", STANDARD.encode(digest)))
        }
        None => response,
    }
}

/// How a file is saved, and under which name: once for old programs, and once with all characters (RFC 6266, RFC 8187).
/// A file name has no control characters, quotes and backslashes, so it cannot end its header or lead elsewhere.
fn disposition(name: &FileName) -> String {
    let is_plain = |c: char| c == ' ' || (c.is_ascii_graphic() && c != '%');
    let plain: String = name.as_str().chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let mut value = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''");
    for byte in name.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            value.push(byte.into());
        } else {
            let _ = write!(value, "%{byte:02X}");
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_to_old_and_new_programs_and_stays_in_its_header() {
        let told = |name| disposition(&FileName::tamed(name));
        assert_eq!(told("a.txt"), "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt");
        assert_eq!(
            told("my cät 100%.jpg"),
            "attachment; filename=\"my c_t 100_.jpg\"; filename*=UTF-8''my%20c%C3%A4t%20100%25.jpg"
        );
        for name in
            ["a\r\nSet-Cookie: b", "a\"; filename=\"b", "a\\\"b", "../a", "a\u{202e}gpj.exe", "a';b", "😄*"]
        {
            let told = told(name);
            assert!(told.bytes().all(|byte| (b' '..0x7f).contains(&byte)), "{told}");
            assert_eq!(told.matches('"').count(), 2, "{told}");
            let (_, new) = told.split_once("filename*=UTF-8''").unwrap();
            assert!(!new.contains(['"', '\'', ';', '\\', '/', ' ', '*', '(']), "{told}");
        }
    }
}
