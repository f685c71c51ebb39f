//! A client that speaks WebSocket, with frames made by hand.

use serde_json::Value;

use super::Browser;

/// One connection.
pub(crate) struct Socket(pub(crate) Browser);

impl Socket {
    /// The request that asks for WebSocket, with these headers, too.
    pub(crate) fn request(headers: &str) -> String {
        format!(
            "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        )
    }

    /// Connects, and speaks this subprotocol.
    #[track_caller]
    pub(crate) fn connect(port: u16, protocol: &str) -> Self {
        let mut browser = Browser::connect(port);
        browser.sends(Self::request(&format!("Sec-WebSocket-Protocol: {protocol}\r\n")));
        let reply = browser.reply();
        assert_eq!(reply.status, 101, "{reply:?}");
        // The example of RFC 6455 §1.3.
        assert_eq!(reply.header("Sec-WebSocket-Accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        assert_eq!(reply.header("Sec-WebSocket-Protocol"), Some(protocol));
        Self(browser)
    }

    /// A frame with a mask, as bytes.
    pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = *b"mask";
        let mut frame = vec![first];
        match payload.len() {
            short @ ..=125 => frame.push(0x80 | u8::try_from(short).expect("it is short")),
            long => {
                frame.push(0xff);
                frame.extend((long as u64).to_be_bytes());
            }
        }
        if let (126..=0xffff, Ok(length)) = (payload.len(), u16::try_from(payload.len())) {
            frame.truncate(1);
            frame.push(0xfe);
            frame.extend(length.to_be_bytes());
        }
        frame.extend(mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    #[track_caller]
    pub(crate) fn says(&mut self, text: &str) {
        self.sends(0x81, text.as_bytes());
    }

    #[track_caller]
    pub(crate) fn sends(&mut self, first: u8, payload: &[u8]) {
        self.0.sends(Self::frame(first, payload));
    }

    /// The next frame: its first byte and its payload; `None` at the end of the stream.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let head = self.0.read(2)?;
        let mut length = usize::from(head[1]);
        if let Some(width @ (2 | 8)) =
            [(126, 2), (127, 8)].iter().find(|known| known.0 == length).map(|known| known.1)
        {
            length = self
                .0
                .read(width)
                .expect("a length")
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte));
        }
        assert_eq!(head[1] & 0x80, 0, "a server masks nothing");
        Some((head[0], self.0.read(length).expect("a whole frame")))
    }

    /// The next message.
    #[track_caller]
    pub(crate) fn next_text(&mut self) -> String {
        let (first, payload) = self.next().expect("a message");
        assert_eq!(first, 0x81, "{}", String::from_utf8_lossy(&payload));
        String::from_utf8(payload).expect("UTF-8").trim_end().to_owned()
    }

    #[track_caller]
    pub(crate) fn hears(&mut self, expected: &str) {
        assert_eq!(self.next_text(), expected);
    }

    #[track_caller]
    pub(crate) fn hears_at_last(&mut self, expected: &str) {
        while self.next_text() != expected {}
    }

    /// The next object of this type.
    #[track_caller]
    pub(crate) fn hears_a(&mut self, kind: &str) -> Value {
        loop {
            let object: Value = serde_json::from_str(&self.next_text()).expect("JSON");
            if object["type"] == kind {
                return object;
            }
        }
    }

    /// The server says why it ends the stream, perhaps after more messages, and ends it. Returns the reason.
    #[track_caller]
    pub(crate) fn is_closed(&mut self, code: u16) -> String {
        loop {
            let (first, payload) = self.next().expect("a close");
            if first == 0x88 {
                assert_eq!(payload[..2], code.to_be_bytes(), "{}", String::from_utf8_lossy(&payload[2..]));
                assert_eq!(self.next(), None);
                return String::from_utf8(payload[2..].to_vec()).expect("UTF-8");
            }
        }
    }
}
