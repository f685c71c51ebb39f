//! Runs the tasks `check` and `class`, which grade programs.

use std::{
    error::Error,
    fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use super::{Done, Job, READY, RuleOptions, end_all_on_ctrl_c, launch, style};
use crate::course::{
    build,
    grader::CannotRun,
    learner::Learner,
    report::{self, Report, json_error},
    steps::{Part, Role, STEPS, Step},
    verdict::Style,
    wrap::wrapped,
};

pub(super) fn check(job: &Job, learner: &mut Learner, out: &mut impl Write) -> Done {
    end_all_on_ctrl_c()?;
    let is_good = builds(job, out)? && once(job, learner, out)?.is_good();
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds the learner's program. Returns `false` if that fails, which is shown.
pub(super) fn builds(job: &Job, out: &mut impl Write) -> io::Result<bool> {
    if job.build.is_empty() {
        return Ok(true);
    }
    shows_progress("Building …", job, out)?;
    let built = build::run(&job.build, None);
    shows_progress(ERASED, job, out)?;
    if let Err(error) = &built {
        let told = if job.json { json_error(&error.text(Style::Plain)) } else { error.text(job.style) };
        write!(out, "{told}")?;
    }
    Ok(built.is_ok())
}

/// Runs the checks once, shows the results, and notes the steps that have passed.
pub(super) fn once(job: &Job, learner: &mut Learner, out: &mut impl Write) -> Result<Report, Box<dyn Error>> {
    let mut has_failed = false;
    let mut told = Ok(());
    let checking = |step: &Step| format!("Checking step {} …", step.number);
    let first = job.steps.first().map(|step| checking(step)).unwrap_or_default();
    shows_progress(&format!("{first} (it must listen within {READY:?})"), job, out)?;
    let report = report::check(&job.grader, job.steps.iter().copied(), |verdict| {
        // After the first failure only the summary follows, so that the verdict stays on the screen.
        let is_last = verdict.step.checks.last().is_some_and(|last| last.name == verdict.check.name);
        if !job.json && !has_failed && told.is_ok() && (is_last || verdict.fault.is_some()) {
            has_failed = verdict.fault.is_some();
            let verdict = wrapped(&verdict.text(job.style), job.columns);
            told = shows_progress(ERASED, job, out).and_then(|()| write!(out, "{verdict}"));
        }
        if (is_last || verdict.fault.is_some()) && told.is_ok() {
            let next = job.steps.iter().skip_while(|step| step.number != verdict.step.number).nth(1);
            let next = next.map(|step| checking(step)).unwrap_or_default();
            told = shows_progress(&format!("{ERASED}{next}"), job, out);
        }
    });
    told.and_then(|()| shows_progress(ERASED, job, out))?;
    if let Err(error) = &report
        && job.json
    {
        write!(out, "{}", json_error(error))?;
    }
    let report = report?;
    learner.passed.extend(report.passed_steps());
    learner.write()?;
    if job.json {
        write!(out, "{}", report.json(job.grader.seed))?;
        return Ok(report);
    }
    write!(out, "\n{}", report.summary(job.style))?;
    if !report.is_good() {
        writeln!(out, "Repeat with the same names: --seed {}", job.grader.seed)?;
    } else if let Some(next) = learner.next() {
        writeln!(out, "Next: chat_course show {}", next.number)?;
    }
    Ok(report)
}

/// Erases the row in which a terminal shows the progress.
const ERASED: &str = "\r\x1b[K";

/// Shows on a terminal which step is being checked. The words must fit into the row, because only one is erased.
fn shows_progress(words: &str, job: &Job, out: &mut impl Write) -> io::Result<()> {
    if job.columns < usize::MAX && !job.json {
        write!(out, "{words}")?;
    }
    // An error may follow on another stream.
    out.flush()
}

pub(super) fn class(folder: &Path, rules: &RuleOptions, out: &mut impl Write) -> Done {
    end_all_on_ctrl_c()?;
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut hand_ins: Vec<_> =
        entries.collect::<Result<Vec<_>, _>>()?.iter().map(fs::DirEntry::path).collect();
    hand_ins.retain(|path| path.is_dir());
    hand_ins.sort();
    if hand_ins.is_empty() {
        return Err(format!("{} contains no folders of hand-ins", folder.display()).into());
    }
    let width = hand_ins.iter().map(|path| name(path).chars().count()).max().unwrap_or_default().max(4);
    if !rules.json {
        write!(out, "{:width$}", "")?;
        STEPS.iter().try_for_each(|step| write!(out, "{:>3}", step.number))?;
        writeln!(out, "  first failure")?;
    }
    let mut rows = Vec::new();
    for path in hand_ins {
        let row = Row::of(&path, rules)?;
        if rules.json {
            rows.push(row.json());
        } else {
            writeln!(out, "{}", row.text(width, style()))?;
            out.flush()?;
        }
    }
    if rules.json {
        writeln!(out, "{:#}", serde_json::Value::from(rows))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The results of one hand-in.
struct Row {
    name: String,
    /// For each step, whether it passed; `None` if it was not tried.
    marks: [Option<bool>; STEPS.len()],
    /// The first failure of each program, or why there is nothing to grade.
    first: String,
}

impl Row {
    /// Grades the server and the client, each up to its first step that fails.
    fn of(path: &Path, rules: &RuleOptions) -> Result<Self, Box<dyn Error>> {
        let learner = Learner::read(path)?;
        let mut marks = [None; STEPS.len()];
        let mut failures = Vec::new();
        if let Err(error) = build::run(&learner.build, Some(path)) {
            return Ok(Self { name: name(path), marks, first: error.to_string() });
        }
        for role in [Role::Server, Role::Client] {
            let Some(command) = learner.command(role) else { continue };
            let folder = Some(fs::canonicalize(path)?);
            let client = learner.command(Role::Client).map(|noted| launch(noted, folder.clone()));
            let can = |step: &Step| step.part.role() == role && (client.is_some() || !step.needs_client());
            let grader = rules.grader(launch(command, folder), client.clone());
            for step in STEPS.iter().filter(|step| can(step)) {
                let failure = failure(report::check(&grader, [step], |_| {}));
                marks[step.number - 1] = Some(failure.is_none());
                // Later steps build on this one. Challenges do not.
                let is_over = failure.is_some() && step.part != Part::Challenges;
                failures.extend(failure);
                if is_over {
                    break;
                }
            }
        }
        if marks.iter().all(Option::is_none) {
            failures.push("no command in its course.txt".to_owned());
        }
        Ok(Self { name: name(path), marks, first: failures.join(", ") })
    }

    fn text(&self, width: usize, style: Style) -> String {
        let marks = self.marks.map(|mark| match mark {
            Some(true) => format!("  {}", style.good("✓")),
            Some(false) => format!("  {}", style.bad("✗")),
            None => "  ·".to_owned(),
        });
        format!("{:width$}{}  {}", self.name, marks.concat(), self.first)
    }

    fn json(&self) -> serde_json::Value {
        let steps = STEPS.iter().map(|step| {
            let status = self.marks[step.number - 1].map(|is_good| if is_good { "pass" } else { "fail" });
            serde_json::json!({"task_id": step.number, "status": status})
        });
        let steps: Vec<_> = steps.collect();
        serde_json::json!({"name": self.name, "steps": steps, "first_failure": self.first})
    }
}

/// The first failure, or why the program could not be graded.
fn failure(report: Result<Report, CannotRun>) -> Option<String> {
    let report = match report {
        Ok(report) => report,
        Err(error) => return Some(error.to_string()),
    };
    let (verdict, fault) = report.first_fault()?;
    Some(format!("{} ({})", fault.failure.class.name, verdict.check.name))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
