//! What the threads that carry files ask, and what they tell.

use std::time::Duration;

use super::Registry;
use crate::{
    file::{Fault, OfferId, Side, Token},
    registry::state::{Claim, Lifeline, State},
};

impl Registry {
    /// What the holder of a token may do. The token stays good.
    pub fn claimable(&self, token: Token) -> Option<Claim> {
        self.decide(|state, _| state.claimable(token))
    }

    /// Takes a token of a transfer, once, and returns what its holder may do.
    pub fn claim(&self, token: Token) -> Option<Claim> {
        self.decide(|state, turn| state.claim(turn, token))
    }

    /// Holds a lifeline until its offer ends, and drops it then.
    pub fn hold(&self, offer: OfferId, side: Side, lifeline: Box<dyn Lifeline>) {
        self.decide(|state, turn| state.hold(turn, offer, side, lifeline));
    }

    /// Notes how a transfer has ended.
    pub fn conclude(&self, offer: OfferId, outcome: Result<(), Fault>) {
        self.decide(|state, turn| state.conclude(turn, offer, outcome));
    }

    /// Ends the offers whose time is over; returns how soon to ask again at the latest.
    pub fn end_overdue_offers(&self) -> Duration {
        self.decide(State::end_overdue_offers)
    }
}
