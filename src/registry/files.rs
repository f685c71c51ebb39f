//! What the threads that carry files ask the registry.

use std::{net::SocketAddr, time::Duration};

use super::{
    Registry,
    state::{Claim, Lifeline, State},
};
use crate::{
    event::Event,
    file::{Fault, OfferId, Token},
};

impl Registry {
    /// Why a client from this address may not connect, if so.
    pub fn refusal_at_door(&self, address: SocketAddr) -> Option<Event> {
        self.decide(|state, turn| state.refusal_at_door(address, turn))
    }

    /// Takes a token, once, and returns what its holder may do.
    pub fn claim(&self, token: Token) -> Option<Claim> {
        self.decide(|state, turn| state.claim(turn, token))
    }

    /// Holds a lifeline until its offer ends, and drops it then.
    pub fn hold(&self, offer: OfferId, lifeline: Box<dyn Lifeline>) {
        self.decide(|state, turn| state.hold(turn, offer, lifeline));
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
