//! Transfers: the files that this client sends and receives.
//!
//! [`Transfers::typed`] turns the user's commands about files into commands for the server, and
//! [`Transfers::hear`] turns the server's answers into threads that send or receive. The server only
//! carries the bytes, and is not trusted: the client sends only files that the user has offered,
//! receives only files that the user has accepted, and checks the names under which it keeps them.

use std::{
    fmt,
    io::{self, Write},
    net::{IpAddr, TcpStream},
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use super::{Options, reason, stream::Stream, verb};
use crate::{
    command::split_word,
    event::{
        heard::Heard,
        transfers::{Cue, Ticket},
    },
    file::{FileName, Label, OfferId},
    names::Nick,
};

mod book;
mod download;
mod hashing;
mod incoming;
mod outgoing;

pub(super) use outgoing::home;

use book::{Book, Outgoing};

/// How transfers reach the user and the server.
pub(super) trait Outside: Send + Sync {
    /// Shows a message to the user.
    fn notice(&self, words: &str);

    /// Sends a line to the server. Returns whether it was sent.
    fn send(&self, line: &str) -> bool;

    /// Shows the progress of all transfers in percent, or none if there are no transfers.
    fn progress(&self, _percent: Option<u8>) {}

    /// A transfer has reached a multiple of ten percent.
    fn reached(&self, _name: &FileName, _percent: u8) {}
}

/// All transfers, shared by their threads and the threads of the chat.
pub(super) struct Transfers {
    options: Options,
    outside: Arc<dyn Outside>,
    book: Mutex<Book>,
    changed: Condvar,
}

/// What to do with a line that the user typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Send it unchanged: it is not about files.
    AsItIs,
    /// Send this instead.
    Instead(String),
    /// Call [`Transfers::offer`] with this. It reads the whole file, which may take a while.
    Offer(Nick, PathBuf),
    /// Do nothing: the user has been told why.
    Refused,
}

impl Transfers {
    pub(super) fn new(options: Options, outside: Arc<dyn Outside>) -> Arc<Self> {
        Arc::new(Self { options, outside, book: Mutex::default(), changed: Condvar::new() })
    }

    pub(super) fn typed(&self, line: &str) -> Typed {
        let Some((verb, rest)) = verb(line.trim_end()) else { return Typed::AsItIs };
        match verb.name {
            "sendfile" => self.sendfile(rest),
            "acceptfile" if rest.is_empty() || rest.parse::<OfferId>().is_ok() => {
                self.asks_to_take();
                Typed::Instead(format!("/take {rest}").trim_end().to_owned())
            }
            // The server explains what is wrong with any other command.
            _ => Typed::AsItIs,
        }
    }

    fn sendfile(&self, arguments: &str) -> Typed {
        let (user, path) = split_word(arguments);
        if path.is_empty() {
            return Typed::AsItIs;
        }
        if let Ok(nick) = Nick::new(user) {
            return Typed::Offer(nick, outgoing::path(path));
        }
        self.outside.notice(&format!("'{user}' is not a valid nickname. Usage: /sendfile <user> <path>"));
        self.book.lock().failures += 1;
        Typed::Refused
    }

    /// Reads a file to its end, and offers it to a user.
    pub(super) fn offer(&self, to: Nick, path: PathBuf) {
        let label = match outgoing::label(&path) {
            Ok(label) => label,
            Err(error) => {
                self.outside.notice(&format!("Cannot send '{}': {error}.", path.display()));
                self.book.lock().failures += 1;
                return;
            }
        };
        let Label { name, size, digest } = &label;
        let line = format!("/offer {to} {} {digest} {name}", size.0);
        let digest = *digest;
        let mut book = self.book.lock();
        book.offers.push(Outgoing { path, label, id: None });
        book.last_asked = Some(Instant::now());
        drop(book);
        if !self.outside.send(&line) {
            self.outside.notice("Not connected: no file was offered. Try again later.");
            self.change(|book| book.not_offered(digest));
        }
    }

    /// Notes the server that we are connected to.
    pub(super) fn connected(&self, server: &Stream) {
        self.book.lock().server = server.machine();
    }

    /// Forgets every offer, because the connection to the server is gone.
    pub(super) fn disconnected(&self) {
        self.change(Book::disconnected);
    }

    /// Waits until there are no more offers and no more transfers.
    pub(super) fn wait(&self) {
        let mut book = self.book.lock();
        while !book.is_idle() {
            let deadline =
                book.last_asked.filter(|_| book.is_unanswered()).map(|asked| asked + book::PATIENCE);
            match deadline {
                None => self.changed.wait(&mut book),
                Some(deadline) => {
                    if self.changed.wait_until(&mut book, deadline).timed_out() {
                        book.give_up_waiting();
                    }
                }
            }
        }
    }

    /// Whether the user has offered a file that has not arrived yet.
    pub(super) fn has_offers(&self) -> bool {
        !self.book.lock().offers.is_empty()
    }

    /// How many files were not sent or not received.
    pub(super) fn failures(&self) -> usize {
        let book = self.book.lock();
        book.failures + book.offers.len() + book.running.len()
    }

    /// Acts on a line from the server. Returns whether the line is for this program and not for its user.
    pub(super) fn hear(self: &Arc<Self>, line: &str, heard: &Heard<'_>) -> bool {
        match heard {
            Heard::Cue(cue) => {
                self.follow(cue);
                return true;
            }
            Heard::FileRequest if self.options.accept_files => {
                self.asks_to_take();
                self.outside.send("/take oldest");
            }
            Heard::UnknownCommand("offer" | "take") if self.book.lock().is_unanswered() => {
                self.change(Book::give_up_waiting);
                self.outside.notice("This server cannot carry files.");
            }
            Heard::Other => {
                if let Some(stop) = book::stop(line) {
                    self.book.lock().stop = Some(stop);
                }
            }
            _ => {}
        }
        false
    }

    fn follow(self: &Arc<Self>, cue: &str) {
        match cue.parse() {
            Ok(Cue::Offered { id, digest }) => self.change(|book| book.offered(id, digest)),
            Ok(Cue::NotOffered(digest)) => self.change(|book| book.not_offered(digest)),
            Ok(Cue::Send { id, ticket }) => self.send(id, ticket),
            Ok(Cue::Receive { id, ticket, label, from }) => self.receive(id, ticket, label, from),
            Ok(Cue::NotTaken) => self.change(|book| {
                book.takes = book.takes.saturating_sub(1);
                book.failures += usize::from(!self.options.accept_files);
            }),
            Ok(Cue::Over { id, has_arrived }) => self.change(|book| book.over(id, has_arrived)),
            // From a newer server, or from another program.
            Err(_) => {}
        }
    }

    /// Changes the book, and wakes the thread that waits for the end of the transfers.
    fn change(&self, change: impl FnOnce(&mut Book)) {
        change(&mut self.book.lock());
        self.changed.notify_all();
    }

    fn send(self: &Arc<Self>, id: OfferId, ticket: Ticket) {
        let mut book = self.book.lock();
        let offer = book.offers.iter().find(|offer| offer.id == Some(id)).cloned();
        let Some(Outgoing { path, label, .. }) = offer else { return };
        let serial = book.begin(id, label.clone());
        drop(book);
        self.spawn(serial, ticket, move |transfers, server| {
            let sent = outgoing::send(&path, &label, server, &mut |done| transfers.progress(serial, done));
            // The server reports a failed connection itself.
            let reason = sent.err().filter(|error| !matches!(error, outgoing::Error::Line))?;
            Some(format!("Cannot send '{}': {reason}.", path.display()))
        });
    }

    fn receive(self: &Arc<Self>, id: OfferId, ticket: Ticket, label: Label, from: Nick) {
        let mut book = self.book.lock();
        if book.takes == 0 {
            drop(book);
            return self
                .outside
                .notice("The server wants to send a file that was not accepted. It is ignored.");
        }
        book.takes -= 1;
        let serial = book.begin(id, label.clone());
        drop(book);
        let Label { name, size, .. } = &label;
        self.outside.notice(&format!("Receiving '{name}' ({size}) from {from}."));
        self.spawn(serial, ticket, move |transfers, server| {
            let folder = &transfers.options.downloads;
            let mut progress = |done| transfers.progress(serial, done);
            let stop = |patience| transfers.stop(serial, patience);
            Some(incoming::receive(folder, &label, from, server, &mut progress, &stop))
        });
    }

    /// Runs our part of a transfer in a new thread, and then shows the message that it returns.
    fn spawn(
        self: &Arc<Self>,
        serial: u64,
        ticket: Ticket,
        part: impl FnOnce(&Self, &TcpStream) -> Option<String> + Send + 'static,
    ) {
        let ended = Ended(Arc::clone(self), serial);
        // If no thread can start, the closure is dropped, which ends the transfer.
        let _ = thread::Builder::new().name(format!("file {serial}")).spawn(move || {
            let Ended(transfers, _) = &ended;
            let server = transfers.book.lock().server;
            let words = match call(server, ticket) {
                Ok(server) => part(transfers, &server),
                Err(error) => {
                    let why = reason(&error);
                    Some(format!("Cannot connect to port {} of the server for files: {why}.", ticket.port))
                }
            };
            if let Some(words) = words {
                transfers.outside.notice(&words);
            }
        });
    }

    fn progress(&self, serial: u64, done: u64) {
        let mut book = self.book.lock();
        let Some(running) = book.running.get_mut(&serial) else { return };
        let Some((before, now)) = running.moves(done) else { return };
        let name = running.label.name.clone();
        let all = book::percent(book.running.values());
        drop(book);
        self.outside.progress(Some(all));
        if let Some(tens) = book::tens(before, now) {
            self.outside.reached(&name, tens);
        }
    }

    /// Who stopped a transfer whose connection has ended, if the server reports it within `patience`. It reports
    /// this on the other connection, which can take a moment.
    fn stop(&self, serial: u64, patience: Duration) -> Option<String> {
        let deadline = Instant::now() + patience;
        let mut book = self.book.lock();
        while !book.running.get(&serial)?.is_over {
            if self.changed.wait_until(&mut book, deadline).timed_out() {
                return None;
            }
        }
        book.running.get_mut(&serial)?.stop.take()
    }

    fn asks_to_take(&self) {
        let mut book = self.book.lock();
        book.takes += 1;
        book.last_asked = Some(Instant::now());
    }
}

/// When dropped, notes that a transfer's thread has ended, even after a panic.
struct Ended(Arc<Transfers>, u64);

impl Drop for Ended {
    fn drop(&mut self) {
        let Self(transfers, serial) = self;
        let mut none_is_left = false;
        transfers.change(|book| {
            if let Some(running) = book.running.get_mut(serial) {
                running.has_thread = false;
            }
            book.forget_finished();
            none_is_left = !book.running.values().any(|running| running.has_thread);
        });
        if none_is_left {
            transfers.outside.progress(None);
        }
    }
}

/// Connects to the server's port for files, and sends the ticket's token.
fn call(server: Option<IpAddr>, ticket: Ticket) -> io::Result<TcpStream> {
    const CONNECTING: Duration = Duration::from_secs(10);
    /// How long the other side may be idle. This is more than the server allows, so that the server says
    /// what went wrong.
    const SILENCE: Duration = Duration::from_secs(90);
    let address = server.ok_or(io::ErrorKind::NotConnected)?;
    let stream = TcpStream::connect_timeout(&(address, ticket.port).into(), CONNECTING)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    say(&stream, ticket.token.reveal())?;
    Ok(stream)
}

/// Sends one line.
fn say(mut stream: &TcpStream, line: impl fmt::Display) -> io::Result<()> {
    stream.write_all(format!("{line}\n").as_bytes())
}
