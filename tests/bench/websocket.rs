//! WebSocket as a client speaks it (RFC 6455): the handshake, the frames that it sends, and those that it hears.

use std::mem;

/// What is spoken inside of WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    /// Objects of JSON, each in a message of its own. Those that are heard are read as they are.
    Json,
    /// The protocol of NATS, cut into messages anywhere.
    Nats,
    /// MQTT, cut into messages anywhere.
    Mqtt,
}

/// The longest frame that is read as a unit. A head that announces more is wrong, so no client waits for it.
const LONGEST: usize = 64 * 1024;

/// A client must mask what it sends, and may do so always with the same key.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The first byte of a frame that is a whole message.
const WHOLE: u8 = 0x80;
const TEXT: u8 = WHOLE | 1;
const BYTES: u8 = WHOLE | 2;

/// The last byte of a head that is followed by a length of two bytes, or of eight.
const TWO_BYTES: u8 = 126;
const EIGHT_BYTES: u8 = 127;

/// One client's connection.
pub(crate) struct WebSocket {
    inside: Inside,
    is_open: bool,
    /// What must be sent when the handshake is done.
    waiting: Vec<u8>,
    /// What was heard of the server's part of the handshake, then of the head of a frame.
    beginning: Vec<u8>,
    /// How many bytes are missing of the frame that is being heard.
    missing: usize,
}

impl WebSocket {
    pub(crate) fn new(inside: Inside) -> Self {
        Self { inside, is_open: false, waiting: Vec::new(), beginning: Vec::new(), missing: 0 }
    }

    /// What a client sends first.
    pub(crate) fn handshake(&self) -> String {
        let (path, protocol) = match self.inside {
            Inside::Json => ("/ws", "Sec-WebSocket-Protocol: chat.json\r\n"),
            Inside::Nats => ("/", ""),
            Inside::Mqtt => ("/", "Sec-WebSocket-Protocol: mqtt\r\n"),
        };
        format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{protocol}\r\n"
        )
    }

    /// Whether the bytes that are heard need no unpacking.
    pub(crate) fn is_transparent(&self) -> bool {
        self.is_open && self.inside == Inside::Json
    }

    /// Packs what the client says: a message for each line of JSON, or for everything.
    pub(crate) fn pack(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match self.inside {
            _ if !self.is_open => self.waiting.extend_from_slice(bytes),
            Inside::Json => {
                for line in bytes.split_inclusive(|&b| b == b'\n') {
                    write(TEXT, line.trim_ascii_end(), out);
                }
            }
            Inside::Nats | Inside::Mqtt if bytes.is_empty() => {}
            Inside::Nats | Inside::Mqtt => write(BYTES, bytes, out),
        }
    }

    /// Appends to `heard` what is in the frames, and to `out` what must be sent now.
    pub(crate) fn unpack(
        &mut self,
        mut bytes: &[u8],
        heard: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        if !self.is_open {
            bytes = self.open(bytes, out)?;
        }
        if self.is_transparent() {
            heard.extend_from_slice(bytes);
            return Ok(());
        }
        while !bytes.is_empty() {
            if self.missing == 0 {
                bytes = self.begin(bytes)?;
            }
            let (part, rest) = bytes.split_at(bytes.len().min(self.missing));
            heard.extend_from_slice(part);
            self.missing -= part.len();
            bytes = rest;
        }
        Ok(())
    }

    /// Takes the server's part of the handshake, and returns what follows it.
    fn open<'a>(&mut self, bytes: &'a [u8], out: &mut Vec<u8>) -> Result<&'a [u8], String> {
        let before = self.beginning.len();
        self.beginning.extend_from_slice(bytes);
        let Some(end) = memchr::memmem::find(&self.beginning, b"\r\n\r\n") else { return Ok(&[]) };
        if !self.beginning.starts_with(b"HTTP/1.1 101 ") {
            return Err(format!("no WebSocket: {}", self.beginning.escape_ascii()));
        }
        self.beginning.clear();
        self.is_open = true;
        let waiting = mem::take(&mut self.waiting);
        self.pack(&waiting, out);
        Ok(&bytes[end + 4 - before..])
    }

    /// Takes the head of a frame, and returns what follows it.
    fn begin<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], String> {
        for (at, &byte) in bytes.iter().enumerate() {
            self.beginning.push(byte);
            let Some(head) = Head::of(&self.beginning) else { continue };
            // A part of a message is as good as a whole one: what is inside is cut anywhere.
            if head.kind & !WHOLE > BYTES & !WHOLE {
                return Err(format!("unexpected frame: {}", bytes.escape_ascii()));
            }
            self.beginning.clear();
            self.missing = head.content;
            return Ok(&bytes[at + 1..]);
        }
        Ok(&[])
    }
}

/// The head of a frame that a server sends, which masks nothing.
struct Head {
    kind: u8,
    length: usize,
    content: usize,
}

impl Head {
    fn of(bytes: &[u8]) -> Option<Self> {
        let (&[kind, short], rest) = bytes.split_first_chunk()?;
        let (length, content) = match short {
            TWO_BYTES => (4, u16::from_be_bytes(*rest.first_chunk()?).into()),
            EIGHT_BYTES => (10, usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?),
            short => (2, short.into()),
        };
        Some(Self { kind, length, content })
    }
}

/// The length of the first frame, if all of it is there.
pub(crate) fn length(bytes: &[u8]) -> Option<usize> {
    let head = Head::of(bytes)?;
    let length = head.length.saturating_add(head.content);
    if length > LONGEST { Some(bytes.len()) } else { Some(length).filter(|&length| length <= bytes.len()) }
}

/// What is in a whole message of text; any other frame as it is, which no one understands.
pub(crate) fn content(frame: &[u8]) -> &[u8] {
    match Head::of(frame) {
        Some(head) if head.kind == TEXT && head.length + head.content == frame.len() => &frame[head.length..],
        _ => frame,
    }
}

/// The head of a frame.
pub(crate) fn beginning(frame: &[u8]) -> &[u8] {
    &frame[..frame.len() - content(frame).len()]
}

/// Appends a frame as a client sends it.
fn write(kind: u8, content: &[u8], out: &mut Vec<u8>) {
    const MASKED: u8 = 0x80;
    out.push(kind);
    match (u8::try_from(content.len()), u16::try_from(content.len())) {
        (Ok(length), _) if length < TWO_BYTES => out.push(MASKED | length),
        (_, Ok(length)) => {
            out.push(MASKED | TWO_BYTES);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(MASKED | EIGHT_BYTES);
            out.extend_from_slice(&(content.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    out.extend(content.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}
