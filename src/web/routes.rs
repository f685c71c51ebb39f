//! The table of routes, from which follows what a path can do.

use super::{House, files, metrics, status, websocket};
use crate::{
    http::{Method, Problem, Request, Response, Status},
    names::Peer,
    registry::state::Claim,
    wire::Wire,
};

/// One thing that can be asked.
struct Route {
    method: Method,
    /// What stands in braces is any one part of a path.
    path: &'static str,
    answer: fn(&House<'_>, Peer, &Request) -> Result<Answer, Problem>,
}

/// What comes of a request.
pub(super) enum Answer {
    /// A response.
    Response(Response),
    /// A response, after which the connection speaks something else.
    Changed(Response, &'static Wire),
    /// The connection becomes one side of a transfer, which answers it.
    File(Claim),
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self::Response(response)
    }
}

/// All of them. `HEAD` goes where `GET` goes, and `OPTIONS` goes everywhere.
static ROUTES: [Route; 6] = [
    Route { method: Method::Get, path: "/healthz", answer: |_, _, _| Ok(status::health().into()) },
    Route {
        method: Method::Get,
        path: "/server/status",
        answer: |house, _, _| Ok(status::report(house).into()),
    },
    Route { method: Method::Get, path: "/metrics", answer: |house, _, _| Ok(metrics::report(house).into()) },
    Route { method: Method::Get, path: "/ws", answer: websocket::open },
    Route { method: Method::Get, path: "/files/{token}", answer: files::get },
    Route { method: Method::Put, path: "/files/{token}", answer: files::put },
];

/// What a request is answered.
pub(super) fn answer(house: &House<'_>, peer: Peer, request: &Request) -> Result<Answer, Problem> {
    let allowed = allowed(&request.path)
        .ok_or_else(|| Problem::new(Status::NotFound, "There is nothing at this path."))?;
    if request.method == Method::Options {
        return Ok(Response::empty(Status::NoContent).with("Allow", allowed).into());
    }
    let route = at(&request.path).find(|route| serves(route, request.method));
    let route = route.ok_or_else(|| {
        let detail = format!("{} does nothing here. Use one of: {allowed}.", request.method);
        Problem::new(Status::MethodNotAllowed, detail).with("Allow", &allowed[..])
    })?;
    (route.answer)(house, peer, request)
}

/// The routes of a path. It is compared as it was sent, so `/./healthz` and `/%68ealthz` are other paths.
fn at(path: &str) -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(move |route| path == "*" || is_at(route.path, path))
}

fn is_at(pattern: &str, path: &str) -> bool {
    let is_alike =
        |(pattern, part): (&str, &str)| part == pattern || (pattern.starts_with('{') && !part.is_empty());
    pattern.split('/').count() == path.split('/').count()
        && pattern.split('/').zip(path.split('/')).all(is_alike)
}

fn serves(route: &Route, method: Method) -> bool {
    route.method == if method == Method::Head { Method::Get } else { method }
}

/// The methods of a path; `None` if there is nothing at it.
fn allowed(path: &str) -> Option<String> {
    at(path).next()?;
    let is_allowed =
        |method: &Method| *method == Method::Options || at(path).any(|route| serves(route, *method));
    let names: Vec<_> =
        Method::ALL.iter().filter(|method| is_allowed(method)).map(|method| method.name()).collect();
    Some(names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_follows_from_the_table() {
        assert_eq!(allowed("/healthz").as_deref(), Some("GET, HEAD, OPTIONS"));
        assert_eq!(allowed("*").as_deref(), Some("GET, HEAD, PUT, OPTIONS"));
        assert_eq!(allowed("/files/x").as_deref(), Some("GET, HEAD, PUT, OPTIONS"));
        for path in ["/files", "/files/", "/files//", "/files/x/", "/files/x/y", "/x/files/y", "files/x"] {
            assert_eq!(allowed(path), None, "{path}");
        }
        for path in ["", "/", "/nothing", "/healthz/", "//healthz", "/./healthz", "/%68ealthz", "/HEALTHZ"] {
            assert_eq!(allowed(path), None, "{path}");
        }
    }
}
