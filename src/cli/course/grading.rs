//! Runs the tasks `check` and `class`, which grade programs.

use std::{
    error::Error,
    fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use super::{Done, FAILED, Job, READY, RuleOptions, end_all_on_ctrl_c, launch, style};
use crate::course::{
    grader::CannotRun,
    learner::Learner,
    report::{self, Report, json_error},
    steps::{Part, Role, STEPS, Step},
    verdict::Style,
    wrap::wrapped,
};

pub(super) fn check(job: &Job, learner: &mut Learner, out: &mut impl Write) -> Done {
    end_all_on_ctrl_c()?;
    let report = once(job, learner, out)?;
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// Runs the checks once, shows the results, and notes the steps that have passed.
pub(super) fn once(job: &Job, learner: &mut Learner, out: &mut impl Write) -> Result<Report, Box<dyn Error>> {
    let mut has_failed = false;
    let mut told = Ok(());
    let progress = Progress { is_shown: job.columns < usize::MAX && !job.json };
    progress.shows(job.steps.first(), out)?;
    progress.adds(&format!(" (it must listen within {READY:?})"), out)?;
    let report = report::check(&job.grader, job.steps.iter().copied(), |verdict| {
        // After the first failure only the summary follows, so that the verdict stays on the screen.
        let is_last = verdict.step.checks.last().is_some_and(|last| last.name == verdict.check.name);
        if !job.json && !has_failed && told.is_ok() && (is_last || verdict.fault.is_some()) {
            has_failed = verdict.fault.is_some();
            let verdict = wrapped(&verdict.text(job.style), job.columns);
            told = progress.is_over(out).and_then(|()| write!(out, "{verdict}"));
        }
        if (is_last || verdict.fault.is_some()) && told.is_ok() {
            let next = job.steps.iter().skip_while(|step| step.number != verdict.step.number).nth(1);
            told = progress.is_over(out).and_then(|()| progress.shows(next, out));
        }
    });
    told.and_then(|()| progress.is_over(out))?;
    let report = match report {
        Ok(report) => report,
        Err(error) if job.json => {
            write!(out, "{}", json_error(&error))?;
            return Err(error.into());
        }
        Err(error) => return Err(error.into()),
    };
    report.passed_steps().into_iter().for_each(|step| learner.note_passed(step));
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

/// Shows on a terminal which step is being checked.
struct Progress {
    is_shown: bool,
}

impl Progress {
    fn shows(&self, step: Option<&&Step>, out: &mut impl Write) -> io::Result<()> {
        if let Some(step) = step.filter(|_| self.is_shown) {
            write!(out, "Checking step {} …", step.number)?;
        }
        out.flush()
    }

    /// Adds words to the row. They must fit, because only one row is erased.
    fn adds(&self, words: &str, out: &mut impl Write) -> io::Result<()> {
        if self.is_shown {
            write!(out, "{words}")?;
        }
        out.flush()
    }

    fn is_over(&self, out: &mut impl Write) -> io::Result<()> {
        if self.is_shown {
            write!(out, "\r\x1b[K")?;
        }
        // An error may follow on another stream.
        out.flush()
    }
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
    marks: Vec<(usize, Option<bool>)>,
    /// The first failure of each program, or why there is nothing to grade.
    first: String,
}

impl Row {
    /// Grades the server and the client, each up to its first step that fails.
    fn of(path: &Path, rules: &RuleOptions) -> Result<Self, Box<dyn Error>> {
        let learner = Learner::read(path)?;
        let mut row = Self {
            name: name(path),
            marks: STEPS.iter().map(|step| (step.number, None)).collect(),
            first: String::new(),
        };
        let mut has_command = false;
        for role in [Role::Server, Role::Client] {
            let Some(command) = learner.command(role) else { continue };
            has_command = true;
            let folder = Some(fs::canonicalize(path)?);
            let client = learner.command(Role::Client).map(|noted| launch(noted, folder.clone()));
            let can = |step: &Step| step.part.role() == role && (client.is_some() || !step.needs_client());
            let grader = rules.grader(launch(command, folder), client.clone());
            for step in STEPS.iter().filter(|step| can(step)) {
                let is_good = row.tries(&report::check(&grader, [step], |_| {}), step);
                // Later steps build on this one. Challenges do not.
                if !is_good && step.part != Part::Challenges {
                    break;
                }
            }
        }
        if !has_command {
            "no command in its course.txt".clone_into(&mut row.first);
        }
        Ok(row)
    }

    /// Notes the result of a step and returns whether it passed.
    fn tries(&mut self, report: &Result<Report, CannotRun>, step: &Step) -> bool {
        let is_good = report.as_ref().is_ok_and(Report::is_good);
        if let Some((_, mark)) = self.marks.iter_mut().find(|(number, _)| *number == step.number) {
            *mark = Some(is_good);
        }
        let failure = match report {
            Err(error) => error.to_string(),
            Ok(report) => match report.first_fault() {
                Some((verdict, fault)) => format!("{} ({})", fault.failure.class.name, verdict.check.name),
                None => return is_good,
            },
        };
        let and = if self.first.is_empty() { "" } else { ", " };
        self.first.extend([and, &failure]);
        is_good
    }

    fn text(&self, width: usize, style: Style) -> String {
        let marks: String = self
            .marks
            .iter()
            .map(|(_, mark)| match mark {
                Some(true) => format!("  {}", style.good("✓")),
                Some(false) => format!("  {}", style.bad("✗")),
                None => "  ·".to_owned(),
            })
            .collect();
        format!("{:width$}{marks}  {}", self.name, self.first)
    }

    fn json(&self) -> serde_json::Value {
        let status = |mark: Option<bool>| mark.map(|is_good| if is_good { "pass" } else { "fail" });
        let steps: Vec<_> = self
            .marks
            .iter()
            .map(|(step, mark)| serde_json::json!({"task_id": step, "status": status(*mark)}))
            .collect();
        serde_json::json!({"name": self.name, "steps": steps, "first_failure": self.first})
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
