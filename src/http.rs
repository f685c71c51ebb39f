//! HTTP/1.1 without sockets: bytes become requests, and responses become bytes (RFC 9110, RFC 9112).
//!
//! The decoder is stricter than the standard asks. Whatever two programs could understand differently is refused,
//! and the connection ends: a line that ends with a bare LF, two lengths, a folded header. So no proxy in front of
//! the server can be made to see other requests than the server does.

use std::fmt;

mod body;
mod decoder;
mod head;
mod response;
mod target;
mod upload;

pub use decoder::{Decoder, Input, Phase};
pub use head::is_host;
pub use response::{LAST_CHUNK, Problem, Response, Status, chunk};
pub use target::decoded;
pub use upload::{Content, Upload};

/// What allows a client to send the body of its request.
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The largest head of a request, in bytes.
pub const MOST_HEAD: usize = 16 * 1024;

/// The longest request line, in bytes.
pub const MOST_LINE: usize = 8 * 1024;

/// The largest body of a request, in bytes, unless it is an [`Upload`].
pub const MOST_BODY: u64 = 64 * 1024;

/// What a request asks to do with its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Show it.
    Get,
    /// Show only the head of the response.
    Head,
    /// Let it act.
    Post,
    /// Replace it.
    Put,
    /// Remove it.
    Delete,
    /// Say which methods it has.
    Options,
}

/// A request that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked.
    pub method: Method,
    /// The path as it was sent, without decoding: `/ws`, or `*`.
    pub path: String,
    /// What stands behind the `?`, as it was sent.
    pub query: Option<String>,
    /// The host and port that the client asks for, as it wrote them. Only HTTP/1.0 may leave them out.
    pub host: String,
    /// All headers, with their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The content, if it is not an [`Upload`].
    pub body: Vec<u8>,
    /// Whether it says how long its content is. If not, it has none.
    pub has_length: bool,
    /// Whether the client wants no more on this connection.
    pub is_last: bool,
    /// Whether it is HTTP/1.0, which cannot change to another protocol.
    pub is_old: bool,
}

impl Method {
    /// All methods that are understood.
    pub const ALL: [Self; 6] = [Self::Get, Self::Head, Self::Post, Self::Put, Self::Delete, Self::Options];

    /// How it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Request {
    /// The first value of a header, whose name is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &value[..])
    }

    /// All values of a header, whose name is in lower case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| &value[..])
    }

    /// The members of a header that is a list with commas.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values(name)
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|member| !member.is_empty())
    }
}

#[cfg(test)]
mod tests;
