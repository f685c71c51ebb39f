//! The connection to the server, which the user's thread and the listening thread share.

use std::{
    io::{self, Write},
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

/// What both threads know, and the way to the server.
pub(super) struct Link {
    status: Mutex<Status>,
    /// Told after each line from the server, and at the end.
    heard: Condvar,
    /// `None` while there is no connection. Locked while writing, so that lines never interleave.
    server: Mutex<Option<Arc<TcpStream>>>,
}

/// The line could not be sent.
#[derive(Debug)]
pub(super) struct NotSent;

/// How long Tab waits for the server's answer: as long as nobody feels it.
const TAB_PATIENCE: Duration = Duration::from_millis(300);

/// How long the user's thread has to see an interrupt before it gets another one.
const INTERRUPT_AGAIN: Duration = Duration::from_millis(50);

/// How long the server may take nothing from us before it counts as gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

impl Link {
    pub(super) fn new(status: Status) -> Self {
        Self { status: Mutex::new(status), heard: Condvar::new(), server: Mutex::new(None) }
    }

    /// Takes a connection into use, and says who we are.
    pub(super) fn connect(&self, server: &Arc<TcpStream>) -> io::Result<()> {
        server.set_nodelay(true)?;
        server.set_write_timeout(Some(WRITE_TIMEOUT))?;
        let greeting = self.status.lock().connected();
        *self.server.lock() = Some(Arc::clone(server));
        self.write(&greeting).map_err(|NotSent| io::ErrorKind::BrokenPipe.into())
    }

    /// There is no connection any more. Gives what was said and may not have been heard.
    pub(super) fn disconnect(&self) -> Vec<String> {
        // First, so that nothing more is said into the void.
        self.hang_up();
        self.status.lock().disconnected()
    }

    /// The next attempt to connect is in so many seconds.
    pub(super) fn wait(&self, seconds: u64) {
        self.status.lock().waiting(seconds);
    }

    /// Sends a line that the user typed.
    pub(super) fn send(&self, line: &str) -> Result<(), NotSent> {
        if self.server.lock().is_none() {
            return Err(NotSent);
        }
        self.status.lock().sending(line, Instant::now());
        self.write(&format!("{line}\n"))
    }

    /// Asks for our nickname again if it is time, and tells how long to wait for the next time.
    pub(super) fn reclaim(&self) -> Option<Duration> {
        let now = Instant::now();
        let line = self.status.lock().reclaim(now);
        if let Some(line) = line {
            // If that fails, the listening thread will see that the server is gone.
            let _ = self.write(&format!("{line}\n"));
        }
        self.status.lock().patience(now)
    }

    /// Takes in a line from the server; gives it as it is to be shown, if the user wants to see it.
    pub(super) fn hear(&self, line: &str, view: View) -> Option<String> {
        let mut status = self.status.lock();
        let is_wanted = status.hear(line, Instant::now());
        let me = status.nick();
        drop(status);
        self.heard.notify_all();
        is_wanted.then(|| view.line(line, me))
    }

    /// Names for Tab: the server's answer, or the one before if it takes too long.
    pub(super) fn names(&self, question: Question) -> Vec<String> {
        let deadline = Instant::now() + TAB_PATIENCE;
        let line = self.status.lock().questions.ask(question, Instant::now());
        if let Some(line) = line {
            // Without a connection there is no answer, which the deadline takes care of.
            let _ = self.write(&format!("{line}\n"));
        }
        let mut status = self.status.lock();
        while status.questions.is_open(question) && !self.heard.wait_until(&mut status, deadline).timed_out()
        {
        }
        status.questions.names(question).to_vec()
    }

    /// Whether what is sent can be read on its way.
    pub(super) fn is_overheard(&self) -> bool {
        let server = self.server.lock();
        let peer = server.as_ref().and_then(|server| server.peer_addr().ok());
        peer.is_some_and(|peer| !peer.ip().to_canonical().is_loopback())
    }

    /// Asks the user for something else than a line, or no longer.
    pub(super) fn ask(&self, question: Option<&'static str>) {
        self.status.lock().question = question;
    }

    /// Whether the user is asked for something else than a line.
    pub(super) fn is_asking(&self) -> bool {
        self.status.lock().question.is_some()
    }

    /// The prompt as it is to be now.
    pub(super) fn prompt(&self, view: View) -> String {
        self.status.lock().prompt(view)
    }

    /// The user wants to end the client.
    pub(super) fn quit(&self) {
        self.status.lock().end(Ending::Quit);
    }

    /// Ends the client from another thread than the user's; the first reason counts. Returns when the
    /// user's thread has seen it. While it searches the history, rustyline can miss an interrupt that
    /// comes just before it waits for a key, so one is not enough.
    pub(super) fn end(&self, ending: Ending) {
        let mut status = self.status.lock();
        status.end(ending);
        while !status.is_over {
            interrupt();
            self.heard.wait_for(&mut status, INTERRUPT_AGAIN);
        }
    }

    /// The user's thread ends, whoever wanted it.
    pub(super) fn leave(&self) {
        self.status.lock().is_over = true;
        self.heard.notify_all();
        self.hang_up();
    }

    /// Why the client ends, if it does.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.status.lock().ending().cloned()
    }

    /// Closes the connection, whoever may be reading or writing.
    pub(super) fn hang_up(&self) {
        let server = self.server.lock().take();
        if let Some(server) = server {
            // It fails when the connection is closed already.
            let _ = server.shutdown(Shutdown::Both);
        }
    }

    fn write(&self, lines: &str) -> Result<(), NotSent> {
        let server = self.server.lock();
        let mut socket = server.as_deref().ok_or(NotSent)?;
        socket.write_all(lines.as_bytes()).map_err(|_| {
            // Half a line may have been written: nothing can follow it. The listening thread sees
            // the end of the connection, and reconnects.
            let _ = socket.shutdown(Shutdown::Both);
            NotSent
        })
    }
}

/// Makes the editor give up waiting for a key: it does so in a system call, and rustyline has no other
/// way to call it from there than a signal. While it is not waiting, our own handler takes the signal.
pub(super) fn interrupt() {
    // Signalling ourselves can only fail when the signal does not exist.
    let _ = kill_process(getpid(), Signal::INT);
}
