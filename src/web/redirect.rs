//! The way from `http` to `https`.

use crate::http::{Problem, Request, Response, Status};

/// Sends a client to the same place at the port for `https`.
pub(super) fn to_https(request: &Request, port: u16) -> Result<Response, Problem> {
    let host = match request.host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => &request.host,
    };
    if host.is_empty() {
        return Err(Problem::new(
            Status::BadRequest,
            "This port sends to https, so the Host header must name a host.",
        ));
    }
    let port = if port == 443 { String::new() } else { format!(":{port}") };
    let path = if request.path == "*" { "/" } else { &request.path };
    let query = request.query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
    let place = format!("https://{host}{port}{path}{query}");
    Ok(Response::new(Status::PermanentRedirect, "text/plain; charset=utf-8", format!("{place}\n"))
        .with("Location", place))
}
