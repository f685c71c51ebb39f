//! A temporary folder that is removed with its contents when it is dropped.

use std::{
    env, fs, io,
    os::unix::fs::DirBuilderExt,
    path::{self, Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use parking_lot::Mutex;

/// The folders that exist now.
static PRESENT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes all temporary folders, for a program that is about to end without dropping them.
pub fn remove_all() {
    // What cannot be removed stays until the system clears its temporary files.
    PRESENT.lock().drain(..).for_each(|path| drop(fs::remove_dir_all(path)));
}

/// A temporary folder.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Creates an empty folder that only its owner can read, in the system's place for temporary files.
    pub(crate) fn new() -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Absolute, because a program that gets the path may run in another folder.
        let place = path::absolute(env::temp_dir())?;
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = place.join(format!("chat_course_{}_{number}", process::id()));
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    PRESENT.lock().push(path.clone());
                    return Ok(Self(path));
                }
                // An earlier process with the same number left it behind, or another user created it on purpose.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Its absolute path.
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
    fn two_folders_differ_and_are_removed() {
        let (one, two) = (Folder::new().unwrap(), Folder::new().unwrap());
        let (first, second) = (one.path().to_owned(), two.path().to_owned());
        assert_ne!(first, second);
        fs::write(first.join("x"), "x").unwrap();
        drop((one, two));
        assert!(!first.exists() && !second.exists());
    }
}
