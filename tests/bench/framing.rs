//! Where each unit that a client hears ends.

use crate::frame;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// With a newline, perhaps after a carriage return.
    Lines,
    /// As its head says.
    Frames,
    /// At the end of its datagram. Each datagram is read alone.
    Datagrams,
}

impl Framing {
    /// The length of the first unit with its end, if all of it is there.
    pub(crate) fn unit(self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Lines => memchr::memchr(b'\n', bytes).map(|at| at + 1),
            Self::Frames => frame::length(bytes),
            Self::Datagrams => Some(bytes.len()).filter(|&length| length > 0),
        }
    }

    /// A unit without its end.
    pub(crate) fn without_end(self, unit: &[u8]) -> &[u8] {
        match self {
            Self::Frames => unit,
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
            Self::Lines | Self::Datagrams => &[],
        }
    }
}
