//! Frames that are whole or broken, cut anywhere: the decoder never panics, and the cuts do not change what it
//! reads.
//!
//! `cargo fuzz run --fuzz-dir tests/fuzz frames` (on a stable toolchain with `RUSTC_BOOTSTRAP=1`).

#![no_main]

use chat::{
    dialect::{Decode, Input, Limits},
    framing::{
        Seal,
        frames::{Decoder, FrameSeal, Head, Key, MAGIC},
    },
};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { line: 60, text: 20 };

const SESSION: &str = "00000000-0000-4000-8000-000000000001";

fuzz_target!(|input: (Vec<(u8, u64, Vec<u8>)>, Vec<u8>)| {
    let (parts, cuts) = input;
    let bytes: Vec<u8> = parts.into_iter().flat_map(sent).collect();
    assert_eq!(decode(&bytes, &cuts), decode(&bytes, &[]));
});

/// What is sent: the first number says how it is broken, if it is.
fn sent((kind, number, bytes): (u8, u64, Vec<u8>)) -> Vec<u8> {
    match kind % 5 {
        0 => bytes,
        1 => [&MAGIC[..], &bytes].concat(),
        2 => sealed(&bytes),
        3 => {
            // Lengths that lie.
            let head = Head {
                header_length: u32::from(kind) * 300,
                header_checksum: 0,
                content_length: number,
                content_checksum: 0,
                signature: [0; 32],
            };
            [&head.to_bytes()[..], &bytes].concat()
        }
        _ => {
            let mut frames = sealed(&bytes);
            let at = usize::try_from(number % frames.len() as u64).expect("it is in memory");
            frames[at] ^= kind;
            frames
        }
    }
}

/// The server's frames are those of a client, too: control units become acknowledgements and pings.
fn sealed(lines: &[u8]) -> Vec<u8> {
    let mut seal = FrameSeal::new(Key::default());
    seal.seal(format!("\u{1}session_init {SESSION}\n").as_bytes());
    seal.seal(&[&b"\x01session_ack ok\n"[..], lines, b"\n"].concat()).concat()
}

/// Reads `bytes` in pieces of the given lengths; the rest is the last piece.
fn decode(bytes: &[u8], lengths: &[u8]) -> Vec<Input> {
    let session = SESSION.parse().expect("an id");
    let mut decoder = Decoder::of_session(session, LIMITS, Key::default(), None);
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
