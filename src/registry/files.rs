//! What those ask for who carry files.

use super::{
    Registry,
    state::{Claim, Lifeline, State},
};
use crate::file::{Fault, OfferId, Token};

impl Registry {
    /// Takes a token, once, for what it is worth.
    pub fn claim(&self, token: Token) -> Option<Claim> {
        self.decide(|state, now| state.claim(token, now))
    }

    /// Has a line dropped when its offer ends.
    pub fn hold(&self, offer: OfferId, line: Box<dyn Lifeline>) {
        self.decide(|state, _| state.hold(offer, line));
    }

    /// Says how a transfer has ended.
    pub fn conclude(&self, offer: OfferId, outcome: Result<(), Fault>) {
        self.decide(|state, now| state.conclude(offer, outcome, now));
    }

    /// Ends the offers whose time is over; gives how soon to ask again at the latest.
    pub fn end_overdue_offers(&self) -> std::time::Duration {
        self.decide(State::end_overdue_offers)
    }
}
