//! The first bytes of a frame (RFC 6455 §5.2).

use super::{Code, Kind};

/// What a client's frame says before its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    /// Whether it ends its message.
    pub(super) is_last: bool,
    pub(super) length: u64,
    pub(super) mask: [u8; 4],
}

/// Why a frame is broken: the code of the end, and its reason.
pub(super) type Fault = (Code, &'static str);

impl Head {
    /// Reads a head, and says how long it is; `None` means "not yet". Each byte is judged as soon as it is there.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, Fault> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let kind = kind(first & 0xf).ok_or((Code::Protocol, "unknown kind of frame"))?;
        let is_last = first & 0x80 != 0;
        if first & 0x70 != 0 {
            return Err((Code::Protocol, "no extension was agreed on"));
        }
        if kind.is_control() && !is_last {
            return Err((Code::Protocol, "a control frame is fragmented"));
        }
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        if second & 0x80 == 0 {
            return Err((Code::Protocol, "a frame is not masked"));
        }
        let short = second & 0x7f;
        if kind.is_control() && short > 125 {
            return Err((Code::Protocol, "a control frame is too long"));
        }
        let Some((length, begin)) = length(short, &bytes[2..])? else { return Ok(None) };
        let mask = bytes.get(2 + begin..).and_then(|rest| rest.first_chunk());
        Ok(mask.map(|&mask| (Self { kind, is_last, length, mask }, 2 + begin + mask.len())))
    }
}

impl Kind {
    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

fn kind(code: u8) -> Option<Kind> {
    use Kind::{Bytes, Close, More, Ping, Pong, Text};
    [More, Text, Bytes, Close, Ping, Pong].into_iter().find(|kind| *kind as u8 == code)
}

/// The length, and in how many bytes it is written beside the short one. Of the ways to write it, only the
/// shortest is right.
fn length(short: u8, bytes: &[u8]) -> Result<Option<(u64, usize)>, Fault> {
    let (length, width, least) = match short {
        126 => match bytes.first_chunk() {
            Some(&length) => (u64::from(u16::from_be_bytes(length)), 2, 126),
            None => return Ok(None),
        },
        127 => match bytes.first_chunk() {
            Some(&length) => (u64::from_be_bytes(length), 8, 1 << 16),
            None => return Ok(None),
        },
        short => (short.into(), 0, 0),
    };
    if length < least || length >> 63 != 0 {
        return Err((Code::Protocol, "a length is not written as it must be"));
    }
    Ok(Some((length, width)))
}
