//! The thread that listens to the server, and reconnects when the connection is lost.

use std::{
    io::ErrorKind,
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::{
    Address, backoff::Backoff, lines::Lines, link::Link, screen::Screen, status::Ending,
    transfers::Transfers, view::View,
};
use crate::event::heard::Heard;

/// What the thread owns.
pub(super) struct Listener {
    pub(super) address: Address,
    pub(super) link: Arc<Link>,
    pub(super) transfers: Arc<Transfers>,
    pub(super) screen: Screen,
    pub(super) view: View,
    /// The other end is dropped when the client ends.
    pub(super) stop: Receiver<()>,
    pub(super) backoff: Backoff,
}

/// How often the countdown changes.
const SECOND: Duration = Duration::from_secs(1);

impl Listener {
    /// Listens and reconnects until the client ends.
    pub(super) fn run(mut self, server: TcpStream) {
        let mut server = Some(server);
        while let Some(connection) = server {
            self.listen(&Arc::new(connection));
            if self.link.ending().is_some() {
                break;
            }
            self.transfers.disconnected();
            for unheard in self.link.disconnect() {
                self.notice(&format!("This may not have arrived: {unheard}"));
            }
            self.notice("Connection lost. Reconnecting.");
            server = self.reconnect();
        }
    }

    /// Shows the server's lines until the connection ends.
    fn listen(&mut self, server: &Arc<TcpStream>) {
        let mut lines = Lines::new(&**server);
        self.transfers.connected(server.peer_addr().ok().map(|server| server.ip()));
        if self.link.connect(server).is_err() {
            return;
        }
        loop {
            match lines.next_line() {
                Ok(Some(line)) => self.hear(&line),
                Err(error) if is_timeout(error.kind()) => {}
                Ok(None) | Err(_) => return,
            }
            // This fails only if the connection is gone, and then the next read fails too.
            let _ = server.set_read_timeout(self.link.reclaim());
        }
    }

    fn hear(&mut self, line: &str) {
        // A server that sends a line is back. One that only accepts may still be starting.
        self.backoff = Backoff::default();
        match Heard::new(line) {
            Heard::Cue(cue) => return self.transfers.cue(cue),
            Heard::FileRequest => self.transfers.requested(),
            Heard::UnknownCommand(word) => self.transfers.unknown(word),
            _ => {}
        }
        if let Some(shown) = self.link.hear(line, self.view) {
            self.screen.print(shown);
        }
        if self.link.ending().is_some() {
            self.link.hang_up();
        }
    }

    /// Tries to connect until that succeeds. `None` if the client ends first.
    fn reconnect(&mut self) -> Option<TcpStream> {
        loop {
            let delay = self.backoff.next_delay();
            self.count_down(Instant::now() + delay)?;
            if let Ok(server) = self.address.connect() {
                self.notice("Connected again.");
                return Some(server);
            }
        }
    }

    /// Shows a countdown until then. `None` if the client ends first.
    fn count_down(&self, until: Instant) -> Option<()> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            // Rounded up: "1 s" is shown until the wait is over, and "0 s" during the attempt.
            let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
            self.link.wait(seconds);
            self.screen.refresh();
            if left.is_zero() {
                return Some(());
            }
            let Err(RecvTimeoutError::Timeout) = self.stop.recv_timeout(left.min(SECOND)) else {
                return None;
            };
        }
    }

    fn notice(&self, words: &str) {
        self.screen.print(self.view.notice(words));
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Without this, after a panic in this thread the user would wait for lines in vain.
        self.link.end(Ending::Deaf);
    }
}

/// Systems differ in which of the two they report.
fn is_timeout(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
