//! Requests that are whole or broken, cut anywhere: the decoder never panics, and the cuts do not change what it
//! reads.
//!
//! `cargo fuzz run --fuzz-dir tests/fuzz requests` (on a stable toolchain with `RUSTC_BOOTSTRAP=1`).

#![no_main]

use chat::http::{Decoder, Input};
use libfuzzer_sys::fuzz_target;

/// What requests are made of.
const PARTS: [&[u8]; 16] = [
    b"GET / HTTP/1.1\r\n",
    b"POST /say?x=y HTTP/1.1\r\n",
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
        parts.iter().flat_map(|(part, more)| [PARTS[usize::from(part % 16)], more].concat()).collect();
    assert_eq!(decode(&bytes, &cuts), decode(&bytes, &[]));
});

/// Reads `bytes` in pieces of the given lengths; the rest is the last piece.
fn decode(bytes: &[u8], lengths: &[u8]) -> Vec<Input> {
    let (mut decoder, mut rest, mut inputs) = (Decoder::default(), bytes, Vec::new());
    for length in lengths.iter().map(|&length| usize::from(length)).chain([usize::MAX]) {
        let (piece, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        decoder.feed(piece);
        inputs.extend(std::iter::from_fn(|| decoder.next_input()));
    }
    // Whether a client that waits gets leave depends on what has come already.
    inputs.retain(|input| *input != Input::Continue);
    inputs
}
