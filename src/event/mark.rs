//! The answer to `/mark`, for programs: where in the chat its reader is, and which limits hold.

use std::{fmt, str::FromStr};

/// The client has been told everything that was decided before its mark. So a program that sends a message
/// and then `/mark` knows, when it sees the mark, whether the message was said or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The number that the program sent with `/mark`.
    pub token: u64,
    /// The number of the last line that was said in any room.
    pub seq: u64,
    /// How many messages a second the client may say; 0 for no limit.
    pub rate: u32,
    /// How many messages it may say at once after it was silent.
    pub burst: u32,
    /// How many messages it may say at once now.
    pub left: u32,
    /// The longest message, in bytes.
    pub text: usize,
    /// The longest line, in bytes.
    pub line: usize,
}

/// What every mark begins with. No line that a user says begins like this.
const MARK: &str = "@mark ";

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token, seq, rate, burst, left, text, line } = self;
        write!(f, "{MARK}{token} seq={seq} rate={rate} burst={burst} left={left} text={text} line={line}")
    }
}

impl Mark {
    /// Reads a mark; `None` for any other line, and for a mark that this version does not understand. Fields
    /// that are not known are skipped, so a later server may say more.
    pub fn read(said: &str) -> Option<Self> {
        let mut words = said.strip_prefix(MARK)?.split(' ');
        let token = number(words.next())?;
        let fields: Vec<_> = words.filter_map(|word| word.split_once('=')).collect();
        let field = |name| fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value);
        Some(Self {
            token,
            seq: number(field("seq"))?,
            rate: number(field("rate"))?,
            burst: number(field("burst"))?,
            left: number(field("left"))?,
            text: number(field("text"))?,
            line: number(field("line"))?,
        })
    }
}

fn number<T: FromStr>(word: Option<&str>) -> Option<T> {
    word?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "@mark 7 seq=41 rate=5 burst=5 left=3 text=1024 line=8192";

    #[test]
    fn a_mark_is_read_as_it_was_said() {
        let mark = Mark { token: 7, seq: 41, rate: 5, burst: 5, left: 3, text: 1024, line: 8192 };
        assert_eq!(mark.to_string(), SAID);
        assert_eq!(Mark::read(SAID), Some(mark));
        assert_eq!(Mark::read(&format!("{SAID} new=1")), Some(mark));
    }

    #[test]
    fn what_is_not_a_mark_is_refused() {
        for said in ["", "@mark ", "@mark x seq=1", "[lobby] bob: @mark 7", &SAID.replace("seq=41", "seq=-1")]
        {
            assert_eq!(Mark::read(said), None, "{said}");
        }
    }
}
