//! Clients that pause: they are told nothing but their mistakes and the end.

use super::Seal;
use crate::{
    dialect::verbs::{CONTROL, END, PAUSE, RESUME},
    event::Event,
};

/// Removes the control units from what a client is told, and does what they say.
///
/// Control units keep their place among all units. So a client hears what was decided before its `PAUSE`, and
/// misses exactly what was decided from then until its next `SEND`.
#[derive(Debug, Default)]
pub struct Pausing {
    is_paused: bool,
}

/// The most bytes that are sent together.
const MOST_TOGETHER: usize = 64 * 1024;

impl Pausing {
    /// The part of a unit that the client hears.
    fn heard<'a>(&mut self, unit: &'a [u8]) -> Option<&'a [u8]> {
        match unit {
            PAUSE => self.is_paused = true,
            RESUME => self.is_paused = false,
            [CONTROL, ..] => return unit.strip_prefix(END).filter(|_| self.is_paused),
            _ if !self.is_paused || unit.starts_with(b"ERROR:") => return Some(unit),
            _ => {}
        }
        None
    }
}

impl Seal for Pausing {
    fn seal(&mut self, units: &[u8]) -> Vec<Vec<u8>> {
        let units = units.split_inclusive(|&byte| byte == b'\n');
        let heard: Vec<_> = units.filter_map(|unit| self.heard(unit)).flatten().copied().collect();
        if heard.is_empty() { Vec::new() } else { vec![heard] }
    }

    fn passes(&self, units: &[u8]) -> bool {
        !self.is_paused && memchr::memchr(CONTROL, units).is_none()
    }

    /// Only a client that is paused is told why: others have heard it already.
    fn farewell(&self, why: Option<&Event>) -> Vec<u8> {
        let Some(why) = why else { return Vec::new() };
        [END, b"MSG ", why.to_string().replace('\n', " ").as_bytes(), b"\n"].concat()
    }

    fn most_together(&self) -> usize {
        MOST_TOGETHER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(units: &[&[u8]], expected: &str) {
        let units = units.concat();
        let lines: Vec<_> = units.split_inclusive(|&byte| byte == b'\n').collect();
        for together in 1..=lines.len() {
            let mut pausing = Pausing::default();
            let heard: Vec<_> =
                lines.chunks(together).flat_map(|lines| pausing.seal(&lines.concat())).collect();
            assert!(heard.iter().all(|piece| !piece.is_empty()));
            assert_eq!(str::from_utf8(&heard.concat()), Ok(expected), "{together} together");
        }
    }

    #[test]
    fn what_is_told_during_a_pause_is_gone() {
        check(&[b"a\nb\n", PAUSE, b"c\n", b"d\n", RESUME, b"e\n"], "a\nb\ne\n");
        check(&[PAUSE, PAUSE, b"c\n", RESUME, RESUME, b"e\n"], "e\n");
        check(&[RESUME, b"a\n"], "a\n");
    }

    #[test]
    fn mistakes_and_the_end_are_heard_in_a_pause() {
        let end = Pausing::default().farewell(Some(&Event::ShuttingDown));
        let stop = b"MSG Server shutting down.\n";
        check(&[PAUSE, b"ERROR: no\n", b"MSG x\n", stop, &end], "ERROR: no\nMSG Server shutting down.\n");
        check(&[stop, &end], "MSG Server shutting down.\n");
        check(&[PAUSE, RESUME, stop, &end], "MSG Server shutting down.\n");
    }

    #[test]
    fn a_control_character_in_a_text_controls_nothing() {
        check(&[b"MSG FROM lobby:eve \x10PAUSE\n", b"b\n"], "MSG FROM lobby:eve \x10PAUSE\nb\n");
    }
}
