//! A client in a real terminal whose screen the test can see.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Read, Write},
    num::NonZeroU16,
    os::unix::fs::OpenOptionsExt,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::{
    fs::OFlags,
    process::{Pid, Signal, kill_process},
};
use vt100::{Parser, Screen};

use super::DEADLINE;

const ROWS: u16 = 24;
const COLUMNS: u16 = 80;

/// A `chat_client` in a terminal.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    display: Arc<Display>,
    /// The client's side of the terminal, kept open: if it closed with the client, the last lines could
    /// be lost on a busy machine.
    tty: Option<File>,
    reader: Option<JoinHandle<()>>,
    modes_before: String,
}

/// The screen and the bell.
struct Display {
    parser: Mutex<Parser<Bell>>,
    changed: Condvar,
}

#[derive(Default)]
struct Bell {
    rung: usize,
    /// Whether [`OVER`] has arrived.
    is_over: bool,
}

/// A window title that the test sends when the client has ended. A title does not show on the screen,
/// and when it arrives, everything before it has been shown.
const OVER: &str = "over";

impl vt100::Callbacks for Bell {
    fn audible_bell(&mut self, _: &mut Screen) {
        self.rung += 1;
    }

    fn set_window_title(&mut self, _: &mut Screen, title: &[u8]) {
        self.is_over |= title == OVER.as_bytes();
    }
}

impl Terminal {
    /// Starts a client that shows no times and no colours.
    #[track_caller]
    pub(crate) fn start(port: u16, options: &[&str]) -> Self {
        let plain = ["--no-timestamps", "--color", "never"];
        Self::start_with(port, &[&plain, options].concat(), "xterm-256color")
    }

    /// Starts a client with these options only, in a terminal that calls itself `term`.
    #[track_caller]
    pub(crate) fn start_with(port: u16, options: &[&str], term: &str) -> Self {
        Self::start_as(&[env!("CARGO_BIN_EXE_chat_client")], port, options, term)
    }

    /// Starts a client as the last word of this command.
    #[track_caller]
    pub(crate) fn start_as(words: &[&str], port: u16, options: &[&str], term: &str) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let modes_before = modes(&*pair.master);
        let mut command = CommandBuilder::new(words[0]);
        command.args(&words[1..]);
        command.args(["--port", &port.to_string()]);
        command.args(options);
        command.env("TERM", term);
        command.env("XDG_CONFIG_HOME", "/no/such/folder");
        for variable in ["NO_COLOR", "TERM_PROGRAM", "CHAT_HISTORY"] {
            command.env_remove(variable);
        }
        let tty = pair.master.tty_name().expect("it has a name");
        let not_ours = OFlags::NOCTTY.bits().cast_signed();
        let tty = OpenOptions::new().write(true).custom_flags(not_ours).open(tty).expect("a terminal");
        let child = pair.slave.spawn_command(command).expect("the client was built with the tests");
        let parser = Parser::new_with_callbacks(number(ROWS), number(COLUMNS), 1000, Bell::default());
        let display = Arc::new(Display { parser: Mutex::new(parser), changed: Condvar::new() });
        let output = pair.master.try_clone_reader().expect("a terminal");
        let shown = Arc::clone(&display);
        let reader = thread::Builder::new().name("display".to_owned()).spawn(move || shown.run(output));
        Self {
            child,
            keyboard: pair.master.take_writer().expect("a terminal"),
            master: pair.master,
            display,
            tty: Some(tty),
            reader: Some(reader.expect("a thread")),
            modes_before,
        }
    }

    /// Presses keys. Enter is `\r`, as it is on a real keyboard.
    #[track_caller]
    pub(crate) fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.keyboard.flush().expect("the terminal takes keys");
    }

    /// Waits until this is the row of the cursor: the prompt and the text behind it.
    #[track_caller]
    pub(crate) fn shows_prompt(&self, prompt: &str) {
        self.waits_until(&format!("the prompt is {prompt:?}"), |screen| {
            cursor_row(screen) == prompt.trim_end()
        });
    }

    /// Whether this becomes the row of the cursor within a second.
    pub(crate) fn shows_soon(&self, prompt: &str) -> bool {
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut parser = self.display.parser.lock();
        while cursor_row(parser.screen()) != prompt.trim_end() {
            if self.display.changed.wait_until(&mut parser, deadline).timed_out() {
                return false;
            }
        }
        true
    }

    /// Waits until these are the rows right above the prompt.
    #[track_caller]
    pub(crate) fn shows_above(&self, rows: &[&str]) {
        self.waits_until(&format!("{rows:?} stand above the prompt"), |screen| {
            let above = rows_above_cursor(screen);
            above.ends_with(&rows.iter().map(ToString::to_string).collect::<Vec<_>>())
        });
    }

    /// Waits until this text is somewhere on the screen.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        self.waits_until(&format!("{text:?} is shown"), |screen| screen.contents().contains(text));
    }

    #[track_caller]
    pub(crate) fn waits_until(&self, what: &str, is_so: impl Fn(&Screen) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        let mut parser = self.display.parser.lock();
        while !is_so(parser.screen()) {
            let late = self.display.changed.wait_until(&mut parser, deadline).timed_out();
            assert!(!late, "waited too long until {what}:\n{}", parser.screen().contents());
        }
    }

    /// The text on the screen now.
    pub(crate) fn contents(&self) -> String {
        self.display.parser.lock().screen().contents()
    }

    /// The screen now.
    pub(crate) fn screen(&self) -> Screen {
        self.display.parser.lock().screen().clone()
    }

    /// The rows of the scrollback and of the screen.
    pub(crate) fn everything(&self) -> Vec<String> {
        let mut screen = self.screen();
        screen.set_scrollback(usize::MAX);
        let above = screen.scrollback();
        let mut first_row = |scrolled| {
            screen.set_scrollback(scrolled);
            row(&screen, 0)
        };
        let mut all: Vec<_> = (1..=above).rev().map(&mut first_row).collect();
        screen.set_scrollback(0);
        all.extend((0..screen.size().0.get()).map(|number| row(&screen, number)));
        all
    }

    /// How often the bell has rung.
    pub(crate) fn bells(&self) -> usize {
        self.display.parser.lock().callbacks().rung
    }

    pub(crate) fn widens_to(&self, cols: u16) {
        self.resizes_to(cols, ROWS);
    }

    pub(crate) fn resizes_to(&self, cols: u16, rows: u16) {
        self.display.parser.lock().set_size(number(rows), number(cols));
        self.master.resize(PtySize { rows, cols, ..PtySize::default() }).expect("a terminal");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = self.child.process_id().and_then(|id| Pid::from_raw(id.cast_signed()));
        kill_process(pid.expect("it is running"), signal).expect("it is running");
    }

    /// Waits until the display has processed everything that the client wrote.
    #[track_caller]
    fn shows_the_rest(&mut self) {
        let mut tty = self.tty.take().expect("it ends once");
        write!(tty, "\x1b]2;{OVER}\x07").expect("the terminal is there");
        let deadline = Instant::now() + DEADLINE;
        let mut parser = self.display.parser.lock();
        while !parser.callbacks().is_over {
            let late = self.display.changed.wait_until(&mut parser, deadline).timed_out();
            assert!(!late, "the terminal goes on:\n{}", parser.screen().contents());
        }
    }

    /// Waits until the client has ended, and checks that the terminal has its old modes.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> u32 {
        let deadline = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(Instant::now() < deadline, "the client goes on:\n{}", self.contents());
            thread::park_timeout(Duration::from_millis(2));
        };
        self.shows_the_rest();
        assert_eq!(modes(&*self.master), self.modes_before, "the terminal's modes");
        let screen = self.screen();
        assert!(!screen.bracketed_paste() && !screen.hide_cursor() && !screen.alternate_screen());
        assert_eq!(status.signal(), None);
        status.exit_code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tty = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Display {
    fn run(&self, mut output: impl Read) {
        let mut bytes = [0; 4096];
        loop {
            match output.read(&mut bytes) {
                Ok(0) => break,
                Ok(length) => {
                    self.parser.lock().process(&bytes[..length]);
                    self.changed.notify_all();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The other side of the terminal is closed.
                Err(_) => break,
            }
        }
    }
}

/// The row with the cursor.
pub(crate) fn cursor_row(screen: &Screen) -> String {
    row(screen, screen.cursor_position().0)
}

/// The rows above the cursor, without the empty ones at the start.
fn rows_above_cursor(screen: &Screen) -> Vec<String> {
    let (cursor, _) = screen.cursor_position();
    (0..cursor).map(|number| row(screen, number)).skip_while(String::is_empty).collect()
}

fn row(screen: &Screen, number: u16) -> String {
    let (_, columns) = screen.size();
    let row = screen.rows(0, columns.into()).nth(usize::from(number)).unwrap_or_default();
    row.trim_end().to_owned()
}

fn number(n: u16) -> NonZeroU16 {
    n.try_into().expect("not zero")
}

/// The terminal's modes as text, because the type of another library's value cannot be named here.
fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a terminal has modes"))
}
