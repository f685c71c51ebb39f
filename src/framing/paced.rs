//! One object at a time, for programs that expect exactly one object from each `recv`.

use std::time::Duration;

use super::Seal;
use crate::dialect::json;

/// The most bytes of an object. A program that calls `recv(1024)` gets all of them.
const LONGEST: usize = 1024;

/// The time that a program has to read an object. A slower program reads two at once, and cannot parse them.
const PAUSE: Duration = Duration::from_millis(20);

/// Sends each object alone, with a pause after it, and divides those that are too long.
pub struct Paced;

impl Seal for Paced {
    fn seal(&mut self, units: &[u8]) -> Vec<Vec<u8>> {
        units.split_inclusive(|&byte| byte == b'\n').flat_map(|unit| json::divide(unit, LONGEST)).collect()
    }

    fn pause(&self) -> Duration {
        PAUSE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_is_a_piece_and_a_long_one_is_several() {
        let unit = |text: &str| format!("{{\"type\":\"server_message\",\"data\":\"{text}\"}}\n");
        let units = [unit("a"), unit(&"é".repeat(1000)), unit("b")].concat();
        let pieces = Paced.seal(units.as_bytes());
        assert_eq!((&pieces[0][..], &pieces[4][..]), (unit("a").as_bytes(), unit("b").as_bytes()));
        assert_eq!(pieces.len(), 5);
        assert!(pieces.iter().all(|piece| piece.len() <= LONGEST && piece.ends_with(b"\"}\n")));
    }
}
