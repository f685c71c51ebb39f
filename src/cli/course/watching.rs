//! Runs the task `watch`, which checks again whenever a file changes.

use std::{
    collections::BTreeSet,
    error::Error,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{bounded, never};
use jiff::Zoned;

use self::files::Files;
use super::{
    Check, Done, at, end_all_on_ctrl_c, folder,
    grading::{Job, Row, Said, Unchecked, results},
    keys::Keys,
    paging, reading, style, subject,
};
use crate::course::{
    learner::{FILE, Learner},
    report::Report,
    steps::{STEPS, Step},
};

mod files;

/// The pause between two looks at the keyboard. People do not notice a tenth of a second.
const LOOK: Duration = Duration::from_millis(100);

/// How many looks at the keyboard come between two looks at the files.
const LOOKS: usize = 3;

/// The keys that work at any time.
const KEYS: &str = "q: quit · h: hint · s: show the page";

pub(super) fn watch(check: Check, learner: &mut Learner, out: &mut impl Write) -> Done {
    let mut watch = Watch::new(check, learner)?;
    end_all_on_ctrl_c()?;
    while watch.runs_once(out)? == Next::Run {}
    Ok(ExitCode::SUCCESS)
}

/// A terminal in which a learner's program is checked again and again.
struct Watch<'a> {
    check: Check,
    learner: &'a mut Learner,
    /// The step to check; `None` for all steps.
    step: Option<&'static Step>,
    /// The lowest step that failed in the last run.
    failing: Option<&'static Step>,
    keys: Keys,
    row: Row,
    /// The number of runs.
    runs: usize,
    /// The files that changed during the last run. Perhaps the program itself writes them.
    restless: BTreeSet<PathBuf>,
}

/// What follows a key or a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Run,
    Wait,
    Quit,
}

impl<'a> Watch<'a> {
    fn new(check: Check, learner: &'a mut Learner) -> Result<Self, Box<dyn Error>> {
        let step = if check.all { None } else { Some(at(check.step, learner)?) };
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            let what = step.map_or("--all".to_owned(), |step| step.number.to_string());
            return Err(format!("watch needs a terminal; use chat_course check {what} instead").into());
        }
        if check.rules.json {
            return Err("watch does not report as JSON; use chat_course check --json instead".into());
        }
        // What is wrong with the command line is told before the screen is cleared.
        check.job(check.step, learner)?;
        let (keys, row) = (Keys::new()?, Row::new());
        Ok(Self { check, learner, step, failing: None, keys, row, runs: 0, restless: BTreeSet::new() })
    }

    /// Checks once, shows the results, and waits for the next change.
    fn runs_once(&mut self, out: &mut impl Write) -> Result<Next, Box<dyn Error>> {
        let before = Files::of(Path::new("."));
        let start = Instant::now();
        self.runs += 1;
        let step =
            self.step.map_or("all steps".to_owned(), |step| format!("step {}, {}", step.number, step.title));
        // Clears the screen.
        writeln!(out, "\x1b[2J\x1b[HRun {} · {} · {step}\n", self.runs, Zoned::now().strftime("%H:%M:%S"))?;
        // The learner may have edited the notes.
        *self.learner = Learner::read(Path::new(""))?;
        match self.check.job(self.step.map(|step| step.number), self.learner) {
            Err(error) => writeln!(out, "{error}")?,
            Ok(job) => {
                let is_own = job.is_own;
                let Some(outcome) = self.grades(job, out)? else { return Ok(Next::Quit) };
                self.row.clear()?;
                match outcome {
                    Err(Unchecked::NotBuilt(error)) => write!(out, "{}", error.text(style()))?,
                    Err(Unchecked::NotStarted(error)) => writeln!(out, "{error}")?,
                    Ok(report) => self.shows(&report, is_own, out)?,
                }
            }
        }
        writeln!(out, "Run {} took {:.1} s.", self.runs, start.elapsed().as_secs_f64())?;
        self.waits(&before, out)
    }

    /// Runs the checks in a thread and takes keys meanwhile. Returns nothing if the learner quits.
    fn grades(
        &mut self,
        job: Job,
        out: &mut impl Write,
    ) -> Result<Option<Result<Report, Unchecked>>, Box<dyn Error>> {
        let (sender, said) = bounded(16);
        let worker = thread::Builder::new().name("grading".to_owned()).spawn(move || {
            job.grade(|words| {
                if sender.send(words).is_err() {
                    // The learner has quit. No other program must start in the moment before this one ends.
                    let _ = never::<()>().recv();
                }
            })
        })?;
        let mut doing = String::new();
        while !(worker.is_finished() && said.is_empty()) {
            let key = self.keys.next(LOOK)?;
            if key.is_some() || !said.is_empty() {
                self.row.clear()?;
            }
            if self.obeys(key, paging::show_without_a_process, out)? == Next::Quit {
                drop(said);
                subject::end_all();
                folder::remove_all();
                return Ok(None);
            }
            for words in said.try_iter() {
                match words {
                    Said::Line(line) => write!(out, "{line}")?,
                    Said::Doing(words) => doing = format!("{words}   {KEYS}"),
                }
            }
            out.flush()?;
            self.row.show(&doing)?;
        }
        Ok(Some(worker.join().map_err(|_| "a check has panicked")?))
    }

    fn shows(&mut self, report: &Report, is_own: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
        if is_own {
            self.learner.credit(&report.passed_steps())?;
        }
        self.failing = report.faults().first().map(|(verdict, _)| verdict.step);
        write!(out, "{}", results(report))?;
        if let Some(step) = self.step
            && report.is_good()
        {
            self.goes_on(step, is_own, out)?;
        }
        Ok(())
    }

    /// Chooses the step after one that has passed, if there is a program to check.
    fn goes_on(&mut self, passed: &Step, is_own: bool, out: &mut impl Write) -> io::Result<()> {
        let role = passed.part.role();
        let may_follow = |step: &&Step| {
            let is_new =
                if is_own { !self.learner.passed.contains(&step.number) } else { step.part.role() == role };
            step.number > passed.number && is_new
        };
        let Some(next) = STEPS.iter().find(may_follow) else {
            return writeln!(out, "No other step follows.");
        };
        let next_role = next.part.role();
        if next_role != role {
            if self.learner.command(next_role).is_none() {
                let name = next_role.name();
                return writeln!(
                    out,
                    "Step {} is about your {name}; add a line to {FILE}: {name}: COMMAND",
                    next.number
                );
            }
            // The typed command is that of the other program.
            self.check.command.clear();
        }
        self.step = Some(next);
        writeln!(out, "Next is step {}, {}.", next.number, next.title)
    }

    /// Waits for a change or for a key.
    fn waits(&mut self, before: &Files, out: &mut impl Write) -> Result<Next, Box<dyn Error>> {
        let files = Files::of(Path::new("."));
        let changed = files.changed_since(before);
        let is_restless = changed.is_subset(&self.restless);
        self.restless = changed;
        if !is_restless {
            // The learner has saved a file during the run. If the same files change again, it is not the learner.
            return Ok(Next::Run);
        }
        for path in &self.restless {
            writeln!(out, "{} changes while your program runs.", path.display())?;
        }
        let footer = format!(
            "Watching {} · Enter: check now · {KEYS}",
            if files.number() == 1 { "1 file".to_owned() } else { format!("{} files", files.number()) }
        );
        writeln!(out, "{footer}")?;
        loop {
            for _ in 0..LOOKS {
                let key = self.keys.next(LOOK)?;
                match self.obeys(key, paging::show, out)? {
                    Next::Wait if key.is_none() => {}
                    Next::Wait => writeln!(out, "{footer}")?,
                    next => return Ok(next),
                }
            }
            if Files::of(Path::new(".")) != files {
                return Ok(Next::Run);
            }
        }
    }

    /// Does what a key asks for, and shows text with `page`.
    fn obeys(
        &mut self,
        key: Option<char>,
        page: fn(&str) -> io::Result<()>,
        out: &mut impl Write,
    ) -> Result<Next, Box<dyn Error>> {
        let step = self.failing.or(self.step);
        let mut text = Vec::new();
        match (key, step) {
            (Some('q'), _) => return Ok(Next::Quit),
            (Some('\n' | '\r'), _) => return Ok(Next::Run),
            (Some('h'), Some(step)) => {
                *self.learner = Learner::read(Path::new(""))?;
                reading::hint(step, self.learner, &mut text).map(drop)?;
            }
            (Some('s'), Some(step)) => reading::show(step, self.learner, &mut text).map(drop)?,
            _ => return Ok(Next::Wait),
        }
        writeln!(out)?;
        page(&String::from_utf8(text)?)?;
        Ok(Next::Wait)
    }
}
