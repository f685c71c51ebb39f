//! The terminal: its modes, its size, and the thread that reads its keys.

use std::{
    env,
    io::{self, Write as _},
    thread,
};

use crossbeam_channel::{Receiver, bounded};
use crossterm::{
    event::{
        self, DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange, Event,
    },
    execute,
    terminal::{disable_raw_mode, enable_raw_mode, size},
};
use rustix::process::{Signal, kill_current_process_group};

use crate::screen::Reflow;

/// The terminal delivers every key at once and shows none itself, until this is dropped.
pub(super) struct Terminal;

impl Terminal {
    pub(super) fn enter() -> io::Result<Self> {
        // Created first, so that the modes are restored even if one of them cannot be set.
        let terminal = Self;
        Self::prepare()?;
        Ok(terminal)
    }

    fn prepare() -> io::Result<()> {
        enable_raw_mode()?;
        execute!(io::stdout(), EnableBracketedPaste, EnableFocusChange)
    }

    fn restore() {
        // If the terminal is gone, there is nothing to restore.
        let _ = execute!(io::stdout(), DisableFocusChange, DisableBracketedPaste);
        let _ = disable_raw_mode();
    }

    /// Stops the program until the shell continues it. Meanwhile the terminal has its original modes.
    pub(super) fn suspend() -> io::Result<()> {
        Self::restore();
        kill_current_process_group(Signal::TSTP)?;
        Self::prepare()
    }

    /// Columns and rows.
    pub(super) fn size() -> (u16, u16) {
        match size() {
            Ok((columns, rows)) if columns > 0 && rows > 0 => (columns, rows),
            _ => (80, 24),
        }
    }

    /// What the terminal does with rows when its width changes. The wrapping ones identify themselves.
    pub(super) fn reflow() -> Reflow {
        const WRAPPING: [&str; 5] =
            ["TMUX", "VTE_VERSION", "KITTY_WINDOW_ID", "WEZTERM_PANE", "ALACRITTY_WINDOW_ID"];
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        if WRAPPING.into_iter().any(is_set) { Reflow::Wraps } else { Reflow::Keeps }
    }

    /// Writes to the terminal, and flushes.
    pub(super) fn write(out: &str) -> io::Result<()> {
        let mut terminal = io::stdout().lock();
        terminal.write_all(out.as_bytes())?;
        terminal.flush()
    }

    /// Starts the thread that reads keys. It ends with the process, or when the terminal is gone.
    pub(super) fn keys() -> io::Result<Receiver<Event>> {
        /// How many keys can wait for the loop.
        const AHEAD: usize = 256;
        let (sender, keys) = bounded(AHEAD);
        thread::Builder::new().name("keyboard".to_owned()).spawn(move || {
            while let Ok(event) = event::read() {
                if sender.send(event).is_err() {
                    return;
                }
            }
        })?;
        Ok(keys)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        Self::restore();
    }
}
