//! The mark in every measured text: its sender, and its number among the sender's texts.

use std::fmt;

/// The length of a measured text, in bytes.
pub(crate) const TEXT: usize = 64;

const MARK: usize = 8;
const FILLER: &[u8; TEXT - MARK] = b" the quick brown fox jumps over the lazy dog, and again.";

/// The first of 32 characters that are the digits in base 32. All are printable, none is treated specially by
/// the chat server, and none is a quotation mark or a backslash, which JSON would escape.
const ZERO: u8 = b']';
const BITS: u64 = 5;
const BASE: u64 = 1 << BITS;
const LAST: u64 = ZERO as u64 + BASE - 1;

/// Two digits for the sender and six for the number, most significant first, read as one
/// integer. So the load generator compares two integers to check a line, in a few nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(u64);

impl Mark {
    pub(crate) fn new(sender: usize, number: u64) -> Self {
        let value = ((sender as u64) << (6 * BITS)) | number;
        let digits = (0..MARK as u64).map(|place| ((value >> (BITS * place)) & (BASE - 1)) + u64::from(ZERO));
        Self(digits.enumerate().fold(0, |mark, (place, digit)| mark | (digit << (8 * place))))
    }

    /// The mark of this text; `None` if it is not a measured text.
    pub(crate) fn of(text: &[u8]) -> Option<Self> {
        let (mark, filler) = text.split_first_chunk::<MARK>()?;
        let is_mark = mark.iter().all(|&b| (u64::from(ZERO)..=LAST).contains(&b.into()));
        (is_mark && filler == FILLER).then(|| Self(u64::from_be_bytes(*mark)))
    }

    /// The bytes where a mark should be, unchecked.
    #[inline]
    pub(crate) fn peek(text: &[u8]) -> Option<Self> {
        text.first_chunk().map(|mark| Self(u64::from_be_bytes(*mark)))
    }

    /// Appends the whole text with this mark.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_be_bytes());
        out.extend_from_slice(FILLER);
    }

    #[inline]
    pub(crate) fn sender(self) -> usize {
        let digit = |shift: u32| ((self.0 >> shift) & 0xff).wrapping_sub(u64::from(ZERO)) as usize;
        digit(56).wrapping_mul(BASE as usize).wrapping_add(digit(48))
    }

    pub(crate) fn number(self) -> u64 {
        (0..6).rev().fold(0, |number, place| {
            (number << BITS) | ((self.0 >> (8 * place)) & 0xff).wrapping_sub(u64::from(ZERO))
        })
    }

    /// The mark of the same sender's next text.
    #[inline]
    pub(crate) fn next(self) -> Self {
        if self.0 & 0xff == LAST { Self::new(self.sender(), self.number() + 1) } else { Self(self.0 + 1) }
    }

    /// As `next`, but the numbers start at 0 again after `lap` texts.
    #[inline]
    pub(crate) fn next_in(self, lap: Option<u64>) -> Self {
        let next = self.next();
        if lap.is_some_and(|lap| next.number() == lap) { Self::new(self.sender(), 0) } else { next }
    }

    /// Whether this is the last line of a batch of `batch` lines, a power of two.
    #[inline]
    pub(crate) fn ends(self, batch: u64) -> bool {
        let digit = (self.0 & 0xff) - u64::from(ZERO);
        let rest = batch.min(BASE) - 1;
        digit & rest == rest && (batch <= BASE || self.number() & (batch - 1) == batch - 1)
    }

    /// Mixes this mark into a sum that depends on the order.
    #[inline]
    pub(crate) fn mix(self, order: u64) -> u64 {
        (order.rotate_left(7) ^ self.0).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of sender {}", self.number(), self.sender())
    }
}
