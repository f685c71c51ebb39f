//! Runs the task `class`, which grades the hand-ins of a class.

use std::{
    error::Error,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use unicode_width::UnicodeWidthStr;

use self::table::Table;
use super::{ClassOptions, Done, RuleOptions, end_all_on_ctrl_c, grading, style, words};
use crate::course::{
    build,
    grader::Grader,
    learner::Learner,
    report::{self, Progress, Report},
    steps::{Role, STEPS},
    verdict::{Style, visible},
};

mod table;

pub(super) fn class(options: &ClassOptions, out: &mut impl Write) -> Done {
    let ClassOptions { folder, rules, html } = options;
    end_all_on_ctrl_c()?;
    let hand_ins = hand_ins(folder)?;
    let (class, seed) = (name(&fs::canonicalize(folder)?), rules.seed());
    let show = |rows: &[Row]| match html {
        Some(file) => Table { class: &class, rows, all: hand_ins.len(), seed }.write(file),
        None => Ok(()),
    };
    show(&[])?;
    let width = hand_ins.iter().map(|path| name(path).width()).max().unwrap_or_default().max(4);
    if !rules.json {
        write!(out, "{:width$}", "")?;
        STEPS.iter().try_for_each(|step| write!(out, "{:>3}", step.number))?;
        writeln!(out, "  time  first failure")?;
    }
    let progress = grading::Row::new();
    let mut rows = Vec::new();
    for (i, path) in hand_ins.iter().enumerate() {
        out.flush()?;
        let place = format!("{} ({} of {})", name(path), i + 1, hand_ins.len());
        // What is shown meanwhile is not a result, so an error there does not matter.
        let row = Row::of(path, rules, seed, |doing| drop(progress.show(&format!("{place}, {doing} …"))));
        progress.clear()?;
        if !rules.json {
            writeln!(out, "{}", row.text(width, style()))?;
        }
        rows.push(row);
        show(&rows)?;
    }
    if rules.json {
        let rows: Vec<_> = rows.iter().map(|row| row.json(seed)).collect();
        writeln!(out, "{:#}", serde_json::Value::from(rows))?;
    } else {
        writeln!(out, "\nRepeat with the same names: --seed {seed}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The folders in the folder of the class, less the hidden ones, by their names.
fn hand_ins(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut hand_ins: Vec<_> =
        entries.collect::<Result<Vec<_>, _>>()?.iter().map(fs::DirEntry::path).collect();
    hand_ins.retain(|path| path.is_dir() && !name(path).starts_with('.'));
    hand_ins.sort();
    if hand_ins.is_empty() {
        return Err(format!("{} contains no folders of hand-ins", folder.display()).into());
    }
    Ok(hand_ins)
}

/// The name of a hand-in, without characters that could control a terminal.
fn name(path: &Path) -> String {
    visible(&path.file_name().unwrap_or_default().to_string_lossy())
}

/// The results of one hand-in.
struct Row {
    name: String,
    report: Report,
    /// The first failure of each program, or why there is nothing to grade.
    first: String,
    /// How long the checks took.
    time: Duration,
}

impl Row {
    /// Grades a hand-in, and tells what it does.
    fn of(path: &Path, rules: &RuleOptions, seed: u64, mut tell: impl FnMut(&str)) -> Self {
        let start = Instant::now();
        let mut report = Report::default();
        tell("building");
        let first = match graders(path, rules, seed) {
            Err(error) => error.to_string(),
            Ok(graders) if graders.iter().all(Result::is_err) => "no command in its course.txt".to_owned(),
            Ok(graders) => {
                report = report::all(graders, |progress| {
                    if let Progress::Begins(step) = progress {
                        tell(&format!("step {}", step.number));
                    }
                });
                first_failure(&report)
            }
        };
        Self { name: name(path), report, first, time: start.elapsed() }
    }

    fn text(&self, width: usize, style: Style) -> String {
        let marks = STEPS.map(|step| match self.report.mark(step.number) {
            Some(true) => format!("  {}", style.good("✓")),
            Some(false) => format!("  {}", style.bad("✗")),
            None => "  ·".to_owned(),
        });
        let pad = " ".repeat(width.saturating_sub(self.name.width()));
        format!("{}{pad}{}  {:>3}s  {}", self.name, marks.concat(), self.time.as_secs(), visible(&self.first))
    }

    fn json(&self, seed: u64) -> serde_json::Value {
        let steps = STEPS.iter().map(|step| {
            let status = self.report.mark(step.number).map(|is_good| if is_good { "pass" } else { "fail" });
            let left_out = self.report.left_out.iter().find(|left_out| left_out.step == step.number);
            let reason = left_out.map(|left_out| &left_out.reason);
            serde_json::json!({"task_id": step.number, "status": status, "reason": reason})
        });
        let steps: Vec<_> = steps.collect();
        serde_json::json!({
            "name": self.name,
            "steps": steps,
            "first_failure": self.first,
            "seconds": self.time.as_secs_f64(),
            "seed": seed,
        })
    }
}

/// Builds a hand-in's programs and returns their graders.
fn graders(
    path: &Path,
    rules: &RuleOptions,
    seed: u64,
) -> Result<[Result<Grader, String>; 2], Box<dyn Error>> {
    let learner = Learner::read(path)?;
    let folder = fs::canonicalize(path)?;
    build::run(&learner.build, Some(&folder)).map_err(|error| error.to_string())?;
    let commands = [Role::Server, Role::Client].map(|role| learner.command(role).map(words));
    Ok(rules.graders(commands, Some(&folder), seed))
}

/// The first failure of each program, and why programs could not be started.
fn first_failure(report: &Report) -> String {
    let faults = report.faults();
    let first = |role| faults.iter().find(move |(verdict, _)| verdict.step.part.role() == role);
    let failures = [Role::Server, Role::Client].into_iter().filter_map(first);
    let failures =
        failures.map(|(verdict, fault)| format!("{} ({})", fault.failure.class.name, verdict.check.name));
    failures.chain(report.errors.iter().cloned()).collect::<Vec<_>>().join(", ")
}
