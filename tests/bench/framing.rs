//! Where each unit that a client hears ends.

use crate::{
    frame,
    mark::{Mark, TEXT},
    websocket,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// With a newline, perhaps after a carriage return.
    Lines,
    /// As its head says.
    Frames,
    /// At the end of its datagram. Each datagram is read alone.
    Datagrams,
    /// With a message of WebSocket.
    Messages,
    /// With a packet of MQTT.
    Packets,
}

impl Framing {
    /// The length of the first unit with its end, if all of it is there.
    pub(crate) fn unit(self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Lines => memchr::memchr(b'\n', bytes).map(|at| at + 1),
            Self::Frames => frame::length(bytes),
            Self::Messages => websocket::length(bytes),
            Self::Packets => packet(bytes).map(<[u8]>::len),
            Self::Datagrams => Some(bytes.len()).filter(|&length| length > 0),
        }
    }

    /// A unit without its end.
    pub(crate) fn without_end(self, unit: &[u8]) -> &[u8] {
        match self {
            Self::Frames | Self::Packets => unit,
            Self::Messages => websocket::content(unit),
            Self::Lines | Self::Datagrams => {
                let line = unit.strip_suffix(b"\n").unwrap_or(unit);
                line.strip_suffix(b"\r").unwrap_or(line)
            }
        }
    }

    /// What every later unit with a text must begin with, and which says nothing of the text; nothing where the
    /// length and the end of a unit tell enough.
    pub(crate) fn beginning(self, unit: &[u8]) -> &[u8] {
        match self {
            Self::Frames => frame::beginning(unit),
            Self::Messages => websocket::beginning(unit),
            Self::Packets => &unit[..unit.len() - TEXT],
            Self::Lines | Self::Datagrams => &[],
        }
    }

    /// Whether a unit has this beginning. Texts are where they were in the unit that it is from.
    #[inline]
    pub(crate) fn is_alike(self, unit: &[u8], text: &[u8], beginning: &[u8]) -> bool {
        match self {
            Self::Lines | Self::Datagrams => true,
            Self::Frames => frame::is_alike(unit, beginning) && Mark::of(&text[..TEXT]).is_some(),
            Self::Messages | Self::Packets => unit.starts_with(beginning),
        }
    }
}

/// The first packet of MQTT, if all of it is there. Its length follows the first byte: seven bits in each byte, the
/// lowest first, and the highest bit says that more follow.
fn packet(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().skip(1).take(4).position(|&b| b < 0x80)? + 2;
    let length = bytes[1..end].iter().rev().fold(0, |length, &b| (length << 7) | usize::from(b & 0x7f));
    bytes.get(..end + length)
}
