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
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::course::subject::{Ended, Launch, Member};

const ROWS: u16 = 24;
const COLUMNS: u16 = 80;

/// A program in a terminal.
pub(super) struct Terminal {
    member: Member,
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    screen: Arc<Screen>,
    reader: Option<JoinHandle<()>>,
    /// The terminal closes when this is dropped.
    master: Option<Box<dyn MasterPty + Send>>,
}

/// The contents of the terminal, shared with the thread that reads its output.
struct Screen {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: vt100::Parser,
    changes: u64,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal").field("member", &self.member).finish_non_exhaustive()
    }
}

impl Terminal {
    pub(super) fn start(launch: &Launch, port: u16) -> io::Result<Self> {
        let size = PtySize { rows: ROWS, cols: COLUMNS, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).map_err(io::Error::other)?;
        let output = pair.master.try_clone_reader().map_err(io::Error::other)?;
        let keyboard = pair.master.take_writer().map_err(io::Error::other)?;
        // The program becomes the leader of a session and so of a process group.
        let child = pair.slave.spawn_command(command(launch, port)?).map_err(io::Error::other)?;
        let member = Member::new(child.process_id())?;
        let parser = vt100::Parser::new(number(ROWS), number(COLUMNS), 0);
        let state = Mutex::new(State { parser, changes: 0 });
        let screen = Arc::new(Screen { state, changed: Condvar::new() });
        let shown = Arc::clone(&screen);
        let reader = thread::Builder::new().name("screen".to_owned()).spawn(move || shown.follows(output))?;
        Ok(Self { member, child, keyboard, screen, reader: Some(reader), master: Some(pair.master) })
    }

    pub(super) fn types(&mut self, keys: &str) {
        // If the program has ended, the screen does not change, and the check fails.
        let _ = self.keyboard.write_all(keys.as_bytes()).and_then(|()| self.keyboard.flush());
    }

    /// The rows that are not empty.
    pub(super) fn rows(&self) -> Vec<String> {
        let state = self.screen.state.lock();
        let rows = state.parser.screen().rows(0, COLUMNS).map(|row| row.trim_end().to_owned());
        rows.filter(|row| !row.is_empty()).collect()
    }

    /// The text in the cursor's row.
    pub(super) fn cursor_row(&self) -> String {
        let state = self.screen.state.lock();
        let (row, _) = state.parser.screen().cursor_position();
        let mut rows = state.parser.screen().rows(0, COLUMNS);
        rows.nth(usize::from(row)).unwrap_or_default().trim_end().to_owned()
    }

    /// Waits until the screen changes. Returns `false` at the deadline.
    pub(super) fn changes(&self, deadline: Instant) -> bool {
        let mut state = self.screen.state.lock();
        let before = state.changes;
        // The wait is short, because the screen may have changed after the caller looked and before the lock.
        let soon = deadline.min(Instant::now() + Duration::from_millis(50));
        let is_late = self.screen.changed.wait_until(&mut state, soon).timed_out();
        state.changes != before || !is_late || Instant::now() < deadline
    }

    /// Waits until the program ends by itself.
    pub(super) fn ends(&self, patience: Duration) -> Option<Ended> {
        self.member.ends(patience)
    }
}

fn command(launch: &Launch, port: u16) -> io::Result<CommandBuilder> {
    let plain = launch.command(port);
    let here = match plain.get_current_dir() {
        Some(folder) => folder.to_owned(),
        None => std::env::current_dir()?,
    };
    // The builder looks for `./server` only on the search path.
    let program = Path::new(plain.get_program());
    let is_path = program.components().count() > 1;
    let mut command = CommandBuilder::new(if is_path { here.join(program) } else { program.to_owned() });
    command.args(plain.get_args());
    for (name, value) in plain.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command.env("TERM", "xterm-256color");
    for variable in ["NO_COLOR", "TERM_PROGRAM"] {
        command.env_remove(variable);
    }
    command.cwd(here);
    Ok(command)
}

fn number(n: u16) -> NonZeroU16 {
    n.try_into().expect("not zero")
}

impl Screen {
    fn follows(&self, mut output: Box<dyn Read + Send>) {
        let mut bytes = [0; 16 * 1024];
        loop {
            match output.read(&mut bytes) {
                Ok(0) => break,
                Ok(length) => {
                    let mut state = self.state.lock();
                    state.parser.process(&bytes[..length]);
                    state.changes += 1;
                    drop(state);
                    self.changed.notify_all();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The program has ended, which closed the other side of the terminal.
                Err(_) => break,
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.member.kill();
        let _ = self.child.wait();
        self.master = None;
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
