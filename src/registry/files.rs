//! What the relay asks for.

use std::net::SocketAddr;

use super::{
    Registry,
    state::{Claim, Lifeline, State},
};
use crate::{
    event::Event,
    file::{Fault, OfferId, Token},
};

impl Registry {
    /// Why no connection from this address is let in, if there is a reason.
    pub fn turns_away(&self, address: SocketAddr) -> Option<Event> {
        self.decide(|state, now| state.turns_away(address, now))
    }

    /// What a token allows. Each token can be claimed once.
    pub fn claim(&self, token: Token) -> Option<Claim> {
        self.decide(|state, now| state.claim(token, now))
    }

    /// Drops a line when its offer ends.
    pub fn hold(&self, offer: OfferId, line: Box<dyn Lifeline>) {
        self.decide(|state, _| state.hold(offer, line));
    }

    /// Notes how a transfer has ended.
    pub fn conclude(&self, offer: OfferId, outcome: Result<(), Fault>) {
        self.decide(|state, now| state.conclude(offer, outcome, now));
    }

    /// Ends the offers whose time is over; returns how soon to ask again at the latest.
    pub fn end_overdue_offers(&self) -> std::time::Duration {
        self.decide(State::end_overdue_offers)
    }
}
