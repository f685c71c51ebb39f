//! The client on a pipe: it sends the lines of its input as fast as the server allows, and prints the
//! server's lines unchanged.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, bounded, never, select};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{
    Error, Options, connect,
    link::{Link, NEWS, News},
    log::Log,
    seal::{self, Seals},
    speech::{self, Speech},
    standing::Standing,
    status::{Ending, Status},
    transfers::{Outside, Transfers, Typed},
    view::View,
};
use crate::{event::heard::Heard, file::FileName, text::clean};

mod sealing;

/// The longest line that is read, in bytes. It is more than any server takes.
const LONGEST: u64 = 64 * 1024;
const TOO_LONG: &str = "a line is longer than 64 KiB, so it and all after it were not sent";

/// How often the clock and the reader of our output are checked.
const TICK: Duration = Duration::from_millis(20);

/// How many lines are read before they can be sent.
const AHEAD: usize = 64;

/// Sends the input and prints the server's lines, until the server closes the connection.
pub(super) fn run(options: &Options, view: View) -> Result<(), Error> {
    let input = input(options)?;
    let log = Log::open(options.log.as_deref())?;
    let (sender, news) = bounded(NEWS);
    let server = connect(options)?;
    let link = Arc::new(Link::default());
    let mouth = Arc::new(Mouth(Arc::clone(&link)));
    let mut plain = Plain {
        status: Status::new(options.nick, options.room),
        speech: Speech::default(),
        transfers: Transfers::new(options.clone(), mouth),
        seals: Seals::default(),
        held: None,
        standing: Standing::default(),
        refused: 0,
        unread: None,
        stage: Stage::Reading,
        log,
        link,
        view,
        sender: sender.clone(),
    };
    plain.transfers.connected(&server);
    plain.link.open(server, sender)?;
    plain.link.send(plain.status.connected());
    plain.speech.connected(Instant::now());
    match plain.run(&lines(input)?, &news) {
        Ok(()) => plain.judge(),
        // The reader has had enough: `chat_client | head -1`.
        Err(Error::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(error),
    }
}

/// A file, or standard input.
fn input(options: &Options) -> Result<Box<dyn Read + Send>, Error> {
    let Some(path) = options.file.as_ref().filter(|path| path.as_os_str() != "-") else {
        return Ok(Box::new(io::stdin()));
    };
    Ok(Box::new(open(path).map_err(|error| Error::File(path.clone(), error))?))
}

/// Opens a file. A folder can be opened, too, but not read.
fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() { Err(ErrorKind::IsADirectory.into()) } else { Ok(file) }
}

/// Reads lines in a thread of its own. It is never joined: it may wait for input that never comes.
fn lines(input: impl Read + Send + 'static) -> io::Result<Receiver<io::Result<Vec<u8>>>> {
    let (sender, lines) = bounded(AHEAD);
    thread::Builder::new().name("input".to_owned()).spawn(move || {
        let mut input = BufReader::new(input);
        loop {
            let mut line = Vec::new();
            let read = input.by_ref().take(LONGEST).read_until(b'\n', &mut line);
            let line = match read {
                Ok(0) => return,
                // The rest of it would look like another line, and `/dev/zero` never ends.
                Ok(_) if line.len() as u64 == LONGEST => Err(io::Error::other(TOO_LONG)),
                Ok(_) => Ok(line),
                Err(error) => Err(error),
            };
            let is_over = line.is_err();
            if sender.send(line).is_err() || is_over {
                return;
            }
        }
    })?;
    Ok(lines)
}

/// A chat without a terminal.
struct Plain {
    status: Status,
    speech: Speech,
    transfers: Arc<Transfers>,
    seals: Seals,
    /// A line that waits for the answers to those before it.
    held: Option<String>,
    standing: Standing,
    /// How many lines were refused.
    refused: usize,
    /// Why the rest of the input was not read.
    unread: Option<io::Error>,
    stage: Stage,
    log: Log,
    link: Arc<Link>,
    view: View,
    sender: Sender<News>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// There may be more input.
    Reading,
    /// The input has ended.
    Saying,
    /// Every line has its answer; files may still be on their way.
    Waiting,
    /// Everything is done. The server may still have lines to send.
    Done,
}

impl Plain {
    fn run(&mut self, lines: &Receiver<io::Result<Vec<u8>>>, news: &Receiver<News>) -> Result<(), Error> {
        let (no_lines, mut is_connected) = (never(), true);
        while is_connected {
            self.take_held();
            self.advance()?;
            let has_room = self.held.is_none() && self.speech.waiting() < AHEAD;
            let wants_more = self.stage == Stage::Reading && has_room;
            select! {
                recv(if wants_more { lines } else { &no_lines }) -> line => match line {
                    Ok(Ok(line)) => self.read(&line),
                    Ok(Err(error)) => (self.unread, self.stage) = (Some(error), Stage::Saying),
                    Err(_) => self.stage = Stage::Saying,
                },
                recv(news) -> news => is_connected = self.take_news(news.unwrap_or(News::Lost))?,
                default(TICK) => {}
            }
            is_wanted().map_err(Error::Output)?;
        }
        Ok(())
    }

    /// Sends what is due. When everything is done, closes our sending direction.
    fn advance(&mut self) -> Result<(), Error> {
        while self.link.has_room()
            && !self.standing.is_waiting()
            && let Some(lines) = self.speech.next(Instant::now())
        {
            let first = lines.lines().next().unwrap_or_default();
            if self.standing.forbids(first) {
                return Err(Error::NickRegistered);
            }
            let mark = self.standing.sends(first, || self.speech.mark(Instant::now()));
            self.link.send(lines + &mark);
        }
        let is_sent = self.speech.waiting() == 0 && !self.standing.is_waiting();
        if self.stage == Stage::Saying && is_sent && self.speech.open().next().is_none() {
            self.stage = Stage::Waiting;
            let (transfers, done) = (Arc::clone(&self.transfers), self.sender.clone());
            thread::Builder::new().name("waiting".to_owned()).spawn(move || {
                transfers.wait();
                // If the loop is gone, the program is ending.
                let _ = done.send(News::End);
            })?;
        }
        Ok(())
    }

    /// Takes a line of the input.
    fn read(&mut self, line: &[u8]) {
        let Ok(line) = str::from_utf8(line) else {
            return self.refuse(String::from_utf8_lossy(line).trim_end(), "it is not UTF-8");
        };
        let line = line.trim_end_matches(['\n', '\r']);
        self.log.note_typed(line).into_iter().for_each(|words| tell(&words));
        if self.seals.concerns(line) {
            self.held = Some(line.to_owned());
        } else {
            self.give(line);
        }
    }

    fn give(&mut self, line: &str) {
        match self.transfers.typed(line) {
            Typed::AsItIs => self.say(line),
            Typed::Instead(other) => self.say(&other),
            Typed::Offer(to, path) => self.transfers.offer(to, path),
            Typed::Refused => {}
        }
    }

    fn say(&mut self, line: &str) {
        self.status.sending(line, Instant::now());
        self.speech.say(speech::Typed::new(line));
    }

    /// Counts and reports a line that is not delivered.
    fn refuse(&mut self, line: &str, why: &str) {
        self.refused += 1;
        let line = clean(line);
        let begin: String = line.chars().take(60).collect();
        let more = if begin.len() < line.len() { "…" } else { "" };
        tell(&format!("Not delivered, because {why}: {begin}{more}"));
    }

    /// Returns whether the connection goes on.
    fn take_news(&mut self, news: News) -> Result<bool, Error> {
        match news {
            News::Line(line) => self.hear(&line)?,
            News::Lost => return Ok(false),
            News::End if self.stage == Stage::Waiting => {
                self.stage = Stage::Done;
                self.link.finish();
            }
            _ => {}
        }
        Ok(true)
    }

    fn hear(&mut self, line: &str) -> Result<(), Error> {
        let now = Instant::now();
        let heard = Heard::new(line);
        match heard {
            Heard::Mark(mark) => {
                for refused in self.speech.marked(&mark, now) {
                    self.refuse(&self.seals.readable(&refused), "the server refused it");
                }
                self.seals.longest = mark.text;
                let answered = if self.speech.expects_mark() { None } else { self.standing.answered() };
                return answered.map_or(Ok(()), |command| Err(Error::CommandRefused(command)));
            }
            Heard::UnknownCommand("mark") if self.speech.expects_mark() => {
                self.speech.unmarked();
                return Ok(());
            }
            Heard::YourNick(_) if self.status.nick.is_none() => {
                // The answer comes after those about the nickname and the room.
                self.speech.mark(now).map(|line| self.link.send(line));
            }
            Heard::NickRegistered if self.status.wants_nick() => self.standing.need_login(),
            _ => {}
        }
        if self.status.is_own(&heard) {
            self.speech.echoed(heard.text());
        }
        self.standing.hear(&heard);
        if let Some(deeds) = self.seals.heard(line, self.status.nick) {
            return self.carry_out(deeds);
        }
        self.status.hear(line, &heard, now);
        if self.transfers.hear(line, &heard) {
            return Ok(());
        }
        let forged = seal::forged(line);
        self.show(forged.as_deref().unwrap_or(line), &heard)?;
        match heard {
            Heard::NickTaken(_) if !self.standing.has_begun && self.status.wants_nick() => {
                Err(Error::NickTaken)
            }
            _ => Ok(()),
        }
    }

    fn show(&mut self, line: &str, heard: &Heard<'_>) -> Result<(), Error> {
        print(&self.view.line(line, heard, None)).map_err(Error::Output)?;
        self.log.note_shown(line).into_iter().for_each(|words| tell(&words));
        Ok(())
    }

    /// Whether the end of the connection is an error for us.
    fn judge(&mut self) -> Result<(), Error> {
        let unknown = self.speech.lost();
        match self.status.ending.take() {
            Some(Ending::Dismissed(reason)) => return Err(Error::Dismissed(reason)),
            Some(Ending::Quit) => {}
            None if self.stage == Stage::Done => {}
            None => {
                for line in unknown {
                    tell(&format!("This may not have arrived: {}", self.seals.readable(&line)));
                }
                return Err(Error::Lost);
            }
        }
        if let Some(error) = self.unread.take() {
            return Err(Error::Input(error));
        }
        match (self.refused, self.transfers.failures()) {
            (0, 0) => Ok(()),
            (0, failures) => Err(Error::Files(failures)),
            (refused, _) => Err(Error::Refused(refused)),
        }
    }
}

/// Prints a line at once, because the reader of the pipe may wait for it.
fn print(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(format!("{line}\n").as_bytes())?;
    output.flush()
}

/// Fails when our output has lost its reader. A write would notice, but there may be nothing to write.
fn is_wanted() -> io::Result<()> {
    let output = io::stdout();
    let mut ends = [PollFd::new(&output, PollFlags::empty())];
    poll(&mut ends, Some(&Timespec::default()))?;
    let is_closed = ends[0].revents().intersects(PollFlags::ERR | PollFlags::HUP);
    if is_closed { Err(ErrorKind::BrokenPipe.into()) } else { Ok(()) }
}

/// Writes to standard error, because standard output is for the server's lines.
fn tell(words: &str) {
    // If even standard error is closed, the exit status still shows the failure.
    let _ = writeln!(io::stderr(), "{words}");
}

/// How the threads that send and receive files reach the user and the server.
struct Mouth(Arc<Link>);

impl Outside for Mouth {
    fn notice(&self, words: &str) {
        tell(words);
    }

    fn send(&self, line: &str) -> bool {
        self.0.send(format!("{line}\n"))
    }

    fn reached(&self, name: &FileName, percent: u8) {
        self.notice(&format!("{name}: {percent} %"));
    }
}
