//! Lines for `chat_client` and not for people, written by the server and read by the client.

use std::{fmt, str::FromStr};

use super::Ticket;
use crate::{
    file::{ByteCount, FileName, Label, Malformed, OfferId, Promise},
    names::Nick,
};

/// What every cue begins with.
pub(in crate::event) const CUE: &str = "@file ";

/// A line for `chat_client`, which acts on it and does not show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cue {
    /// An offer was made.
    Offered {
        /// The number that the server gave the offer.
        id: OfferId,
        /// The digest of the offered file.
        digest: Promise,
    },
    /// The offer of the file with this digest was refused.
    NotOffered(Promise),
    /// The file can be sent now.
    Send {
        /// The offer's number.
        id: OfferId,
        /// The right to send it.
        ticket: Ticket,
    },
    /// The file can be received now.
    Receive {
        /// The offer's number.
        id: OfferId,
        /// The right to receive it.
        ticket: Ticket,
        /// The file.
        label: Label,
        /// The sender.
        from: Nick,
    },
    /// No file can be received.
    NotTaken,
    /// The offer or its transfer has ended.
    Over {
        /// The offer's number.
        id: OfferId,
        /// Whether the receiver has the whole file.
        has_arrived: bool,
    },
}

impl fmt::Display for Cue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CUE)?;
        match self {
            Self::Offered { id, digest } => write!(f, "offered {id} {digest}"),
            Self::NotOffered(digest) => write!(f, "not-offered {digest}"),
            Self::Send { id, ticket: Ticket { port, token } } => {
                write!(f, "send {id} {port} {}", token.reveal())
            }
            Self::Receive {
                id,
                ticket: Ticket { port, token },
                label: Label { name, size, digest },
                from,
            } => write!(f, "receive {id} {port} {} {} {digest} {from} {name}", token.reveal(), size.0),
            Self::NotTaken => f.write_str("not-taken"),
            Self::Over { id, has_arrived: true } => write!(f, "arrived {id}"),
            Self::Over { id, has_arrived: false } => write!(f, "failed {id}"),
        }
    }
}

impl FromStr for Cue {
    type Err = Malformed;

    fn from_str(line: &str) -> Result<Self, Malformed> {
        let mut words = Words(line.strip_prefix(CUE).ok_or(Malformed)?);
        let cue = match words.next()? {
            "offered" => Self::Offered { id: words.parse()?, digest: words.parse()? },
            "not-offered" => Self::NotOffered(words.parse()?),
            "send" => Self::Send { id: words.parse()?, ticket: words.ticket()? },
            "receive" => {
                let (id, ticket) = (words.parse()?, words.ticket()?);
                let (size, digest) = (ByteCount(words.parse()?), words.parse()?);
                let from = Nick::new(words.next()?).map_err(|_| Malformed)?;
                let name = FileName::new(std::mem::take(&mut words.0)).map_err(|_| Malformed)?;
                Self::Receive { id, ticket, label: Label { name, size, digest }, from }
            }
            "not-taken" => Self::NotTaken,
            "arrived" => Self::Over { id: words.parse()?, has_arrived: true },
            "failed" => Self::Over { id: words.parse()?, has_arrived: false },
            _ => return Err(Malformed),
        };
        if words.0.is_empty() { Ok(cue) } else { Err(Malformed) }
    }
}

/// The part of a cue that is not read yet.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn next(&mut self) -> Result<&'a str, Malformed> {
        let (word, rest) = self.0.split_once(' ').unwrap_or((self.0, ""));
        self.0 = rest;
        if word.is_empty() { Err(Malformed) } else { Ok(word) }
    }

    fn parse<T: FromStr>(&mut self) -> Result<T, Malformed> {
        self.next()?.parse().map_err(|_| Malformed)
    }

    fn ticket(&mut self) -> Result<Ticket, Malformed> {
        Ok(Ticket { port: self.parse()?, token: self.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::transfers::FileEvent,
        file::{Digest, Token},
    };

    fn ticket() -> Ticket {
        Ticket { port: 4711, token: Token::new([0x5a; 16]) }
    }

    fn label(name: &str) -> Label {
        Label { name: FileName::new(name).unwrap(), size: ByteCount(12), digest: Digest([1; 32]).into() }
    }

    #[test]
    fn a_cue_is_parsed_as_written_and_never_with_a_word_more_or_less() {
        let (id, digest, from) = (OfferId(7), Digest([1; 32]).into(), Nick::new("bob").unwrap());
        for cue in [
            Cue::Offered { id, digest },
            Cue::NotOffered(digest),
            Cue::NotOffered(Promise(None)),
            Cue::Send { id, ticket: ticket() },
            Cue::Receive { id, ticket: ticket(), label: label("my  cat 😄.jpg"), from },
            Cue::NotTaken,
            Cue::Over { id, has_arrived: true },
            Cue::Over { id, has_arrived: false },
        ] {
            let line = cue.to_string();
            assert_eq!(line.parse(), Ok(cue.clone()), "{line}");
            let (shorter, _) = line.rsplit_once(' ').unwrap();
            assert_ne!(shorter.parse(), Ok(cue.clone()), "{shorter}");
            assert_ne!(format!("{line} x").parse(), Ok(cue), "{line} x");
        }
    }

    #[test]
    fn a_cue_with_a_dangerous_file_name_is_rejected() {
        let line = |name: &str| {
            let cue = Cue::Receive {
                id: OfferId(7),
                ticket: ticket(),
                label: label("x"),
                from: Nick::new("bob").unwrap(),
            };
            format!("{}{name}", cue.to_string().strip_suffix('x').unwrap())
        };
        assert!(line("good").parse::<Cue>().is_ok());
        for name in ["../bad", "/etc/passwd", ".bad", "a\\b", ""] {
            assert_eq!(line(name).parse::<Cue>(), Err(Malformed), "{name}");
        }
    }

    #[test]
    fn a_token_is_in_the_cue_and_in_neither_the_sentence_nor_the_debug_output() {
        let event = FileEvent::Send {
            id: OfferId(1),
            name: FileName::new("x").unwrap(),
            to: Nick::new("bob").unwrap(),
            ticket: ticket(),
        };
        let token = ticket().token.reveal();
        assert!(event.cue().unwrap().to_string().ends_with(&token));
        assert!(!format!("{event} {event:?}").contains(&token));
    }
}
