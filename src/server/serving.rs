//! What serves a connection: TLS if its client speaks that, and the wire that is spoken inside.

use std::{sync::Arc, time::Duration};

use super::{acceptor::Continuation, choosing};
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

/// Serves a client that has connected. Its thread's stack stays small while it is idle: what goes deep ends with
/// a continuation.
pub(super) fn serve<'a>(
    house: &'a House<'_>,
    connection: &Arc<Connection>,
    terms: &'a Terms,
) -> Option<Continuation<'a>> {
    // The decoder stays where it is made: another one would take room on the stack.
    match &mut prepare(house, connection, terms) {
        Next::Client(prepared) => prepared.run(house.registry, &**connection),
        Next::Continuation(continuation) => return continuation.take(),
    }
    None
}

/// What is next for a connection.
enum Next<'a> {
    /// It is a client of the chat.
    Client(Prepared),
    /// It goes on with this, or is over.
    Continuation(Option<Continuation<'a>>),
}

impl<'a> Next<'a> {
    const OVER: Self = Self::Continuation(None);

    /// A client that speaks the wire of these terms, and has sent `first` already.
    fn new(house: &'a House<'_>, stream: &dyn Stream, terms: &Terms, first: &[u8]) -> Self {
        if terms.wire == wire::HTTP {
            let client = web::serve(house, stream, terms, first);
            return Self::Continuation(client.and_then(|(wire, first)| {
                let mut prepared = Prepared::new(stream, &terms.of(wire), &first)?;
                let stream = stream.share();
                Some(Continuation::new(move || {
                    prepared.run(house.registry, stream.incoming());
                    None
                }))
            }));
        }
        if terms.wire == wire::TEXT && text::is_web_browser(first) {
            refuse_web_browser(stream);
            return Self::OVER;
        }
        Prepared::new(stream, terms, first).map_or(Self::OVER, Self::Client)
    }
}

/// A client that can be served: its wire, what writes to it, and what reads it.
struct Prepared {
    wire: &'static Wire,
    sink: Option<Box<dyn Sink>>,
    decoder: Decoder,
}

impl Prepared {
    /// Never inlined: an idle client would keep the stack that this needs.
    #[inline(never)]
    fn new(stream: &dyn Stream, terms: &Terms, first: &[u8]) -> Option<Self> {
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

/// Finds out what a client speaks. Never inlined, because an idle client would keep the stack that this needs.
#[inline(never)]
fn prepare<'a>(house: &'a House<'_>, connection: &Arc<Connection>, terms: &'a Terms) -> Next<'a> {
    let told_by = match &terms.encryption {
        Encryption::Required(_) => return encrypt(house, connection, terms, &[]),
        Encryption::Possible(_) => wire::told_by_or_tls,
        Encryption::Without => wire::told_by,
    };
    if terms.wire == wire::ANY {
        let Ok((wire, first)) = choosing::choose(&**connection, told_by) else { return Next::OVER };
        if wire == wire::TLS {
            return encrypt(house, connection, terms, &first);
        }
        return Next::new(house, connection, &terms.of(wire), &first);
    }
    if terms.wire != wire::HTTP && terms.wire.dialect == Dialect::Text && is_web_browser(connection) {
        refuse_web_browser(connection);
        return Next::OVER;
    }
    Next::new(house, connection, terms, &[])
}

/// Does the handshake of TLS with a client that has sent `first` already. Then it is served inside of TLS.
#[inline(never)]
fn encrypt<'a>(
    house: &'a House<'_>,
    connection: &Arc<Connection>,
    terms: &'a Terms,
    first: &[u8],
) -> Next<'a> {
    let encrypted = accept(house.registry, connection, terms, first);
    Next::Continuation(encrypted.map(|encrypted| {
        Continuation::new(move || {
            match &mut prepare_encrypted(house, &encrypted, terms) {
                Next::Client(prepared) => prepared.run(house.registry, &encrypted),
                Next::Continuation(continuation) => return continuation.take(),
            }
            None
        })
    }))
}

/// As [`prepare`], inside of TLS.
#[inline(never)]
fn prepare_encrypted<'a>(house: &'a House<'_>, encrypted: &Encrypted, terms: &'a Terms) -> Next<'a> {
    if terms.wire == wire::ANY {
        let Ok((wire, first)) = choosing::choose(encrypted, wire::told_by) else { return Next::OVER };
        return Next::new(house, encrypted, &terms.of(wire), &first);
    }
    Next::new(house, encrypted, terms, &[])
}

/// Does the handshake of TLS; `None` if that fails.
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
