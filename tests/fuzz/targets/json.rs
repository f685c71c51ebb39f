//! Any bytes, cut anywhere: the decoder of JSON never panics, and the cuts do not change what it reads.
//!
//! `cargo fuzz run --fuzz-dir tests/fuzz json` (on a stable toolchain with `RUSTC_BOOTSTRAP=1`).

#![no_main]

use chat::dialect::{Decode, Input, Limits, json::Decoder};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { line: 60, text: 20 };

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, cuts) = input;
    assert_eq!(decode(&bytes, &cuts), decode(&bytes, &[]));
});

/// Reads `bytes` in pieces of the given lengths; the rest is the last piece.
fn decode(bytes: &[u8], lengths: &[u8]) -> Vec<Input> {
    let (mut decoder, mut rest, mut inputs) = (Decoder::new(LIMITS), bytes, Vec::new());
    for length in lengths.iter().map(|&length| usize::from(length)).chain([usize::MAX]) {
        let (piece, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        decoder.feed(piece);
        inputs.extend(std::iter::from_fn(|| decoder.next_input()));
    }
    decoder.finish();
    inputs.extend(std::iter::from_fn(|| decoder.next_input()));
    inputs
}
