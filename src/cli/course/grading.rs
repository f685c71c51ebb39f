//! Runs the task `check`, and shows what happens while programs are graded.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use rustix::{
    fs::{FileType, Stat, fstat},
    termios::tcgetwinsize,
};

use super::{Done, columns, end_all_on_ctrl_c, style};
use crate::course::{
    build::{self, BuildError},
    grader::{Grader, Verdict},
    learner::Learner,
    report::{self, Progress, Report, json_error},
    steps::Step,
    verdict::Style,
    wrap::wrapped,
};

/// What is to be graded.
pub(super) struct Job {
    /// The command that builds the program; empty if there is nothing to build.
    pub(super) build: Vec<String>,
    pub(super) scope: Scope,
    pub(super) seed: u64,
    /// Whether the program is the learner's own, so that its passes are noted.
    pub(super) is_own: bool,
    pub(super) json: bool,
}

/// The steps to check.
pub(super) enum Scope {
    /// A step and all that it builds on.
    UpTo(Grader, &'static Step),
    /// All steps, for the server and the client.
    All([Result<Grader, String>; 2]),
}

/// What is shown while programs are graded.
pub(super) enum Said {
    /// A line that stays.
    Line(String),
    /// What is being done now.
    Doing(String),
}

pub(super) fn check(job: &Job, learner: &mut Learner, out: &mut impl Write) -> Done {
    end_all_on_ctrl_c()?;
    let row = Row::new();
    let mut told = Ok(());
    let report = job.grade(|said| {
        if told.is_ok() {
            told = match said {
                Said::Line(_) if job.json => Ok(()),
                Said::Line(line) => row.clear().and_then(|()| write!(out, "{line}")),
                Said::Doing(words) => out.flush().and_then(|()| row.show(&words)),
            };
        }
    });
    row.clear()?;
    told?;
    let report = match report {
        Ok(report) => report,
        Err(error) => return job.explains(error, out),
    };
    if job.is_own {
        learner.credit(&report.passed_steps())?;
    }
    if job.json {
        write!(out, "{}", report.json(job.seed))?;
    } else {
        write!(out, "{}", results(&report))?;
        writeln!(out, "{}", job.advice(&report, learner))?;
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Why nothing was checked.
pub(super) enum Unchecked {
    /// The program cannot be built, which is the learner's task.
    NotBuilt(BuildError),
    /// The program cannot be started.
    NotStarted(String),
}

impl Job {
    /// Shows why nothing was checked.
    fn explains(&self, error: Unchecked, out: &mut impl Write) -> Done {
        let (words, shown) = match &error {
            Unchecked::NotBuilt(error) => (error.text(Style::Plain), error.text(style())),
            Unchecked::NotStarted(error) => (error.clone(), String::new()),
        };
        write!(out, "{}", if self.json { json_error(&words) } else { shown })?;
        match error {
            Unchecked::NotBuilt(_) => Ok(ExitCode::FAILURE),
            Unchecked::NotStarted(error) => Err(error.into()),
        }
    }

    /// Builds the program and runs the checks.
    pub(super) fn grade(&self, mut say: impl FnMut(Said)) -> Result<Report, Unchecked> {
        if !self.build.is_empty() {
            say(Said::Doing("Building …".to_owned()));
            build::run(&self.build, None).map_err(Unchecked::NotBuilt)?;
        }
        // A failure is shown in full at the end. If other steps follow, one line says at once that there is one.
        let mut failure = None;
        let tell = |progress: Progress<'_>| match progress {
            Progress::Begins(step) => {
                failure.take().into_iter().for_each(|(_, line)| say(Said::Line(line)));
                say(Said::Doing(format!("Checking step {} …", step.number)));
            }
            Progress::Ends(verdict) => match in_one_line(verdict) {
                line if verdict.fault.is_some() => failure = Some((verdict.step.number, line)),
                line => say(Said::Line(line)),
            },
        };
        let report = match &self.scope {
            Scope::UpTo(grader, step) => {
                report::up_to(grader, step, tell).map_err(|error| Unchecked::NotStarted(error.to_string()))?
            }
            Scope::All(graders) => report::all(graders.clone(), tell),
        };
        let lowest = report.faults().first().map(|(verdict, _)| verdict.step.number);
        if let Some((step, line)) = failure
            && lowest < Some(step)
        {
            say(Said::Line(line));
        }
        if report.verdicts.is_empty() {
            let reasons: Vec<_> = report.not_tried().into_iter().map(|(_, reason)| reason).collect();
            return Err(Unchecked::NotStarted(reasons.join("; ")));
        }
        Ok(report)
    }

    /// What to do next.
    fn advice(&self, report: &Report, learner: &Learner) -> String {
        if !report.is_good() {
            return format!("Repeat with the same names: --seed {}", self.seed);
        }
        match learner.next() {
            _ if !self.is_own => {
                "Nothing is noted, because this is not the program in course.txt.".to_owned()
            }
            Some(next) => format!("Next: chat_course show {}", next.number),
            None => "The course is done.".to_owned(),
        }
    }
}

/// The verdict of the lowest step that fails, and the summary.
pub(super) fn results(report: &Report) -> String {
    let verdict = report.faults().first().map(|(verdict, _)| verdict.text(style()));
    let verdict = verdict.map(|verdict| wrapped(&verdict, columns())).unwrap_or_default();
    format!("{verdict}\n{}", wrapped(&report.summary(style()), columns()))
}

/// Which step has passed, or has failed and how.
fn in_one_line(verdict: &Verdict) -> String {
    let Some(fault) = &verdict.fault else { return verdict.text(style()) };
    let step = verdict.step;
    let (mark, class) = (style().bad("✗"), fault.failure.class.name);
    format!("{mark} Step {}, {}: {class} ({})\n", step.number, step.title, verdict.check.name)
}

/// The last row of a terminal, which shows what is being done.
///
/// It is written to the standard error, so that it also shows if the results go to a file.
pub(super) struct Row {
    /// The width of the terminal, if there is one.
    columns: Option<usize>,
}

impl Row {
    pub(super) fn new() -> Self {
        // On a pipe, another program may be showing the results on this terminal.
        let is_file = |status: Stat| FileType::from_raw_mode(status.st_mode).is_file();
        let is_ours = io::stdout().is_terminal() || fstat(io::stdout()).is_ok_and(is_file);
        let size = tcgetwinsize(io::stderr()).ok().filter(|_| is_ours);
        Self { columns: size.map(|size| size.ws_col.into()) }
    }

    pub(super) fn show(&self, words: &str) -> io::Result<()> {
        let Some(columns) = self.columns else { return Ok(()) };
        // Only one row can be erased.
        let words: String = words.chars().take(columns.saturating_sub(1)).collect();
        write!(io::stderr(), "\r\x1b[K{words}")
    }

    pub(super) fn clear(&self) -> io::Result<()> {
        self.show("")
    }
}
