//! JSON in datagrams: each holds one object that is not too long for it.

use super::Seal;
use crate::dialect::json;

/// The most bytes of a datagram that is sent. Nearly every network carries so many without cutting them in pieces.
const LONGEST: usize = 1400;

/// Divides the objects that are longer.
#[derive(Clone, Copy, Debug)]
pub struct Datagrams;

impl Seal for Datagrams {
    fn seal(&mut self, units: &[u8]) -> Vec<Vec<u8>> {
        units.split_inclusive(|&byte| byte == b'\n').flat_map(|unit| json::divide(unit, LONGEST)).collect()
    }
}
