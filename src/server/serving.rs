//! What serves a connection: TLS if its client speaks that, and the wire that is spoken inside.

use std::{panic, sync::Arc, thread, time::Duration};

use super::{acceptor::STACK, choosing};
use crate::{
    broadcaster::Sink,
    command::Mistake,
    dialect::{Decoder, Dialect, text},
    event::Event,
    registry::Registry,
    session,
    transport::{Connection, Encrypted, Incoming, SealedSink, Stream, Unmet},
    watch::{self, Activity},
    web::{self, House},
    wire::{self, Encryption, Terms, Wire},
};

/// How long a client that is not let in may take to close its side.
const CLOSING: Duration = Duration::from_secs(1);

/// Serves a client that has connected. Its thread's stack stays small while it is idle.
pub(super) fn serve(house: &House<'_>, connection: &Arc<Connection>, terms: &Terms) {
    // The decoder stays where it is made: another one would take room on the stack.
    if let Some(prepared) = &mut prepare(house, connection, terms) {
        prepared.run(house.registry, &**connection);
    }
}

/// A client that can be served: its wire, what writes to it, and what reads it.
struct Prepared {
    wire: &'static Wire,
    sink: Option<Box<dyn Sink>>,
    decoder: Decoder,
}

impl Prepared {
    /// A client that speaks the wire of these terms, and has sent `first` already; `None` if it is gone or refused,
    /// or was served.
    fn new(house: &House<'_>, stream: &dyn Stream, terms: &Terms, first: &[u8]) -> Option<Self> {
        if terms.wire == wire::HTTP {
            web::serve(house, stream, terms, first);
            return None;
        }
        if terms.wire == wire::TEXT && text::is_web_browser(first) {
            refuse_web_browser(stream);
            return None;
        }
        let sink = SealedSink::around(stream.writer().ok()?, terms.seal());
        let mut decoder = terms.decoder();
        decoder.feed(first);
        Some(Self { wire: terms.wire, sink: Some(sink), decoder })
    }

    fn run(&mut self, registry: &Registry, incoming: &dyn Incoming) {
        if let Some(sink) = self.sink.take() {
            session::run(registry, incoming, sink, self.wire, &mut self.decoder);
        }
    }
}

/// Finds out what a client speaks; `None` if it is gone or refused, or was served already. Never inlined, because an
/// idle client would keep the stack that this needs.
#[inline(never)]
fn prepare(house: &House<'_>, connection: &Arc<Connection>, terms: &Terms) -> Option<Prepared> {
    let told_by = match &terms.encryption {
        Encryption::Required(_) => {
            serve_encrypted(house, connection, terms, &[]);
            return None;
        }
        Encryption::Possible(_) => wire::told_by_or_tls,
        Encryption::Without => wire::told_by,
    };
    if terms.wire == wire::ANY {
        let (wire, first) = choosing::choose(&**connection, told_by).ok()?;
        if wire == wire::TLS {
            serve_encrypted(house, connection, terms, &first);
            return None;
        }
        return Prepared::new(house, connection, &terms.of(wire), &first);
    }
    if terms.wire != wire::HTTP && terms.wire.dialect == Dialect::Text && is_web_browser(connection) {
        refuse_web_browser(connection);
        return None;
    }
    Prepared::new(house, connection, terms, &[])
}

/// Serves a client that speaks TLS, and has sent `first` already.
#[inline(never)]
fn serve_encrypted(house: &House<'_>, connection: &Arc<Connection>, terms: &Terms, first: &[u8]) {
    let Some(encrypted) = accept(house.registry, connection, terms, first) else { return };
    if let Some(prepared) = &mut prepare_encrypted(house, &encrypted, terms) {
        prepared.run(house.registry, &encrypted);
    }
}

/// As [`prepare`], inside of TLS.
#[inline(never)]
fn prepare_encrypted(house: &House<'_>, encrypted: &Encrypted, terms: &Terms) -> Option<Prepared> {
    if terms.wire == wire::ANY {
        let (wire, first) = choosing::choose(encrypted, wire::told_by).ok()?;
        return Prepared::new(house, encrypted, &terms.of(wire), &first);
    }
    Prepared::new(house, encrypted, terms, &[])
}

/// Does the handshake of TLS; `None` if that fails.
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
    let accept = || Encrypted::accept(connection, certificate.config(), first, &is_stopping);
    // A handshake goes deep. On a thread that ends with it, the client does not keep the stack that it needs.
    let accepted = thread::scope(|threads| {
        let thread = thread::Builder::new().name("handshake".into()).stack_size(STACK);
        let handshake = thread.spawn_scoped(threads, accept).map_err(Unmet::Failed)?;
        handshake.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
    });
    match accepted {
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

/// Whether a client that has just come has sent an HTTP request already. A request that comes later is
/// found by the decoder. Never inlined: an idle client would keep the stack that looking needs.
#[inline(never)]
fn is_web_browser(connection: &Connection) -> bool {
    let mut first = [0; text::FIRST_BYTES];
    connection.peek(&mut first).is_ok_and(|length| text::is_web_browser(&first[..length]))
}

#[inline(never)]
fn refuse_web_browser(stream: &dyn Stream) {
    tracing::info!(peer = %stream.incoming().peer(), "refused: speaks HTTP");
    refuse(stream, &text::line(&Event::Mistaken(Mistake::HttpRequest)));
}

/// Says one last thing to a client that is not let in, and gives it time to read that.
fn refuse(stream: &dyn Stream, words: &[u8]) {
    stream.end(words);
    watch::doing(Activity::Closing);
    stream.incoming().drain(CLOSING);
}
