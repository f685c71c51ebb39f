//! Lines from an untrusted server: limited in length, valid UTF-8, and without control characters.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use crate::text::clean;

/// The longest line, in bytes; a longer one is cut, so that an endless line does not fill the memory.
/// The longest line of our own server lists 500 names and takes about 17 kB.
const MAX: usize = 64 * 1024;

/// The lines of a byte stream. After a timeout, call again: no bytes are lost.
pub(super) struct Lines<R> {
    input: BufReader<R>,
    /// The start of the line that is being read.
    line: Vec<u8>,
    is_cut: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input: BufReader::new(input), line: Vec::new(), is_cut: false }
    }

    /// The next line, without its line ending; `None` at the end of the stream. The last line counts
    /// even without a line ending: a server that crashes may have sent half a sentence.
    pub(super) fn next_line(&mut self) -> io::Result<Option<String>> {
        loop {
            let chunk = match self.input.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            if chunk.is_empty() {
                return Ok((!self.line.is_empty()).then(|| self.take()));
            }
            let newline = chunk.iter().position(|&b| b == b'\n');
            let piece = &chunk[..newline.unwrap_or(chunk.len())];
            let kept = piece.len().min(MAX - self.line.len());
            self.line.extend_from_slice(&piece[..kept]);
            self.is_cut |= kept < piece.len();
            let used = piece.len() + usize::from(newline.is_some());
            self.input.consume(used);
            if newline.is_some() {
                return Ok(Some(self.take()));
            }
        }
    }

    fn take(&mut self) -> String {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let mut line = clean(&line).into_owned();
        if std::mem::take(&mut self.is_cut) {
            line.push_str(" [line too long: the rest is missing]");
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns one piece per read, and a timeout for each empty piece.
    struct Pieces<'a>(std::collections::VecDeque<&'a [u8]>);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(piece) = self.0.pop_front() else { return Ok(0) };
            if piece.is_empty() {
                return Err(ErrorKind::WouldBlock.into());
            }
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::new(Pieces(pieces.iter().copied().collect()));
        let mut all = Vec::new();
        loop {
            match lines.next_line() {
                Ok(Some(line)) => all.push(line),
                Ok(None) => return all,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
    }

    #[test]
    fn lines_are_found_in_pieces_of_any_size_and_after_timeouts() {
        let bytes = "a\r\nhé😄\n\nend".as_bytes();
        let expected = ["a", "hé😄", "", "end"];
        for cut in 1..bytes.len() {
            assert_eq!(lines(&[&bytes[..cut], b"", &bytes[cut..]]), expected, "cut at {cut}");
        }
        assert_eq!(lines(&bytes.chunks(1).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn control_characters_are_removed_and_invalid_utf_8_is_replaced() {
        assert_eq!(lines(&[b"\x1b[2Ja\x07\xffb\n"]), ["a\u{fffd}b"]);
    }

    #[test]
    fn an_endless_line_is_cut_and_the_next_one_is_read() {
        let mut input = vec![b'x'; 10 * MAX];
        input.extend_from_slice(b"\nok\n");
        let mut lines = Lines::new(&input[..]);
        let cut = lines.next_line().unwrap().unwrap();
        assert!(cut.starts_with("xxx") && cut.ends_with("the rest is missing]"), "{} bytes", cut.len());
        assert!(cut.len() < MAX + 100);
        assert_eq!(lines.next_line().unwrap().as_deref(), Some("ok"));
    }
}
