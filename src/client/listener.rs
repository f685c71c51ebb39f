//! The thread that listens to the server, and reconnects when the connection is lost.

use std::{
    io::ErrorKind,
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::{
    Options,
    backoff::Backoff,
    connect,
    interactive::Desk,
    lines::Lines,
    status::Ending,
    transfers::{Outside, Transfers},
};

pub(super) struct Listener {
    pub(super) options: Options,
    pub(super) desk: Arc<Desk>,
    pub(super) transfers: Arc<Transfers>,
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
            if self.desk.link.ending().is_some() {
                break;
            }
            self.transfers.disconnected();
            for unheard in self.desk.link.disconnect() {
                self.desk.notice(&format!("This may not have arrived: {unheard}"));
            }
            self.desk.notice("Connection lost. Reconnecting.");
            server = self.reconnect();
        }
    }

    /// Shows the server's lines until the connection ends.
    fn listen(&mut self, server: &Arc<TcpStream>) {
        let mut lines = Lines::new(&**server);
        self.transfers.connected(server);
        if self.desk.link.connect(server).is_err() {
            return;
        }
        loop {
            match lines.next_line() {
                Ok(Some(line)) => self.hear(&line),
                // Systems differ in which of the two they report for a timeout.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Ok(None) | Err(_) => return,
            }
            // This fails only if the connection is gone, and then the next read fails too.
            let _ = server.set_read_timeout(self.desk.link.reclaim());
        }
    }

    fn hear(&mut self, line: &str) {
        // A server that sends a line is back. One that only accepts may still be starting.
        self.backoff = Backoff::default();
        if self.transfers.hear(line) {
            return;
        }
        if let Some(shown) = self.desk.link.hear(line, self.desk.view) {
            self.desk.screen.print(shown);
        }
        if self.desk.link.ending().is_some() {
            self.desk.link.hang_up();
        }
    }

    /// Tries to connect until that succeeds. `None` if the client ends first.
    fn reconnect(&mut self) -> Option<TcpStream> {
        loop {
            let delay = self.backoff.next_delay();
            self.count_down(Instant::now() + delay)?;
            if let Ok(server) = connect(&self.options) {
                self.desk.notice("Connected again.");
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
            self.desk.link.status.lock().reconnecting_in = Some(seconds);
            self.desk.screen.refresh();
            if left.is_zero() {
                return Some(());
            }
            let Err(RecvTimeoutError::Timeout) = self.stop.recv_timeout(left.min(SECOND)) else {
                return None;
            };
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Without this, after a panic in this thread the user would wait for lines in vain.
        self.desk.link.end(Ending::Deaf);
    }
}
