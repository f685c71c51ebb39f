//! Clients that speak TLS, and a wire inside of it.

use std::sync::Arc;

use super::{
    choosing,
    doors::{Prepared, refuse},
};
use crate::{
    command::Mistake,
    event::Event,
    registry::Registry,
    session,
    transport::{Connection, Encrypted, Incoming, Unmet},
    wire::{self, Encryption, Terms},
};

/// Serves a client that has sent these bytes already, which begin a handshake.
#[inline(never)]
pub(super) fn serve(registry: &Registry, connection: &Arc<Connection>, terms: &Terms, first: &[u8]) {
    let Some(encrypted) = accept(registry, connection, terms, first) else { return };
    if let Some(Prepared { wire, sink, decoder }) = &mut prepare(&encrypted, terms)
        && let Some(sink) = sink.take()
    {
        session::run(registry, &encrypted, sink, wire, decoder);
    }
}

/// Does the handshake; `None` when that fails.
#[inline(never)]
fn accept(
    registry: &Registry,
    connection: &Arc<Connection>,
    terms: &Terms,
    first: &[u8],
) -> Option<Encrypted> {
    let (Encryption::Possible(certificate) | Encryption::Required(certificate)) = &terms.encryption else {
        return None;
    };
    let is_stopping = || registry.is_stopping();
    match Encrypted::accept(connection, certificate.config(), first, &is_stopping) {
        Ok(encrypted) => return Some(encrypted),
        Err(Unmet::NotTls) => {
            tracing::info!(peer = %connection.peer(), "refused: speaks no TLS");
            refuse(connection, &terms.plain_refusal(&Event::Mistaken(Mistake::Unencrypted)));
        }
        Err(Unmet::Failed(error)) => {
            tracing::info!(peer = %connection.peer(), %error, "refused: no handshake");
            refuse(connection, &[]);
        }
    }
    None
}

/// Finds out what a client speaks inside of TLS; `None` when it is gone.
#[inline(never)]
fn prepare(encrypted: &Encrypted, terms: &Terms) -> Option<Prepared> {
    if terms.wire == wire::ANY {
        let (wire, first) = choosing::choose(encrypted, wire::told_by).ok()?;
        let mut prepared = Prepared::new(encrypted.writer().ok()?, &terms.of(wire));
        prepared.decoder.feed(&first);
        return Some(prepared);
    }
    Some(Prepared::new(encrypted.writer().ok()?, terms))
}
