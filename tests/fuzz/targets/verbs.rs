//! Any bytes, cut anywhere: the decoder of verbs never panics, and the cuts do not change what it reads.
//!
//! `cargo fuzz run --fuzz-dir tests/fuzz verbs` (on a stable toolchain with `RUSTC_BOOTSTRAP=1`).

#![no_main]

use chat::dialect::{Decode, Input, Limits, verbs::Decoder};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { line: 60, text: 20 };

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, cuts) = input;
    for is_inside in [false, true] {
        assert_eq!(decode(&bytes, &cuts, is_inside), decode(&bytes, &[], is_inside));
    }
});

/// Reads `bytes` in pieces of the given lengths; the rest is the last piece.
///
/// A client that says who it is comes in.
fn decode(bytes: &[u8], lengths: &[u8], is_inside: bool) -> Vec<Input> {
    let (mut decoder, mut rest, mut inputs) = (Decoder::new(LIMITS), bytes, Vec::new());
    if is_inside {
        decoder.welcome(None);
    }
    for length in lengths.iter().map(|&length| usize::from(length)).chain([usize::MAX]) {
        let (piece, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        decoder.feed(piece);
        while let Some(input) = decoder.next_input() {
            if let Input::Greeting(greeting) = &input {
                decoder.welcome(greeting.clone());
            }
            inputs.push(input);
        }
    }
    inputs
}
