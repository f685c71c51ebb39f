//! The connection to the server, which the user's thread and the listener share.

use std::{
    io::{self, ErrorKind, Write},
    net::{Shutdown, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};
use rustix::process::{Signal, getpid, kill_process};

use super::{
    questions::Question,
    status::{Ending, Status},
    view::View,
};

/// What both threads know, and the connection.
pub(super) struct Link {
    pub(super) status: Mutex<Status>,
    /// Notified after each line from the server, and when the client ends.
    heard: Condvar,
    /// `None` while there is no connection. Locked while writing, so that lines never interleave.
    server: Mutex<Option<Arc<TcpStream>>>,
}

/// How long Tab waits for the server's answer. More than this, and the keyboard feels slow.
const TAB_PATIENCE: Duration = Duration::from_millis(300);

/// How long the user's thread may take to notice an interrupt before it gets another one.
const INTERRUPT_AGAIN: Duration = Duration::from_millis(50);

/// How long a write may block before the server counts as gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

impl Link {
    pub(super) fn new(status: Status) -> Self {
        Self { status: Mutex::new(status), heard: Condvar::new(), server: Mutex::new(None) }
    }

    /// Uses a new connection, and asks for account, nickname and room.
    pub(super) fn connect(&self, server: &Arc<TcpStream>) -> io::Result<()> {
        server.set_nodelay(true)?;
        server.set_write_timeout(Some(WRITE_TIMEOUT))?;
        let greeting = self.status.lock().connected();
        *self.server.lock() = Some(Arc::clone(server));
        self.write(&greeting)
    }

    /// Gives up the connection. Returns the lines that may not have reached the chat.
    pub(super) fn disconnect(&self) -> Vec<String> {
        // First, so that no line is sent to a dead connection meanwhile.
        self.hang_up();
        self.status.lock().disconnected()
    }

    /// Sends a line that the user typed.
    pub(super) fn send(&self, line: &str) -> io::Result<()> {
        if self.server.lock().is_none() {
            return Err(ErrorKind::NotConnected.into());
        }
        self.status.lock().sending(line, Instant::now());
        self.write(&format!("{line}\n"))
    }

    /// Asks for our nickname again if that is due. Returns how long to wait until it is due again.
    pub(super) fn reclaim(&self) -> Option<Duration> {
        let now = Instant::now();
        let line = self.status.lock().reclaim(now);
        if let Some(line) = line {
            // If this fails, the listener notices that the server is gone.
            let _ = self.write(&format!("{line}\n"));
        }
        self.status.lock().patience(now)
    }

    /// Notes a line from the server. Returns it as it is shown, unless it is hidden from the user.
    pub(super) fn hear(&self, line: &str, view: View) -> Option<String> {
        let mut status = self.status.lock();
        let is_wanted = status.hear(line, Instant::now());
        let me = status.nick;
        drop(status);
        self.heard.notify_all();
        is_wanted.then(|| view.line(line, me))
    }

    /// Names for Tab: the server's answer, or its previous one if the answer takes too long.
    pub(super) fn names(&self, question: Question) -> Vec<String> {
        let deadline = Instant::now() + TAB_PATIENCE;
        let line = self.status.lock().questions.ask(question, Instant::now());
        if let Some(line) = line {
            // Without a connection there is no answer, and the deadline ends the wait.
            let _ = self.write(&format!("{line}\n"));
        }
        let mut status = self.status.lock();
        self.heard.wait_while_until(&mut status, |status| status.questions.is_open(question), deadline);
        status.questions.names(question).to_vec()
    }

    /// Whether others on the network can read what is sent.
    pub(super) fn is_overheard(&self) -> bool {
        let server = self.server.lock();
        let peer = server.as_ref().and_then(|server| server.peer_addr().ok());
        peer.is_some_and(|peer| !peer.ip().to_canonical().is_loopback())
    }

    /// Sets the question that replaces the prompt, or removes it.
    pub(super) fn ask(&self, question: Option<&'static str>) {
        self.status.lock().question = question;
    }

    pub(super) fn is_asking(&self) -> bool {
        self.status.lock().question.is_some()
    }

    pub(super) fn prompt(&self, view: View) -> String {
        self.status.lock().prompt(view)
    }

    /// Ends the client, as the user wants.
    pub(super) fn quit(&self) {
        self.status.lock().end(Ending::Quit);
    }

    /// Ends the client from another thread than the user's, and waits until the user's thread has
    /// noticed. The first reason counts. One interrupt may not be enough: while rustyline searches the
    /// history, it can miss one that comes just before it waits for a key.
    pub(super) fn end(&self, ending: Ending) {
        let mut status = self.status.lock();
        status.end(ending);
        while !status.is_over {
            interrupt();
            self.heard.wait_for(&mut status, INTERRUPT_AGAIN);
        }
    }

    /// Tells the other threads that the user's thread ends.
    pub(super) fn leave(&self) {
        self.status.lock().is_over = true;
        self.heard.notify_all();
        self.hang_up();
    }

    pub(super) fn ending(&self) -> Option<Ending> {
        self.status.lock().ending.clone()
    }

    /// Closes the connection, even while another thread reads or writes.
    pub(super) fn hang_up(&self) {
        let server = self.server.lock().take();
        if let Some(server) = server {
            // This fails if the connection is already closed.
            let _ = server.shutdown(Shutdown::Both);
        }
    }

    fn write(&self, lines: &str) -> io::Result<()> {
        let server = self.server.lock();
        let mut socket = server.as_deref().ok_or(ErrorKind::NotConnected)?;
        socket.write_all(lines.as_bytes()).inspect_err(|_| {
            // Half a line may have been written, so nothing can follow it. The listener sees the end
            // of the connection and reconnects.
            let _ = socket.shutdown(Shutdown::Both);
        })
    }
}

/// Makes the editor stop waiting for a key. It waits in a system call, and a signal is the only way
/// to end that. While it does not wait, our own handler takes the signal.
pub(super) fn interrupt() {
    // A signal to our own process can only fail if the signal does not exist.
    let _ = kill_process(getpid(), Signal::INT);
}
