//! How soon a key shows in the client's terminal while many lines arrive.

use std::{
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    num::NonZeroU16,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use parking_lot::{Condvar, Mutex};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use vt100::Parser;

use crate::{
    failure::{Failure, Result},
    histogram::Histogram,
    measure::{Measure, Sample},
};

/// Lines that arrive each second.
const LINES: u32 = 1000;

/// Between two keys: a fast typist's.
const BETWEEN_KEYS: Duration = Duration::from_millis(50);

/// How long a key may take before something is broken.
const PATIENCE: Duration = Duration::from_secs(10);

/// The terminal's screen, and when it changed.
struct Display {
    parser: Mutex<Parser>,
    changed: Condvar,
}

/// Types into a `chat_client` for a time, while so many lines arrive each second.
pub(crate) fn typing(length: Duration) -> Result<Sample> {
    let io = Failure::io("typing into a client");
    let listener = TcpListener::bind("127.0.0.1:0").map_err(&io)?;
    let port = listener.local_addr().map_err(&io)?.port();
    let size = PtySize { rows: 24, cols: 80, ..PtySize::default() };
    let broken = |error: &dyn std::fmt::Display| Failure::Broken(error.to_string());
    let pair = native_pty_system().openpty(size).map_err(|error| broken(&error))?;
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_chat_client"));
    command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    command.env("TERM", "xterm-256color");
    let mut child = pair.slave.spawn_command(command).map_err(|error| broken(&error))?;
    let (server, _) = listener.accept().map_err(&io)?;
    // Nothing is ever sent. The thread ends when this is dropped.
    let (stop, is_over) = bounded(0);
    let speaking = thread::Builder::new().spawn(move || speak(&server, &is_over)).map_err(&io)?;
    let display = Arc::new(Display { parser: Mutex::new(screen()), changed: Condvar::new() });
    let mut output = pair.master.try_clone_reader().map_err(|error| broken(&error))?;
    let shown = Arc::clone(&display);
    let showing = thread::Builder::new().spawn(move || shown.run(&mut output)).map_err(&io)?;
    let mut keyboard = pair.master.take_writer().map_err(|error| broken(&error))?;
    let typed = type_keys(&mut keyboard, &display, length);
    drop(stop);
    // The client ends with its terminal and its server; a second kill does no harm.
    let _ = child.kill();
    let _ = child.wait();
    drop((keyboard, pair));
    let joined = (speaking.join(), showing.join());
    let latencies = typed?;
    if joined.0.is_err() || joined.1.is_err() {
        return Err(Failure::Broken("a thread of the benchmark has panicked".into()));
    }
    let measured = [(Measure::P50, 0.5), (Measure::P99, 0.99), (Measure::Worst, 1.0)];
    let seconds = |share| latencies.percentile(share).unwrap_or_default().as_secs_f64();
    Ok(measured.into_iter().map(|(measure, share)| (measure, seconds(share))).collect())
}

fn screen() -> Parser {
    let number = |n| NonZeroU16::new(n).expect("not zero");
    Parser::new(number(24), number(80), 0)
}

/// Welcomes the client and sends it lines, evenly, until the sender of `is_over` is dropped.
fn speak(mut server: &TcpStream, is_over: &Receiver<()>) {
    const EACH: u32 = 10;
    let mut text = "Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.\n".to_owned();
    let mut next = Instant::now();
    while server.write_all(text.as_bytes()).is_ok() {
        text.clear();
        for _ in 0..EACH {
            text += "[lobby] bob: one line of many\n";
        }
        next += Duration::from_secs(1) * EACH / LINES;
        match is_over.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Err(RecvTimeoutError::Timeout) => {}
            _ => return,
        }
    }
}

/// Presses a key at a time and waits until it shows.
fn type_keys(keyboard: &mut impl Write, display: &Display, length: Duration) -> Result<Histogram> {
    display.waits_for("guest_1>")?;
    let io = Failure::io("pressing a key");
    let mut latencies = Histogram::new();
    let end = Instant::now() + length;
    let mut typed = String::new();
    while Instant::now() < end {
        if typed.len() == 40 {
            keyboard.write_all(b"\x15").map_err(&io)?;
            typed.clear();
        }
        typed.push(char::from(b'a' + (typed.len() % 26) as u8));
        let pressed = Instant::now();
        keyboard.write_all(&typed.as_bytes()[typed.len() - 1..]).map_err(&io)?;
        keyboard.flush().map_err(&io)?;
        display.waits_for(&format!("guest_1> {typed}"))?;
        latencies.add(pressed.elapsed().as_nanos() as u64);
        thread::park_timeout(BETWEEN_KEYS);
    }
    Ok(latencies)
}

impl Display {
    fn run(&self, output: &mut impl Read) {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match output.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The terminal is gone.
                Ok(0) | Err(_) => return,
                Ok(length) => {
                    self.parser.lock().process(&buffer[..length]);
                    self.changed.notify_all();
                }
            }
        }
    }

    /// Waits until the cursor's row ends with this.
    fn waits_for(&self, text: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut parser = self.parser.lock();
        loop {
            let screen = parser.screen();
            let (row, _) = screen.cursor_position();
            let shown = screen.rows(0, 80).nth(row.into()).unwrap_or_default();
            if shown.trim_end().ends_with(text) {
                return Ok(());
            }
            if self.changed.wait_until(&mut parser, deadline).timed_out() {
                return Err(Failure::TooLate { after: PATIENCE, waited_for: text.to_owned() });
            }
        }
    }
}
