//! What is on the terminal: lines that scroll up and away, and below them the line that is being typed.
//!
//! A screen is a value. It does no output: each method returns what to write to the terminal. It uses the
//! ordinary screen, so the lines are in the terminal's own scrollback, even after the program has ended.

use std::{collections::VecDeque, fmt::Write as _};

mod layout;
#[cfg(test)]
mod tests;

pub(crate) use layout::text_width;

use layout::{Pen, wrapped};

/// A line that has been shown and does not change any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it says, with styles as SGR sequences (ECMA-48 §8.3.117).
    pub text: String,
    /// How far its rows after the first are indented, in columns.
    pub indent: usize,
}

/// What stays at the bottom and changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Rows above the prompt, each cut where the terminal ends.
    pub above: Vec<String>,
    /// A row below it, cut likewise.
    pub below: Option<String>,
    /// Comes before the text, with styles.
    pub prompt: String,
    /// What is being typed.
    pub text: String,
    /// Where the cursor is in `text`, as a byte offset.
    pub cursor: usize,
    /// Follows the text, with styles.
    pub hint: String,
}

/// What a terminal does with its rows when its width changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reflow {
    /// It wraps them again, and rows that no longer fit go to its scrollback.
    Wraps,
    /// It cuts them or leaves them as they are.
    Keeps,
}

/// How many lines can be drawn again: more than the tallest terminal has rows.
const RECENT: usize = 500;

/// The part of the terminal that this program has drawn.
pub struct Screen {
    /// The last column stays free, because terminals differ in what they do after writing there.
    columns: usize,
    height: usize,
    reflow: Reflow,
    /// The lines shown last, and how many rows each took when it was drawn.
    recent: VecDeque<(Line, usize)>,
    /// How many rows of `recent` are on the screen.
    above: usize,
    live: Live,
    /// How many rows `live` takes, and in which of them the cursor is.
    live_rows: usize,
    cursor_row: usize,
}

impl Screen {
    /// A terminal of this size, on which nothing has been drawn yet.
    pub fn new((columns, height): (u16, u16), reflow: Reflow) -> Self {
        let (recent, live) = (VecDeque::new(), Live::default());
        let mut screen =
            Self { columns: 0, height: 0, reflow, recent, above: 0, live, live_rows: 1, cursor_row: 0 };
        screen.set_size(columns, height);
        screen
    }

    /// Shows lines, and the live part below them.
    pub fn draw(&mut self, lines: impl IntoIterator<Item = Line>, live: Live) -> String {
        let mut out = self.to_top();
        let mut has_lines = false;
        for line in lines {
            has_lines = true;
            let rows = wrap(&line, self.columns);
            self.above += rows.len();
            for row in &rows {
                write_row(row, &mut out);
            }
            self.recent.push_back((line, rows.len()));
        }
        self.recent.drain(..self.recent.len().saturating_sub(RECENT));
        if !has_lines && live == self.live {
            return String::new();
        }
        self.live = live;
        self.write_live(&mut out);
        out
    }

    /// Draws everything again if the terminal has another size.
    pub fn resize(&mut self, (columns, height): (u16, u16)) -> String {
        let before = (self.columns, self.height);
        let all = self.recent.iter().map(|(_, rows)| rows).sum();
        self.set_size(columns, height);
        if (self.columns, self.height) == before {
            return String::new();
        }
        // A terminal that becomes lower scrolls until the cursor is on it; one that becomes higher scrolls back.
        let grown = self.height.saturating_sub(before.1);
        self.above = (self.above + grown).min(all).min((self.height - 1).saturating_sub(self.cursor_row));
        if self.columns == before.0 {
            let mut out = self.to_top();
            self.write_live(&mut out);
            return out;
        }
        if self.reflow == Reflow::Wraps {
            // The terminal shows as many of the last rows as fit, after it has wrapped them again.
            self.above = self.height.saturating_sub(self.live_rows().0.len());
        }
        self.redraw()
    }

    /// Draws the visible lines again, because the terminal may show something else.
    pub fn redraw(&mut self) -> String {
        let mut out = "\x1b[?25l\x1b[H".to_owned();
        let columns = self.columns;
        if self.reflow == Reflow::Wraps {
            for (line, rows) in &mut self.recent {
                *rows = wrap(line, columns).len();
            }
        }
        let (first, hidden) = self.first_visible();
        self.above = 0;
        for (at, (line, rows)) in self.recent.range_mut(first..).enumerate() {
            let now = wrap(line, columns);
            // A line that was wrapped in another way cannot be drawn in part.
            let skipped = if at == 0 && now.len() == *rows { hidden } else { 0 };
            *rows = now.len();
            self.above += now.len() - skipped;
            for row in &now[skipped..] {
                write_row(row, &mut out);
            }
        }
        self.write_live(&mut out);
        out
    }

    /// Moves everything but the live part to the scrollback.
    pub fn clear(&mut self) -> String {
        let out = self.to_top() + "\x1b[J" + &"\n".repeat(self.height - 1);
        self.above = 0;
        out + &self.redraw()
    }

    /// Removes the live part, so that something else can be written there.
    pub fn leave(&mut self) -> String {
        let out = self.to_top() + "\x1b[J";
        (self.live, self.live_rows, self.cursor_row) = (Live::default(), 1, 0);
        out + "\x1b[?25h"
    }

    fn set_size(&mut self, columns: u16, height: u16) {
        (self.columns, self.height) = (usize::from(columns.max(3)) - 1, usize::from(height.max(2)));
    }

    /// The index of the first line that is visible at least in part, and how many of its rows are hidden.
    fn first_visible(&self) -> (usize, usize) {
        let mut left = self.above;
        if left == 0 {
            return (self.recent.len(), 0);
        }
        for (index, (_, rows)) in self.recent.iter().enumerate().rev() {
            if left <= *rows {
                return (index, rows - left);
            }
            left -= rows;
        }
        (0, 0)
    }

    /// Moves the cursor to the start of the live part.
    fn to_top(&self) -> String {
        let up = self.cursor_row;
        if up == 0 { "\x1b[?25l\r".to_owned() } else { format!("\x1b[?25l\r\x1b[{up}A") }
    }

    fn write_live(&mut self, out: &mut String) {
        let (rows, (cursor_row, column)) = self.live_rows();
        // If not all rows fit, those around the cursor are shown.
        let first = (cursor_row + 1).saturating_sub(self.height).min(rows.len());
        let shown = &rows[first..rows.len().min(first + self.height)];
        *out += &shown.join("\x1b[0m\x1b[K\r\n");
        *out += "\x1b[0m\x1b[J\r";
        (self.live_rows, self.cursor_row) = (shown.len(), cursor_row - first);
        // The rest has scrolled away.
        self.above = self.above.min(self.height - self.live_rows);
        let up = shown.len() - 1 - self.cursor_row;
        for (count, direction) in [(up, 'A'), (column, 'C')] {
            if count > 0 {
                let _ = write!(out, "\x1b[{count}{direction}");
            }
        }
        *out += "\x1b[?25h";
    }

    /// The rows of the live part, and where in them the cursor is.
    fn live_rows(&self) -> (Vec<String>, (usize, usize)) {
        let Live { above, below, prompt, text, cursor, hint } = &self.live;
        let first_row = |text: &String| wrapped(text, self.columns, 0).swap_remove(0);
        let mut rows: Vec<_> = above.iter().map(first_row).collect();
        let mut pen = Pen::new(self.columns, 0);
        pen.write(prompt);
        pen.write(&text[..*cursor]);
        let (row, column) = pen.position();
        let position = (rows.len() + row, column);
        pen.write(&text[*cursor..]);
        pen.write(hint);
        rows.extend(pen.into_rows());
        rows.extend(below.iter().map(first_row));
        (rows, position)
    }
}

fn wrap(line: &Line, columns: usize) -> Vec<String> {
    wrapped(&line.text, columns, line.indent)
}

fn write_row(row: &str, out: &mut String) {
    *out += row;
    *out += "\x1b[0m\x1b[K\r\n";
}
