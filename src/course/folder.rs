//! A temporary folder: empty at first, and gone with everything in it when it is dropped.

use std::{
    env, fs, io,
    os::unix::fs::DirBuilderExt,
    path::{self, Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use parking_lot::Mutex;

/// Those that are there.
static PRESENT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes all of them, for a program that is about to end without dropping anything.
pub fn remove_all() {
    // What cannot be removed is left to whoever clears the system's temporary files.
    PRESENT.lock().drain(..).for_each(|path| drop(fs::remove_dir_all(path)));
}

/// A folder of our own.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes one where the system keeps such things; nobody else may look into it.
    ///
    /// # Errors
    /// When it cannot be made there.
    pub fn new() -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Absolute, because programs that are given it run elsewhere.
        let place = path::absolute(env::temp_dir())?;
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = place.join(format!("chat_course_{}_{number}", process::id()));
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    PRESENT.lock().push(path.clone());
                    return Ok(Self(path));
                }
                // Left behind by somebody who had our number long ago, or put there on purpose.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        PRESENT.lock().retain(|path| *path != self.0);
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_folders_differ_and_leave_nothing_behind() {
        let (one, two) = (Folder::new().unwrap(), Folder::new().unwrap());
        let (first, second) = (one.path().to_owned(), two.path().to_owned());
        assert_ne!(first, second);
        fs::write(first.join("x"), "x").unwrap();
        drop((one, two));
        assert!(!first.exists() && !second.exists());
    }
}
