//! Transfers: the files that this client sends and receives.
//!
//! [`Transfers::typed`] turns the user's commands about files into commands for the server, and
//! [`Transfers::cue`] turns the server's answers into threads that send or receive. The server only
//! carries the bytes, and is not trusted: the client sends only files that the user has offered,
//! receives only files that the user has accepted, and checks the names under which it keeps them.

use std::{
    net::{IpAddr, TcpStream},
    path::PathBuf,
    sync::Arc,
    thread,
    time::Instant,
};

use parking_lot::{Condvar, Mutex};

use crate::{
    command::{Verb, split_word},
    event::transfers::{Cue, Ticket},
    file::{Digest, Label, OfferId},
    names::Nick,
};

mod book;
mod call;
mod download;
mod hashing;
mod incoming;
mod meter;
mod outgoing;

pub(super) use meter::{Step, bar};
pub(super) use outgoing::home;

use book::{Book, Outgoing};
use call::call;

/// How transfers reach the user and the server.
pub(super) trait Outside: Send + Sync {
    /// Shows a message to the user.
    fn notice(&self, words: &str);

    /// Sends a line to the server. Returns whether it was sent.
    fn send(&self, line: &str) -> bool;

    /// Shows progress.
    fn progress(&self, step: &Step<'_>);

    /// Stops showing progress.
    fn no_progress(&self);
}

/// What to do with files that are offered.
#[derive(Clone, Debug)]
pub(super) struct Wishes {
    /// The folder for received files.
    pub(super) downloads: PathBuf,
    /// Whether to accept every file.
    pub(super) accepts_all: bool,
}

/// All transfers, shared by their threads and the threads of the chat.
pub(super) struct Transfers {
    wishes: Wishes,
    outside: Box<dyn Outside>,
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
    pub(super) fn new(wishes: Wishes, outside: Box<dyn Outside>) -> Arc<Self> {
        Arc::new(Self { wishes, outside, book: Mutex::default(), changed: Condvar::new() })
    }

    /// Decides what to do with a line that the user typed.
    pub(super) fn typed(&self, line: &str) -> Typed {
        let Some(command) = line.strip_prefix('/') else { return Typed::AsItIs };
        let (word, rest) = split_word(command.trim_end());
        match Verb::find(word).map(|verb| verb.name) {
            Some("sendfile") => self.sendfile(rest),
            Some("acceptfile") if rest.is_empty() => self.take("/take".to_owned()),
            Some("acceptfile") if rest.parse::<OfferId>().is_ok() => self.take(format!("/take {rest}")),
            // The server explains what is wrong with any other command.
            _ => Typed::AsItIs,
        }
    }

    fn take(&self, line: String) -> Typed {
        self.asks_to_take();
        Typed::Instead(line)
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
        self.fails();
        Typed::Refused
    }

    /// Reads a file to its end, and offers it to a user.
    pub(super) fn offer(&self, to: Nick, path: PathBuf) {
        let label = match outgoing::label(&path) {
            Ok(label) => label,
            Err(error) => {
                self.outside.notice(&format!("Cannot send '{}': {error}.", path.display()));
                return self.fails();
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
            self.not_offered(digest);
        }
    }

    /// A user offers us a file.
    pub(super) fn requested(&self) {
        if self.wishes.accepts_all {
            self.asks_to_take();
            self.outside.send("/take oldest");
        }
    }

    /// Notes the address of the server that we are connected to.
    pub(super) fn connected(&self, server: Option<IpAddr>) {
        self.book.lock().server = server;
    }

    /// Forgets every offer, because the connection to the server is gone.
    pub(super) fn disconnected(&self) {
        let mut book = self.book.lock();
        book.failures += book.offers.len();
        book.offers.clear();
        book.takes = 0;
        book.running.values_mut().for_each(|running| running.is_over = true);
        book.forget_finished();
        self.changed.notify_all();
    }

    /// Notes that the server does not know a command.
    pub(super) fn unknown(&self, word: &str) {
        let mut book = self.book.lock();
        let is_ours = (word == "offer" || word == "take") && book.is_unanswered();
        if is_ours {
            book.give_up_waiting();
            self.changed.notify_all();
            drop(book);
            self.outside.notice("This server cannot carry files.");
        }
    }

    /// Waits until there are no more offers and no more transfers.
    pub(super) fn wait(&self) {
        let mut book = self.book.lock();
        while !book.is_idle() {
            let deadline =
                book.last_asked.map(|asked| asked + book::PATIENCE).filter(|_| book.is_unanswered());
            let Some(deadline) = deadline else {
                self.changed.wait(&mut book);
                continue;
            };
            if self.changed.wait_until(&mut book, deadline).timed_out() {
                book.give_up_waiting();
            }
        }
    }

    /// How many files were not sent or not received.
    pub(super) fn failures(&self) -> usize {
        let book = self.book.lock();
        book.failures + book.offers.len() + book.running.len()
    }

    /// Follows a cue of the server.
    pub(super) fn cue(self: &Arc<Self>, cue: &str) {
        match cue.parse() {
            Ok(Cue::Offered { id, digest }) => self.offered(id, digest),
            Ok(Cue::NotOffered(digest)) => self.not_offered(digest),
            Ok(Cue::Send { id, ticket }) => self.send(id, ticket),
            Ok(Cue::Receive { id, ticket, label, from }) => self.receive(id, ticket, label, from),
            Ok(Cue::NotTaken) => self.not_taken(),
            Ok(Cue::Over { id, has_arrived }) => self.over(id, has_arrived),
            // From a newer server, or from another program.
            Err(_) => {}
        }
    }

    fn offered(&self, id: OfferId, digest: Digest) {
        let mut book = self.book.lock();
        if let Some(offer) = book.unnumbered(digest) {
            book.offers[offer].id = Some(id);
        }
        self.changed.notify_all();
    }

    fn not_offered(&self, digest: Digest) {
        let mut book = self.book.lock();
        if let Some(offer) = book.unnumbered(digest) {
            book.offers.remove(offer);
            book.failures += 1;
        }
        self.changed.notify_all();
    }

    fn not_taken(&self) {
        let mut book = self.book.lock();
        book.takes = book.takes.saturating_sub(1);
        book.failures += usize::from(!self.wishes.accepts_all);
        self.changed.notify_all();
    }

    fn over(&self, id: OfferId, has_arrived: bool) {
        let mut book = self.book.lock();
        let before = book.offers.len();
        book.offers.retain(|offer| offer.id != Some(id));
        let was_known =
            book.offers.len() < before || book.running.values().any(|running| running.offer == id);
        book.failures += usize::from(was_known && !has_arrived);
        book.running
            .values_mut()
            .filter(|running| running.offer == id)
            .for_each(|running| running.is_over = true);
        book.forget_finished();
        self.changed.notify_all();
    }

    fn send(self: &Arc<Self>, id: OfferId, ticket: Ticket) {
        let mut book = self.book.lock();
        let Some(Outgoing { path, label, .. }) = book.offers.iter().find(|offer| offer.id == Some(id)) else {
            return;
        };
        let (path, label) = (path.clone(), label.clone());
        let serial = book.begin(id, &label);
        drop(book);
        self.spawn(serial, ticket, move |transfers, server| {
            let sent = outgoing::send(&path, &label, server, &mut |done| transfers.progress(serial, done));
            let reason = sent.err()?.reason()?;
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
        let serial = book.begin(id, &label);
        drop(book);
        let Label { name, size, .. } = &label;
        self.outside.notice(&format!("Receiving '{name}' ({size}) from {from}."));
        self.spawn(serial, ticket, move |transfers, server| {
            let folder = &transfers.wishes.downloads;
            Some(incoming::receive(folder, &label, from, server, &mut |done| {
                transfers.progress(serial, done);
            }))
        });
    }

    /// Does our part in a transfer in a new thread, and then shows the message that it returns.
    fn spawn(
        self: &Arc<Self>,
        serial: u64,
        ticket: Ticket,
        part: impl FnOnce(&Self, &TcpStream) -> Option<String> + Send + 'static,
    ) {
        let transfers = Arc::clone(self);
        let thread = thread::Builder::new().name(format!("file {serial}")).spawn(move || {
            let _ended = Ended(&transfers, serial);
            let server = transfers.book.lock().server;
            let words = match call(server, ticket) {
                Ok(server) => part(&transfers, &server),
                Err(error) => {
                    Some(format!("Cannot connect to port {} of the server for files: {error}.", ticket.port))
                }
            };
            if let Some(words) = words {
                transfers.outside.notice(&words);
            }
        });
        if thread.is_err() {
            self.ended(serial);
        }
    }

    fn progress(&self, serial: u64, done: u64) {
        let mut book = self.book.lock();
        let Some(running) = book.running.get_mut(&serial) else { return };
        let Some(step) = running.meter.moves(done) else { return };
        let all = meter::together(book.running.values().map(|running| &running.meter));
        let name = book.running[&serial].meter.name().clone();
        drop(book);
        self.outside.progress(&Step { name: name.as_str(), before: step.0, now: step.1, all });
    }

    fn ended(&self, serial: u64) {
        let mut book = self.book.lock();
        if let Some(running) = book.running.get_mut(&serial) {
            running.has_thread = false;
        }
        book.forget_finished();
        let none_is_left = !book.running.values().any(|running| running.has_thread);
        self.changed.notify_all();
        drop(book);
        if none_is_left {
            self.outside.no_progress();
        }
    }

    fn asks_to_take(&self) {
        let mut book = self.book.lock();
        book.takes += 1;
        book.last_asked = Some(Instant::now());
    }

    fn fails(&self) {
        self.book.lock().failures += 1;
    }
}

/// Notes when dropped that the thread of a transfer has ended, even after a panic.
struct Ended<'a>(&'a Transfers, u64);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.ended(self.1);
    }
}
