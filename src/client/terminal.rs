//! The terminal's modes, and how many rows a text takes on it.

use std::io;

use rustix::{
    process::{Signal, kill_current_process_group},
    termios::{InputModes, LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr},
};
use rustyline::GraphemeClusterMode;
use unicode_segmentation::UnicodeSegmentation;

/// The terminal delivers every key at once and shows none itself, until this is dropped.
///
/// The editor does the same, but only while it reads a line. Between two lines, keys that are typed
/// ahead would be shown in the wrong place, and Ctrl-C would be a signal again.
pub(super) struct RawMode {
    before: Termios,
    raw: Termios,
}

impl RawMode {
    pub(super) fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.input_modes -= InputModes::ICRNL | InputModes::IXON;
        raw.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::IEXTEN | LocalModes::ISIG;
        set(&raw)?;
        Ok(Self { before, raw })
    }

    /// Stops the program until the shell continues it. Meanwhile the terminal has its original modes.
    pub(super) fn suspend(&self) {
        // If the terminal is gone, there is nothing to restore, and the editor notices.
        let _ = set(&self.before);
        let _ = kill_current_process_group(Signal::TSTP);
        let _ = set(&self.raw);
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // If the terminal is gone, there is nothing to restore.
        let _ = set(&self.before);
    }
}

fn set(modes: &Termios) -> io::Result<()> {
    // Drain: output that was written before the change is still shown in the old modes.
    Ok(tcsetattr(io::stdin(), OptionalActions::Drain, modes)?)
}

/// Columns and rows of the terminal.
pub(super) fn size() -> (u16, u16) {
    match tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        // The terminal does not know its size. The editor assumes the same columns.
        _ => (80, 24),
    }
}

/// How many rows `text` takes, on a terminal of so many columns. This must agree with how the editor
/// counts, or too many rows are erased.
pub(super) fn rows(text: &str, columns: u16) -> u16 {
    let widths = GraphemeClusterMode::from_env();
    let (mut row, mut column) = (0_u16, 0_u16);
    for grapheme in text.graphemes(true) {
        let width = match grapheme {
            "\n" => {
                (row, column) = (row.saturating_add(1), 0);
                continue;
            }
            "\t" => TAB_STOP - column % TAB_STOP,
            other => widths.width(other),
        };
        column = column.saturating_add(width);
        if column > columns {
            (row, column) = (row.saturating_add(1), width);
        }
    }
    // After a full row the cursor is at the start of the next one.
    row.saturating_add(1 + u16::from(column == columns))
}

/// The distance between tab stops, in columns.
pub(super) const TAB_STOP: u16 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_as_the_terminal_wraps_them() {
        assert_eq!(rows("", 10), 1);
        assert_eq!(rows("123456789", 10), 1);
        assert_eq!(rows("1234567890", 10), 2);
        assert_eq!(rows("12345678901", 10), 2);
        assert_eq!(rows("a\nb\n", 10), 3);
        assert_eq!(rows("\t12", 10), 2);
    }

    #[test]
    fn a_wide_character_is_never_split() {
        assert_eq!(rows("123456789你", 10), 2);
        assert_eq!(rows("12345678你", 10), 2);
        assert_eq!(rows("12345678你你你你你你", 10), 3);
        assert_eq!(rows("123456789e\u{301}", 10), 2);
    }
}
