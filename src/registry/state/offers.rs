//! The files that users offer each other, each from its offer to its end.
//!
//! The rules see neither the bytes nor the connections that carry them. Of a connection, they hold only its
//! [`Lifeline`]. So an offer that ends, for any reason, ends its transfer too.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use crate::{
    event::Event,
    file::{ByteCount, Label, OfferId, Side, Token},
    names::{ClientId, Origin},
};

/// How long an offer waits for an answer.
pub(super) const LIFE: Duration = Duration::from_secs(300);

/// How long both sides may take to connect once an offer is accepted.
pub(super) const MEETING: Duration = Duration::from_secs(30);

/// How long a transfer may take: at least this long, and a second more for every [`SLOWEST`] bytes. A
/// slower transfer would keep others out of its place for too long.
const PATIENCE: Duration = Duration::from_secs(600);
const SLOWEST: u64 = 16 * 1024;

/// The most transfers at the same time. Each takes a thread and two descriptors. One origin gets at most
/// half of what the others leave, so that it never takes all.
pub const MOST_TRANSFERS: usize = 32;

/// What is allowed with files, and where.
#[derive(Clone, Copy, Debug)]
pub struct FileLimits {
    /// The largest file.
    pub largest: ByteCount,
    /// The server's port for files; `None` if it transfers none.
    pub port: Option<u16>,
}

/// A connection that carries a file. Dropping this closes the connection.
pub trait Lifeline: Send {
    /// Notes what this side is told about the end of its offer, just before this is dropped. It is called under the lock,
    /// so it does nothing more.
    fn ends(&mut self, _told: Event) {}
}

/// What the holder of a token may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The transfer to take part in.
    pub offer: OfferId,
    /// The side to take.
    pub side: Side,
    /// The file.
    pub label: Label,
}

#[derive(Default)]
pub(super) struct Offers {
    open: BTreeMap<OfferId, Offer>,
    last: u64,
    /// Who may connect. Each token is taken out when it is shown.
    tokens: HashMap<Token, (OfferId, Side)>,
}

pub(super) struct Offer {
    pub(super) from: ClientId,
    pub(super) to: ClientId,
    pub(super) label: Label,
    /// When it ends by itself.
    pub(super) until: Instant,
    pub(super) stage: Stage,
    /// The receiver ignores the sender and does not know of the offer.
    pub(super) is_unheard: bool,
    pub(super) lifelines: Vec<(Side, Box<dyn Lifeline>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The receiver has not answered.
    Offered,
    /// Both sides may connect.
    Accepted,
    /// Both have connected.
    Transferring,
}

impl Offers {
    pub(super) fn get(&self, id: OfferId) -> Option<&Offer> {
        self.open.get(&id)
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// All open offers, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (OfferId, &Offer)> {
        self.open.iter().map(|(&id, offer)| (id, offer))
    }

    /// The offers that a client knows to be made to it, the oldest first.
    pub(super) fn to(&self, client: ClientId) -> impl Iterator<Item = (OfferId, &Offer)> {
        self.iter().filter(move |(_, offer)| offer.to == client && !offer.is_unheard)
    }

    pub(super) fn from(&self, client: ClientId) -> impl Iterator<Item = (OfferId, &Offer)> {
        self.iter().filter(move |(_, offer)| offer.from == client)
    }

    pub(super) fn add(&mut self, offer: Offer) -> OfferId {
        self.last += 1;
        let id = OfferId(self.last);
        self.open.insert(id, offer);
        id
    }

    pub(super) fn accept(&mut self, id: OfferId, now: Instant) {
        let offer = self.open.get_mut(&id).expect("it was just found");
        (offer.stage, offer.until) = (Stage::Accepted, now + MEETING);
    }

    pub(super) fn add_tokens(&mut self, id: OfferId, [sending, receiving]: [Token; 2]) {
        self.tokens.insert(sending, (id, Side::Sender));
        self.tokens.insert(receiving, (id, Side::Receiver));
    }

    /// What the holder of a token may do.
    pub(super) fn claimable(&self, token: Token) -> Option<Claim> {
        let &(offer, side) = self.tokens.get(&token)?;
        let label = self.open.get(&offer)?.label.clone();
        Some(Claim { offer, side, label })
    }

    /// Takes a token, which is worthless from now on.
    pub(super) fn claim(&mut self, token: Token, now: Instant) -> Option<Claim> {
        let claim = self.claimable(token)?;
        let id = claim.offer;
        self.tokens.remove(&token);
        let have_both_connected = !self.tokens.values().any(|(other, _)| *other == id);
        let offer = self.open.get_mut(&id)?;
        if have_both_connected {
            offer.stage = Stage::Transferring;
            offer.until = now + PATIENCE + Duration::from_secs(claim.label.size.0 / SLOWEST);
        }
        Some(claim)
    }

    /// Holds a lifeline for as long as its offer lasts; gives it back if that has ended.
    pub(super) fn hold(
        &mut self,
        id: OfferId,
        side: Side,
        lifeline: Box<dyn Lifeline>,
    ) -> Option<Box<dyn Lifeline>> {
        let Some(offer) = self.open.get_mut(&id) else { return Some(lifeline) };
        offer.lifelines.push((side, lifeline));
        None
    }

    /// Whether an origin may take part in one more transfer, given where clients come from.
    pub(super) fn has_place_for(&self, origin: Origin, origin_of: impl Fn(ClientId) -> Origin) -> bool {
        let under_way = || self.open.values().filter(|offer| offer.stage != Stage::Offered);
        let takes_part =
            |offer: &&Offer| [offer.from, offer.to].into_iter().any(|id| origin_of(id) == origin);
        let (all, its) = (under_way().count(), under_way().filter(takes_part).count());
        all < MOST_TRANSFERS && its < (MOST_TRANSFERS - (all - its)).div_ceil(2)
    }

    pub(super) fn remove(&mut self, id: OfferId) -> Option<Offer> {
        let offer = self.open.remove(&id)?;
        self.tokens.retain(|_, (other, _)| *other != id);
        Some(offer)
    }

    pub(super) fn clear(&mut self) -> impl Iterator<Item = Offer> {
        self.tokens.clear();
        std::mem::take(&mut self.open).into_values()
    }

    pub(super) fn overdue(&self, now: Instant) -> Vec<(OfferId, Stage)> {
        let overdue = self.iter().filter(|(_, offer)| offer.until <= now);
        overdue.map(|(id, offer)| (id, offer.stage)).collect()
    }

    /// How long no offer becomes overdue. One that is made or accepted later lasts at least [`MEETING`].
    pub(super) fn quiet_for(&self, now: Instant) -> Duration {
        let next = self.open.values().map(|offer| offer.until).min();
        next.map_or(MEETING, |next| next.saturating_duration_since(now).min(MEETING))
    }
}
