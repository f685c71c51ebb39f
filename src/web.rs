//! What is answered over HTTP: pages and calls for browsers and programs.
//!
//! One thread serves one connection, from its first request to its last. The table of routes in `web/routes.rs`
//! says what there is.

use std::{net::SocketAddr, time::Instant};

use crate::{dialect::Limits, registry::Registry, transport::Connection};

mod routes;
mod status;
mod visit;

use visit::Visit;

/// What the pages and calls know about the server.
pub struct House<'a> {
    /// The chat.
    pub registry: &'a Registry,
    /// When the server started.
    pub started: Instant,
    /// The address of its first door.
    pub address: SocketAddr,
    /// All its doors, as URLs.
    pub doors: Vec<String>,
    /// The most clients.
    pub max_clients: usize,
    /// How long lines and texts may be.
    pub lines: Limits,
}

/// Answers the requests of a connection until one side ends it. `first` was read already.
pub fn serve(house: &House<'_>, connection: &Connection, first: &[u8]) {
    Visit::new(house, connection, first).run();
}
