//! Writing: one thread puts lines into all outboxes, and one thread for each client empties its outbox.

use std::{
    io::{self, BufWriter, Write},
    net::{Shutdown, TcpStream},
    sync::Arc,
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::fault;

/// How many lines may wait for a client. With more, it is disconnected.
const OUTBOX: usize = 1000;

/// How many bytes may wait for a client. Only a fault uses this limit.
const SMALL: usize = 16 * 1024;

/// A line, and the outboxes that it goes to.
pub(crate) struct Post {
    pub(crate) to: Vec<Outbox>,
    pub(crate) line: Arc<str>,
}

/// The lines that wait for one client.
#[derive(Clone)]
pub(crate) struct Outbox {
    lines: Sender<Arc<str>>,
    /// Its connection; `None` for a client that sends datagrams.
    pub(crate) stream: Option<Arc<TcpStream>>,
}

/// Puts posts into outboxes until all senders are dropped.
pub(crate) fn broadcast(inbox: &Receiver<Post>) {
    for Post { to, line } in inbox {
        for outbox in to {
            if fault::is("local-echo") {
                fault::dawdle();
            }
            outbox.put(&line);
        }
    }
}

impl Outbox {
    /// Creates an outbox, and the queue for the thread that empties it.
    pub(crate) fn new(stream: &Arc<TcpStream>) -> (Self, Receiver<Arc<str>>) {
        let (lines, queue) = if fault::is("unbounded-outbox") { endless() } else { bounded(OUTBOX) };
        (Self { lines, stream: Some(Arc::clone(stream)) }, queue)
    }

    /// Creates an outbox for a client without a connection.
    pub(crate) fn without_stream() -> (Self, Receiver<Arc<str>>) {
        let (lines, queue) = bounded(OUTBOX);
        (Self { lines, stream: None }, queue)
    }

    /// Shuts the connection down.
    pub(crate) fn shut(&self, how: Shutdown) {
        if let Some(stream) = &self.stream {
            let _ = stream.shutdown(how);
        }
    }

    /// Adds a line without waiting, and disconnects a client whose outbox is full.
    pub(crate) fn put(&self, line: &Arc<str>) {
        let line = Arc::clone(line);
        let is_taken = if fault::is("broadcaster-waits") {
            self.lines.send_timeout(line, Duration::from_secs(2)).is_ok()
        } else if fault::is("unbounded-channel") {
            // Long enough for much to arrive in the meantime.
            self.lines.send_timeout(line, Duration::from_secs(5)).is_ok()
        } else if fault::is("small-outbox") && self.lines.len() * line.len() > SMALL {
            false
        } else {
            self.lines.try_send(line).is_ok()
        };
        if !is_taken && !fault::is("lines-dropped") {
            self.shut(Shutdown::Both);
        }
    }

    /// Writes to the socket without the outbox, and so waits for a client that does not read.
    pub(crate) fn write(&self, line: &str) {
        if let Some(stream) = &self.stream {
            let _ = (&**stream).write_all(format!("{line}\n").as_bytes());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the missing limit is the fault")]
pub(crate) fn endless<T>() -> (Sender<T>, Receiver<T>) {
    crossbeam_channel::unbounded()
}

/// Writes the lines of an outbox until all its senders are dropped.
pub(crate) fn empty(queue: &Receiver<Arc<str>>, stream: &TcpStream) -> io::Result<()> {
    let mut stream = BufWriter::new(stream);
    for line in queue {
        if fault::is("small-outbox") {
            fault::dawdle();
        }
        stream.write_all(line.as_bytes())?;
        if !fault::is("no-newline") {
            stream.write_all(b"\n")?;
        }
        if !fault::is("unflushed") {
            stream.flush()?;
        }
    }
    Ok(())
}
