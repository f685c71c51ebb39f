//! The wires that a learner's server can be asked to speak.

pub(super) mod datagrams;
pub(super) mod frames;

/// What a server speaks at its port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wire {
    /// Lines of text.
    #[default]
    Text,
    /// JSON objects over TCP.
    Json,
    /// JSON objects in UDP datagrams.
    Datagrams,
    /// Binary frames over TCP.
    Frames,
}

impl Wire {
    /// The value of `$CHAT_WIRE`; `None` for text, which is the default.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Text => None,
            Self::Json => Some("json"),
            Self::Datagrams => Some("json+udp"),
            Self::Frames => Some("frames"),
        }
    }

    /// A command for trying a server at port 5555 by hand, if there is one.
    pub(super) fn by_hand(self) -> Option<&'static str> {
        match self {
            Self::Text | Self::Json => Some("nc 127.0.0.1 5555"),
            Self::Datagrams => Some("nc -u 127.0.0.1 5555"),
            Self::Frames => None,
        }
    }
}
