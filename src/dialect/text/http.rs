//! Recognises HTTP and TLS, so that a web page cannot make its visitor's browser speak in the chat.

/// Whether the first line of a connection is a request line (RFC 9112 §3) or begins with TLS.
pub(super) fn is_request(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let is_http = begins_request(line)
        && line.split(|&b| b == b' ').nth(2).is_some_and(|version| version.starts_with(b"HTTP/"));
    is_http || begins_tls(line)
}

/// Whether a connection begins with a TLS handshake (RFC 8446 §5.1). A web site chooses some of its
/// bytes, such as the session ticket, and can put lines there.
fn begins_tls(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x16, 3])
}

/// Whether a first line that is too long to be seen whole begins as a request line.
pub(super) fn begins_request(line: &[u8]) -> bool {
    let mut words = line.split(|&b| b == b' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return false };
    (3..=20).contains(&method.len())
        && method.iter().all(|b| b.is_ascii_uppercase() || *b == b'-')
        && (method == b"CONNECT" || target.starts_with(b"http") || matches!(target, [b'/' | b'*', ..]))
}

/// How many bytes of a connection [`is_web_browser`] wants to see at most.
pub const FIRST_BYTES: usize = 512;

/// Whether the first bytes of a connection are HTTP or TLS; `false` while that is not clear yet.
pub fn is_web_browser(bytes: &[u8]) -> bool {
    match memchr::memchr(b'\n', bytes) {
        Some(end) => is_request(&bytes[..end]),
        None => begins_tls(bytes) || (bytes.len() >= FIRST_BYTES && begins_request(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_recognised() {
        for line in [
            "GET / HTTP/1.1",
            "GET / HTTP/1.0\r",
            "POST /say?x=y HTTP/1.1\r",
            "OPTIONS * HTTP/1.1",
            "CONNECT example.org:443 HTTP/1.1",
            "GET http://example.org/ HTTP/1.1",
            "PRI * HTTP/2.0\r",
            "M-SEARCH * HTTP/1.1",
        ] {
            assert!(is_request(line.as_bytes()), "{line:?}");
            assert!(is_web_browser(format!("{line}\nHost: x\r\n").as_bytes()), "{line:?}");
        }
    }

    #[test]
    fn a_line_of_a_chat_is_not_a_request() {
        for line in [
            "",
            "GET",
            "GET /",
            "get / HTTP/1.1",
            "Do you know GET / HTTP/1.1?",
            "WHY use HTTP/1.1",
            "/nick HTTP/1.1",
        ] {
            assert!(!is_request(line.as_bytes()), "{line:?}");
        }
        assert!(!is_web_browser(b"GET / HTTP/1.1"), "not a whole line yet");
    }
}
