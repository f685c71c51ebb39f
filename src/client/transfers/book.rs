//! What is offered, and what is on its way.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use super::meter::Meter;
use crate::file::{Digest, Label, OfferId};

/// What is going on.
#[derive(Default)]
pub(super) struct Book {
    /// Where the server is.
    pub(super) server: Option<IpAddr>,
    /// What was offered and is not over.
    pub(super) offers: Vec<Outgoing>,
    /// How many times the server was told to accept, and has not answered.
    pub(super) takes: usize,
    /// When the server was last asked anything.
    pub(super) last_asked: Option<Instant>,
    /// What is on its way, in the order in which it began. Not by the offers' numbers: a server that
    /// was started again begins to count anew.
    pub(super) running: BTreeMap<u64, Running>,
    pub(super) begun: u64,
    /// How many files did not arrive.
    pub(super) failures: usize,
}

/// A file that was offered.
pub(super) struct Outgoing {
    pub(super) path: PathBuf,
    pub(super) label: Label,
    /// `None` before the server has given it a number.
    pub(super) id: Option<OfferId>,
}

/// A file on its way.
pub(super) struct Running {
    pub(super) offer: OfferId,
    pub(super) meter: Meter,
    pub(super) has_thread: bool,
    /// The server has said so.
    pub(super) is_over: bool,
}

/// How long a server that does not answer is waited for. Ours answers at once; another may not know
/// what we are talking about.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

impl Book {
    pub(super) fn is_idle(&self) -> bool {
        self.offers.is_empty() && self.takes == 0 && self.running.is_empty()
    }

    pub(super) fn is_unanswered(&self) -> bool {
        self.takes > 0 || self.offers.iter().any(|offer| offer.id.is_none())
    }

    pub(super) fn give_up_waiting(&mut self) {
        let before = self.offers.len();
        self.offers.retain(|offer| offer.id.is_some());
        self.failures += before - self.offers.len() + std::mem::take(&mut self.takes);
    }

    /// The oldest offer of these bytes that the server has not answered: it answers in order.
    pub(super) fn unnumbered(&self, digest: Digest) -> Option<usize> {
        self.offers.iter().position(|offer| offer.id.is_none() && offer.label.digest == digest)
    }

    pub(super) fn begin(&mut self, offer: OfferId, label: &Label) -> u64 {
        self.begun += 1;
        let meter = Meter::new(label);
        self.running.insert(self.begun, Running { offer, meter, has_thread: true, is_over: false });
        self.begun
    }

    /// Two things have to happen before a transfer is forgotten: our part is done, and the server has
    /// said that all of it is. Who leaves before that is gone before the other side is told.
    pub(super) fn forget_finished(&mut self) {
        self.running.retain(|_, running| running.has_thread || !running.is_over);
    }
}
