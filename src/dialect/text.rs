//! The text dialect: UTF-8 lines, as a person types them into `nc`.

use std::{
    fmt::{self, Write},
    ops::Range,
};

use crate::{
    command::{Command, Mistake, Verb, speech, split_word},
    event::Event,
    text::clean,
};

mod http;
mod misplaced;
mod telnet;

pub use http::{FIRST_BYTES, is_web_browser};
pub use misplaced::misplaced_secret;

use telnet::{Taken, Telnet};

/// The most a decoder takes, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A line on the wire, without its end.
    pub line: usize,
    /// The text of a message.
    pub text: usize,
}

/// Cuts a stream of bytes into lines and reads each as a command.
///
/// Feed it, then ask until it says "not yet"; in between it holds at most one unfinished line.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    buffer: Vec<u8>,
    /// Where the line to be read next begins in `buffer`.
    start: usize,
    /// No newline stands between `start` and here: nothing is searched twice, so a client that
    /// sends its line one byte at a time costs no more than any other.
    searched: usize,
    /// The rest of this line was too long and is thrown away as it comes.
    is_skipping: bool,
    stage: Stage,
    telnet: Telnet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No line has come yet: this is where HTTP shows.
    FirstLine,
    /// Lines of the chat.
    Chat,
    /// It was HTTP: nothing more is read.
    Refused,
}

impl Decoder {
    /// A decoder that has been fed nothing.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            is_skipping: false,
            stage: Stage::FirstLine,
            telnet: Telnet::default(),
        }
    }

    /// Takes bytes as they came: half a line, many lines, part of a character.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.stage == Stage::Refused {
            return;
        }
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next command; `None` means "not yet": feed more. A line that was not ended when the
    /// client left is never a command: half of "/quit smoking?" is no /quit.
    pub fn next_command(&mut self) -> Option<Command> {
        loop {
            let Some(length) = memchr::memchr(b'\n', &self.buffer[self.searched..]) else {
                return self.unfinished();
            };
            let end = self.searched + length;
            if self.stage == Stage::FirstLine {
                if let Some(answer) = self.negotiate(end) {
                    return Some(answer);
                }
                if self.is_http(self.start..end) {
                    return Some(self.refuse());
                }
            }
            let read = self.read_line(end);
            // Only such a line can have telnet commands in it. Without them, it is read again.
            if let Err(Mistake::InvalidUtf8 | Mistake::LineTooLong(_)) = read {
                let start = self.start;
                let answer = self.negotiate(end);
                if answer.is_some() {
                    return answer;
                }
                if self.start > start {
                    continue;
                }
            }
            (self.start, self.searched, self.is_skipping) = (end + 1, end + 1, false);
            self.telnet.end_line();
            if let Some(command) = read.unwrap_or_else(|mistake| Some(Command::mistake(mistake))) {
                return Some(command);
            }
        }
    }

    /// The kept beginning of a line that has not ended; `None` between lines. Ask for it when there are no more
    /// commands to take.
    pub fn unfinished_line(&self) -> Option<&[u8]> {
        let line = &self.buffer[self.start..];
        (self.is_skipping || !line.is_empty()).then_some(line)
    }

    /// Reads the line that ends here. The rest of a line that was too long is nothing.
    fn read_line(&self, end: usize) -> Result<Option<Command>, Mistake> {
        if self.is_skipping { Ok(None) } else { read_line(&self.buffer[self.start..end], self.limits) }
    }

    /// Takes telnet commands out of the bytes up to here, as far as they were not searched; returns the
    /// answer to the first that has one.
    #[inline(never)]
    fn negotiate(&mut self, end: usize) -> Option<Command> {
        let (line, searched) = (&mut self.buffer[self.start..end], self.searched - self.start);
        let Taken { bytes, searched, answer } =
            self.telnet.take_from(line, searched, self.limits.line + LINE_END);
        (self.start, self.searched) = (self.start + bytes, self.start + searched);
        answer.map(|answer| Command::answer(&answer))
    }

    /// Makes sure that a line without an end does not fill the memory.
    fn unfinished(&mut self) -> Option<Command> {
        if self.is_skipping {
            self.searched = self.buffer.len();
        } else if self.searched < self.buffer.len() {
            let answer = self.negotiate(self.buffer.len());
            if answer.is_some() {
                return answer;
            }
        }
        let length = self.searched - self.start;
        let is_too_long = length > self.limits.line + LINE_END;
        if is_too_long && self.stage == Stage::FirstLine && self.is_http(self.start..self.searched) {
            return Some(self.refuse());
        }
        if self.is_skipping || is_too_long {
            self.start = self.buffer.len();
        }
        if self.start == self.buffer.len() {
            // An idle client does not keep the memory of its longest line.
            self.buffer.clear();
            self.buffer.shrink_to(IDLE_CAPACITY);
            (self.start, self.searched) = (0, 0);
        }
        let is_first_seen = is_too_long && !self.is_skipping;
        self.is_skipping |= is_too_long;
        is_first_seen.then_some(Command::mistake(Mistake::LineTooLong(self.limits.line)))
    }

    /// Whether the first line is an HTTP request. Of one that is too long, the beginning counts: the
    /// headers and the body after it must not be said.
    fn is_http(&mut self, line: Range<usize>) -> bool {
        self.stage = Stage::Chat;
        let line = &self.buffer[line];
        http::is_request(line) || (line.len() > self.limits.line + LINE_END && http::begins_request(line))
    }

    /// The answer to an HTTP request, and then the end.
    fn refuse(&mut self) -> Command {
        self.stage = Stage::Refused;
        self.buffer = b"/quit\n".into();
        (self.start, self.searched) = (0, 0);
        Command::mistake(Mistake::HttpRequest)
    }
}

/// One byte more than the limit may be the '\r' of the line's end.
const LINE_END: usize = 1;

/// What a decoder's buffer may keep between lines, in bytes: an ordinary line or two.
const IDLE_CAPACITY: usize = 256;

/// Reads one line without its newline; `None` when there is nothing in it.
pub(crate) fn read_line(line: &[u8], limits: Limits) -> Result<Option<Command>, Mistake> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > limits.line {
        return Err(Mistake::LineTooLong(limits.line));
    }
    let typed = str::from_utf8(line).map_err(|_| Mistake::InvalidUtf8)?;
    let line = clean(typed);
    if let Some(verb) = misplaced_secret(&line) {
        return Err(Mistake::MisplacedSecret(verb));
    }
    let said = match line.strip_prefix('/') {
        Some(escaped) if escaped.starts_with('/') => escaped,
        Some(command) => return slash(command, line != typed, limits).map(Some),
        None => &line,
    };
    Ok(speech(said, limits.text)?.map(Command::say))
}

fn slash(line: &str, was_cleaned: bool, limits: Limits) -> Result<Command, Mistake> {
    let (word, rest) = split_word(line);
    let verb = Verb::find(word).ok_or_else(|| Mistake::unknown_verb(word))?;
    // The password would not be the one that was typed.
    if verb.is_secret && was_cleaned {
        return Err(Mistake::UnfitPassword);
    }
    Ok(verb.command(rest, limits.text))
}

/// Adds an event to `out`: its sentence, if it has one, and its cue, if it has one, each with a newline.
pub fn encode(event: &Event, out: &mut Vec<u8>) {
    let start = out.len();
    write!(Utf8(out), "{event}").expect("writing to memory does not fail");
    if out.len() > start {
        out.push(b'\n');
    }
    if let Some(cue) = event.cue() {
        writeln!(Utf8(out), "{cue}").expect("writing to memory does not fail");
    }
}

/// An event as the text dialect says it to a client that is not let in.
pub fn line(event: &Event) -> Vec<u8> {
    let mut line = Vec::new();
    encode(event, &mut line);
    line
}

/// Formats into bytes. `io::Write` can do that too, but checks for an error after each of the many
/// pieces of a message.
pub(super) struct Utf8<'a>(pub(super) &'a mut Vec<u8>);

impl fmt::Write for Utf8<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.0.extend_from_slice(piece.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::text;

    const LIMITS: Limits = Limits { line: 40, text: 20 };

    fn all(decoder: &mut Decoder) -> Vec<Command> {
        std::iter::from_fn(|| decoder.next_command()).collect()
    }

    pub(super) fn decode(pieces: &[&[u8]]) -> Vec<Command> {
        let mut decoder = Decoder::new(LIMITS);
        let mut commands = Vec::new();
        for piece in pieces {
            decoder.feed(piece);
            commands.extend(all(&mut decoder));
        }
        commands
    }

    /// However the bytes are cut, they mean the same.
    #[track_caller]
    pub(super) fn check(bytes: &[u8], expected: &[Command]) {
        assert_eq!(decode(&[bytes]), expected, "in one piece");
        for cut in 0..=bytes.len() {
            assert_eq!(decode(&[&bytes[..cut], &bytes[cut..]]), expected, "cut at {cut}");
        }
        assert_eq!(decode(&bytes.chunks(1).collect::<Vec<_>>()), expected, "byte by byte");
    }

    pub(super) fn said(typed: &str) -> Command {
        Command::say(text(typed, 99).unwrap().unwrap())
    }

    pub(super) fn mistake(mistake: Mistake) -> Command {
        Command::mistake(mistake)
    }

    #[test]
    fn lines_are_found_however_they_are_cut() {
        check(b"", &[]);
        check(b"hello\n", &[said("hello")]);
        check(b"a\nb\r\nc", &[said("a"), said("b")]);
        check("h😄é\n".as_bytes(), &[said("h😄é")]);
        check(b"/JOIN  #ops \n/quit\n", &[Command::typed("join", "ops"), Command::typed("quit", "")]);
    }

    #[test]
    fn a_line_without_visible_text_is_ignored() {
        check(b"\n\r\n   \n\t\n\x1b[0m\nx\n", &[said("x")]);
    }

    #[test]
    fn a_double_slash_says_a_slash() {
        check(b"//nick bob\n//\n///\n", &[said("/nick bob"), said("/"), said("//")]);
    }

    #[test]
    fn an_unknown_command_is_a_mistake_in_its_place() {
        let unknown = |word: &str| mistake(Mistake::unknown_verb(word));
        check(b"a\n/dance now\n/\nb\n", &[said("a"), unknown("dance"), unknown(""), said("b")]);
    }

    #[test]
    fn a_line_that_is_not_utf8_is_refused_and_the_next_one_read() {
        check(
            b"\xff\xfe\n\xf0\x9f\nok\n",
            &[mistake(Mistake::InvalidUtf8), mistake(Mistake::InvalidUtf8), said("ok")],
        );
    }

    #[test]
    fn control_characters_are_removed_even_from_a_command() {
        let whisper = Command::typed("whisper", "bob hi");
        check(b"/whi\x07sper bob \x1b[31mhi\x1b[0m\n", &[whisper]);
    }

    #[test]
    fn limits_are_exact() {
        let (text, line) = (Mistake::TextTooLong(20), Mistake::LineTooLong(40));
        let long = |n: usize, end: &str| ("x".repeat(n) + end).into_bytes();
        check(&long(20, "\n"), &[said(&"x".repeat(20))]);
        check(&long(21, "\n"), &[mistake(text.clone())]);
        check(&long(40, "\r\n"), &[mistake(text)]);
        check(&long(41, "\nok\n"), &[mistake(line.clone()), said("ok")]);
        check(&long(41, "\r\nok\n"), &[mistake(line.clone()), said("ok")]);
        check(&long(500, "\nok\n"), &[mistake(line), said("ok")]);
    }

    #[test]
    fn an_http_request_is_refused_and_nothing_of_it_is_said() {
        let refused = [mistake(Mistake::HttpRequest), Command::typed("quit", "")];
        check(b"\xff\xf1GET / HTTP/1.1\r\n\r\nhello\n", &refused);
        for request in ["GET / HTTP/1.1\r\n", "POST /say HTTP/1.1\r\nHost: x\r\n\r\nhello\n/nick eve\n"] {
            check(request.as_bytes(), &refused);
        }
        for end in [" HTTP/1.1\r\n\r\nhello\n", "\n", ""] {
            check(format!("POST /{}{end}", "x".repeat(500)).as_bytes(), &refused);
        }
    }

    #[test]
    fn lines_hidden_in_a_tls_handshake_are_not_said() {
        let hello = b"\x16\x03\x01\x02\x00\x01ticket\nhello room\n/nick eve\n";
        check(hello, &[mistake(Mistake::HttpRequest), Command::typed("quit", "")]);
    }

    #[test]
    fn people_can_talk_about_http() {
        check(b"hi\nGET / HTTP/1.1\n", &[said("hi"), said("GET / HTTP/1.1")]);
    }

    #[test]
    fn an_endless_line_is_answered_once_and_takes_no_memory() {
        let mut decoder = Decoder::new(LIMITS);
        let mut answers = 0;
        for _ in 0..10_000 {
            decoder.feed(&[b'x'; 1000]);
            answers += all(&mut decoder).len();
        }
        assert_eq!(answers, 1);
        assert!(decoder.buffer.capacity() < 10_000, "{}", decoder.buffer.capacity());
        decoder.feed(b"\nok\n");
        assert_eq!(all(&mut decoder), [said("ok")]);
    }

    #[test]
    fn an_idle_decoder_keeps_little_memory_after_a_burst() {
        let mut decoder = Decoder::new(Limits { line: 8192, text: 1024 });
        decoder.feed(&b"hello\n".repeat(1000));
        assert_eq!(all(&mut decoder).len(), 1000);
        assert!(decoder.buffer.capacity() <= IDLE_CAPACITY, "{}", decoder.buffer.capacity());
    }
}
