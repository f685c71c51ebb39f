//! The command line of `chat_course`.

use std::{
    error::Error,
    ffi::{OsStr, OsString},
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::{Args, Parser, Subcommand};
use rustix::termios::tcgetwinsize;

use crate::{
    course::{
        folder,
        grader::Grader,
        learner::{self, Learner},
        solution::Edition,
        stage::Wording,
        start::Language,
        steps::{Role, STEPS, Step},
        subject::{self, Launch},
        verdict::Style,
    },
    manual::Generate,
};

mod grading;
mod reading;
mod watching;

/// Build a chat server step by step, in any language, and check each step.
///
/// The contract: the course runs `YOUR COMMAND --port N` (also in `$CHAT_PORT`), and your server speaks
/// the text dialect on 127.0.0.1:N.
#[derive(Debug, Parser)]
#[command(name = "chat_course", version)]
pub struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,

    #[command(flatten)]
    generate: Generate,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// List all steps and show which have passed
    List,
    /// Show the page of a step, without its hints
    Show {
        /// The step [default: the first that has not passed]
        step: Option<usize>,
    },
    /// Check a step and all steps before it, the newest first
    Check(Check),
    /// Check again whenever a file in this folder changes
    Watch(Check),
    /// Show one more hint each time
    Hint {
        /// The step [default: the first that has not passed]
        step: Option<usize>,
    },
    /// Create a folder to work in
    New {
        /// The folder to create
        folder: PathBuf,
        /// Start with a file in this language; you can write in any other
        #[arg(long, value_enum, default_value_t = Language::Rust)]
        lang: Language,
    },
    /// Show how our program for a step differs from the one before it
    Solution {
        /// The step
        step: usize,
        /// Show it even if your program has not passed the step
        #[arg(long)]
        force: bool,
        /// Show the program in this language [default: the one closest to yours]
        #[arg(long, value_enum)]
        lang: Option<Edition>,
    },
    /// Explain a kind of failure in detail
    Explain {
        /// The name of the failure [default: list all]
        name: Option<String>,
    },
    /// Find the fault in a faulty server
    Bug {
        /// The name of the fault [default: list all]
        name: Option<String>,
        /// Show the fault in the source
        #[arg(long)]
        show: bool,
    },
    /// Check a folder of hand-ins, each a folder with a `course.txt`
    Class {
        /// The folder of hand-ins
        folder: PathBuf,
        #[command(flatten)]
        rules: RuleOptions,
    },
}

#[derive(Debug, Args)]
struct Check {
    /// The last step to check [default: the first that has not passed]
    step: Option<usize>,
    /// Check all steps for servers or, with --client, for clients
    #[arg(long, conflicts_with = "step")]
    all: bool,
    /// With --all, check a client
    #[arg(long, requires = "all")]
    client: bool,
    #[command(flatten)]
    rules: RuleOptions,
    /// The command that starts your program [default: the last one]
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Debug, Args)]
struct RuleOptions {
    /// Compare whole sentences, not only the parts that count
    #[arg(long)]
    strict: bool,
    /// Use the same random names and texts as the check with this seed
    #[arg(long)]
    seed: Option<u64>,
    /// Report as JSON, in the format of exercism's test runners
    #[arg(long)]
    json: bool,
    /// Wait this long for each line
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    patience: u64,
}

/// The exit status of a task: success or, if a check of the learner's program failed, failure.
type Done = Result<ExitCode, Box<dyn Error>>;

impl Arguments {
    /// Runs the task of the command line.
    pub fn run(self) -> ExitCode {
        match self.task() {
            Ok(code) => code,
            // The reader closed the pipe and wants no more output.
            Err(error) if is_broken_pipe(error.as_ref()) => ExitCode::SUCCESS,
            Err(error) => {
                super::fail("chat_course", error.as_ref());
                // The course could not carry out the task, which says nothing about the learner's program.
                ExitCode::from(2)
            }
        }
    }

    fn task(self) -> Done {
        if let Some(written) = self.generate.write::<Self>() {
            return Ok(written.map(|()| ExitCode::SUCCESS)?);
        }
        let mut learner = Learner::read(Path::new(""))?;
        let out = &mut io::stdout();
        match self.task {
            None => reading::overview(&learner, out),
            Some(Task::List) => reading::list(&learner, out),
            Some(Task::Show { step }) => reading::show(at(step, &learner)?, &learner, out),
            Some(Task::Hint { step }) => reading::hint(at(step, &learner)?, &mut learner, out),
            Some(Task::New { folder, lang }) => reading::new(&folder, lang, out),
            Some(Task::Solution { step, force, lang }) => {
                reading::solution(step, force || learner.passed.contains(&step), lang, &learner, out)
            }
            Some(Task::Explain { name }) => reading::explain(name.as_deref(), out),
            Some(Task::Bug { name, show }) => reading::bug(name.as_deref(), show, out),
            Some(Task::Check(check)) => grading::check(&check.job(&mut learner)?, &mut learner, out),
            Some(Task::Watch(check)) => watching::watch(&check.job(&mut learner)?, &mut learner, out),
            Some(Task::Class { folder, rules }) => grading::class(&folder, &rules, out),
        }
    }
}

/// The steps to check and the settings for it.
struct Job {
    /// The steps, the newest first.
    steps: Vec<&'static Step>,
    grader: Grader,
    /// The command that builds the program; empty if there is nothing to build.
    build: Vec<String>,
    json: bool,
    style: Style,
    columns: usize,
}

impl Check {
    /// Turns the options into a job and notes the command.
    fn job(&self, learner: &mut Learner) -> Result<Job, Box<dyn Error>> {
        let role = if self.client { Role::Client } else { Role::Server };
        let (mut steps, role): (Vec<_>, _) = if self.all {
            (STEPS.iter().rev().filter(|step| step.part.role() == role).collect(), role)
        } else {
            let step = at(self.step, learner)?;
            (step.up_to().collect(), step.part.role())
        };
        let typed: Vec<_> = self.command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        // Another program than the learner's is not built by the learner's command.
        let is_own = typed.is_empty() || learner.command(role).is_none_or(|noted| noted == typed);
        let build = if is_own { learner.build.clone() } else { Vec::new() };
        if !typed.is_empty() {
            learner.note_command(role, &typed);
        }
        let program = match learner.command(role) {
            _ if !self.command.is_empty() => launch(&self.command, None),
            Some(noted) => launch(noted, None),
            None => return Err(missing_command(steps[0].number, role).into()),
        };
        let client = learner.command(Role::Client).map(|noted| launch(noted, None));
        if client.is_none() {
            // With --all, the steps that also need a client are left out.
            steps.retain(|step| !(self.all && step.needs_client()));
            if let Some(step) = steps.iter().find(|step| step.needs_client()) {
                return Err(format!(
                    "step {} also needs your client; add a line to {}, for example client: python3 client.py",
                    step.number,
                    learner::FILE
                )
                .into());
            }
        }
        let grader = self.rules.grader(program, client);
        Ok(Job { steps, grader, build, json: self.rules.json, style: style(), columns: columns() })
    }
}

/// How to run a program in this folder.
fn launch(command: &[impl AsRef<OsStr>], folder: Option<PathBuf>) -> Launch {
    let command = command.iter().map(OsString::from).collect();
    Launch { command, folder, environment: Vec::new(), ready: READY }
}

/// How long a program may take until it listens or connects. It may have to be built first.
const READY: Duration = Duration::from_secs(120);

impl RuleOptions {
    fn grader(&self, launch: Launch, client: Option<Launch>) -> Grader {
        let wording = if self.strict { Wording::Strict } else { Wording::Loose };
        let seed = self.seed.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::from(now.subsec_nanos()) % 100_000
        });
        Grader { launch, client, wording, patience: Duration::from_secs(self.patience), seed }
    }
}

fn missing_command(step: usize, role: Role) -> String {
    let program = if role == Role::Server { "server" } else { "client" };
    format!(
        "the command of your {program} is missing; say, for example: \
         chat_course check {step} -- python3 {program}.py"
    )
}

/// The typed step, or the first that has not passed.
fn at(typed: Option<usize>, learner: &Learner) -> Result<&'static Step, Box<dyn Error>> {
    let Some(number) = typed else {
        return learner.next().ok_or_else(|| "all steps have passed; name a step".into());
    };
    let none = || format!("there is no step {number}; the steps go from 1 to {}", STEPS.len());
    Step::find(number).ok_or_else(|| none().into())
}

/// Colours are for terminals, unless `NO_COLOR` is set.
fn style() -> Style {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if io::stdout().is_terminal() && !no_color { Style::Coloured } else { Style::Plain }
}

/// The width of the terminal. On a pipe, lines are not wrapped.
fn columns() -> usize {
    let size = tcgetwinsize(io::stdout()).ok();
    size.filter(|size| size.ws_col > 0).map_or(usize::MAX, |size| size.ws_col.into())
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Makes Ctrl-C end all learners' programs and remove all temporary folders. No process that they have started is left.
fn end_all_on_ctrl_c() -> Result<(), ctrlc::Error> {
    subject::adopt_orphans();
    ctrlc::set_handler(|| {
        subject::end_all();
        folder::remove_all();
        // Another thread may hold the lock of the standard output, so this uses the standard error.
        let _ = io::stderr().write_all(b"\n");
        super::end_at_once();
    })
}
