//! The handshake of WebSocket (RFC 6455 §4.2).

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

use super::{
    call::Call,
    routes::{Answer, Then},
};
use crate::{
    http::{Method, Problem, Request, Response, Status},
    wire::WEBSOCKETS,
};

/// What shows that the server knows WebSocket (RFC 6455 §1.3).
const SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Changes to WebSocket, if everything about the request is right.
pub(super) fn open(call: &Call<'_>) -> Result<Answer, Problem> {
    let (request, mut response) = (call.request, handshake(call.request)?);
    let mut offered = request.list("sec-websocket-protocol").peekable();
    if offered.peek().is_none() {
        return Ok(Answer { response, then: Then::Speak(&WEBSOCKETS[0].1) });
    }
    let known = offered.find_map(|name| WEBSOCKETS.iter().find(|(known, _)| *known == name));
    let (name, wire) = known.ok_or_else(|| {
        let names: Vec<_> = WEBSOCKETS.iter().map(|(name, _)| *name).collect();
        Problem::bad_request(format!("The Sec-WebSocket-Protocol is one of: {}.", names.join(", ")))
    })?;
    response = response.with("Sec-WebSocket-Protocol", *name);
    Ok(Answer { response, then: Then::Speak(wire) })
}

/// Checks the handshake, without the subprotocol.
pub(super) fn handshake(request: &Request) -> Result<Response, Problem> {
    let has = |name, wanted: &str| request.list(name).any(|option| option.eq_ignore_ascii_case(wanted));
    if request.method != Method::Get
        || request.is_old
        || !has("connection", "upgrade")
        || !has("upgrade", "websocket")
    {
        return Err(upgrade("This path speaks WebSocket. Ask with 'Upgrade: websocket'."));
    }
    if request.values("sec-websocket-version").ne(["13"]) {
        return Err(upgrade("Speak version 13 of WebSocket."));
    }
    let accept = accept(request)
        .ok_or_else(|| Problem::bad_request("The Sec-WebSocket-Key must be 16 bytes in base64."))?;
    Ok(Response::empty(Status::SwitchingProtocols)
        .with("Upgrade", "websocket")
        .with("Connection", "Upgrade")
        .with("Sec-WebSocket-Accept", accept))
}

fn upgrade(detail: &'static str) -> Problem {
    Problem::new(Status::UpgradeRequired, detail)
        .with("Upgrade", "websocket")
        .with("Connection", "Upgrade")
        .with("Sec-WebSocket-Version", "13")
}

/// What is answered to the key; `None` if there is not exactly one, of the right length.
fn accept(request: &Request) -> Option<String> {
    let mut keys = request.values("sec-websocket-key");
    let (key, None) = (keys.next()?, keys.next()) else { return None };
    STANDARD.decode(key).ok().filter(|bytes| bytes.len() == 16)?;
    Some(STANDARD.encode(Sha1::new().chain_update(key).chain_update(SUFFIX).finalize()))
}
