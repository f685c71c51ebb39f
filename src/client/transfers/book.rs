//! The open offers and the running transfers.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use super::meter::Meter;
use crate::file::{Digest, Label, OfferId};

/// Offers and transfers.
#[derive(Default)]
pub(super) struct Book {
    /// The server's address, once we are connected.
    pub(super) server: Option<IpAddr>,
    /// The files that were offered to others, until that is over.
    pub(super) offers: Vec<Outgoing>,
    /// How many times the server was asked for an offered file and has not answered.
    pub(super) takes: usize,
    /// When the server was last asked about files.
    pub(super) last_asked: Option<Instant>,
    /// The transfers by serial number. The numbers of their offers would not do: after a restart, the
    /// server counts from 1 again.
    pub(super) running: BTreeMap<u64, Running>,
    pub(super) begun: u64,
    /// How many files were not sent or not received.
    pub(super) failures: usize,
}

/// A file that was offered.
pub(super) struct Outgoing {
    pub(super) path: PathBuf,
    pub(super) label: Label,
    /// `None` until the server has answered with the number.
    pub(super) id: Option<OfferId>,
}

/// A file that is being sent or received.
pub(super) struct Running {
    pub(super) offer: OfferId,
    pub(super) meter: Meter,
    pub(super) has_thread: bool,
    /// Whether the server has said that the transfer is over.
    pub(super) is_over: bool,
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

    pub(super) fn give_up_waiting(&mut self) {
        let before = self.offers.len();
        self.offers.retain(|offer| offer.id.is_some());
        self.failures += before - self.offers.len() + std::mem::take(&mut self.takes);
    }

    /// The oldest unanswered offer with this digest: the server answers in order.
    pub(super) fn unnumbered(&self, digest: Digest) -> Option<usize> {
        self.offers.iter().position(|offer| offer.id.is_none() && offer.label.digest == digest)
    }

    pub(super) fn begin(&mut self, offer: OfferId, label: &Label) -> u64 {
        self.begun += 1;
        let meter = Meter::new(label);
        self.running.insert(self.begun, Running { offer, meter, has_thread: true, is_over: false });
        self.begun
    }

    /// Forgets transfers whose thread has ended and which the server calls over. Both are needed: a
    /// client that leaves before the server says so cancels the transfer for the other side.
    pub(super) fn forget_finished(&mut self) {
        self.running.retain(|_, running| running.has_thread || !running.is_over);
    }
}
