//! The connection to the server: a thread that reads it, and one that writes to it.
//!
//! A thread that uses the link never waits for the server: it hands over what is to be sent, and
//! what was heard arrives as [`News`].

use std::{
    io::{self, Write as _},
    net::Shutdown,
    sync::Arc,
    thread,
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use parking_lot::Mutex;

use super::{Error, Options, connect, lines::Lines, stream::Stream};

/// What happens while the user types.
pub(super) enum News {
    /// There is a connection.
    Connected(Stream),
    /// The attempt to connect has failed.
    NotConnected,
    /// The server has sent this line.
    Line(String),
    /// The connection is gone.
    Lost,
    /// A transfer has something to tell the user.
    Told,
    /// The system wants the program to end.
    End,
}

/// How many [`News`] can wait. If the terminal is slower than the server, the reading thread waits. So
/// memory use stays small, and the server notices.
pub(super) const NEWS: usize = 256;

/// How many pieces can wait to be written. While the server reads, almost none do.
const PIECES: usize = 64;

/// The way to the server, for all threads of the client.
#[derive(Default)]
pub(super) struct Link {
    writer: Mutex<Option<Writer>>,
}

struct Writer {
    pieces: Sender<String>,
    server: Stream,
}

impl Link {
    /// Uses a new connection: starts its threads.
    pub(super) fn open(&self, server: Stream, news: Sender<News>) -> io::Result<()> {
        let (pieces, to_write) = bounded(PIECES);
        let (reading, writing) = (server.try_clone()?, server.try_clone()?);
        thread::Builder::new().name("reader".to_owned()).spawn(move || read(&reading, &news))?;
        thread::Builder::new().name("writer".to_owned()).spawn(move || write(&writing, &to_write))?;
        *self.writer.lock() = Some(Writer { pieces, server });
        Ok(())
    }

    /// Sends whole lines. Returns whether there is a connection that can take them.
    pub(super) fn send(&self, lines: String) -> bool {
        let mut writer = self.writer.lock();
        match writer.as_ref().map(|writer| writer.pieces.try_send(lines)) {
            Some(Ok(())) => true,
            Some(Err(TrySendError::Disconnected(_))) => {
                *writer = None;
                false
            }
            Some(Err(TrySendError::Full(_))) | None => false,
        }
    }

    /// Whether there is room for more.
    pub(super) fn has_room(&self) -> bool {
        self.writer.lock().as_ref().is_some_and(|writer| !writer.pieces.is_full())
    }

    /// Closes the sending direction after everything was sent.
    pub(super) fn finish(&self) {
        *self.writer.lock() = None;
    }

    /// Closes the connection. The reading thread then says that it is lost.
    pub(super) fn close(&self) {
        let writer = self.writer.lock().take();
        if let Some(Writer { server, .. }) = writer {
            // This fails if the connection is already closed.
            let _ = server.shutdown(Shutdown::Both);
        }
    }

    /// Whether others on the network can read what is sent.
    pub(super) fn is_overheard(&self) -> bool {
        self.writer.lock().as_ref().is_some_and(|writer| writer.server.is_overheard())
    }
}

/// Connects in a thread of its own, because that can take ten seconds.
pub(super) fn connect_again(options: &Arc<Options>, news: Sender<News>) -> Result<(), Error> {
    let options = Arc::clone(options);
    thread::Builder::new().name("connecting".to_owned()).spawn(move || {
        // If the loop is gone, the program is ending.
        let _ = news.send(connect(&options).map_or(News::NotConnected, News::Connected));
    })?;
    Ok(())
}

fn read(server: &Stream, news: &Sender<News>) {
    let mut lines = Lines::new(server);
    while let Ok(Some(line)) = lines.next_line() {
        if news.send(News::Line(line)).is_err() {
            return;
        }
    }
    // The writing thread may be waiting for a server that does not read.
    let _ = server.shutdown(Shutdown::Both);
    let _ = news.send(News::Lost);
}

fn write(mut server: &Stream, pieces: &Receiver<String>) {
    for piece in pieces {
        if server.write_all(piece.as_bytes()).is_err() {
            // Half a line may have been written, so nothing can follow it. The reading thread notices.
            let _ = server.shutdown(Shutdown::Both);
            return;
        }
    }
    let _ = server.shutdown(Shutdown::Write);
}
