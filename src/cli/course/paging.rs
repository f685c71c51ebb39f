//! Shows a text that is longer than the terminal one screen at a time.

use std::{
    env,
    io::{self, IsTerminal, Write},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use rustix::termios::{Winsize, tcgetwinsize};
use unicode_width::UnicodeWidthStr;

use super::{end_all_on_ctrl_c, keys::Keys};

/// Whether another program shows a text. Ctrl-C is for that program then.
pub(super) static IS_PAGING: AtomicBool = AtomicBool::new(false);

/// Writes a text to the standard output. If that is a terminal with too few rows, a pager shows it: `$PAGER`, or else
/// `less`, or else our own.
pub(super) fn show(text: &str) -> io::Result<()> {
    match small_terminal(text) {
        Some(size) => {
            // With it, Ctrl-C does not end the course before the pager, and leaves the terminal as it was. `watch` has
            // done this already.
            let _ = end_all_on_ctrl_c();
            let pager = env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
            let is_shown =
                [pager.as_deref(), Some("less")].into_iter().flatten().any(|pager| pipe(text, pager));
            if is_shown { Ok(()) } else { by_screens(text, size) }
        }
        None => io::stdout().write_all(text.as_bytes()),
    }
}

/// The same with our own pager. While programs are graded, the course has no other children: it would take a pager for
/// an orphan and end it.
pub(super) fn show_without_a_process(text: &str) -> io::Result<()> {
    match small_terminal(text) {
        Some(size) => by_screens(text, size),
        None => io::stdout().write_all(text.as_bytes()),
    }
}

/// The size of the terminal, if there is one and the text does not fit.
fn small_terminal(text: &str) -> Option<Winsize> {
    let size = tcgetwinsize(io::stdout()).ok().filter(|size| size.ws_row > 1 && size.ws_col > 0)?;
    let is_small = rows(text, size.ws_col) >= usize::from(size.ws_row);
    (is_small && io::stdin().is_terminal()).then_some(size)
}

/// Runs a pager as the shell would. Returns whether it could be run.
fn pipe(text: &str, pager: &str) -> bool {
    let mut command = Command::new("sh");
    command.args(["-c", pager]).stdin(Stdio::piped());
    if env::var_os("LESS").is_none() {
        // Quit if the text fits after all, show colours, and leave the text on the screen.
        command.env("LESS", "FRX");
    }
    IS_PAGING.store(true, Ordering::Relaxed);
    let status = command.spawn().and_then(|mut child| {
        // If the reader quits before the end, the rest is not needed.
        child.stdin.take().map(|mut pipe| pipe.write_all(text.as_bytes()));
        child.wait()
    });
    IS_PAGING.store(false, Ordering::Relaxed);
    // With these, a shell says that there is no such program, or that it cannot be run.
    status.is_ok_and(|status| !matches!(status.code(), Some(126 | 127)))
}

/// Our own pager: a screen, then a key, then the next screen.
fn by_screens(text: &str, size: Winsize) -> io::Result<()> {
    let (height, width) = (usize::from(size.ws_row), size.ws_col);
    let keys = Keys::new()?;
    let mut out = io::stdout();
    let mut used = 0;
    for line in text.split_inclusive('\n') {
        used += rows(line, width);
        if used >= height {
            write!(out, "\x1b[7mAny key: go on · q: quit\x1b[0m")?;
            out.flush()?;
            let key = loop {
                if let Some(key) = keys.next(Duration::from_secs(3600))? {
                    break key;
                }
            };
            write!(out, "\r\x1b[K")?;
            if key == 'q' {
                return Ok(());
            }
            used = rows(line, width);
        }
        write!(out, "{line}")?;
    }
    Ok(())
}

/// How many rows a text takes in a terminal of this width.
fn rows(text: &str, width: u16) -> usize {
    text.lines().map(|line| columns(line).div_ceil(width.into()).max(1)).sum()
}

/// The width of a line without its colours.
fn columns(line: &str) -> usize {
    let mut parts = line.split("\x1b[");
    let first = parts.next().unwrap_or_default().width();
    first + parts.map(|part| part.split_once('m').map_or(0, |(_, text)| text.width())).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_take_several_rows_and_colours_none() {
        assert_eq!(rows("one\n\ntwo\n", 80), 3);
        assert_eq!(rows("12345678901\n", 10), 2);
        assert_eq!(rows("\x1b[1m1234567890\x1b[0m\n", 10), 1);
        assert_eq!(rows("漢字漢字漢字\n", 10), 2);
    }
}
