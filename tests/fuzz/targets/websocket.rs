//! WebSocket frames that are whole or broken, cut anywhere: the decoder never panics, and the cuts do not change what
//! it reads.
//!
//! `cargo fuzz run --fuzz-dir tests/fuzz websocket` (on a stable toolchain with `RUSTC_BOOTSTRAP=1`).

#![no_main]

use chat::{
    dialect::{self, Decode, Input, Limits, json},
    framing::websocket::Decoder,
};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { line: 60, text: 20 };

fuzz_target!(|input: (bool, Vec<(u8, u8, Vec<u8>)>, Vec<u8>)| {
    let (is_json, frames, cuts) = input;
    let bytes: Vec<u8> = frames.into_iter().flat_map(sent).collect();
    assert_eq!(decode(is_json, &bytes, &cuts), decode(is_json, &bytes, &[]));
});

/// What is sent: the first number says how it is broken, if it is.
fn sent((broken, first, payload): (u8, u8, Vec<u8>)) -> Vec<u8> {
    let first = match broken % 8 {
        0 => return payload,
        1 => first,
        2 => 0x01,
        3 => 0x00,
        4 => 0x80,
        5 => 0x89,
        _ => 0x81,
    };
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(length @ ..=125) => frame.push(0x80 | length),
        _ => {
            frame.push(0xfe);
            frame.extend(u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    // A mask of zeros leaves the payload as it is.
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// Reads `bytes` in pieces of the given lengths; the rest is the last piece.
fn decode(is_json: bool, bytes: &[u8], lengths: &[u8]) -> Vec<Input> {
    let inner = match is_json {
        true => dialect::Decoder::other(json::Decoder::new(LIMITS)),
        false => dialect::Decoder::lines(LIMITS),
    };
    let mut decoder = Decoder::new(inner, LIMITS);
    let (mut rest, mut inputs) = (bytes, Vec::new());
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
