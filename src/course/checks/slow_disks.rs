//! Checks that a chat does not wait for the disk of its log.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::Command,
};

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use rustix::fs::OFlags;

use super::{arrive, chat};
use crate::course::{
    class,
    stage::{Outcome, Stage},
};

/// The number of messages, each of which is an entry of the log.
const MESSAGES: usize = 300;

/// Creates pipes under the names that the log may have today. With a program that names its files otherwise, or where
/// there is no `mkfifo`, the check is easier to pass.
pub(super) fn prepare(folder: &Path) -> Vec<File> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    // Where the learner lives, it may be yesterday or tomorrow.
    let days = [-1, 0, 1].into_iter().filter_map(|days| today.checked_add(days.days()).ok());
    days.filter_map(|day| pipe(&folder.join(format!("chat_{day}.log")))).collect()
}

fn pipe(path: &Path) -> Option<File> {
    Command::new("mkfifo").args(["-m", "600"]).arg(path).status().ok()?;
    // A pipe that is open for reading does not delay a program that opens it for writing.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).ok()
}

pub(super) fn goes_on(stage: &mut Stage<'_>, pipes: &[File]) -> Outcome {
    // Not before the server has started: it may write a first line to find out whether it can.
    for mut pipe in pipes {
        while pipe.write(b"\n").is_ok() {}
    }
    stage.remark("(the disk accepts nothing)");
    talk(stage).map_err(|failure| failure.reclassified(&[&class::SILENT], &class::WAITS_FOR_DISK))
}

fn talk(stage: &mut Stage<'_>) -> Outcome {
    let [alice, bob] = &arrive(stage)?;
    stage.remark(&format!("({alice} and {bob} chat; the disk accepts nothing)"));
    (0..MESSAGES).try_for_each(|_| chat(stage, alice, [alice, bob]))
}
