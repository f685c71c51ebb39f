//! A program in a terminal whose screen the grader reads.

use std::{
    io::{self, ErrorKind, Read, Write},
    num::NonZeroU16,
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use vt100::{Parser, Screen};

use crate::course::subject::{Launch, MARK, Member};

const ROWS: NonZeroU16 = NonZeroU16::new(24).expect("not zero");
const COLUMNS: NonZeroU16 = NonZeroU16::new(80).expect("not zero");

/// A program in a terminal. Its fields are dropped in order: the program ends first, and that ends the reader.
pub(super) struct Terminal {
    pub(super) member: Member,
    _reader: Reader,
    keyboard: Box<dyn Write + Send>,
    display: Arc<Display>,
}

/// The contents of the terminal, shared with the thread that reads its output.
struct Display {
    parser: Mutex<Parser>,
    changed: Condvar,
}

/// The thread that reads the output. It is joined when this is dropped, unless a process that could not be ended
/// holds the terminal.
struct Reader(Option<JoinHandle<()>>);

impl Terminal {
    pub(super) fn start(launch: &Launch, port: u16) -> io::Result<Self> {
        let size = PtySize { rows: ROWS.get(), cols: COLUMNS.get(), ..PtySize::default() };
        let pair = native_pty_system().openpty(size).map_err(io::Error::other)?;
        let output = pair.master.try_clone_reader().map_err(io::Error::other)?;
        let keyboard = pair.master.take_writer().map_err(io::Error::other)?;
        // The program becomes the leader of a session and so of a process group.
        let mut command = command(launch, port)?;
        let member = Member::start(|mark| {
            command.env(MARK, mark);
            pair.slave.spawn_command(command).map_err(io::Error::other)
        })?;
        let parser = Mutex::new(Parser::new(ROWS, COLUMNS, 0));
        let display = Arc::new(Display { parser, changed: Condvar::new() });
        let ours = Arc::clone(&display);
        let reader = thread::Builder::new().name("screen".to_owned()).spawn(move || ours.follows(output))?;
        Ok(Self { member, _reader: Reader(Some(reader)), keyboard, display })
    }

    pub(super) fn types(&mut self, keys: &str) {
        // If the program has ended, the screen does not change, and the check fails.
        let _ = self.keyboard.write_all(keys.as_bytes()).and_then(|()| self.keyboard.flush());
    }

    pub(super) fn screen(&self) -> Screen {
        self.display.parser.lock().screen().clone()
    }

    /// Waits until the screen is as expected. Returns `false` at the deadline.
    pub(super) fn waits(&self, deadline: Instant, is_so: impl Fn(&Screen) -> bool) -> bool {
        let mut parser = self.display.parser.lock();
        let is_wrong = |parser: &mut Parser| !is_so(parser.screen());
        !self.display.changed.wait_while_until(&mut parser, is_wrong, deadline).timed_out()
    }
}

pub(super) fn rows(screen: &Screen) -> Vec<String> {
    screen.rows(0, COLUMNS.get()).map(|row| row.trim_end().to_owned()).collect()
}

/// The text in the cursor's row.
pub(super) fn cursor_row(screen: &Screen) -> String {
    let (row, _) = screen.cursor_position();
    rows(screen).into_iter().nth(row.into()).unwrap_or_default()
}

fn command(launch: &Launch, port: u16) -> io::Result<CommandBuilder> {
    let plain = launch.command(port);
    let here = plain.get_current_dir().map_or_else(std::env::current_dir, |folder| Ok(folder.to_owned()))?;
    // The builder looks for `./server` only on the search path.
    let program = Path::new(plain.get_program());
    let is_path = program.components().count() > 1;
    let mut command = CommandBuilder::new(if is_path { here.join(program) } else { program.to_owned() });
    command.args(plain.get_args());
    for (name, value) in plain.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command.env("TERM", "xterm-256color");
    command.env_remove("NO_COLOR");
    command.env_remove("TERM_PROGRAM");
    command.cwd(here);
    Ok(command)
}

impl Display {
    fn follows(&self, mut output: Box<dyn Read + Send>) {
        let mut bytes = [0; 16 * 1024];
        loop {
            match output.read(&mut bytes) {
                Ok(0) => break,
                Ok(length) => {
                    self.parser.lock().process(&bytes[..length]);
                    self.changed.notify_all();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The program has ended, which closed the other side of the terminal.
                Err(_) => break,
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(1);
        if let Some(reader) = self.0.take() {
            while !reader.is_finished() && Instant::now() < deadline {
                thread::park_timeout(Duration::from_millis(1));
            }
        }
    }
}
