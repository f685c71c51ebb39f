//! How a line gets from the listening thread to the screen, above what is being typed.
//!
//! Only the editor's thread writes to the terminal. Other threads put their lines into a channel and
//! wake the editor with an external print of nothing. The editor then clears its rows and draws the
//! lines from the channel, and below them the prompt. So nothing is drawn between Enter and the moment
//! when the typed line is erased, or while there is no prompt.

use std::{cell::RefCell, collections::VecDeque, io, thread};

use crossbeam_channel::{Receiver, Sender, bounded};
use rustyline::ExternalPrinter;

use super::terminal::rows;

/// How many lines can wait to be drawn. If the terminal is slower than the server, the listening thread
/// blocks here, so the memory stays small and the server notices.
const CAPACITY: usize = 256;

/// One row up and one down: rustyline wants every print to end with a newline.
const NOTHING: &str = "\x1b[A\n";

/// Creates both ends, and the thread between them.
pub(super) fn screen(printer: impl ExternalPrinter + Send + 'static) -> io::Result<(Screen, Lines)> {
    let (sender, receiver) = bounded(CAPACITY);
    // One pending call is enough: the editor then draws all lines.
    let (waker, calls) = bounded(1);
    thread::Builder::new().name("waker".to_owned()).spawn(move || wake(printer, &calls))?;
    let lines = Lines { receiver, announced: RefCell::default(), recent: RefCell::default() };
    Ok((Screen { lines: sender, waker }, lines))
}

/// Wakes the editor at each call. An external print blocks while the editor is busy, so this needs a
/// thread of its own: Tab keeps the editor busy until the listening thread has the server's answer.
fn wake(mut printer: impl ExternalPrinter, calls: &Receiver<()>) {
    for () in calls {
        // This fails when the editor is gone, and then there is nothing to draw.
        let _ = printer.print(NOTHING.to_owned());
    }
}

/// The end for the threads that have lines to show.
#[derive(Clone)]
pub(super) struct Screen {
    lines: Sender<String>,
    waker: Sender<()>,
}

impl Screen {
    /// Shows a line above the prompt.
    pub(super) fn print(&self, line: String) {
        // This fails only while the program is ending.
        let _ = self.lines.send(line);
        self.refresh();
    }

    /// Makes the editor draw its prompt again.
    pub(super) fn refresh(&self) {
        // If a call is already pending, it does for this one too.
        let _ = self.waker.try_send(());
    }
}

/// The editor's end.
pub(super) struct Lines {
    receiver: Receiver<String>,
    /// Lines of the editor itself, to be drawn next.
    announced: RefCell<Vec<String>>,
    /// The lines drawn last, the newest first.
    recent: RefCell<VecDeque<String>>,
}

/// How many lines can be drawn again: more than a tall terminal shows.
const RECENT: usize = 200;

impl Lines {
    /// Adds a line of the editor itself.
    pub(super) fn announce(&self, line: String) {
        self.announced.borrow_mut().push(line);
    }

    /// Takes the new lines, each with a newline at its end, to be drawn before the prompt.
    pub(super) fn take(&self) -> String {
        let mut all = String::new();
        let mut recent = self.recent.borrow_mut();
        // A bounded number, or a flood would keep us from drawing at all. For lines that come meanwhile
        // the editor is woken again.
        let come = self.receiver.try_iter().take(CAPACITY);
        for line in come.chain(self.announced.borrow_mut().drain(..)) {
            all += &line;
            all.push('\n');
            recent.truncate(RECENT - 1);
            recent.push_front(line);
        }
        all
    }

    /// The lines drawn last, as many as fit into `room` rows.
    pub(super) fn recent(&self, columns: u16, mut room: u16) -> String {
        let recent = self.recent.borrow();
        let mut fitting = Vec::new();
        for line in recent.iter() {
            // Colour codes count as if they took space. So there may be fewer lines than fit, but no
            // row scrolls away for a second time.
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
