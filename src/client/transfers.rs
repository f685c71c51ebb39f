//! The client's part in sending files: it reads and writes them, and the server only carries.
//!
//! What the user types about files becomes what the server understands ([`Transfers::typed`]), and what
//! the server says about them to programs becomes threads that send or receive ([`Transfers::cue`]). The
//! server is not trusted: nothing is sent that the user has not offered, nothing is received that the
//! user has not accepted, and the name under which it is kept has been checked.

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
    event::files::{Cue, Ticket},
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

/// The way to the user and to the server.
pub(super) trait Outside: Send + Sync {
    /// Tells the user something.
    fn notice(&self, words: &str);

    /// Sends a line; whether it was sent.
    fn send(&self, line: &str) -> bool;

    /// Shows how far a file has come, and how far all of them together.
    fn progress(&self, step: &Step<'_>);

    /// Shows no more progress: there is none.
    fn no_progress(&self);
}

/// Where files go, and which.
#[derive(Clone, Debug)]
pub(super) struct Wishes {
    /// The folder for what is received.
    pub(super) downloads: PathBuf,
    /// Whether everything that is offered is accepted.
    pub(super) accepts_all: bool,
}

/// Everything about files. The threads that send and receive share it with those of the chat.
pub(super) struct Transfers {
    wishes: Wishes,
    outside: Box<dyn Outside>,
    book: Mutex<Book>,
    changed: Condvar,
}

/// What is to be done about a line that the user typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// It is not about files: send it as it is.
    AsItIs,
    /// Send this instead.
    Instead(String),
    /// Call [`Transfers::offer`] with this, which may take a while.
    Offer(Nick, PathBuf),
    /// Nothing: the user has been told why.
    Refused,
}

impl Transfers {
    pub(super) fn new(wishes: Wishes, outside: Box<dyn Outside>) -> Arc<Self> {
        Arc::new(Self { wishes, outside, book: Mutex::default(), changed: Condvar::new() })
    }

    /// Reads a line that the user typed.
    pub(super) fn typed(&self, line: &str) -> Typed {
        let Some(command) = line.strip_prefix('/') else { return Typed::AsItIs };
        let (word, rest) = split_word(command.trim_end());
        match Verb::find(word).map(|verb| verb.name) {
            Some("sendfile") => self.sendfile(rest),
            Some("acceptfile") if rest.is_empty() => self.take("/take".to_owned()),
            Some("acceptfile") if rest.parse::<OfferId>().is_ok() => self.take(format!("/take {rest}")),
            // For what makes no sense, the server has the words.
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
        self.outside.notice(&format!("Nobody can be called '{user}'."));
        self.fails();
        Typed::Refused
    }

    /// Offers a file to somebody, after it was read to its end.
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
            self.outside.notice("Not connected: no file was offered.");
            self.not_offered(digest);
        }
    }

    /// Somebody offers a file, and the user has been told.
    pub(super) fn requested(&self) {
        if self.wishes.accepts_all {
            self.asks_to_take();
            self.outside.send("/take oldest");
        }
    }

    /// There is a connection to the server at this address.
    pub(super) fn connected(&self, server: Option<IpAddr>) {
        self.book.lock().server = server;
    }

    /// The connection to the server is gone, and with it every offer.
    pub(super) fn disconnected(&self) {
        let mut book = self.book.lock();
        book.failures += book.offers.len();
        book.offers.clear();
        book.takes = 0;
        book.running.values_mut().for_each(|running| running.is_over = true);
        book.forget_finished();
        self.changed.notify_all();
    }

    /// The server does not know a command.
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

    /// Waits until nothing is offered any more, and nothing on its way.
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

    /// How many files have not arrived.
    pub(super) fn failures(&self) -> usize {
        let book = self.book.lock();
        book.failures + book.offers.len() + book.running.len()
    }

    /// Does what the server says about a file.
    pub(super) fn cue(self: &Arc<Self>, cue: &str) {
        match cue.parse() {
            Ok(Cue::Offered { id, digest }) => self.offered(id, digest),
            Ok(Cue::NotOffered(digest)) => self.not_offered(digest),
            Ok(Cue::Send { id, ticket }) => self.send(id, ticket),
            Ok(Cue::Receive { id, ticket, label, from }) => self.receive(id, ticket, label, from),
            Ok(Cue::NotTaken) => self.not_taken(),
            Ok(Cue::Over { id, has_arrived }) => self.over(id, has_arrived),
            // From a server that is newer, or none of ours.
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
            return self.outside.notice("The server wants to send a file that was not accepted: ignored.");
        }
        book.takes -= 1;
        let serial = book.begin(id, &label);
        drop(book);
        let Label { name, size, .. } = &label;
        self.outside.notice(&format!("Receiving '{name}' ({size}) from {from}."));
        self.spawn(serial, ticket, move |transfers, server| {
            let folder = &transfers.wishes.downloads;
            Some(incoming::receive(folder, &label, from, server, &mut |done| {
                transfers.progress(serial, done)
            }))
        });
    }

    /// Has a thread do its part in a transfer, and tell the user what it says in the end.
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
                    Some(format!("Cannot reach the server's port {} for files: {error}.", ticket.port))
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

/// A thread that has done its part, even by a panic.
struct Ended<'a>(&'a Transfers, u64);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.ended(self.1);
    }
}
