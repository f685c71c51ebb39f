//! Reads single keys from the terminal, without Enter.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::AsFd,
    time::Duration,
};

use parking_lot::Mutex;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use crate::course::subject::is_ready;

/// The mode that the terminal had before.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// The keyboard. Dropping the one that was made first gives the terminal its former mode back.
pub(super) struct Keys {
    terminal: File,
    is_first: bool,
}

impl Keys {
    pub(super) fn new() -> io::Result<Self> {
        // The standard library's handle may read several keys at once, and those that it keeps cannot be waited for.
        let terminal = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let mut before = BEFORE.lock();
        let is_first = before.is_none();
        if is_first {
            *before = Some(tcgetattr(&terminal)?);
        }
        Ok(Self { terminal, is_first })
    }

    /// Waits this long for a key. The end of the input counts as `q`.
    pub(super) fn next(&self, patience: Duration) -> io::Result<Option<char>> {
        // Each time, because a pager or a shell may have changed the mode.
        self.wants_single_keys()?;
        if !is_ready(&self.terminal, patience) {
            return Ok(None);
        }
        let mut key = [0];
        let length = (&self.terminal).read(&mut key)?;
        Ok(Some(if length == 0 || key[0] == 4 { 'q' } else { char::from(key[0]).to_ascii_lowercase() }))
    }

    fn wants_single_keys(&self) -> io::Result<()> {
        // The lock is held until the mode is set. Once Ctrl-C has restored the mode, it must stay.
        let before = BEFORE.lock();
        if before.is_none() {
            return Ok(());
        }
        let mut mode = tcgetattr(&self.terminal)?;
        let lines = LocalModes::ICANON | LocalModes::ECHO;
        if mode.local_modes.intersects(lines) {
            mode.local_modes.remove(lines);
            mode.special_codes[SpecialCodeIndex::VMIN] = 1;
            mode.special_codes[SpecialCodeIndex::VTIME] = 0;
            tcsetattr(&self.terminal, OptionalActions::Now, &mode)?;
        }
        Ok(())
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if self.is_first {
            restore();
        }
    }
}

/// Gives the terminal its former mode back, for a program that is about to end.
pub(super) fn restore() {
    let mut before = BEFORE.lock();
    if let Some(mode) = before.take() {
        // A terminal that is gone needs no mode.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &mode);
    }
}
