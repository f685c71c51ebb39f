//! The client on a pipe: what comes in is said, what the server says goes out, nothing is added.

use std::{
    fs::File,
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    path::Path,
    sync::Arc,
    thread,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use rustix::event::{PollFd, PollFlags, poll};

use super::{Error, lines::Lines, view::View};
use crate::event::heard::Heard;

/// Where the lines to say come from.
pub(super) type Input = Box<dyn Read + Send>;

/// The `greeting`, and then the lines of `file` or of the standard input.
pub(super) fn input(file: Option<&Path>, greeting: String) -> Result<Input, Error> {
    let greeting = io::Cursor::new(greeting);
    match file {
        Some(path) if path.as_os_str() != "-" => match File::open(path) {
            Ok(file) => Ok(Box::new(greeting.chain(file))),
            Err(error) => Err(Error::File { path: path.to_owned(), error }),
        },
        _ => Ok(Box::new(greeting.chain(io::stdin()))),
    }
}

/// Says `input` and writes what the server says to the standard output, until the server closes.
///
/// Two threads, because both directions can be full at the same time: one that alternated between
/// them would wait for itself.
pub(super) fn run(server: TcpStream, input: Input, view: View) -> Result<(), Error> {
    let server = Arc::new(server);
    let mouth = Arc::clone(&server);
    // One message is ever sent.
    let (outcome, is_all_said) = bounded(1);
    // Never joined: it may be waiting for an input that nobody will ever give. It ends with us.
    thread::Builder::new().name("input".to_owned()).spawn(move || say(input, &mouth, &outcome))?;
    match listen(&server, view) {
        Ok(farewell) => judge(farewell, &is_all_said),
        // Nobody wants to hear more: `chat_client | head -1`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether the server was to be expected to close.
fn judge(farewell: Farewell, is_all_said: &Receiver<Result<(), Error>>) -> Result<(), Error> {
    match farewell {
        Farewell::Goodbye => Ok(()),
        Farewell::CutOff(reason) => Err(Error::CutOff(reason)),
        Farewell::Closed => is_all_said.try_recv().unwrap_or(Err(Error::Lost)),
        Farewell::Reset => Err(Error::Lost),
    }
}

/// Says everything, and then that it was everything: the server still answers what it owes.
fn say(input: Input, server: &TcpStream, outcome: &Sender<Result<(), Error>>) {
    let said = copy_lines(input, server);
    // Before the server can close because of what follows. If nobody listens, we are ending.
    let _ = outcome.send(said);
    let _ = server.shutdown(Shutdown::Write);
}

/// Copies as it comes, and ends the last line if need be: to the server, half a line is nothing.
fn copy_lines(mut from: impl Read, mut to: impl Write) -> Result<(), Error> {
    let mut buffer = [0; 8192];
    let mut last = b'\n';
    loop {
        let length = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::Input(error)),
        };
        to.write_all(&buffer[..length]).map_err(|_| Error::Lost)?;
        last = buffer[length - 1];
    }
    if last == b'\n' { Ok(()) } else { to.write_all(b"\n").map_err(|_| Error::Lost) }
}

/// How the server closed.
#[derive(Debug)]
enum Farewell {
    /// After our `/quit`.
    Goodbye,
    /// On purpose, for this reason.
    CutOff(String),
    /// Without a word, in an orderly way.
    Closed,
    /// In the middle of something.
    Reset,
}

/// Writes each line at once: who reads us may be waiting for just this one.
fn listen(server: &TcpStream, view: View) -> io::Result<Farewell> {
    let mut lines = Lines::new(WhileWanted(server));
    let mut output = io::stdout().lock();
    let mut farewell = Farewell::Closed;
    loop {
        let line = match lines.next_line() {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(farewell),
            Err(error) if is_reset(&error) && matches!(farewell, Farewell::Closed) => {
                return Ok(Farewell::Reset);
            }
            Err(error) if is_reset(&error) => return Ok(farewell),
            Err(error) => return Err(error),
        };
        match Heard::new(&line) {
            Heard::Goodbye => farewell = Farewell::Goodbye,
            Heard::CutOff => farewell = Farewell::CutOff(line.clone()),
            _ => {}
        }
        let mut shown = view.line(&line, None);
        shown.push('\n');
        output.write_all(shown.as_bytes())?;
        output.flush()?;
    }
}

/// Aborted is what some systems say when they noticed the reset before we read.
fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted)
}

/// Reads from the server as long as somebody reads what we write. Without this, `| head -1` would
/// hang until the next line came, if ever: a broken pipe shows only on writing, or on asking.
struct WhileWanted<'a>(&'a TcpStream);

impl Read for WhileWanted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let output = io::stdout();
        let mut ends = [PollFd::new(self.0, PollFlags::IN), PollFd::new(&output, PollFlags::empty())];
        poll(&mut ends, None)?;
        let [_, output] = &ends;
        if output.revents().intersects(PollFlags::ERR | PollFlags::HUP) {
            return Err(ErrorKind::BrokenPipe.into());
        }
        self.0.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_ended_and_nothing_else_is_changed() {
        let copied = |input: &[u8]| {
            let mut output = Vec::new();
            copy_lines(input, &mut output).unwrap();
            output
        };
        assert_eq!(copied(b""), b"");
        assert_eq!(copied(b"a\n\nb\n"), b"a\n\nb\n");
        assert_eq!(copied(b"a\r\n\xffb"), b"a\r\n\xffb\n");
    }

    #[test]
    fn a_server_may_close_when_all_was_said_and_after_goodbye() {
        let judged = |farewell, said: Option<Result<(), Error>>| {
            let (outcome, is_all_said) = bounded(1);
            if let Some(said) = said {
                outcome.send(said).unwrap();
            }
            judge(farewell, &is_all_said)
        };
        assert!(judged(Farewell::Closed, Some(Ok(()))).is_ok());
        assert!(judged(Farewell::Goodbye, None).is_ok());
        assert!(matches!(judged(Farewell::Closed, None), Err(Error::Lost)));
        assert!(matches!(judged(Farewell::Reset, Some(Ok(()))), Err(Error::Lost)));
        assert!(matches!(judged(Farewell::CutOff("Full".into()), None), Err(Error::CutOff(_))));
    }
}
