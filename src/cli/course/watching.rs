//! Runs the task `watch`, which checks again whenever a file changes.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, SystemTime},
};

use super::{
    Done, Job, end_all_on_ctrl_c,
    grading::{builds, once},
};
use crate::course::{
    learner::{FILE, Learner},
    subject::is_ready,
};

/// The pause between two looks at the files. People do not notice a third of a second.
const LOOK: Duration = Duration::from_millis(300);

/// The most files that are watched. A learner does not write more.
const MOST_FILES: usize = 2000;

/// Files and folders that tools write.
const NOT_WRITTEN: [&str; 5] = ["target", "node_modules", "__pycache__", "build", FILE];

pub(super) fn watch(job: &Job, learner: &mut Learner, out: &mut impl Write) -> Done {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        let step = job.steps[0].number;
        return Err(format!("watch needs a terminal; use chat_course check {step} instead").into());
    }
    end_all_on_ctrl_c()?;
    loop {
        // Clears the screen.
        write!(out, "\x1b[2J\x1b[H")?;
        let is_built = builds(job, out)?;
        // Listed after the build, which writes files, and before the check, so that a change during the check counts.
        let files = files();
        if is_built {
            once(job, learner, out)?;
        }
        writeln!(out, "\nWatching {} files · Enter: check now · q and Enter: quit", files.len())?;
        out.flush()?;
        if !waits(&files)? {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// Waits for a change or for Enter. Returns `false` if the user quits.
fn waits(files: &BTreeMap<PathBuf, SystemTime>) -> io::Result<bool> {
    let stdin = io::stdin();
    while files == &self::files() {
        if is_ready(&stdin, LOOK) {
            let mut typed = String::new();
            let is_end = stdin.lock().read_line(&mut typed)? == 0;
            return Ok(!is_end && typed.trim() != "q");
        }
    }
    Ok(true)
}

/// The learner's files in this folder, with the times of their last changes.
fn files() -> BTreeMap<PathBuf, SystemTime> {
    let mut files = BTreeMap::new();
    collect(Path::new("."), &mut files);
    files
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, SystemTime>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || NOT_WRITTEN.contains(&&*name) || files.len() >= MOST_FILES {
            continue;
        }
        match entry.metadata() {
            Ok(data) if data.is_dir() => collect(&entry.path(), files),
            Ok(data) => drop(data.modified().map(|time| files.insert(entry.path(), time))),
            // It was removed in the meantime.
            Err(_) => {}
        }
    }
}
