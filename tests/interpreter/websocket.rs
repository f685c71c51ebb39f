//! Between text and WebSocket, with another interpreter of what the messages hold.

use super::Interpreter;

/// An interpreter of messages.
pub(crate) struct Messages {
    subprotocol: &'static str,
    inner: Box<dyn Interpreter>,
    /// The server has changed to WebSocket.
    is_open: bool,
    /// What the messages held that is not interpreted yet.
    units: Vec<u8>,
}

impl Messages {
    pub(crate) fn new(subprotocol: &'static str, inner: Box<dyn Interpreter>) -> Self {
        Self { subprotocol, inner, is_open: false, units: Vec::new() }
    }

    /// Sends each unit in a message of its own. The last one may have no newline.
    fn send(units: &[u8], to_server: &mut Vec<u8>) {
        for unit in units.split_inclusive(|&byte| byte == b'\n') {
            frame(0x81, unit.strip_suffix(b"\n").unwrap_or(unit), to_server);
        }
    }

    /// The next frame: its first byte, and its payload.
    fn take_frame(bytes: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
        let (&first, &length) = (bytes.first()?, bytes.get(1)?);
        let width = match length {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let long = bytes.get(2..2 + width)?.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
        let length = if width == 0 { length.into() } else { long };
        let payload = bytes.get(2 + width..2 + width + length)?.to_vec();
        bytes.drain(..2 + width + length);
        Some((first, payload))
    }
}

/// Adds a frame, masked with zeros. Its length must be written in the shortest way.
fn frame(first: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(first);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..126), _) => out.push(0x80 | length),
        (_, Ok(length)) => {
            out.push(0xfe);
            out.extend(length.to_be_bytes());
        }
        _ => {
            out.push(0xff);
            out.extend((payload.len() as u64).to_be_bytes());
        }
    }
    out.extend([0; 4]);
    out.extend(payload);
}

impl Interpreter for Messages {
    fn begin(&mut self, to_client: &mut Vec<u8>, to_server: &mut Vec<u8>) {
        to_server.extend(
            format!(
                "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                 Sec-WebSocket-Protocol: {}\r\n\r\n",
                self.subprotocol
            )
            .bytes(),
        );
        let mut units = Vec::new();
        self.inner.begin(to_client, &mut units);
        Self::send(&units, to_server);
    }

    fn ask(&mut self, line: &[u8], to_client: &mut Vec<u8>, to_server: &mut Vec<u8>) {
        let mut units = Vec::new();
        self.inner.ask(line, to_client, &mut units);
        Self::send(&units, to_server);
    }

    fn answer(&mut self, bytes: &mut Vec<u8>, to_client: &mut Vec<u8>, to_server: &mut Vec<u8>) {
        if !self.is_open {
            let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else { return };
            bytes.drain(..end + 4);
            self.is_open = true;
        }
        while let Some((first, payload)) = Self::take_frame(bytes) {
            match first {
                0x81 => {
                    // JSON has its newline in the message.
                    self.units.extend(payload.strip_suffix(b"\n").unwrap_or(&payload));
                    self.units.push(b'\n');
                }
                0x89 => frame(0x8a, &payload, to_server),
                _ => {}
            }
        }
        let mut units = Vec::new();
        self.inner.answer(&mut self.units, to_client, &mut units);
        Self::send(&units, to_server);
    }
}
