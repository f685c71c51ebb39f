//! Takes the commands of a telnet program out of what its user types (RFC 854).
//!
//! No option is supported: `DO x` is answered with `WONT x`, and `WILL x` with `DONT x`. Even a program that
//! asks for no option needs this: after Ctrl-C, telnet shows nothing until its `DO TIMING-MARK` (RFC 860) is
//! answered. `DONT` and `WONT` are not answered, so an answer never follows an answer.

/// Interpret as command: the first byte of every command.
const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;

/// The first and the last command that has no option (RFC 1184 §2.5 adds the first). Subnegotiation is
/// among them: it cannot begin, because no option is supported.
const FIRST: u8 = 236;
const LAST: u8 = 250;

/// How many commands of one line are answered: more than a program begins with, too few for a flood.
const MOST_ANSWERS: u8 = 16;

/// What a client's telnet program has said, if it is one.
#[derive(Debug, Default)]
pub(super) struct Telnet {
    /// The client has given a command.
    is_spoken: bool,
    /// How many commands of this line were answered.
    answers: u8,
}

/// What was taken out of a line.
pub(super) struct Taken {
    /// How many bytes. The rest of the line has moved to its end.
    pub(super) bytes: usize,
    /// How far the line was searched. After this there may be half a command.
    pub(super) searched: usize,
    /// The answer to the last command that was taken. The search stops at a command that has one.
    pub(super) answer: Option<[u8; 3]>,
}

enum Piece {
    Text(usize),
    Command(usize),
    HalfCommand,
}

impl Telnet {
    /// Takes commands out of a line, of which the first bytes were `searched` already. The search stops
    /// when the text is longer than `longest`.
    pub(super) fn take_from(&mut self, line: &mut [u8], mut searched: usize, longest: usize) -> Taken {
        let (mut kept, mut answer) = (searched, None);
        while answer.is_none() && kept <= longest && searched < line.len() {
            let start = searched;
            match self.first_piece(&line[start..]) {
                Piece::Text(length) => {
                    searched += length;
                    line.copy_within(start..searched, kept);
                    kept += length;
                }
                Piece::Command(length) => {
                    searched += length;
                    answer = self.answer(&line[start..searched]);
                }
                Piece::HalfCommand => break,
            }
        }
        let bytes = searched - kept;
        line.copy_within(..kept, bytes);
        Taken { bytes, searched, answer }
    }

    pub(super) fn end_line(&mut self) {
        self.answers = 0;
    }

    fn first_piece(&self, bytes: &[u8]) -> Piece {
        match *bytes {
            [IAC] | [IAC, WILL..=DONT] => Piece::HalfCommand,
            [IAC, WILL..=DONT, _, ..] => Piece::Command(3),
            [IAC, FIRST..=LAST, ..] => Piece::Command(2),
            // A byte 255 of the text. It is not UTF-8, and stays wrong.
            [IAC, IAC, ..] => Piece::Text(2),
            // Telnet sends the data mark of a Synch as urgent data, which is not part of the stream.
            [IAC, ..] if self.is_spoken => Piece::Command(1),
            [IAC, ..] => Piece::Text(1),
            _ => Piece::Text(memchr::memchr(IAC, bytes).unwrap_or(bytes.len())),
        }
    }

    fn answer(&mut self, command: &[u8]) -> Option<[u8; 3]> {
        self.is_spoken = true;
        let (refusal, option) = match *command {
            [_, DO, option] => (WONT, option),
            [_, WILL, option] => (DONT, option),
            _ => return None,
        };
        let is_answered = self.answers < MOST_ANSWERS;
        self.answers += u8::from(is_answered);
        is_answered.then_some([IAC, refusal, option])
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::super::tests::{check, decode, mistake, said};
    use crate::command::{Command, Mistake};

    fn answer(refusal: u8, option: u8) -> Command {
        Command::answer(&[255, refusal, option])
    }

    #[test]
    fn telnet_is_not_deaf_after_ctrl_c() {
        // Interrupt, then DO TIMING-MARK; the data mark is urgent data or in the stream.
        for ctrl_c in
            [&b"\xff\xf4\xff\xfd\x06"[..], b"\xff\xf4\xff\xfd\x06\xff", b"\xff\xf4\xff\xf2\xff\xfd\x06"]
        {
            check(ctrl_c, &[answer(252, 6)]);
            check(&[ctrl_c, b"hello\r\n"].concat(), &[answer(252, 6), said("hello")]);
            check(&[b"hel", ctrl_c, b"lo\nok\n"].concat(), &[answer(252, 6), said("hello"), said("ok")]);
        }
    }

    #[test]
    fn every_option_of_telnet_is_refused_once() {
        let typed = b"\xff\xfb\x1f\xff\xfd\x01\xff\xfe\x03\xff\xfc\x05hi\n";
        check(typed, &[answer(254, 31), answer(252, 1), said("hi")]);
        let answers: Vec<_> = (0..16).map(|_| answer(252, 6)).collect();
        check(&b"\xff\xfd\x06".repeat(40), &answers);
        let lines = [&b"\xff\xfd\x06".repeat(20)[..], b"\n"].concat().repeat(2);
        check(&lines, &[&answers[..], &answers].concat());
    }

    #[test]
    fn telnet_commands_do_not_make_a_line_longer_or_hide_its_length() {
        let long = |n| "x".repeat(n);
        let with = |n| [b"\xff\xf1".repeat(30), long(n).into(), b"\xff\xfd\x06\nok\n".into()].concat();
        check(&with(20), &[answer(252, 6), said(&long(20)), said("ok")]);
        check(&with(41), &[answer(252, 6), mistake(Mistake::LineTooLong(40)), said("ok")]);
        check(&with(42), &[mistake(Mistake::LineTooLong(40)), said("ok")]);
    }

    #[test]
    fn half_a_telnet_command_is_not_utf8() {
        for line in [&b"\xff\n"[..], b"a\xff\xfd\n", b"\xff\xff\n", b"\xff\xf4\xff\xff\n", b"\xffhi\n"] {
            check(line, &[mistake(Mistake::InvalidUtf8)]);
        }
    }

    proptest! {
        #[test]
        fn telnet_commands_mean_the_same_however_they_are_cut(
            bytes in vec(select(&b"xxxx\n\r\xff\xff\xff\xfd\xfb\xfe\xf4\xf2\x06/ \x16\x03GET"[..]), 0..120),
            lengths in vec(0..50_usize, 0..8),
        ) {
            let (mut pieces, mut rest) = (Vec::new(), &bytes[..]);
            for length in lengths {
                let (piece, after) = rest.split_at(length.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            let whole = decode(&[&bytes]);
            prop_assert_eq!(decode(&pieces), &whole[..]);
            prop_assert_eq!(decode(&bytes.chunks(1).collect::<Vec<_>>()), &whole[..]);
        }
    }
}
