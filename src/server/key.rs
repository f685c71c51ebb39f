//! The key of a door, which is read from a file.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use zeroize::Zeroizing;

use super::Error;
use crate::{
    framing::frames::{Key, WELL_KNOWN},
    wire::{self, Options, Wire},
};

/// The key of a door. If it is the well-known one, a warning is logged.
pub(super) fn of_door(wire: &Wire, options: &Options) -> Result<Key, Error> {
    let Some(path) = &options.key_file else {
        if wire.options.contains(&wire::KEY_FILE) {
            let scheme = wire.scheme;
            tracing::warn!(
                "on {scheme}, everyone knows the key '{WELL_KNOWN}'. Use another one with ?key-file=PATH"
            );
        }
        return Ok(Key::default());
    };
    read(path).map_err(|source| Error::Key(path.clone(), source))
}

/// Reads a key. Of a file that is too long, only the beginning is read.
fn read(path: &Path) -> io::Result<Key> {
    // The room is enough, so no copy of the key stays behind in memory.
    let mut content = Zeroizing::new(Vec::with_capacity(Key::LONGEST_FILE + 1));
    File::open(path)?.take(Key::LONGEST_FILE as u64 + 1).read_to_end(&mut content)?;
    Key::of_file(&content).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))
}
