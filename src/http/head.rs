//! Reads the head of a request.

use httparse::{EMPTY_HEADER, Error};

use super::{Method, Problem, Request, Status};

/// The most headers of a request.
const MOST_HEADERS: usize = 64;

/// A head, and what it says about the body.
#[derive(Debug)]
pub(super) struct Head {
    /// The request; its body is still empty.
    pub(super) request: Request,
    pub(super) length: Length,
    /// Whether the client waits for leave to send the body.
    pub(super) waits: bool,
}

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Known(u64),
    Chunked,
}

impl Head {
    /// Reads a head that is whole: all its lines end with CR LF, and the last one is empty.
    ///
    /// Never inlined: its headers take two kilobytes of the stack.
    #[inline(never)]
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let mut headers = [EMPTY_HEADER; MOST_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(bytes) {
            Ok(httparse::Status::Complete(length)) if length == bytes.len() => {}
            Ok(_) => return Err(Problem::bad_request("The head ends in the middle of a line.")),
            Err(error) => return Err(refusal(error, bytes)),
        }
        let (Some(method), Some(target), Some(version)) = (parsed.method, parsed.path, parsed.version) else {
            return Err(Problem::bad_request("The request line is incomplete."));
        };
        let value = |header: &httparse::Header<'_>| String::from_utf8_lossy(header.value).into_owned();
        let headers: Vec<_> =
            parsed.headers.iter().map(|header| (header.name.to_ascii_lowercase(), value(header))).collect();
        let is_old = version == 0;
        let mut request = Request {
            method: known(method)?,
            path: String::new(),
            query: None,
            host: String::new(),
            headers,
            body: Vec::new(),
            has_length: false,
            is_last: is_old,
            is_old,
        };
        let says_close = request.list("connection").any(|option| option.eq_ignore_ascii_case("close"));
        request.is_last |= says_close;
        request.host = host(&request)?;
        set_target(&mut request, target)?;
        let length = length(&request)?;
        request.has_length = length.is_some();
        let waits = waits(&request)?;
        Ok(Self { request, length: length.unwrap_or(Length::Known(0)), waits })
    }
}

fn refusal(error: Error, bytes: &[u8]) -> Problem {
    match error {
        Error::TooManyHeaders => {
            Problem::new(Status::HeadTooLarge, format!("A request may have {MOST_HEADERS} headers."))
        }
        Error::Version if has_other_version(bytes) => {
            Problem::new(Status::VersionNotSupported, "Speak HTTP/1.1.")
        }
        error => Problem::bad_request(format!("The head is malformed: {error}.")),
    }
}

/// Whether the request line ends with a version of HTTP that is not spoken here.
fn has_other_version(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let words: Vec<_> = line.split(|&byte| byte == b' ').collect();
    matches!(words[..], [_, _, [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9']])
}

fn known(method: &str) -> Result<Method, Problem> {
    let known = Method::ALL.into_iter().find(|known| known.name() == method);
    known.ok_or_else(|| Problem::new(Status::NotImplemented, "This method is not known here."))
}

/// The one `Host`, which HTTP/1.1 must have (RFC 9112 §3.2).
fn host(request: &Request) -> Result<String, Problem> {
    let mut hosts = request.values("host");
    match (hosts.next(), hosts.next()) {
        (None, _) if request.is_old => Ok(String::new()),
        (None, _) => Err(Problem::bad_request("The Host header is missing.")),
        (Some(host), None) if is_host(host) => Ok(host.to_owned()),
        (Some(_), None) => Err(Problem::bad_request("The Host header is not HOST or HOST:PORT.")),
        (Some(_), Some(_)) => Err(Problem::bad_request("There are several Host headers.")),
    }
}

/// Whether this can be a host and port.
pub fn is_host(host: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    !host.is_empty() && host.bytes().all(is_fit)
}

/// Divides the target, which is a path, a whole URL, or `*` (RFC 9112 §3.2).
fn set_target(request: &mut Request, target: &str) -> Result<(), Problem> {
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::bad_request("The target has characters that must be percent-encoded."));
    }
    let whole = ["http://", "https://"].iter().find_map(|scheme| target.strip_prefix(scheme));
    let local = match whole {
        Some(rest) => {
            let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            if !is_host(host) {
                return Err(Problem::bad_request("The target names no host."));
            }
            // It counts more than the header.
            host.clone_into(&mut request.host);
            path
        }
        None if target.starts_with('/') || (target == "*" && request.method == Method::Options) => target,
        None => return Err(Problem::bad_request("The target must begin with a slash.")),
    };
    let (path, query) = local.split_once('?').map_or((local, None), |(path, query)| (path, Some(query)));
    request.path = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
    request.query = query.map(str::to_owned);
    Ok(())
}

/// How long the body is; `None` if there is none (RFC 9112 §6.3).
fn length(request: &Request) -> Result<Option<Length>, Problem> {
    let lengths: Vec<_> = request.values("content-length").collect();
    let codings: Vec<_> = request.values("transfer-encoding").collect();
    match (&lengths[..], &codings[..]) {
        ([], []) => Ok(None),
        ([length], []) => known_length(length).map(Some),
        ([], _) if request.is_old => Err(Problem::bad_request("HTTP/1.0 has no Transfer-Encoding.")),
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") => Ok(Some(Length::Chunked)),
        ([], _) => {
            Err(Problem::new(Status::NotImplemented, "Only the transfer coding 'chunked' is known here."))
        }
        ([_, _, ..], []) => Err(Problem::bad_request("There are several Content-Length headers.")),
        (_, _) => Err(Problem::bad_request("Content-Length and Transfer-Encoding contradict each other.")),
    }
}

fn known_length(length: &str) -> Result<Length, Problem> {
    if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::bad_request("The Content-Length is not a number."));
    }
    // A number that is too large to be read is too large for any body, too.
    Ok(Length::Known(length.parse().unwrap_or(u64::MAX)))
}

/// The body has more bytes than it may have.
pub(super) fn too_large(most: u64) -> Problem {
    Problem::new(Status::ContentTooLarge, format!("A body may have {most} bytes."))
}

/// Whether the client waits for `100 Continue` (RFC 9110 §10.1.1).
fn waits(request: &Request) -> Result<bool, Problem> {
    let mut expectations = request.list("expect");
    match expectations.find(|expected| !expected.eq_ignore_ascii_case("100-continue")) {
        Some(_) => Err(Problem::new(Status::ExpectationFailed, "Only '100-continue' can be expected.")),
        None => Ok(!request.is_old && request.header("expect").is_some()),
    }
}
