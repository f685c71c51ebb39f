//! The client on a pipe: it sends its input, and prints what the server says without additions.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::{Mutex, MutexGuard};
use rustix::event::{PollFd, PollFlags, poll};

use super::{
    Error, Options, connect, greeting,
    lines::Lines,
    log::Log,
    transfers::{Outside, Transfers, Typed},
    view::View,
};
use crate::{event::heard::Heard, file::FileName};

/// Sends the input and prints what the server says, until the server closes the connection.
///
/// Each direction has a thread, because both can be full at the same time: a single thread would then
/// block in one direction and never empty the other.
pub(super) fn run(options: &Options, view: View) -> Result<(), Error> {
    let input = input(options)?;
    let log = Mutex::new(Log::open(options.log.as_deref())?);
    let mouth = Arc::new(Mouth { server: connect(options)?, turn: Mutex::new(()), log });
    let transfers = Transfers::new(options.clone(), mouth.clone());
    transfers.connected(&mouth.server);
    let typed = Typing { input, mouth: Arc::clone(&mouth), line: Vec::new() };
    let input = io::Cursor::new(greeting(options.nick, options.room)).chain(typed);
    let (mouth_too, transfers_too) = (Arc::clone(&mouth), Arc::clone(&transfers));
    // Exactly one message is sent.
    let (outcome, is_all_said) = bounded(1);
    // Never joined: it may wait for input that never comes. It ends with the process.
    thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || say(input, &mouth_too, &transfers_too, &outcome))?;
    match listen(&mouth, &transfers, view, &is_all_said) {
        Ok(()) => match transfers.failures() {
            0 => Ok(()),
            failures => Err(Error::Files(failures)),
        },
        // The reader has had enough: `chat_client | head -1`.
        Err(Error::Io(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(error),
    }
}

/// A file or standard input.
fn input(options: &Options) -> Result<Box<dyn Read + Send>, Error> {
    let Some(path) = options.file.as_ref().filter(|path| path.as_os_str() != "-") else {
        return Ok(Box::new(io::stdin()));
    };
    let file = open(path).map_err(|error| Error::File(path.clone(), error))?;
    Ok(Box::new(file))
}

/// Opens a file. A folder can be opened, too, but not read.
fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() { Err(ErrorKind::IsADirectory.into()) } else { Ok(file) }
}

/// Sends the whole input, waits for the transfers, and then closes this direction. The server still
/// sends what it owes.
fn say(input: impl Read, mouth: &Mouth, transfers: &Transfers, outcome: &Sender<Result<(), Error>>) {
    let said = copy_lines(input, &mut Script { mouth, transfers, turn: None });
    if said.is_ok() {
        transfers.wait();
    }
    // Before the shutdown, after which the server may close. This fails if the client is ending.
    let _ = outcome.send(said);
    let _ = mouth.server.shutdown(Shutdown::Write);
}

/// The sending side of the connection. Several threads use it, each for a whole line at a time.
struct Mouth {
    server: TcpStream,
    turn: Mutex<()>,
    log: Mutex<Log>,
}

impl Mouth {
    fn note_shown(&self, line: &str) {
        let failed = self.log.lock().note_shown(line);
        if let Some(words) = failed {
            tell(&words);
        }
    }

    fn note_typed(&self, line: &str) {
        let failed = self.log.lock().note_typed(line);
        if let Some(words) = failed {
            tell(&words);
        }
    }
}

/// Writes to standard error, because standard output is for the server's lines.
fn tell(words: &str) {
    // If even standard error is closed, the exit status still tells.
    let _ = writeln!(io::stderr(), "{words}");
}

/// Notes the input in the log while it is read.
struct Typing<R> {
    input: R,
    mouth: Arc<Mouth>,
    /// The start of a line whose end was not read yet.
    line: Vec<u8>,
}

impl<R: Read> Read for Typing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        for piece in buffer[..length].split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(piece);
            self.line.truncate(LONGEST_NOTED);
            if piece.ends_with(b"\n") {
                self.note();
            }
        }
        if length == 0 {
            self.note();
        }
        Ok(length)
    }
}

impl<R> Typing<R> {
    fn note(&mut self) {
        let line = String::from_utf8_lossy(&self.line);
        if !line.trim().is_empty() {
            self.mouth.note_typed(line.trim_end());
        }
        self.line.clear();
    }
}

/// What receives the copied lines.
trait Hearer {
    /// Takes a part of a line, or one or more lines.
    fn hear(&mut self, bytes: &[u8]) -> Result<(), Error>;

    /// Takes one whole line that starts with a slash, without its line ending. Returns whether it was
    /// handled here; if not, the same line comes again as bytes.
    fn hear_command(&mut self, line: &str) -> Result<bool, Error>;
}

/// Sends lines to the server, except for commands that this client handles itself.
struct Script<'a> {
    mouth: &'a Mouth,
    transfers: &'a Transfers,
    /// Held from the first byte of a line to its end, so that no other thread sends in between.
    turn: Option<MutexGuard<'a, ()>>,
}

impl Hearer for Script<'_> {
    fn hear(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.turn.get_or_insert_with(|| self.mouth.turn.lock());
        (&self.mouth.server).write_all(bytes).map_err(|_| Error::Lost)?;
        if bytes.ends_with(b"\n") {
            self.turn = None;
        }
        Ok(())
    }

    fn hear_command(&mut self, line: &str) -> Result<bool, Error> {
        match self.transfers.typed(line) {
            Typed::AsItIs => return Ok(false),
            Typed::Instead(line) => self.hear(format!("{line}\n").as_bytes())?,
            Typed::Offer(to, path) => self.transfers.offer(to, path),
            Typed::Refused => {}
        }
        Ok(true)
    }
}

/// How the threads that send and receive files reach the user and the server.
impl Outside for Mouth {
    fn notice(&self, words: &str) {
        tell(words);
        self.note_shown(words);
    }

    fn send(&self, line: &str) -> bool {
        /// An input that stops in the middle of a line must not block transfers for ever.
        const PATIENCE: Duration = Duration::from_secs(5);
        let Some(_turn) = self.turn.try_lock_for(PATIENCE) else { return false };
        (&self.server).write_all(format!("{line}\n").as_bytes()).is_ok()
    }

    fn reached(&self, name: &FileName, percent: u8) {
        self.notice(&format!("{name}: {percent} %"));
    }
}

/// The longest command that is looked at, in bytes. A longer one is left to the server to refuse.
const LONGEST_COMMAND: u64 = 64 * 1024;

/// How much of a line of the input is noted in the log, in bytes.
const LONGEST_NOTED: usize = 64 * 1024;

/// Copies bytes as they come, and ends the last line if it is not: the server ignores half a line.
/// Only commands are looked at, each as a whole.
fn copy_lines(from: impl Read, to: &mut impl Hearer) -> Result<(), Error> {
    let mut from = BufReader::new(from);
    let mut is_at_start = true;
    loop {
        let chunk = match from.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            chunk => chunk.map_err(Error::Input)?,
        };
        match chunk {
            [] => break,
            [b'/', ..] if is_at_start => is_at_start = copy_command(&mut from, to)?,
            _ => {
                let end = memchr::memmem::find(chunk, b"\n/").map_or(chunk.len(), |newline| newline + 1);
                to.hear(&chunk[..end])?;
                is_at_start = chunk[end - 1] == b'\n';
                from.consume(end);
            }
        }
    }
    if is_at_start { Ok(()) } else { to.hear(b"\n") }
}

/// Copies a command unless it is handled here. Returns whether the line has ended.
fn copy_command(from: &mut impl BufRead, to: &mut impl Hearer) -> Result<bool, Error> {
    let mut line = Vec::new();
    from.take(LONGEST_COMMAND).read_until(b'\n', &mut line).map_err(Error::Input)?;
    let is_whole = line.ends_with(b"\n") || (line.len() as u64) < LONGEST_COMMAND;
    let command = String::from_utf8_lossy(&line);
    if is_whole && to.hear_command(command.trim_end_matches(['\n', '\r']))? {
        return Ok(true);
    }
    to.hear(&line)?;
    Ok(line.ends_with(b"\n"))
}

/// Prints the server's lines until the connection ends. Each is flushed, because the reader of the pipe may
/// wait for it.
fn listen(
    mouth: &Mouth,
    transfers: &Arc<Transfers>,
    view: View,
    is_all_said: &Receiver<Result<(), Error>>,
) -> Result<(), Error> {
    let mut lines = Lines::new(WhileWanted(&mouth.server));
    let mut output = io::stdout().lock();
    let mut farewell = None;
    loop {
        let line = match lines.next_line() {
            Ok(Some(line)) => line,
            Ok(None) => return judge(Ok(()), farewell, is_all_said),
            Err(error) => return judge(Err(error), farewell, is_all_said),
        };
        match Heard::new(&line) {
            Heard::Goodbye => farewell = Some(Ok(())),
            Heard::Dismissed => farewell = Some(Err(Error::Dismissed(line.clone()))),
            _ => {}
        }
        if transfers.hear(&line) {
            continue;
        }
        let mut shown = view.line(&line, None);
        shown.push('\n');
        output.write_all(shown.as_bytes())?;
        output.flush()?;
        mouth.note_shown(&line);
    }
}

/// Whether the end of the connection is an error for us. A `farewell` of the server decides that, or else
/// whether we have sent everything.
fn judge(
    end: io::Result<()>,
    farewell: Option<Result<(), Error>>,
    is_all_said: &Receiver<Result<(), Error>>,
) -> Result<(), Error> {
    match end {
        Ok(()) => farewell.or_else(|| is_all_said.try_recv().ok()).unwrap_or(Err(Error::Lost)),
        // Some systems report a reset that comes before we read as an abort.
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted) => {
            farewell.unwrap_or(Err(Error::Lost))
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads from the server as long as our output has a reader. Without this, `| head -1` would hang
/// until the next line comes: a write notices a broken pipe, but a read of the socket does not.
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

    /// The bytes that arrive, with `<…>` for each command that is handled here.
    struct Ear(Vec<u8>);

    impl Hearer for Ear {
        fn hear(&mut self, bytes: &[u8]) -> Result<(), Error> {
            self.0.extend_from_slice(bytes);
            Ok(())
        }

        fn hear_command(&mut self, line: &str) -> Result<bool, Error> {
            let is_mine = line.starts_with("/my");
            if is_mine {
                self.0.extend_from_slice(format!("<{line}>").as_bytes());
            }
            Ok(is_mine)
        }
    }

    /// Returns one byte per read.
    struct Slowly<'a>(&'a [u8]);

    impl Read for Slowly<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }

    #[test]
    fn the_last_line_is_ended_and_everything_else_stays_as_it_is() {
        let copied = |input: &[u8]| {
            let (mut at_once, mut slowly) = (Ear(Vec::new()), Ear(Vec::new()));
            copy_lines(input, &mut at_once).unwrap();
            copy_lines(Slowly(input), &mut slowly).unwrap();
            assert_eq!(at_once.0, slowly.0, "in pieces of any size");
            at_once.0
        };
        assert_eq!(copied(b""), b"");
        assert_eq!(copied(b"a\n\nb\n"), b"a\n\nb\n");
        assert_eq!(copied(b"a\r\n\xffb"), b"a\r\n\xffb\n");
        assert_eq!(copied(b"/a\n/b/c\nd/e\n/\xff"), b"/a\n/b/c\nd/e\n/\xff\n");
        assert_eq!(copied(b"a\n/my b\r\n/my c\n d /my\n/my e"), b"a\n</my b></my c> d /my\n</my e>");
        let long = ["/my ".as_bytes(), &vec![b'x'; 100_000]].concat();
        assert_eq!(copied(&long).len(), long.len() + 1);
    }

    #[test]
    fn a_server_may_close_after_the_whole_input_and_after_goodbye() {
        let judged = |end: Result<(), ErrorKind>, farewell, said: Option<Result<(), Error>>| {
            let (outcome, is_all_said) = bounded(1);
            if let Some(said) = said {
                outcome.send(said).unwrap();
            }
            judge(end.map_err(io::Error::from), farewell, &is_all_said)
        };
        let (reset, full) = (Err(ErrorKind::ConnectionReset), Error::Dismissed("Full".into()));
        assert!(judged(Ok(()), None, Some(Ok(()))).is_ok());
        assert!(judged(Ok(()), Some(Ok(())), None).is_ok());
        assert!(judged(reset, Some(Ok(())), None).is_ok());
        assert!(matches!(judged(Ok(()), None, None), Err(Error::Lost)));
        assert!(matches!(judged(reset, None, Some(Ok(()))), Err(Error::Lost)));
        assert!(matches!(judged(Ok(()), Some(Err(full)), None), Err(Error::Dismissed(_))));
    }
}
