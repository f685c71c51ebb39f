//! The way of a line from the listening thread to the screen, above what is being typed.
//!
//! Only the editor's thread ever writes to the terminal. The listening thread leaves its lines in a
//! channel and wakes the editor with an external print of nothing. The editor then clears its rows,
//! and draws what it asks for: first the lines that were left for it, then the prompt. So nothing can
//! be drawn between Enter and the erasing of what was typed, or while there is no prompt at all.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crossbeam_channel::{Receiver, Sender, bounded};
use rustyline::ExternalPrinter;

/// Lines that wait to be drawn. A terminal that is slower than the server makes the listening thread
/// wait here, so that the memory stays small and the server learns of it.
const CAPACITY: usize = 256;

/// A way up and down that ends with the newline which rustyline wants at the end of a print.
const NOTHING: &str = "\x1b[A\n";

/// The two ends of the way.
pub(super) fn screen(printer: impl ExternalPrinter + Send + 'static) -> (Screen, Lines) {
    let (sender, receiver) = bounded(CAPACITY);
    let is_awake = Arc::new(AtomicBool::new(false));
    let lines = Lines { receiver, is_awake: Arc::clone(&is_awake) };
    (Screen { lines: sender, is_awake, printer: Box::new(printer) }, lines)
}

/// The listening thread's end.
pub(super) struct Screen {
    lines: Sender<String>,
    is_awake: Arc<AtomicBool>,
    printer: Box<dyn ExternalPrinter + Send>,
}

impl Screen {
    /// Shows a line above the prompt, soon.
    pub(super) fn print(&mut self, line: String) {
        // If nobody will ever draw it, the program is ending.
        let _ = self.lines.send(line);
        self.refresh();
    }

    /// Makes the editor draw its prompt again, which may have changed.
    pub(super) fn refresh(&mut self) {
        if !self.is_awake.swap(true, Ordering::AcqRel) {
            // It fails when the editor is gone, and so is the need for it.
            let _ = self.printer.print(NOTHING.to_owned());
        }
    }
}

/// The editor's end.
pub(super) struct Lines {
    receiver: Receiver<String>,
    is_awake: Arc<AtomicBool>,
}

impl Lines {
    /// What is to be drawn before the prompt: the lines that have come, each with its end.
    pub(super) fn take(&self) -> String {
        // Before looking, so that who comes after we looked knows that we must be woken.
        self.is_awake.store(false, Ordering::Release);
        let mut all = String::new();
        for line in self.receiver.try_iter() {
            all += &line;
            all.push('\n');
        }
        all
    }
}
