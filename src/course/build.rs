//! Runs the `build:` command of a learner before the checks.

use std::{
    fmt,
    io::{self, PipeReader, Read},
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::{
    subject::{Ended, MARK, Member, is_ready},
    verdict::{Style, shortened, visible},
};

/// How long a build may take. A build that takes longer probably waits for something.
const LONGEST: Duration = Duration::from_secs(600);

/// The most lines of output that a failure shows. Compilers report the first mistake first.
const SHOWN: usize = 20;

/// The most bytes of output that are kept. The rest is read and dropped.
const KEPT: usize = 64 * 1024;

/// A build that failed.
#[derive(Debug)]
pub struct BuildError {
    command: String,
    reason: String,
    output: String,
}

/// Runs a command in this folder (`None` for the current one) and waits until it ends. No command is no build.
///
/// # Errors
/// The command cannot be run, does not end with status 0, or takes too long.
pub(crate) fn run(command: &[String], folder: Option<&Path>) -> Result<(), BuildError> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let failed = |reason, output| BuildError { command: command.join(" "), reason, output };
    let mut build = Command::new(program);
    build.args(arguments).current_dir(folder.unwrap_or(Path::new(".")));
    let (ended, output) =
        output_of(build).map_err(|error| failed(format!("cannot be run: {error}"), String::new()))?;
    match ended {
        Some(Ended::Status(0)) => Ok(()),
        Some(ended) => Err(failed(format!("ended with {ended}"), output)),
        None => Err(failed(format!("takes longer than {LONGEST:?}"), output)),
    }
}

/// How a command ended, if it did in time, and what it printed. All its processes have ended, too.
fn output_of(mut command: Command) -> io::Result<(Option<Ended>, String)> {
    let (mut reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer).process_group(0);
    let member = Member::start(|mark| Ok(Box::new(command.env(MARK, mark).spawn()?)))?;
    // The command holds writing ends of the pipe.
    drop(command);
    let mut output = Vec::new();
    let deadline = Instant::now() + LONGEST;
    let ended = loop {
        let is_over = reads(&mut reader, &mut output);
        let ended = member.ends(if is_over { Duration::from_millis(50) } else { Duration::ZERO });
        if ended.is_some() || Instant::now() >= deadline {
            break ended;
        }
    };
    // What it printed last is still in the pipe. Another process may hold the pipe and write on.
    let deadline = Instant::now() + Duration::from_millis(200);
    while is_ready(&reader, Duration::ZERO) && !reads(&mut reader, &mut output) && Instant::now() < deadline {
    }
    Ok((ended, String::from_utf8_lossy(&output).into_owned()))
}

/// Reads once if something comes within 50 ms. Returns `true` at the end of the output.
fn reads(reader: &mut PipeReader, output: &mut Vec<u8>) -> bool {
    let mut bytes = [0; 16 * 1024];
    if !is_ready(reader, Duration::from_millis(50)) {
        return false;
    }
    match reader.read(&mut bytes) {
        Ok(0) => true,
        Ok(length) => {
            output.extend(&bytes[..length.min(KEPT - output.len())]);
            false
        }
        Err(error) => error.kind() != io::ErrorKind::Interrupted,
    }
}

impl BuildError {
    /// What failed, and the start of the output.
    pub fn text(&self, style: Style) -> String {
        let mut told = vec![format!("{} {}", style.bad("✗"), style.strong(&self.to_string()))];
        let lines: Vec<_> = self.output.lines().collect();
        told.extend((!lines.is_empty()).then(String::new));
        told.extend(lines.iter().take(SHOWN).map(|line| format!("    | {}", shortened(&visible(line)))));
        let more = lines.len().saturating_sub(SHOWN);
        told.extend((more > 0).then(|| format!("    ({more} more lines)")));
        told.join("\n") + "\n"
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The build failed: `{}` {}.", self.command, self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn fails(script: &str, expected: &[&str]) {
        let command = ["sh", "-c", script].map(str::to_owned);
        let told = run(&command, None).expect_err("it fails").text(Style::Plain);
        assert!(expected.iter().all(|words| told.contains(words)), "{told}");
    }

    #[test]
    fn a_build_that_fails_is_shown_with_the_start_of_its_output() {
        fails("echo server.c:1: no; exit 3", &["`sh -c", "ended with status 3.\n\n    | server.c:1: no\n"]);
        fails("seq 100; exit 1", &["    | 20\n    (80 more lines)\n"]);
        fails("seq 100000; exit 1", &["    | 1\n", " more lines)"]);
    }

    #[test]
    fn a_build_that_leaves_a_daemon_ends() {
        fails("(while echo on; do :; done) & exit 1", &["ended with status 1"]);
        let daemon = ["sh", "-c", "sleep 1000 & exit 0"].map(str::to_owned);
        assert!(run(&daemon, None).is_ok());
    }

    #[test]
    fn a_build_runs_in_the_folder_of_the_learner() {
        let folder = tempfile::tempdir().unwrap();
        run(&["touch".into(), "built".into()], Some(folder.path())).unwrap();
        assert!(folder.path().join("built").exists());
        let error = run(&["/no/such/compiler".into()], None).unwrap_err();
        assert!(error.to_string().contains("`/no/such/compiler` cannot be run: "), "{error}");
    }
}
