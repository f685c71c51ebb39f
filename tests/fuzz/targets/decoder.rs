//! Any bytes, cut anywhere: the decoder never panics, and the cuts do not change what it reads.
//!
//! `cargo fuzz run --fuzz-dir tests/fuzz decoder` (on a stable toolchain with `RUSTC_BOOTSTRAP=1`).

#![no_main]

use chat::{
    command::{Ask, Command},
    dialect::text::{Decoder, Limits},
};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { line: 60, text: 20 };

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, cuts) = input;
    let whole = decode(std::iter::once(&bytes[..]));
    assert_eq!(decode(pieces(&bytes, &cuts)), whole);
});

/// Cuts `bytes` into pieces of the given lengths, over and over.
fn pieces<'a>(bytes: &'a [u8], lengths: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = bytes;
    let lengths = lengths.iter().map(|&length| usize::from(length)).chain([usize::MAX]);
    lengths.map(move |length| {
        let (piece, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        piece
    })
}

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Command> {
    let mut decoder = Decoder::new(LIMITS);
    let mut commands = Vec::new();
    for piece in pieces {
        decoder.feed(piece);
        commands.extend(std::iter::from_fn(|| decoder.next_command()));
    }
    for command in &commands {
        if let Ask::Say(text) | Ask::Act(text) | Ask::Whisper(_, text) = &command.ask {
            assert!(text.as_str().len() <= LIMITS.text && !text.as_str().contains(char::is_control));
        }
    }
    commands
}
