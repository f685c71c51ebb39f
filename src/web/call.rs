//! One call: a request to a row of the table, checked against it.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    House,
    fields::Fields,
    guests::Guest,
    routes::{Answer, By, Route},
};
use crate::{
    http::{Problem, Request, Status},
    names::Peer,
    wire::Terms,
};

/// A request, and what is known about it.
pub(super) struct Call<'a> {
    pub(super) house: &'a House<'a>,
    /// What holds at the door where the request has come in.
    pub(super) terms: &'a Terms,
    pub(super) peer: Peer,
    pub(super) request: &'a Request,
    /// The parts of the path that the names in braces stand for.
    pub(super) parts: Vec<String>,
    /// What is in the body and behind the `?`.
    pub(super) fields: Fields,
}

/// The client that a token belongs to.
pub(super) struct Caller {
    pub(super) id: Uuid,
    pub(super) guest: Arc<Guest>,
}

impl<'a> Call<'a> {
    pub(super) fn new(house: &'a House<'a>, terms: &'a Terms, peer: Peer, request: &'a Request) -> Self {
        Self { house, terms, peer, request, parts: Vec::new(), fields: Fields::default() }
    }

    /// Checks the request, and has it answered. A client without a token learns nothing else.
    pub(super) fn answer(mut self, route: &'static Route, parts: &[String]) -> Result<Answer, Problem> {
        self.parts = parts.to_vec();
        match route.answer {
            By::Anyone(answer) => {
                self.fields = Fields::read(route, self.request)?;
                answer(&self)
            }
            By::Client(answer) => {
                let caller = self.caller(route)?;
                self.fields = Fields::read(route, self.request)?;
                answer(&self, &caller)
            }
        }
    }

    /// The client whose token comes with the request: in `Authorization: Bearer`, or behind the `?` where the row
    /// allows that for browsers, which cannot set headers for a WebSocket.
    fn caller(&self, route: &Route) -> Result<Caller, Problem> {
        let mut headers = self.request.values("authorization");
        let token = match (headers.next(), headers.next()) {
            (Some(header), None) => bearer(header).map(str::to_owned),
            (None, _) if route.query.iter().any(|field| field.name == "token") => {
                let parameters = self.request.parameters()?;
                parameters.into_iter().find(|(name, _)| name == "token").map(|(_, token)| token)
            }
            _ => None,
        };
        let token = token.ok_or_else(|| {
            unauthorized(
                "Show your token with 'Authorization: Bearer TOKEN'. /clients/register gives you one.",
            )
        })?;
        let (id, guest) = self.house.guests.find_by_token(&token).ok_or_else(unknown_token)?;
        Ok(Caller { id, guest })
    }
}

/// The token in `Bearer TOKEN` (RFC 6750 §2.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The client of a token is gone, or there never was one.
pub(super) fn unknown_token() -> Problem {
    unauthorized("No client has this token. It may have left. Register again.")
}

fn unauthorized(detail: &'static str) -> Problem {
    Problem::new(Status::Unauthorized, detail).with("WWW-Authenticate", "Bearer realm=\"chat\"")
}
