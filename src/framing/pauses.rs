//! Text without newlines: a pause ends a line of a client, and each line of the server is sent alone.

use std::{mem, time::Duration};

use super::Seal;
use crate::{
    dialect::{Decode, Input, Limits, text},
    ending::Ending,
    event::heard::Heard,
};

/// The silence that ends a line.
const PAUSE: Duration = Duration::from_millis(100);

/// The silence that ends a line within a character. No client ends a line there, so the rest is probably late.
const LONG_PAUSE: Duration = Duration::from_secs(1);

/// The most bytes of a send. A program that calls `recv(4096)` gets all of them, with room for a zero byte.
const LONGEST: usize = 4095;

/// Reads lines that end with a newline or with a pause. Its clients come in at once.
pub struct Decoder {
    lines: text::Decoder,
    has_come_in: bool,
}

impl Decoder {
    /// A decoder that has been fed nothing.
    pub fn new(limits: Limits) -> Self {
        Self { lines: text::Decoder::new(limits), has_come_in: false }
    }

    fn end_line(&mut self) {
        if self.lines.unfinished_line().is_some() {
            self.lines.feed(b"\n");
        }
    }
}

impl Decode for Decoder {
    fn feed(&mut self, bytes: &[u8]) {
        self.lines.feed(bytes);
    }

    fn next_input(&mut self) -> Option<Input> {
        if !mem::replace(&mut self.has_come_in, true) {
            return Some(Input::Greeting(None));
        }
        self.lines.next_command().map(Input::Command)
    }

    /// The end of the stream ends a line, too.
    fn finish(&mut self) {
        self.end_line();
    }

    fn patience(&self) -> Option<Duration> {
        let line = self.lines.unfinished_line()?;
        Some(if is_cut_within_character(line) { LONG_PAUSE } else { PAUSE })
    }

    fn time_out(&mut self) -> Option<Ending> {
        self.end_line();
        None
    }
}

/// Whether the last character is not whole yet.
fn is_cut_within_character(line: &[u8]) -> bool {
    let tail = &line[line.len().saturating_sub(3)..];
    let first = tail.iter().rposition(|&byte| byte >= 0xc0);
    first.is_some_and(|at| str::from_utf8(&tail[at..]).is_err_and(|error| error.error_len().is_none()))
}

/// Sends each line alone, and cuts a long line between characters. Before the first line, which welcomes the
/// client, it sends one with only the nickname, because existing programs look for that.
#[derive(Default)]
pub struct Alone {
    is_welcomed: bool,
}

impl Seal for Alone {
    fn seal(&mut self, units: &[u8]) -> Vec<Vec<u8>> {
        let mut pieces = Vec::new();
        for mut line in units.split_inclusive(|&byte| byte == b'\n') {
            if !mem::replace(&mut self.is_welcomed, true) {
                pieces.extend(nickname(line));
            }
            while !line.is_empty() {
                let (piece, rest) = line.split_at(piece_length(line));
                pieces.push(piece.to_vec());
                line = rest;
            }
        }
        pieces
    }
}

/// The line with the nickname, if this is the welcome.
fn nickname(line: &[u8]) -> Option<Vec<u8>> {
    match Heard::new(str::from_utf8(line).ok()?.trim_end()) {
        Heard::YourNick(nick) => Some(format!("Your nickname: {nick}\n").into_bytes()),
        _ => None,
    }
}

/// How many bytes of a line are sent at once.
fn piece_length(line: &[u8]) -> usize {
    if line.len() <= LONGEST {
        return line.len();
    }
    let is_boundary = |&at: &usize| line[at] & 0xc0 != 0x80;
    (LONGEST - 3..=LONGEST).rev().find(is_boundary).unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::Config};

    use super::*;
    use crate::{
        command::{Command, Mistake},
        dialect::{Dialect, Scene},
        event::Event,
        names::{Nick, Room},
        text::Text,
    };

    const LIMITS: Limits = Limits { line: 40, text: 20 };

    fn commands(decoder: &mut Decoder) -> Vec<Command> {
        let commands = std::iter::from_fn(|| decoder.next_input());
        commands
            .map(|input| match input {
                Input::Command(command) => command,
                Input::Greeting(_) => panic!("it has come in already"),
            })
            .collect()
    }

    fn inside() -> Decoder {
        let mut decoder = Decoder::new(LIMITS);
        assert_eq!(decoder.next_input(), Some(Input::Greeting(None)));
        decoder
    }

    /// The commands of a client that pauses after each piece until its line ends.
    fn decode(pieces: &[&[u8]]) -> Vec<Command> {
        let (mut decoder, mut meant) = (inside(), Vec::new());
        for piece in pieces {
            decoder.feed(piece);
            meant.extend(commands(&mut decoder));
            if decoder.patience().is_some() {
                assert_eq!(decoder.time_out(), None);
                meant.extend(commands(&mut decoder));
            }
            assert_eq!(decoder.patience(), None, "a client between lines may be silent");
        }
        decoder.finish();
        meant.extend(commands(&mut decoder));
        meant
    }

    fn said(typed: &str) -> Command {
        Command::say(Text::new(typed, 99).unwrap().unwrap())
    }

    fn patience_after(bytes: &[u8]) -> Option<Duration> {
        let mut decoder = inside();
        decoder.feed(bytes);
        commands(&mut decoder);
        decoder.patience()
    }

    #[test]
    fn a_line_ends_with_a_newline_or_a_pause() {
        assert_eq!(decode(&[b"hello", b"a\nb", b"c\r\n"]), ["hello", "a", "b", "c"].map(said));
        assert_eq!(decode(&[b"/nick bob"]), [Command::typed("nick", "bob")]);
        assert_eq!(decode(&[b"\n", b" ", b""]), []);
    }

    #[test]
    fn a_last_line_counts_when_the_client_closes_at_once() {
        let mut decoder = inside();
        decoder.feed(b"bye");
        assert_eq!(commands(&mut decoder), []);
        decoder.finish();
        assert_eq!(commands(&mut decoder), [said("bye")]);
    }

    #[test]
    fn only_a_client_within_a_line_is_waited_for() {
        for between in [&b""[..], b"a\n", b"\r\n", b"\xff\xfd\x06"] {
            assert_eq!(patience_after(between), None, "{between:?}");
        }
        for within in
            [&b"a"[..], b"a\nb", "ë".as_bytes(), "😀".as_bytes(), b"\xff", b"\xe2\x82x", b"\x80\x80\x80"]
        {
            assert_eq!(patience_after(within), Some(PAUSE), "{within:?}");
        }
        for cut in [&b"\xc3"[..], b"a\xe2\x82", b"\xf0\x9f\x98", b"abc\xf0"] {
            assert_eq!(patience_after(cut), Some(LONG_PAUSE), "{cut:?}");
        }
    }

    #[test]
    fn a_character_that_never_becomes_whole_is_a_mistake() {
        assert_eq!(decode(&[b"a\xc3", b"ok"]), [Command::mistake(Mistake::InvalidUtf8), said("ok")]);
    }

    #[test]
    fn a_line_over_the_limits_is_skipped_until_a_pause() {
        let mut decoder = inside();
        let mut answers = 0;
        for _ in 0..10_000 {
            decoder.feed(&[b'x'; 100]);
            answers += commands(&mut decoder).len();
            assert_eq!(decoder.patience(), Some(PAUSE));
        }
        assert_eq!(answers, 1);
        assert!(decoder.lines.unfinished_line().is_some_and(<[u8]>::is_empty), "it takes no memory");
        decoder.time_out();
        decoder.feed(b"ok");
        decoder.time_out();
        assert_eq!(commands(&mut decoder), [said("ok")]);
    }

    #[test]
    fn a_web_browser_is_refused() {
        let refused = [Command::mistake(Mistake::HttpRequest), Command::typed("quit", "")];
        assert_eq!(decode(&[b"GET / HTTP/1.1"]), refused);
        assert_eq!(decode(&[b"POST / HTTP/1.1\r\nHost: x\r\n\r\nspam", b"spam"]), refused);
    }

    #[test]
    fn the_first_name_stands_on_a_line_of_its_own() {
        let mut seal = Alone::default();
        let mut told = |event: &Event| {
            let pieces = seal.seal(&Dialect::Text.encoded(event, &Scene::default()));
            pieces.into_iter().map(|piece| String::from_utf8(piece).unwrap()).collect::<Vec<_>>()
        };
        let welcome = told(&Event::Welcome(Nick::guest(1)));
        assert_eq!((welcome.len(), &welcome[0][..]), (2, "Your nickname: guest_1\n"));
        let bob = Nick::new("bob").unwrap();
        assert_eq!(told(&Event::NickChanged(bob)), ["Nickname changed to 'bob'.\n"]);
        assert_eq!(told(&Event::Joined(Room::new("ops").unwrap())), ["You joined room 'ops'.\n"]);
        assert!(told(&Event::Returned)[0].contains("returned to the lobby"));
        assert_eq!(Alone::default().seal(b"Server is full.\n"), [b"Server is full.\n"]);
    }

    proptest! {
        #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

        #[test]
        fn lines_of_any_length_arrive_in_pieces_of_whole_characters(
            lines in prop::collection::vec("[xé€😀]{0,3000}", 1..4),
        ) {
            let units = lines.join("\n") + "\n";
            let pieces = Alone::default().seal(units.as_bytes());
            prop_assert_eq!(pieces.concat(), units.into_bytes());
            for piece in pieces {
                prop_assert!(piece.len() < 4096 && str::from_utf8(&piece).is_ok());
                prop_assert!(!piece[..piece.len() - 1].contains(&b'\n'));
            }
        }

        #[test]
        fn without_pauses_bytes_mean_what_they_mean_as_text(
            bytes in prop::collection::vec(prop::sample::select(&b"ab/ \n\r\xff\xfd\xc3\xa9"[..]), 0..120),
            cut in 0..120_usize,
        ) {
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let (mut decoder, mut text, mut meant) = (inside(), text::Decoder::new(LIMITS), Vec::new());
            for piece in [first, second] {
                decoder.feed(piece);
                meant.extend(commands(&mut decoder));
                text.feed(piece);
            }
            decoder.finish();
            meant.extend(commands(&mut decoder));
            let mut expected: Vec<_> = std::iter::from_fn(|| text.next_command()).collect();
            text.feed(b"\n");
            expected.extend(std::iter::from_fn(|| text.next_command()));
            prop_assert_eq!(meant, expected);
        }
    }
}
