//! Any bytes, cut anywhere, with pauses anywhere: the decoder of unframed text never panics or grows, a client
//! between lines may be silent for ever, and cuts without pauses do not change what is read.
//!
//! `cargo fuzz run --fuzz-dir tests/fuzz pauses` (on a stable toolchain with `RUSTC_BOOTSTRAP=1`).

#![no_main]

use chat::{
    dialect::{Decode, Input, Limits},
    framing::{
        Seal,
        pauses::{Alone, Decoder},
    },
};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { line: 60, text: 20 };

fuzz_target!(|input: (Vec<u8>, Vec<(u8, bool)>)| {
    let (bytes, cuts) = input;
    let cuts_only: Vec<_> = cuts.iter().map(|&(length, _)| (length, false)).collect();
    assert_eq!(decode(&bytes, &cuts_only), decode(&bytes, &[]));
    decode(&bytes, &cuts);
    let sends = Alone::default().seal(&bytes);
    assert!(sends.iter().all(|send| send.len() < 4096));
    assert!(sends.concat().ends_with(&bytes), "nothing is lost");
});

/// Reads `bytes` in pieces of the given lengths, with or without pauses after them; the rest is the last piece.
fn decode(bytes: &[u8], pieces: &[(u8, bool)]) -> Vec<Input> {
    let (mut decoder, mut rest, mut inputs) = (Decoder::new(LIMITS), bytes, Vec::new());
    let pieces = pieces.iter().map(|&(length, pauses)| (usize::from(length), pauses));
    for (length, pauses) in pieces.chain([(usize::MAX, false)]) {
        let (piece, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        decoder.feed(piece);
        inputs.extend(std::iter::from_fn(|| decoder.next_input()));
        if pauses {
            // Half a telnet command takes the first newline.
            for _ in 0..2 {
                assert_eq!(decoder.time_out(), None);
                inputs.extend(std::iter::from_fn(|| decoder.next_input()));
            }
            assert_eq!(decoder.patience(), None);
        }
    }
    decoder.finish();
    inputs.extend(std::iter::from_fn(|| decoder.next_input()));
    inputs
}
