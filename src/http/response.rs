//! What a client is answered.

use std::{borrow::Cow, fmt::Write};

use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use serde_json::{Value, json};

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The connection speaks another protocol from now on.
    SwitchingProtocols = 101,
    /// Here it is.
    Ok = 200,
    /// It was made.
    Created = 201,
    /// It is on its way.
    Accepted = 202,
    /// It is done, and there is nothing to show.
    NoContent = 204,
    /// The client has it already.
    NotModified = 304,
    /// It is there, for the same method.
    PermanentRedirect = 308,
    /// Nothing can be made of the request.
    BadRequest = 400,
    /// The client has not shown who it is.
    Unauthorized = 401,
    /// The client may not do that.
    Forbidden = 403,
    /// There is nothing at this path.
    NotFound = 404,
    /// The path does not have this method.
    MethodNotAllowed = 405,
    /// The request took too long to come.
    RequestTimeout = 408,
    /// Something else is there already, or the client is somewhere else.
    Conflict = 409,
    /// The request does not say how long its body is.
    LengthRequired = 411,
    /// The body is too large.
    ContentTooLarge = 413,
    /// The request line is too long.
    TargetTooLong = 414,
    /// The body is in a format that is not read here.
    UnsupportedMedia = 415,
    /// The client expects what is not known.
    ExpectationFailed = 417,
    /// The body is well-formed, but a rule forbids what is in it.
    Unprocessable = 422,
    /// The path speaks only another protocol.
    UpgradeRequired = 426,
    /// The client does something too often.
    TooManyRequests = 429,
    /// The head is too large.
    HeadTooLarge = 431,
    /// The method or the transfer coding is not known.
    NotImplemented = 501,
    /// There is no place, or the server stops.
    ServiceUnavailable = 503,
    /// This version of HTTP is not spoken.
    VersionNotSupported = 505,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// What became of the request.
    pub status: Status,
    /// Headers beside those that each response has.
    pub headers: Vec<(&'static str, String)>,
    /// The media type of the body.
    pub media: &'static str,
    /// The body; of a stream, there is none yet.
    pub body: Vec<u8>,
    /// How long a body is that is sent by other means.
    pub length: Option<u64>,
    /// Whether the body follows later, in chunks.
    pub is_stream: bool,
}

/// What ends a body that is sent in chunks.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// A part of a body that is sent in chunks (RFC 9112 §7.1). It must not be empty, because an empty one is the last.
pub fn chunk(content: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", content.len()).as_bytes(), content, b"\r\n"].concat()
}

/// Why a request is not answered as the client wants (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem it is.
    pub status: Status,
    /// What to do about it.
    pub detail: Cow<'static, str>,
    /// Headers that help.
    pub headers: Vec<(&'static str, String)>,
}

impl Status {
    /// Its words (RFC 9110 §15).
    pub fn reason(self) -> &'static str {
        match self {
            Self::SwitchingProtocols => "Switching Protocols",
            Self::Ok => "OK",
            Self::Created => "Created",
            Self::Accepted => "Accepted",
            Self::NoContent => "No Content",
            Self::NotModified => "Not Modified",
            Self::BadRequest => "Bad Request",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "Not Found",
            Self::PermanentRedirect => "Permanent Redirect",
            Self::MethodNotAllowed => "Method Not Allowed",
            Self::RequestTimeout => "Request Timeout",
            Self::Conflict => "Conflict",
            Self::LengthRequired => "Length Required",
            Self::ContentTooLarge => "Content Too Large",
            Self::TargetTooLong => "URI Too Long",
            Self::UnsupportedMedia => "Unsupported Media Type",
            Self::ExpectationFailed => "Expectation Failed",
            Self::Unprocessable => "Unprocessable Content",
            Self::UpgradeRequired => "Upgrade Required",
            Self::TooManyRequests => "Too Many Requests",
            Self::HeadTooLarge => "Request Header Fields Too Large",
            Self::NotImplemented => "Not Implemented",
            Self::ServiceUnavailable => "Service Unavailable",
            Self::VersionNotSupported => "HTTP Version Not Supported",
        }
    }

    /// Its number.
    pub fn code(self) -> u16 {
        self as u16
    }

    /// Whether a response with it can have a body.
    fn has_body(self) -> bool {
        !matches!(self, Self::SwitchingProtocols | Self::NoContent | Self::NotModified)
    }
}

impl Problem {
    /// Nothing can be made of the request.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Status::BadRequest, detail)
    }

    /// A problem without headers.
    pub fn new(status: Status, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, detail: detail.into(), headers: Vec::new() }
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        let Problem { status, detail, headers } = problem;
        let body = json!({"title": status.reason(), "status": status.code(), "detail": detail});
        let media = "application/problem+json";
        Self { headers, ..Self::new(status, media, format!("{body}\n")) }
    }
}

impl Response {
    /// A response of this media type.
    pub fn new(status: Status, media: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), media, body: body.into(), length: None, is_stream: false }
    }

    /// The same response, with a body of so many bytes that is sent by other means.
    #[must_use]
    pub fn of_length(self, length: u64) -> Self {
        Self { length: Some(length), ..self }
    }

    /// A response in JSON.
    pub fn json(status: Status, body: &Value) -> Self {
        Self::new(status, "application/json", format!("{body}\n"))
    }

    /// A response whose body follows in chunks; where the client does not know chunks, as bytes until the end.
    pub fn stream(media: &'static str) -> Self {
        Self { is_stream: true, ..Self::new(Status::Ok, media, "") }
    }

    /// A response without a body.
    pub fn empty(status: Status) -> Self {
        Self::new(status, "", "")
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The head as bytes. The connection ends after the response if it `is_last`.
    pub fn head(&self, is_last: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status.code(), self.status.reason());
        let mut add = |name: &str, value: &str| {
            let _ = write!(head, "{name}: {value}\r\n");
        };
        // A clock that shows no date leaves the header out.
        if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now()) {
            add("Date", &date);
        }
        if self.status.has_body() {
            add("Content-Type", self.media);
            match (self.is_stream, is_last) {
                (false, _) => {
                    let length = self.length.unwrap_or(self.body.len() as u64);
                    add("Content-Length", &length.to_string());
                }
                (true, false) => add("Transfer-Encoding", "chunked"),
                (true, true) => {}
            }
            add("X-Content-Type-Options", "nosniff");
            if !self.headers.iter().any(|(name, _)| *name == "Cache-Control") {
                add("Cache-Control", "no-store");
            }
        }
        if is_last && !self.headers.iter().any(|(name, _)| *name == "Connection") {
            add("Connection", "close");
        }
        for (name, value) in &self.headers {
            add(name, value);
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// The whole response as bytes.
    pub fn to_bytes(&self, is_last: bool) -> Vec<u8> {
        [self.head(is_last), self.body.clone()].concat()
    }
}
