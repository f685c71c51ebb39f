//! JSON objects that are sent alone, and divided where they are too long for that.

use std::time::Duration;

use super::Seal;
use crate::dialect::json;

/// Sends each object alone, and divides those that are too long.
#[derive(Clone, Copy, Debug)]
pub struct Divided {
    /// The most bytes of an object.
    longest: usize,
    /// The time that a program has to read an object before the next one is sent.
    pause: Duration,
}

impl Divided {
    /// An object in each datagram. Nearly every network carries 1400 bytes in one piece.
    pub const DATAGRAMS: Self = Self { longest: 1400, pause: Duration::ZERO };

    /// For programs that expect exactly one object from each `recv(1024)`. A program that takes longer than the
    /// pause reads two objects at once, and cannot parse them.
    pub const PACED: Self = Self { longest: 1024, pause: Duration::from_millis(20) };
}

impl Seal for Divided {
    fn seal(&mut self, units: &[u8]) -> Vec<Vec<u8>> {
        let units = units.split_inclusive(|&byte| byte == b'\n');
        units.flat_map(|unit| json::divide(unit, self.longest)).collect()
    }

    fn pause(&self) -> Duration {
        self.pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_is_a_piece_and_a_long_one_is_several() {
        let unit = |text: &str| format!("{{\"type\":\"server_message\",\"data\":\"{text}\"}}\n");
        let units = [unit("a"), unit(&"é".repeat(1000)), unit("b")].concat();
        let mut seal = Divided::PACED;
        let pieces = seal.seal(units.as_bytes());
        assert_eq!((&pieces[0][..], &pieces[4][..]), (unit("a").as_bytes(), unit("b").as_bytes()));
        assert_eq!(pieces.len(), 5);
        assert!(pieces.iter().all(|piece| piece.len() <= seal.longest && piece.ends_with(b"\"}\n")));
    }
}
