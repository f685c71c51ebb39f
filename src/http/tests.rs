//! Requests that are whole, cut, glued, broken, or smuggled.

use proptest::{prelude::*, test_runner::Config};

use super::*;

mod uploads;

/// What is read of these bytes, fed in pieces of this length.
fn read(bytes: &[u8], piece: usize) -> Vec<Input> {
    let (mut decoder, mut inputs) = (Decoder::default(), Vec::new());
    for piece in bytes.chunks(piece) {
        decoder.feed(piece);
        inputs.extend(std::iter::from_fn(|| decoder.next_input()));
    }
    inputs
}

/// The only request in these bytes.
#[track_caller]
fn request(text: &str) -> Request {
    match &read(text.as_bytes(), usize::MAX)[..] {
        [Input::Request(request)] => request.clone(),
        other => panic!("{text:?} is {other:?}"),
    }
}

/// The status with which these bytes are refused, however they are cut.
#[track_caller]
fn refused(bytes: &[u8]) -> u16 {
    let status = |piece| match read(bytes, piece).pop() {
        Some(Input::Refused(problem)) => problem.status.code(),
        other => panic!("{:?} is {other:?}", String::from_utf8_lossy(bytes)),
    };
    let whole = status(usize::MAX);
    if bytes.len() < 1000 {
        assert_eq!(status(1), whole);
    }
    whole
}

/// A request with these lines behind its first.
fn posted(headers: &str, body: &str) -> String {
    format!("POST /say HTTP/1.1\r\nHost: a\r\n{headers}\r\n{body}")
}

#[test]
fn a_request_has_a_method_a_path_a_query_and_headers() {
    let read = request(
        "GET /rooms?a=b&c HTTP/1.1\r\nHost: chat.example:8080\r\nX-Tag: one\r\nx-tag: two, three\r\n\r\n",
    );
    assert_eq!((read.method, &read.path[..], read.query.as_deref()), (Method::Get, "/rooms", Some("a=b&c")));
    assert_eq!((&read.host[..], read.header("x-tag")), ("chat.example:8080", Some("one")));
    assert_eq!(read.list("x-tag").collect::<Vec<_>>(), ["one", "two", "three"]);
    assert!(!read.is_last && !read.is_old && read.body.is_empty());
}

#[test]
fn a_target_is_a_path_a_url_or_everything() {
    let of = |line: &str| {
        let read = request(&format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n"));
        (read.path, read.host)
    };
    let pair = |path: &str, host: &str| (path.to_owned(), host.to_owned());
    assert_eq!(of("GET http://b:1/x?y"), pair("/x", "b:1"));
    assert_eq!(of("GET http://b"), pair("/", "b"));
    assert_eq!(of("OPTIONS *"), pair("*", "a"));
    assert_eq!(of("GET /../%2e%2e//x"), pair("/../%2e%2e//x", "a"), "nothing is decoded");
    for target in ["*", "x", "b:80", "http://", "http:///x", "/\u{e9}", "ftp://a/"] {
        assert_eq!(refused(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()), 400, "{target}");
    }
}

#[test]
fn a_connection_goes_on_unless_the_client_says_otherwise() {
    let is_last = |version: &str, option: &str| {
        request(&format!("GET / {version}\r\nHost: a\r\nConnection: {option}\r\n\r\n")).is_last
    };
    assert!(!is_last("HTTP/1.1", "keep-alive"));
    assert!(is_last("HTTP/1.1", "upgrade, Close"));
    assert!(is_last("HTTP/1.0", "keep-alive"), "HTTP/1.0 ends with its response");
    assert!(request("GET / HTTP/1.0\r\n\r\n").is_old);
}

#[test]
fn bodies_have_a_length_or_chunks() {
    let body = |headers: &str, body: &str| String::from_utf8(request(&posted(headers, body)).body).unwrap();
    assert_eq!(body("Content-Length: 5\r\n", "hello"), "hello");
    assert_eq!(body("Content-Length: 0\r\n", ""), "");
    assert_eq!(body("Transfer-Encoding: Chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), "hello");
    let chunks = "1;name=\"x y\"\r\nh\r\n0004\r\nello\r\n00\r\nX-Sum: 1\r\nX-End: 2\r\n\r\n";
    assert_eq!(body("Transfer-Encoding: chunked\r\n", chunks), "hello");
}

#[test]
fn a_request_that_says_no_length_has_no_body() {
    let read = request(&posted("", ""));
    assert!(!read.has_length && read.body.is_empty());
    assert!(request(&posted("Content-Length: 0\r\n", "")).has_length);
}

#[test]
fn a_stream_is_sent_in_chunks_where_the_client_knows_chunks() {
    let head = |is_last| String::from_utf8(Response::stream("text/event-stream").head(is_last)).unwrap();
    assert!(head(false).contains("Transfer-Encoding: chunked\r\n"));
    assert!(!head(false).contains("Content-Length") && !head(true).contains("Transfer-Encoding"));
    assert_eq!(chunk(&[b'x'; 17]), b"11\r\nxxxxxxxxxxxxxxxxx\r\n");
}

/// Several requests, of all kinds, in one stream.
const PIPELINED: &str = "GET /one HTTP/1.1\r\nHost: a\r\n\r\n\r\nPOST /two HTTP/1.1\r\nHost: a\r\n\
    Content-Length: 3\r\n\r\nabcPUT /three HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
    2\r\nxy\r\n1;e\r\nz\r\n0\r\nT: 1\r\n\r\nHEAD /four HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn pipelined_requests_are_read_however_the_stream_is_cut() {
    let whole = read(PIPELINED.as_bytes(), usize::MAX);
    let seen: Vec<_> = whole
        .iter()
        .map(|input| match input {
            Input::Request(request) => format!("{} {} {:?}", request.method, request.path, request.body),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        seen,
        ["GET /one []", "POST /two [97, 98, 99]", "PUT /three [120, 121, 122]", "HEAD /four []"]
    );
    for piece in 1..PIPELINED.len() {
        assert_eq!(read(PIPELINED.as_bytes(), piece), whole, "in pieces of {piece}");
    }
    for cut in 0..PIPELINED.len() {
        let (mut decoder, mut inputs) = (Decoder::default(), Vec::new());
        for part in [&PIPELINED.as_bytes()[..cut], &PIPELINED.as_bytes()[cut..]] {
            decoder.feed(part);
            inputs.extend(std::iter::from_fn(|| decoder.next_input()));
        }
        assert_eq!(inputs, whole, "cut at {cut}");
    }
}

#[test]
fn a_client_that_waits_for_leave_to_send_its_body_gets_it_once() {
    let head = posted("Expect: 100-Continue\r\nContent-Length: 2\r\n", "");
    let mut decoder = Decoder::default();
    decoder.feed(head.as_bytes());
    assert_eq!(decoder.next_input(), Some(Input::Continue));
    assert_eq!((decoder.next_input(), decoder.phase()), (None, Phase::Body));
    decoder.feed(b"h");
    assert_eq!(decoder.next_input(), None);
    decoder.feed(b"i");
    assert!(matches!(decoder.next_input(), Some(Input::Request(request)) if request.body == b"hi"));
    assert!(
        matches!(&read((head + "hi").as_bytes(), usize::MAX)[..], [Input::Request(_)]),
        "it does not wait"
    );
    assert_eq!(refused(posted("Expect: 100-continue\r\nContent-Length: 70000\r\n", "").as_bytes()), 413);
    assert_eq!(refused(posted("Expect: magic\r\nContent-Length: 2\r\n", "hi").as_bytes()), 417);
}

#[test]
fn what_two_programs_could_read_differently_is_refused() {
    let with = |headers: &str, body: &str| refused(posted(headers, body).as_bytes());
    let chunked = "Transfer-Encoding: chunked\r\n";
    // Two lengths.
    assert_eq!(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400);
    assert_eq!(with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400);
    assert_eq!(with("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), 400);
    assert_eq!(with("Content-Length: 5\r\ncontent-length: 6\r\n", "hello!"), 400);
    // Lengths that are no numbers.
    for length in ["", "+5", "-5", "5,5", "5, 5", "0x5", "5 5", "5.0", "five", "\u{665}"] {
        assert_eq!(with(&format!("Content-Length: {length}\r\n"), "hello"), 400, "{length:?}");
    }
    for length in ["65537", "1000000000", "18446744073709551616", "99999999999999999999999"] {
        assert_eq!(with(&format!("Content-Length: {length}\r\n"), ""), 413, "{length}");
    }
    // Codings.
    for coding in
        ["gzip, chunked", "chunked, gzip", "identity", "xchunked", "chunked, chunked", "\"chunked\"", ""]
    {
        assert_eq!(with(&format!("Transfer-Encoding: {coding}\r\n"), "0\r\n\r\n"), 501, "{coding}");
    }
    assert_eq!(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 501);
    assert_eq!(refused(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
    // Chunks.
    for size in ["", "g", "+5", "-5", "0x5", " 5", "5 ", "5\t;x", "5\r", "\u{665}", ";x"] {
        assert_eq!(with(chunked, &format!("{size}\r\nhello\r\n0\r\n\r\n")), 400, "{size:?}");
    }
    for size in ["10001", "ffffffffffffffff", "10000000000000005"] {
        assert_eq!(with(chunked, &format!("{size}\r\n")), 413, "{size}");
    }
    for body in ["5\nhello\r\n0\r\n\r\n", "5\r\nhello!\r\n", "5\r\nhello\n0\r\n\r\n", "5;a\u{1}\r\nhello\r\n"]
    {
        assert_eq!(with(chunked, body), 400, "{body:?}");
    }
    for trailer in ["no colon", " folded: x", ": x", "a b: x", "a: b\rc", "a: b\n"] {
        assert_eq!(with(chunked, &format!("0\r\n{trailer}\r\n\r\n")), 400, "{trailer:?}");
    }
}

#[test]
fn a_head_that_is_malformed_is_refused() {
    for head in [
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
        "GET / HTTP/1.1\rHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\tfolded\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\u{e9}: 1\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1x\r\nHost: a\r\n\r\n",
        "GET /\r\n\r\n",
        "G\u{0}T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "hello\r\n\r\n",
    ] {
        assert_eq!(refused(head.as_bytes()), 400, "{head:?}");
    }
}

#[test]
fn what_is_not_known_here_is_refused_with_its_status() {
    for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/3.0"] {
        assert_eq!(refused(format!("GET / {version}\r\nHost: a\r\n\r\n").as_bytes()), 505, "{version}");
    }
    assert_eq!(refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
    for method in ["BREW", "get", "PATCH", "TRACE", "GETGET"] {
        assert_eq!(refused(format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()), 501, "{method}");
    }
    assert_eq!(refused(b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
}

#[test]
fn heads_have_limits() {
    let of = |path: usize, header: usize| {
        format!("GET /{} HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "p".repeat(path), "x".repeat(header))
    };
    assert_eq!(refused(of(MOST_LINE, 0).as_bytes()), 414);
    assert_eq!(refused(&of(MOST_LINE, 0).as_bytes()[..=MOST_LINE]), 414, "before its line ends");
    assert_eq!(refused(of(0, MOST_HEAD).as_bytes()), 431);
    assert_eq!(refused(&of(0, MOST_HEAD).as_bytes()[..=MOST_HEAD]), 431, "before it ends");
    let largest = MOST_HEAD - of(0, 0).len();
    assert_eq!(request(&of(0, largest)).header("x").map(str::len), Some(largest));
    assert_eq!(refused(of(0, largest + 1).as_bytes()), 431);
    let many = "X: 1\r\n".repeat(64);
    assert_eq!(refused(format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n").as_bytes()), 431);
}

#[test]
fn a_body_that_never_ends_takes_bounded_memory() {
    for (pieces, status) in [("1\r\nx\r\n", 413), ("1;extension\r\nx\r\n", 413)] {
        let mut decoder = Decoder::default();
        decoder.feed(posted("Transfer-Encoding: chunked\r\n", "").as_bytes());
        let refusal = (0..1_000_000).find_map(|_| {
            decoder.feed(pieces.as_bytes());
            assert!(decoder.kept() as u64 <= 4 * MOST_BODY);
            decoder.next_input()
        });
        assert!(matches!(refusal, Some(Input::Refused(problem)) if problem.status.code() == status));
        decoder.feed(&[b'x'; 1000]);
        assert_eq!((decoder.next_input(), decoder.kept()), (None, 0), "nothing more is read");
    }
    let trailers = format!("0\r\n{}", "T: 1\r\n".repeat(20_000));
    assert_eq!(refused(posted("Transfer-Encoding: chunked\r\n", &trailers).as_bytes()), 413);
    let long = format!("0;{}", "x".repeat(2000));
    assert_eq!(refused(posted("Transfer-Encoding: chunked\r\n", &long).as_bytes()), 400);
}

#[test]
fn what_follows_the_last_request_is_kept_for_another_protocol() {
    let mut decoder = Decoder::default();
    decoder.feed(b"GET /ws HTTP/1.1\r\nHost: a\r\n\r\n\x81\x80abcd");
    assert!(matches!(decoder.next_input(), Some(Input::Request(_))));
    assert_eq!(decoder.into_rest(), b"\x81\x80abcd");
}

#[test]
fn a_problem_is_an_object_that_programs_can_read() {
    let response = Response::from(Problem::new(Status::NotFound, "There is nothing at \"/x\"."));
    let bytes = String::from_utf8(response.to_bytes(true)).unwrap();
    let (head, body) = bytes.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 404 Not Found\r\nDate: "));
    for line in
        ["Content-Type: application/problem+json", "Connection: close", "X-Content-Type-Options: nosniff"]
    {
        assert!(head.lines().any(|known| known == line), "{head}");
    }
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let expected =
        serde_json::json!({"title": "Not Found", "status": 404, "detail": "There is nothing at \"/x\"."});
    assert_eq!(body, expected);
}

proptest! {
    #![proptest_config(Config { cases: 300, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_cuts_of_a_stream_do_not_change_what_is_read(
        parts in prop::collection::vec(
            prop_oneof![
                Just(PIPELINED.as_bytes().to_vec()),
                Just(b"GET / HTTP/1.1\r\n".to_vec()),
                Just(b"Host: a\r\n".to_vec()),
                Just(b"Transfer-Encoding: chunked\r\n".to_vec()),
                Just(b"Content-Length: 3\r\n".to_vec()),
                Just(b"POST / HTTP/1.1\r\nHost: a\r\n".to_vec()),
                Just(b"\r\n".to_vec()),
                Just(b"3\r\nabc\r\n0\r\n\r\n".to_vec()),
                prop::collection::vec(any::<u8>(), 0..9),
            ],
            0..9,
        ),
        piece in 1_usize..40,
    ) {
        let bytes = parts.concat();
        prop_assert_eq!(read(&bytes, piece), read(&bytes, usize::MAX));
    }
}
