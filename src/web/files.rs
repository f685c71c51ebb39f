//! Files that are sent and received by HTTP.
//!
//! The sender puts its file at the path that it was told in the chat, and the receiver gets it at another one. Each path
//! has a token, and works once.

use super::{House, origin, routes::Answer};
use crate::{
    file::{Side, Token},
    http::{Method, Problem, Request, Status},
    names::Peer,
    registry::state::Claim,
    relay,
};

/// Where the paths begin.
const FOLDER: &str = "/files/";

/// Whether the body of a request is a file, which may be larger than memory.
pub(super) fn is_upload(request: &Request) -> bool {
    request.method == Method::Put && request.path.starts_with(FOLDER)
}

/// Lets a client send its file, if its token is good for that.
pub(super) fn put(house: &House<'_>, peer: Peer, request: &Request) -> Result<Answer, Problem> {
    let claim = claimable(house, peer, request, Side::Sender)?;
    let offered = claim.label.size.0;
    let length = request.header("content-length");
    match length.filter(|length| length.parse() != Ok(offered)) {
        // The token stays good, so the client can try again.
        Some(length) => {
            let detail = format!("The file has {length} bytes, but {offered} were offered.");
            Err(Problem::new(Status::Conflict, detail))
        }
        None => take(house, request),
    }
}

/// Lets a client receive its file, if its token is good for that. Only a look at the head leaves the token good.
pub(super) fn get(house: &House<'_>, peer: Peer, request: &Request) -> Result<Answer, Problem> {
    let claim = claimable(house, peer, request, Side::Receiver)?;
    if request.method == Method::Head {
        return Ok(relay::head(&claim.label).into());
    }
    take(house, request)
}

/// What the token of a request is good for. All wrong tokens are answered alike, and stay as they are.
fn claimable(house: &House<'_>, peer: Peer, request: &Request, side: Side) -> Result<Claim, Problem> {
    origin::check(house, peer, request)?;
    let claim = token(request).and_then(|token| house.registry.claimable(token));
    claim.filter(|claim| claim.side == side).ok_or_else(unknown)
}

/// Takes the token, unless another request was faster.
fn take(house: &House<'_>, request: &Request) -> Result<Answer, Problem> {
    token(request).and_then(|token| house.registry.claim(token)).map(Answer::File).ok_or_else(unknown)
}

fn token(request: &Request) -> Option<Token> {
    request.path.strip_prefix(FOLDER)?.parse().ok()
}

fn unknown() -> Problem {
    Problem::new(Status::NotFound, "There is no file to send or receive here. Each path works once.")
}
