//! `watch`: checks again whenever a file changes.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, SystemTime},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{COULD_NOT, Done, Job, end_all_on_ctrl_c, grading::once};
use crate::course::learner::{FILE, Learner};

/// How often the files are looked at. Looking is cheap, and people do not notice a third of a second.
const LOOK: Duration = Duration::from_millis(300);

/// More files than this are not a learner's own.
const MOST_FILES: usize = 2000;

/// What tools make, and people do not write.
const NOT_WRITTEN: [&str; 5] = ["target", "node_modules", "__pycache__", "build", FILE];

pub(super) fn watch(job: &Job, learner: &mut Learner, out: &mut impl Write) -> Done {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        let hint = format!(
            "chat_course: watch needs a terminal; instead: chat_course check {}",
            job.steps[0].number
        );
        writeln!(io::stderr(), "{hint}")?;
        return Ok(ExitCode::from(COULD_NOT));
    }
    end_all_on_ctrl_c()?;
    loop {
        // Before the check, so that a change during it is seen.
        let files = files();
        // From the top of an empty screen, like the page of a book.
        write!(out, "\x1b[2J\x1b[H")?;
        once(job, learner, out)?;
        writeln!(out, "\nWatching {} files here · Enter: check now · q and Enter: quit", files.len())?;
        out.flush()?;
        if !waits(&files)? {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// Waits until it is time for another check; `false` if there shall be none.
fn waits(files: &BTreeMap<PathBuf, SystemTime>) -> io::Result<bool> {
    let look = Timespec::try_from(LOOK).expect("it is short");
    let stdin = io::stdin();
    while files == &self::files() {
        if poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&look)).is_ok_and(|ready| ready > 0) {
            let mut typed = String::new();
            let is_end = stdin.lock().read_line(&mut typed)? == 0;
            return Ok(!is_end && typed.trim() != "q");
        }
    }
    Ok(true)
}

/// The learner's files here, and when they were changed.
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
            // Gone in the meantime.
            Err(_) => {}
        }
    }
}
