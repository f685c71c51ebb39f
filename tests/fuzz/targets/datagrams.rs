//! Any datagrams, cut anywhere on their way to the decoder: neither `look` nor the decoder panics, the cuts do not
//! change what is read, and no datagram changes how the next one is read.
//!
//! `cargo fuzz run --fuzz-dir tests/fuzz datagrams` (on a stable toolchain with `RUSTC_BOOTSTRAP=1`).

#![no_main]

use chat::{
    command::Mistake,
    dialect::{
        Decode, Input, Limits, Scene,
        json::datagrams::{Decoder, Look, error_within, line, look},
    },
    event::Event,
};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { line: 60, text: 20 };

fuzz_target!(|input: (Vec<Vec<u8>>, Vec<u8>)| {
    let (datagrams, cuts) = input;
    let lines: Vec<_> = datagrams.iter().map(|datagram| line(datagram)).collect();
    let apart: Vec<_> = lines.iter().flat_map(|line| decode(line, &[])).collect();
    assert!(lines.iter().all(|line| line.iter().filter(|&&byte| byte == b'\n').count() == 1));
    assert_eq!(decode(&lines.concat(), &cuts), apart);
    for (datagram, line) in datagrams.iter().zip(&lines) {
        // What is valid as a datagram is valid as a line.
        assert_eq!(look(datagram), look(line));
        assert!(look(datagram) == Look::Nothing || !decode(line, &[]).is_empty());
        let why = Event::Mistaken(Mistake::Malformed(String::from_utf8_lossy(datagram).into()));
        if let Some(unit) = error_within(&why, &Scene::default(), datagram.len()) {
            assert!(unit.len() <= datagram.len() && look(&unit) == Look::FromServer);
        }
    }
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
    inputs
}
