//! Any bytes, cut anywhere: the decoder of JSON never panics, and the cuts do not change what it reads. The client
//! is let in as it wants, so it may also speak terse JSON.
//!
//! `cargo fuzz run --fuzz-dir tests/fuzz json` (on a stable toolchain with `RUSTC_BOOTSTRAP=1`).

#![no_main]

use chat::dialect::{
    Decode, Input, Limits,
    json::{Decoder, divide},
};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { line: 60, text: 20 };

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, cuts) = input;
    assert_eq!(decode(&bytes, &cuts), decode(&bytes, &[]));
    assert!(!divide(&bytes, 40).is_empty());
});

/// Reads `bytes` in pieces of the given lengths; the rest is the last piece.
fn decode(bytes: &[u8], lengths: &[u8]) -> Vec<Input> {
    let (mut decoder, mut rest, mut inputs) = (Decoder::new(LIMITS), bytes, Vec::new());
    for length in lengths.iter().map(|&length| usize::from(length)).chain([usize::MAX]) {
        let (piece, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        decoder.feed(piece);
        take(&mut decoder, &mut inputs);
    }
    decoder.finish();
    take(&mut decoder, &mut inputs);
    inputs
}

fn take(decoder: &mut Decoder, inputs: &mut Vec<Input>) {
    while let Some(input) = decoder.next_input() {
        if let Input::Greeting(Some(greeting)) = &input {
            assert!(!greeting.nick.as_str().is_empty());
            decoder.welcome(Some(greeting.clone()));
        }
        inputs.push(input);
    }
}
