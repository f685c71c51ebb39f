//! Files that are sent and received by HTTP.
//!
//! The sender puts its file at the path that it was told in the chat, and the receiver gets it at another one. Each path
//! has a token, and works once.

use super::{
    call::Call,
    routes::{Answer, Then},
};
use crate::{
    file::{Side, Token},
    http::{Method, Problem, Response, Status},
    registry::state::Claim,
    relay,
};

/// Lets a client send its file, if its token is good for that.
pub(super) fn put(call: &Call<'_>) -> Result<Answer, Problem> {
    let offered = claimable(call, Side::Sender)?.label.size.0;
    if !call.request.has_length {
        let detail = "Send the file with its Content-Length, or in chunks.";
        return Err(Problem::new(Status::LengthRequired, detail));
    }
    let length = call.request.header("content-length");
    match length.filter(|length| length.parse() != Ok(offered)) {
        // The token stays good, so the client can try again.
        Some(length) => {
            let detail = format!("The file has {length} bytes, but {offered} were offered.");
            Err(Problem::new(Status::Conflict, detail))
        }
        None => take(call),
    }
}

/// Lets a client receive its file, if its token is good for that. Only a look at the head leaves the token good.
pub(super) fn get(call: &Call<'_>) -> Result<Answer, Problem> {
    let claim = claimable(call, Side::Receiver)?;
    if call.request.method == Method::Head {
        return Ok(relay::head(&claim.label).into());
    }
    take(call)
}

/// What the token of a call is good for. All wrong tokens are answered alike, and stay as they are.
fn claimable(call: &Call<'_>, side: Side) -> Result<Claim, Problem> {
    let claim = token(call).and_then(|token| call.house.registry.claimable(token));
    claim.filter(|claim| claim.side == side).ok_or_else(unknown)
}

/// Takes the token, unless another request was faster.
fn take(call: &Call<'_>) -> Result<Answer, Problem> {
    let claim = token(call).and_then(|token| call.house.registry.claim(token)).ok_or_else(unknown)?;
    Ok(Answer { response: Response::empty(Status::Ok), then: Then::Carry(claim) })
}

fn token(call: &Call<'_>) -> Option<Token> {
    call.parts.first()?.parse().ok()
}

fn unknown() -> Problem {
    Problem::new(Status::NotFound, "There is no file to send or receive here. Each path works once.")
}
