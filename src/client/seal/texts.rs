//! Texts of one direction are cut, numbered and encrypted, and on the other side put together again.

use std::{error, fmt};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::text::clean;

/// The longest text, in bytes. So a sender can make the receiver remember no more than this.
pub(super) const MOST: usize = 16 * 1024;

/// How many bytes a part has besides its text: its number, its place and the tag.
const OVERHEAD: usize = NUMBER + 1 + 16;
const NUMBER: usize = 8;

/// Where a part stands in its text.
const FIRST: u8 = 1;
const LAST: u8 = 2;

/// Seals the texts of one direction.
pub(super) struct Sealer {
    key: LessSafeKey,
    next: u64,
}

/// Opens the texts of one direction. Parts arrive in their order, but some may be lost.
pub(super) struct Opener {
    key: LessSafeKey,
    /// The lowest number that was not used yet. A part with a lower one was seen, or came too late.
    next: u64,
    /// The parts of a text whose last part is still to come.
    started: Option<Vec<u8>>,
    /// How many parts are missing that were not told yet.
    lost: u64,
}

/// A text as it was sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) text: String,
    /// How many parts of earlier texts are missing.
    pub(super) lost: u64,
}

/// Why a part is not opened. It is shown to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It was not sealed with this key, or was changed.
    Changed,
    /// Its number has been used.
    Repeated,
    /// The beginning of its text is missing.
    Torn,
    /// Its text is longer than [`MOST`].
    TooLong,
    /// Its text is not UTF-8.
    NotText,
}

impl Sealer {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self { key: cipher(key), next: 0 }
    }

    /// The parts of a text, each of at most `most` bytes.
    pub(super) fn seal(&mut self, text: &str, most: usize) -> Vec<Vec<u8>> {
        let room = most.saturating_sub(OVERHEAD).max(1);
        let count = text.len().div_ceil(room).max(1);
        (0..count)
            .map(|at| {
                let first = if at == 0 { FIRST } else { 0 };
                let last = if at + 1 == count { LAST } else { 0 };
                let piece = &text.as_bytes()[at * room..text.len().min((at + 1) * room)];
                self.part(first | last, piece)
            })
            .collect()
    }

    fn part(&mut self, place: u8, piece: &[u8]) -> Vec<u8> {
        let number = self.next;
        self.next += 1;
        let mut content = [&[place], piece].concat();
        let sealed = self.key.seal_in_place_append_tag(nonce(number), Aad::empty(), &mut content);
        sealed.expect("a part is far below the limit of the cipher");
        [&number.to_be_bytes()[..], &content].concat()
    }
}

impl Opener {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self { key: cipher(key), next: 0, started: None, lost: 0 }
    }

    /// Takes a part. Returns the text if this was its last part.
    pub(super) fn open(&mut self, part: &[u8]) -> Result<Option<Opened>, Fault> {
        let (number, content) = part.split_first_chunk::<NUMBER>().ok_or(Fault::Changed)?;
        let (number, mut content) = (u64::from_be_bytes(*number), content.to_vec());
        let opened = self.key.open_in_place(nonce(number), Aad::empty(), &mut content);
        let opened = opened.ok().and_then(|opened| opened.split_first_mut());
        let (&mut place, piece) = opened.ok_or(Fault::Changed)?;
        // Only now, so that a forged number changes nothing.
        let missing = number.checked_sub(self.next).ok_or(Fault::Repeated)?;
        self.next = number.checked_add(1).ok_or(Fault::Changed)?;
        self.lost = self.lost.saturating_add(missing);
        if missing > 0 {
            self.started = None;
        }
        self.join(place, piece)
    }

    fn join(&mut self, place: u8, piece: &[u8]) -> Result<Option<Opened>, Fault> {
        let mut text = match (self.started.take(), place & FIRST > 0) {
            (_, true) => Vec::new(),
            (Some(started), false) => started,
            // The text has lost its beginning. That is told once, with its last part.
            (None, false) if place & LAST > 0 => {
                self.lost = 0;
                return Err(Fault::Torn);
            }
            (None, false) => return Ok(None),
        };
        if text.len() + piece.len() > MOST {
            return Err(Fault::TooLong);
        }
        text.extend_from_slice(piece);
        if place & LAST == 0 {
            self.started = Some(text);
            return Ok(None);
        }
        let text = String::from_utf8(text).map_err(|_| Fault::NotText)?;
        let lost = std::mem::take(&mut self.lost);
        Ok(Some(Opened { text: clean(&text).into_owned(), lost }))
    }
}

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).expect("it takes 32 bytes"))
}

/// Each number is used once with its key, so each nonce is, too.
fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[NONCE_LEN - NUMBER..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "a whisper was changed on its way or sealed with another key, and is not shown",
            Self::Repeated => "a whisper came again or too late, and is not shown",
            Self::Torn => "the beginning of a long whisper is missing, and its rest is not shown",
            Self::TooLong => "a whisper is longer than 16 KiB, and is not shown",
            Self::NotText => "a whisper is not text, and is not shown",
        })
    }
}

impl error::Error for Fault {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ends() -> (Sealer, Opener) {
        (Sealer::new(&[7; 32]), Opener::new(&[7; 32]))
    }

    /// The single part of a short text.
    fn sealed(sealer: &mut Sealer, text: &str) -> Vec<u8> {
        let mut parts = sealer.seal(text, 200);
        assert_eq!(parts.len(), 1, "{text}");
        parts.remove(0)
    }

    fn opened(text: &str, lost: u64) -> Opened {
        Opened { text: text.to_owned(), lost }
    }

    proptest! {
        #[test]
        fn a_text_of_any_length_comes_back_as_it_was(text in "[ -~é😄]{0,300}", most in 26_usize..400) {
            let (mut sealer, mut opener) = ends();
            let parts = sealer.seal(&text, most);
            let (last, parts) = parts.split_last().expect("at least one");
            for part in parts {
                prop_assert!(part.len() <= most);
                prop_assert_eq!(opener.open(part), Ok(None));
            }
            prop_assert_eq!(opener.open(last), Ok(Some(opened(&text, 0))));
        }
    }

    #[test]
    fn a_part_that_is_changed_in_any_byte_or_cut_anywhere_is_refused() {
        let (mut sealer, mut opener) = ends();
        let part = sealed(&mut sealer, "secret");
        for at in 0..part.len() {
            let mut changed = part.clone();
            changed[at] ^= 1;
            assert_eq!(opener.open(&changed), Err(Fault::Changed), "byte {at}");
            assert_eq!(opener.open(&part[..at]), Err(Fault::Changed), "{at} bytes");
        }
        assert_eq!(opener.open(&[&part[..], b"x"].concat()), Err(Fault::Changed));
        assert_eq!(opener.open(&part), Ok(Some(opened("secret", 0))), "none of them has used its number");
    }

    #[test]
    fn a_part_with_another_key_is_refused() {
        let part = sealed(&mut Sealer::new(&[8; 32]), "secret");
        assert_eq!(ends().1.open(&part), Err(Fault::Changed));
    }

    #[test]
    fn a_part_that_comes_again_or_too_late_is_refused() {
        let (mut sealer, mut opener) = ends();
        let [one, two] = ["one", "two"].map(|text| sealed(&mut sealer, text));
        assert_eq!(opener.open(&two), Ok(Some(opened("two", 1))));
        assert_eq!(opener.open(&two), Err(Fault::Repeated));
        assert_eq!(opener.open(&one), Err(Fault::Repeated));
    }

    #[test]
    fn lost_parts_are_counted_and_the_next_text_is_whole() {
        let (mut sealer, mut opener) = ends();
        let long = sealer.seal(&"x".repeat(90), 55);
        assert_eq!(long.len(), 3);
        assert_eq!(opener.open(&long[0]), Ok(None));
        assert_eq!(opener.open(&long[2]), Err(Fault::Torn));
        assert_eq!(opener.open(&sealed(&mut sealer, "next")), Ok(Some(opened("next", 0))));
        let long = sealer.seal(&"x".repeat(90), 55);
        assert_eq!(opener.open(&long[0]), Ok(None));
        assert_eq!(opener.open(&sealed(&mut sealer, "again")), Ok(Some(opened("again", 2))));
    }

    #[test]
    fn a_text_without_an_end_does_not_fill_the_memory() {
        let (mut sealer, mut opener) = ends();
        assert_eq!(opener.open(&sealer.part(FIRST, &[b'x'; 1000])), Ok(None));
        for _ in 1..MOST / 1000 {
            assert_eq!(opener.open(&sealer.part(0, &[b'x'; 1000])), Ok(None));
        }
        assert_eq!(opener.open(&sealer.part(0, &[b'x'; 1000])), Err(Fault::TooLong));
        assert!(opener.started.is_none());
        assert_eq!(opener.open(&sealer.part(FIRST | LAST, b"\xff")), Err(Fault::NotText));
    }

    #[test]
    fn an_opened_text_cannot_control_the_terminal() {
        let (mut sealer, mut opener) = ends();
        assert_eq!(opener.open(&sealed(&mut sealer, "a\x1b[2J\nb")), Ok(Some(opened("ab", 0))));
    }
}
