//! Requests that are whole or broken, cut anywhere: the decoder never panics, and the cuts do not change what it
//! reads. The body of `PUT` is read piece by piece.
//!
//! `cargo fuzz run --fuzz-dir tests/fuzz requests` (on a stable toolchain with `RUSTC_BOOTSTRAP=1`).

#![no_main]

use chat::http::{Content, Decoder, Input, Method, Problem, Request, Upload};
use libfuzzer_sys::fuzz_target;

/// What requests are made of.
const PARTS: [&[u8]; 17] = [
    b"GET / HTTP/1.1\r\n",
    b"POST /say?x=y HTTP/1.1\r\n",
    b"PUT /files/x HTTP/1.1\r\n",
    b"OPTIONS * HTTP/1.0\r\n",
    b"Host: a\r\n",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"X: ",
    b"\r\n",
    b"\r",
    b"\n",
    b"3\r\n",
    b"0\r\n",
    b"1;e\r\n",
    b" ",
];

fuzz_target!(|input: (Vec<(u8, Vec<u8>)>, Vec<u8>)| {
    let (parts, cuts) = input;
    let bytes: Vec<u8> =
        parts.iter().flat_map(|(part, more)| [PARTS[usize::from(*part) % PARTS.len()], more].concat()).collect();
    assert_eq!(decode(&bytes, &cuts), decode(&bytes, &[]));
});

/// What is read.
#[derive(Debug, PartialEq)]
enum Read {
    Input(Input),
    /// A request, the content of its body, and whether that is whole.
    Upload(Request, Vec<u8>, Result<bool, Problem>),
}

/// Reads `bytes` in pieces of the given lengths; the rest is the last piece.
fn decode(bytes: &[u8], lengths: &[u8]) -> Vec<Read> {
    let mut decoder = Decoder::with_uploads(|request| request.method == Method::Put);
    let (mut rest, mut reads, mut upload) = (bytes, Vec::new(), None);
    for length in lengths.iter().map(|&length| usize::from(length)).chain([usize::MAX]) {
        let (piece, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        if let Some((_, _, upload, _)) = &mut upload {
            Upload::feed(upload, piece);
        } else {
            decoder.feed(piece);
        }
        while let Some(input) = decoder.next_input() {
            match input {
                Input::Upload(request, body) => upload = Some((request, Vec::new(), body, Ok(false))),
                // Whether a client that waits gets leave depends on what has come already.
                Input::Continue => {}
                input => reads.push(Read::Input(input)),
            }
        }
        if let Some((_, content, upload, end @ Ok(false))) = &mut upload {
            *end = read(upload, content);
        }
    }
    reads.extend(upload.map(|(request, content, _, end)| Read::Upload(request, content, end)));
    reads
}

/// Reads the content that has come; whether the body has ended.
fn read(upload: &mut Upload, content: &mut Vec<u8>) -> Result<bool, Problem> {
    loop {
        let length = match upload.content()? {
            Content::Bytes(bytes) => {
                content.extend_from_slice(bytes);
                bytes.len()
            }
            Content::NotYet => return Ok(false),
            Content::End => return Ok(true),
        };
        upload.take(length);
    }
}
