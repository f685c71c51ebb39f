//! The open offers, and the running transfers with their progress.

use std::{
    collections::BTreeMap,
    mem,
    net::IpAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::{
    file::{Label, OfferId, Promise},
    names::Nick,
};

#[derive(Default)]
pub(super) struct Book {
    /// The server's address, once we are connected.
    pub(super) server: Option<IpAddr>,
    /// The files that were offered to others, each until its offer or transfer ends.
    pub(super) offers: Vec<Outgoing>,
    /// How many times the server was asked for an offered file and has not answered.
    pub(super) takes: usize,
    /// When the server was last asked about files.
    pub(super) last_asked: Option<Instant>,
    /// The transfers by serial number. The numbers of their offers would not do: after a restart, the
    /// server counts from 1 again.
    pub(super) running: BTreeMap<u64, Running>,
    pub(super) begun: u64,
    /// Who stopped a transfer, in words. The next cue says which transfer it was.
    pub(super) stop: Option<String>,
    /// How many files were not sent or not received.
    pub(super) failures: usize,
}

/// A file that was offered.
#[derive(Clone)]
pub(super) struct Outgoing {
    pub(super) path: PathBuf,
    pub(super) label: Label,
    /// `None` until the server has answered with the number.
    pub(super) id: Option<OfferId>,
}

/// A file that is being sent or received.
pub(super) struct Running {
    pub(super) offer: OfferId,
    pub(super) label: Label,
    /// How many bytes were sent or received.
    done: u64,
    pub(super) has_thread: bool,
    /// Whether the server has said that the transfer is over.
    pub(super) is_over: bool,
    /// Who has stopped it, in words; `None` if it ended otherwise.
    pub(super) stop: Option<String>,
}

/// How long to wait for the server's answer. Our server answers at once; another one may not know
/// the commands for files.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

impl Book {
    pub(super) fn is_idle(&self) -> bool {
        self.offers.is_empty() && self.takes == 0 && self.running.is_empty()
    }

    pub(super) fn is_unanswered(&self) -> bool {
        self.takes > 0 || self.offers.iter().any(|offer| offer.id.is_none())
    }

    /// The server has given an offer its number.
    pub(super) fn offered(&mut self, id: OfferId, digest: Promise) {
        if let Some(offer) = self.unnumbered(digest) {
            self.offers[offer].id = Some(id);
        }
    }

    /// The server has refused an offer, or has never received it.
    pub(super) fn not_offered(&mut self, digest: Promise) {
        if let Some(offer) = self.unnumbered(digest) {
            self.offers.remove(offer);
            self.failures += 1;
        }
    }

    /// The oldest unanswered offer with this digest: the server answers in order.
    fn unnumbered(&self, digest: Promise) -> Option<usize> {
        self.offers.iter().position(|offer| offer.id.is_none() && offer.label.digest == digest)
    }

    pub(super) fn give_up_waiting(&mut self) {
        let before = self.offers.len();
        self.offers.retain(|offer| offer.id.is_some());
        self.failures += before - self.offers.len() + mem::take(&mut self.takes);
    }

    pub(super) fn begin(&mut self, offer: OfferId, label: Label) -> u64 {
        self.begun += 1;
        let running = Running { offer, label, done: 0, has_thread: true, is_over: false, stop: None };
        self.running.insert(self.begun, running);
        self.begun
    }

    /// Notes how an offer or its transfer has ended.
    pub(super) fn over(&mut self, id: OfferId, has_arrived: bool) {
        let (mut was_known, stop) = (false, self.stop.take());
        self.offers.retain(|offer| {
            was_known |= offer.id == Some(id);
            offer.id != Some(id)
        });
        for running in self.running.values_mut().filter(|running| running.offer == id) {
            was_known = true;
            running.is_over = true;
            running.stop.clone_from(&stop);
        }
        self.failures += usize::from(was_known && !has_arrived);
        self.forget_finished();
    }

    /// The connection to the server is gone, and with it every offer.
    pub(super) fn disconnected(&mut self) {
        self.failures += self.offers.len();
        self.offers.clear();
        self.takes = 0;
        self.running.values_mut().for_each(|running| running.is_over = true);
        self.forget_finished();
    }

    /// Forgets transfers whose thread has ended and which the server calls over. Both are needed: a
    /// client that leaves before the server says so cancels the transfer for the other side.
    pub(super) fn forget_finished(&mut self) {
        self.running.retain(|_, running| running.has_thread || !running.is_over);
    }
}

impl Running {
    /// Sets how many bytes are done. Returns the percentage before and after, if they differ.
    pub(super) fn moves(&mut self, done: u64) -> Option<(u8, u8)> {
        let before = percent([&*self]);
        self.done = done;
        let now = percent([&*self]);
        (before != now).then_some((before, now))
    }
}

/// Who has stopped a transfer, in words, if the server says that in this line.
pub(super) fn stop(line: &str) -> Option<String> {
    if line.starts_with("You have rejected '") {
        return Some("you have stopped it".to_owned());
    }
    let is_gone =
        line.starts_with('\'').then(|| line.strip_suffix(" has left.")?.rsplit_once(" is cancelled: "));
    let (who, did) = match is_gone.flatten() {
        Some((_, who)) => (who, "has left"),
        None => (line.split_once(" has cancelled '")?.0, "has stopped it"),
    };
    Nick::new(who).is_ok().then(|| format!("{who} {did}"))
}

/// The progress of these transfers together, in percent.
pub(super) fn percent<'a>(transfers: impl IntoIterator<Item = &'a Running>) -> u8 {
    let (mut done, mut size) = (0, 0);
    for running in transfers {
        done += u128::from(running.done);
        size += u128::from(running.label.size.0);
    }
    let percent = (100 * done.min(size)).checked_div(size).unwrap_or(0);
    u8::try_from(percent).expect("at most 100")
}

/// The highest multiple of ten that a step from one percentage to another has reached, if any.
pub(super) fn tens(before: u8, now: u8) -> Option<u8> {
    (now / 10 > before / 10).then_some(now / 10 * 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::transfers::{FileEvent, Outcome, Over},
        file::{ByteCount, Fault, FileName, Side},
    };

    fn book(sizes: &[u64]) -> Book {
        let mut book = Book::default();
        for &size in sizes {
            let label = Label { name: FileName::tamed("x"), size: ByteCount(size), digest: Promise(None) };
            book.begin(OfferId(size), label);
        }
        book
    }

    #[test]
    fn the_server_says_who_has_stopped_a_transfer() {
        let stop = |outcome| {
            let (name, other) = (FileName::tamed("a' b"), Nick::new("bob").unwrap());
            let over = Over { name, you: Side::Receiver, other, outcome, id: OfferId(1), has_cue: false };
            super::stop(&FileEvent::Over(over).to_string())
        };
        assert_eq!(stop(Outcome::Rejected).as_deref(), Some("you have stopped it"));
        assert_eq!(stop(Outcome::TakenBack).as_deref(), Some("bob has stopped it"));
        assert_eq!(stop(Outcome::Left(Side::Sender)).as_deref(), Some("bob has left"));
        for outcome in [Outcome::Received, Outcome::Failed(Fault::TooSlow)] {
            assert_eq!(stop(outcome), None);
        }
        assert_eq!(super::stop("[lobby] bob: alice has cancelled 'x'."), None);
    }

    #[test]
    fn each_percentage_is_reported_once() {
        let mut book = book(&[1000]);
        let mut moves = |done| book.running.get_mut(&1).unwrap().moves(done);
        assert_eq!([moves(9), moves(10), moves(10), moves(1000)], [None, Some((0, 1)), None, Some((1, 100))]);
    }

    #[test]
    fn every_multiple_of_ten_is_reported_once() {
        assert_eq!([tens(0, 9), tens(9, 10), tens(10, 19), tens(5, 37)], [None, Some(10), None, Some(30)]);
    }

    #[test]
    fn several_files_share_one_percentage() {
        let mut two = book(&[10, 90]);
        two.running.get_mut(&1).unwrap().moves(10);
        assert_eq!(percent(two.running.values()), 10);
        two.running.get_mut(&2).unwrap().moves(90);
        assert_eq!(percent(two.running.values()), 100);
        assert_eq!(percent(book(&[0]).running.values()), 0);
    }
}
