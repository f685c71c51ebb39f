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
    /// The value of `$CHAT_WIRE`; `None` for text, which needs no word.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Text => None,
            Self::Json => Some("json"),
            Self::Datagrams => Some("json+udp"),
            Self::Frames => Some("frames"),
        }
    }
}
