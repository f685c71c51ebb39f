//! What is answered over HTTP: pages and calls for browsers and programs.
//!
//! One thread serves one connection, from its first request to its last. The table of routes in `web/routes.rs`
//! says what there is. A connection that changes to WebSocket becomes a client of the chat like any other.

use std::{net::SocketAddr, time::Instant};

use crate::{
    dialect::Limits,
    registry::Registry,
    relay::Relay,
    transport::{ConnectionLimit, Stream},
    wire::{Encryption, Terms, Wire},
};

mod attending;
mod call;
mod events;
mod fields;
mod files;
mod guests;
mod mailbox;
mod metrics;
mod openapi;
mod origin;
mod page;
mod redirect;
mod refusal;
mod rest;
mod routes;
mod status;
mod visit;
mod websocket;

pub use guests::Guests;
pub use origin::Origin;

use origin::Origins;
use visit::Visit;

/// What the pages and calls know about the server.
pub struct House<'a> {
    /// The chat.
    pub registry: &'a Registry,
    /// What carries files.
    pub relay: &'a Relay,
    /// When the server started.
    pub started: Instant,
    /// The address of its first door.
    pub address: SocketAddr,
    /// All its doors, as URLs.
    pub doors: Vec<String>,
    /// The places for clients.
    pub places: &'a ConnectionLimit,
    /// How long lines and texts may be.
    pub lines: Limits,
    /// The clients that call over HTTP.
    pub guests: Guests<'a>,
    /// The web sites, beside its own, whose pages may speak for their visitors.
    pub origins: Vec<Origin>,
    /// The port for `https` to which those are sent that do not encrypt; `None` if they are served.
    pub redirect: Option<u16>,
}

/// Answers the requests of a connection until one side ends it, or it changes to another protocol: the wire that it
/// speaks then, and what has come of that already. `first` was read before.
pub fn serve(
    house: &House<'_>,
    stream: &dyn Stream,
    terms: &Terms,
    first: &[u8],
) -> Option<(&'static Wire, Vec<u8>)> {
    let is_plain = matches!(terms.encryption, Encryption::Without);
    // What comes through a Unix socket is a proxy's, which encrypts itself.
    let redirect = house.redirect.filter(|_| is_plain && stream.incoming().peer().ip().is_some());
    Visit::new(house, stream, terms, redirect, first).run()
}
