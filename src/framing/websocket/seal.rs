//! Makes a message of each unit that a client is told, unless it is one already.

use super::{CLOSE, CONTROL, Code, HEAD, Kind, PONG};
use crate::{
    dialect::json::{self, MESSAGE},
    event::Event,
    framing::Seal,
};

/// How many bytes of units are packed together. With fewer, a busy room takes twice the processor time.
const TOGETHER: usize = 64 * 1024;

/// The longest reason of a close, in bytes.
const MOST_REASON: usize = 123;

/// Packs what one client is told.
#[derive(Debug, Default)]
pub struct Messages {
    /// Nothing may follow a close.
    is_closed: bool,
}

impl Messages {
    /// Carries out a control unit, which the decoder or the farewell wrote.
    fn control(&mut self, unit: &[u8], out: &mut Vec<u8>) {
        let unit = String::from_utf8_lossy(unit);
        match unit.split_once(' ') {
            Some((HEAD, head)) => out.extend(bytes(head)),
            Some((PONG, payload)) => frame(Kind::Pong, &bytes(payload), out),
            Some((CLOSE, why)) => {
                let (code, reason) = why.split_once(' ').unwrap_or((why, ""));
                let code: u16 = code.parse().unwrap_or(Code::Normal as u16);
                let end = (0..=MOST_REASON).rev().find(|&end| reason.is_char_boundary(end)).unwrap_or(0);
                let reason = &reason[..end];
                frame(Kind::Close, &[&code.to_be_bytes(), reason.as_bytes()].concat(), out);
                self.is_closed = true;
            }
            _ => {}
        }
    }
}

/// Adds a frame. Those of a server are not masked.
fn frame(kind: Kind, payload: &[u8], out: &mut Vec<u8>) {
    json::head(0x80 | kind as u8, payload.len(), out);
    out.extend_from_slice(payload);
}

/// The bytes that digits stand for.
fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = hexadecimal.as_bytes().chunks_exact(2);
    pairs.filter_map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// Why the stream of a client ends that was told this last.
fn code(why: Option<&Event>) -> Code {
    match why {
        None => Code::Normal,
        Some(Event::ShuttingDown) => Code::GoingAway,
        Some(_) => Code::Policy,
    }
}

impl Seal for Messages {
    fn seal(&mut self, units: &[u8]) -> Vec<Vec<u8>> {
        let mut out = Vec::with_capacity(units.len() + units.len() / 8 + 16);
        let mut rest = units;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let (begin, unit) = (units.len() - rest.len(), &rest[..end]);
            rest = rest.get(end + 1..).unwrap_or_default();
            match unit.split_first() {
                _ if self.is_closed => {}
                Some((&CONTROL, unit)) => self.control(unit, &mut out),
                // It is a frame already.
                Some((&MESSAGE, _)) => out.extend_from_slice(&units[begin..units.len() - rest.len()]),
                _ => frame(Kind::Text, unit, &mut out),
            }
        }
        if out.is_empty() { Vec::new() } else { vec![out] }
    }

    fn passes(&self, units: &[u8]) -> bool {
        // Where units are frames, those that are not begin with the mark of a control unit.
        !self.is_closed && units.first() == Some(&MESSAGE) && memchr::memchr(CONTROL, units).is_none()
    }

    fn farewell(&self, why: Option<&Event>) -> Vec<u8> {
        let code = code(why) as u16;
        let why = why.map(ToString::to_string);
        let why = why.as_ref().and_then(|why| why.lines().next()).unwrap_or_default();
        format!("{}{CLOSE} {code} {why}\n", char::from(CONTROL)).into_bytes()
    }

    fn most_together(&self) -> usize {
        TOGETHER
    }
}
