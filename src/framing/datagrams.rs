//! JSON in datagrams: one object each, short enough to be sent.

use super::Seal;
use crate::dialect::json;

/// The most bytes of a datagram that is sent. Nearly every network carries 1400 bytes in one piece.
const LONGEST: usize = 1400;

/// Divides objects that do not fit into a datagram.
#[derive(Clone, Copy, Debug)]
pub struct Datagrams;

impl Seal for Datagrams {
    fn seal(&mut self, units: &[u8]) -> Vec<Vec<u8>> {
        units.split_inclusive(|&byte| byte == b'\n').flat_map(|unit| json::divide(unit, LONGEST)).collect()
    }
}
