//! The terminal's modes, and how many rows a text takes on it.

use std::io;

use rustix::{
    process::{Signal, kill_current_process_group},
    termios::{InputModes, LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr},
};
use rustyline::GraphemeClusterMode;
use unicode_segmentation::UnicodeSegmentation;

/// The terminal gives us every key at once and shows none by itself, until this is dropped.
///
/// The editor does the same for each line it reads, and undoes it after each. In between, keys that
/// were typed ahead would be echoed in the wrong place, and Ctrl-C would be a signal again.
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
        let mode = Self { before, raw };
        mode.set(&mode.raw)?;
        Ok(mode)
    }

    /// Stops the program until the shell continues it, with the terminal as the shell knows it.
    pub(super) fn suspend(&self) {
        // If the terminal is gone there is nothing to restore, and the editor will notice.
        let _ = self.set(&self.before);
        let _ = kill_current_process_group(Signal::TSTP);
        let _ = self.set(&self.raw);
    }

    #[expect(clippy::unused_self, reason = "the modes belong to the terminal that this stands for")]
    fn set(&self, modes: &Termios) -> io::Result<()> {
        // Drain: what was written before is shown in the modes it was written for.
        Ok(tcsetattr(io::stdin(), OptionalActions::Drain, modes)?)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // If the terminal is gone there is nothing to restore.
        let _ = self.set(&self.before);
    }
}

/// Columns and rows of the terminal.
pub(super) fn size() -> (u16, u16) {
    match tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        // A terminal that does not know. The editor assumes the same columns.
        _ => (80, 24),
    }
}

/// Rows from the start of `text` to the row after it, on a terminal of so many columns. It must
/// count as the editor counts, or lines would be erased that are not ours.
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
    // A full row leaves the cursor at the start of the next one.
    row.saturating_add(1 + u16::from(column == columns))
}

/// The distance of tab stops, as the editor is told too.
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
    fn a_wide_character_is_never_cut_in_two() {
        assert_eq!(rows("123456789你", 10), 2);
        assert_eq!(rows("12345678你", 10), 2);
        assert_eq!(rows("12345678你你你你你你", 10), 3);
        assert_eq!(rows("123456789e\u{301}", 10), 2);
    }
}
