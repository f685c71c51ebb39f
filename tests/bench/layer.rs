//! What lies between the lines of a client and its socket.

use crate::{address::Address, failure::Result, frame, tls::Tls, websocket::WebSocket};

pub(crate) enum Layer {
    /// Nothing.
    Plain,
    /// What the client sends is packed in frames of this session. What it hears is read as it is.
    Frames(String),
    WebSocket(WebSocket),
    Tls(Box<Tls>),
}

impl Layer {
    /// The layer that is needed at an address.
    pub(crate) fn at(address: &Address) -> Result<Self> {
        Ok(match *address {
            Address::WebSocket(_, inside) => Self::WebSocket(WebSocket::new(inside)),
            Address::Tls(_, handshake) => Self::Tls(Box::new(Tls::new(handshake)?)),
            Address::Tcp(_) | Address::Unix(_) | Address::Udp(_) => Self::Plain,
        })
    }

    /// Appends what a client sends first.
    pub(crate) fn begin(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Plain => {}
            Self::Frames(session) => frame::acknowledge(session, out),
            Self::WebSocket(socket) => out.extend_from_slice(socket.handshake().as_bytes()),
            Self::Tls(tls) => tls.pack(b"", out),
        }
    }

    /// Whether the bytes that are heard need no unpacking.
    pub(crate) fn is_transparent(&self) -> bool {
        match self {
            Self::Plain | Self::Frames(_) => true,
            Self::WebSocket(socket) => socket.is_transparent(),
            Self::Tls(_) => false,
        }
    }

    /// Appends to `out` what the socket must take.
    pub(crate) fn pack(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Plain => out.extend_from_slice(bytes),
            Self::Frames(session) => frame::pack(session, bytes, out),
            Self::WebSocket(socket) => socket.pack(bytes, out),
            Self::Tls(tls) => tls.pack(bytes, out),
        }
    }

    /// Appends to `heard` what the bytes of the socket bring, and to `out` what the socket must take now.
    ///
    /// # Errors
    ///
    /// Describes what the server did wrong.
    pub(crate) fn unpack(
        &mut self,
        bytes: &[u8],
        heard: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        match self {
            Self::Plain | Self::Frames(_) => heard.extend_from_slice(bytes),
            Self::WebSocket(socket) => socket.unpack(bytes, heard, out)?,
            Self::Tls(tls) => tls.unpack(bytes, heard, out)?,
        }
        Ok(())
    }
}
