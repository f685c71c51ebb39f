//! Objects one at a time, for a program that takes whatever one `recv` yields for one object.

use std::time::Duration;

use super::Seal;
use crate::dialect::json;

/// The most bytes of an object. A program that reads with `recv(1024)` gets the whole of it.
const LONGEST: usize = 1024;

/// How long its program has for each object. If it takes longer, it reads two at once, and fails to parse them.
const PAUSE: Duration = Duration::from_millis(20);

/// Sends each object alone, after a pause. One that is too long is divided into several.
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
