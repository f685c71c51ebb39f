//! The way of a line from the listening thread to the screen, above what is being typed.
//!
//! Only the editor's thread ever writes to the terminal. The listening thread leaves its lines in a
//! channel and has the editor woken with an external print of nothing. The editor then clears its
//! rows, and draws what it asks for: first the lines that were left for it, then the prompt. So nothing
//! can be drawn between Enter and the erasing of what was typed, or while there is no prompt at all.

use std::{cell::RefCell, collections::VecDeque, io, thread};

use crossbeam_channel::{Receiver, Sender, bounded};
use rustyline::ExternalPrinter;

use super::terminal::rows;

/// Lines that wait to be drawn. A terminal that is slower than the server makes the listening thread
/// wait here, so that the memory stays small and the server learns of it.
const CAPACITY: usize = 256;

/// A way up and down that ends with the newline which rustyline wants at the end of a print.
const NOTHING: &str = "\x1b[A\n";

/// The two ends of the way.
pub(super) fn screen(printer: impl ExternalPrinter + Send + 'static) -> io::Result<(Screen, Lines)> {
    let (sender, receiver) = bounded(CAPACITY);
    // One call in waiting is enough: the editor then draws everything there is.
    let (waker, calls) = bounded(1);
    thread::Builder::new().name("waker".to_owned()).spawn(move || wake(printer, &calls))?;
    let lines = Lines { receiver, announced: RefCell::default(), recent: RefCell::default() };
    Ok((Screen { lines: sender, waker }, lines))
}

/// Wakes the editor at each call. It has a thread of its own, because an external print waits for an
/// editor that is busy. The listening thread must not: Tab keeps the editor busy until the server's
/// answer has come.
fn wake(mut printer: impl ExternalPrinter, calls: &Receiver<()>) {
    for () in calls {
        // It fails when the editor is gone, and so is the need for it.
        let _ = printer.print(NOTHING.to_owned());
    }
}

/// The end of those who have something to show: the listening thread, and those of files.
#[derive(Clone)]
pub(super) struct Screen {
    lines: Sender<String>,
    waker: Sender<()>,
}

impl Screen {
    /// Shows a line above the prompt, soon.
    pub(super) fn print(&self, line: String) {
        // If nobody will ever draw it, the program is ending.
        let _ = self.lines.send(line);
        self.refresh();
    }

    /// Makes the editor draw its prompt again, which may have changed.
    pub(super) fn refresh(&self) {
        // If there is a call in waiting already, it is as good as ours.
        let _ = self.waker.try_send(());
    }
}

/// The editor's end.
pub(super) struct Lines {
    receiver: Receiver<String>,
    /// Lines of the editor's own, to be drawn next.
    announced: RefCell<Vec<String>>,
    /// The lines drawn last, to be drawn again if need be.
    recent: RefCell<VecDeque<String>>,
}

/// Lines that can be drawn again: as many as the highest terminals show.
const RECENT: usize = 200;

impl Lines {
    /// Leaves a line of the editor's own, to be drawn next.
    pub(super) fn announce(&self, line: String) {
        self.announced.borrow_mut().push(line);
    }

    /// What is to be drawn before the prompt: the lines that have come, each with its end.
    pub(super) fn take(&self) -> String {
        let mut all = String::new();
        let mut recent = self.recent.borrow_mut();
        // Not more than fit at a time, or a flood would keep us from ever drawing. For those that come
        // meanwhile we are woken again.
        let come = self.receiver.try_iter().take(CAPACITY);
        for line in come.chain(self.announced.borrow_mut().drain(..)) {
            all += &line;
            all.push('\n');
            recent.truncate(RECENT - 1);
            recent.push_front(line);
        }
        all
    }

    /// The lines drawn last, as many as there is room for.
    pub(super) fn recent(&self, columns: u16, mut room: u16) -> String {
        let recent = self.recent.borrow();
        let mut fitting = Vec::new();
        for line in recent.iter() {
            // Colours count as if they took room: then there are a few lines less, but never a row
            // that is scrolled away for the second time.
            match room.checked_sub(rows(line, columns)) {
                Some(rest) => room = rest,
                None => break,
            }
            fitting.push(line.replace('\x07', "") + "\n");
        }
        fitting.into_iter().rev().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct NoPrinter;

    impl ExternalPrinter for NoPrinter {
        fn print(&mut self, _: String) -> rustyline::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_drawn_once_in_their_order_and_again_when_asked_for() {
        let (screen, lines) = screen(NoPrinter).expect("a thread");
        screen.print("one".to_owned());
        screen.print("two\x07".to_owned());
        assert_eq!(lines.take(), "one\ntwo\x07\n");
        lines.announce("three is long".to_owned());
        assert_eq!(lines.take(), "three is long\n");
        assert_eq!(lines.take(), "");
        assert_eq!(lines.recent(80, 24), "one\ntwo\nthree is long\n");
        assert_eq!(lines.recent(10, 3), "two\nthree is long\n");
        assert_eq!(lines.recent(10, 1), "");
    }

    #[test]
    fn only_so_many_lines_are_kept() {
        let (screen, lines) = screen(NoPrinter).expect("a thread");
        for i in 0..2 * RECENT {
            screen.print(i.to_string());
            lines.take();
        }
        assert_eq!(lines.recent(80, 60_000).lines().count(), RECENT);
    }
}
