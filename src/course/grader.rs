//! Runs the checks of a program and returns verdicts.

use std::{fmt, fs, io, path::Path, time::Duration};

use super::{
    checks::{Check, How},
    class,
    conversation::Conversation,
    failure::Failure,
    folder::Folder,
    play::play,
    rehearsal::Rehearsal,
    seed::Seed,
    stage::{Outcome, Rules, Stage, Wording, start_failure},
    steps::{Part, Step},
    subject::{Launch, StartError, Subject},
    transcript::Transcript,
};

/// The settings with which a program is graded.
#[derive(Clone, Debug)]
pub struct Grader {
    /// The command of the program.
    pub launch: Launch,
    /// The command of the learner's client, which a few checks of a server need.
    pub client: Option<Launch>,
    /// Whether sentences must match exactly.
    pub wording: Wording,
    /// How long a peer waits for a line.
    pub patience: Duration,
    /// The seed of the random names and texts.
    pub seed: u64,
}

/// The result of one check.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The step of the check.
    pub step: &'static Step,
    /// The check that was run.
    pub check: &'static Check,
    /// The fault that it found, if any.
    pub fault: Option<Box<Fault>>,
}

/// A failure and what led to it.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The mistake.
    pub failure: Failure,
    /// What happened before it.
    pub transcript: Transcript,
    /// The program's last output.
    pub output: String,
}

/// The program could not be started at all, so there is nothing to grade.
#[derive(Debug)]
pub struct CannotRun {
    /// The program's name, as in the command.
    pub program: String,
    /// The reason.
    pub error: io::Error,
}

impl fmt::Display for CannotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot run {}: {}", self.program, self.error)?;
        if self.program.contains(' ') {
            write!(f, "; write the command without quotation marks")?;
        } else if Path::new(&self.program).is_file() {
            write!(f, "; it is a file here, so say which program runs it, as in `python3 server.py`")?;
        }
        Ok(())
    }
}

impl std::error::Error for CannotRun {}

impl Grader {
    /// Runs one check with a new process of the program.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn check(&self, step: &'static Step, check: &'static Check) -> Result<Verdict, CannotRun> {
        self.check_with(step, check, &mut None)
    }

    /// Runs one check with the server that an earlier check has left, if any, or with a new one. A server that starts
    /// slowly is left for the next check.
    pub(crate) fn check_with(
        &self,
        step: &'static Step,
        check: &'static Check,
        kept: &mut Option<Subject>,
    ) -> Result<Verdict, CannotRun> {
        let (wording, patience, wire) = (self.wording, self.patience, check.wire());
        let rules = Rules { step: step.number, wording, patience, wire };
        // Each check has its own seed, so it can be repeated alone.
        let number = check.name.bytes().fold(self.seed, |sum, b| sum.wrapping_mul(31).wrapping_add(b.into()));
        // The checks of later parts look at the memory of a server, at what it has stored, or at what it does with
        // other settings, so each needs a new one.
        let is_base = step.part == Part::Base;
        let fault = match check.how {
            How::Server(run) if is_base => self.with_any_server(kept, rules, number, run)?,
            How::Conversation(text) if is_base && Conversation::of(text).environment.is_empty() => {
                let conversation = Conversation::of(text);
                self.with_any_server(kept, rules, number, |stage| play(&conversation, stage))?
            }
            _ => {
                *kept = None;
                self.fault(check, rules, Seed::new(number))?
            }
        };
        Ok(Verdict { step, check, fault })
    }

    /// Runs a check with the server that is kept or with a new one.
    fn with_any_server(
        &self,
        kept: &mut Option<Subject>,
        rules: Rules,
        seed: u64,
        run: impl Fn(&mut Stage<'_>) -> Outcome,
    ) -> Result<Option<Box<Fault>>, CannotRun> {
        if let Some(subject) = kept.take() {
            let mut stage = Stage::with(Some(subject), &self.launch, rules, Seed::new(seed));
            // If this fails, an earlier check may be the reason, so it is repeated with a new server.
            if run(&mut stage).and_then(|()| stage.stays_in_front()).is_ok() {
                *kept = stage.takes_leave();
                return Ok(None);
            }
        }
        self.with_server(&[], rules, Seed::new(seed), |stage| {
            run(stage)?;
            *kept = stage.takes_leave();
            Ok(())
        })
    }

    /// The fault that a check finds with a new process of the program.
    fn fault(&self, check: &Check, rules: Rules, seed: Seed) -> Result<Option<Box<Fault>>, CannotRun> {
        match check.how {
            How::Client(place, run) => {
                let rehearsal = Rehearsal::new(&self.launch, rules, seed, place);
                self.run(rehearsal, run, |rehearsal| (rehearsal.output(), rehearsal.transcript))
            }
            How::Server(run) => self.with_server(&[], rules, seed, run),
            How::Wire(_, environment, run) => {
                let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
                self.with_server(&environment.collect::<Vec<_>>(), rules, seed, run)
            }
            How::Both(run) => {
                let client = self.client.as_ref().ok_or_else(|| CannotRun {
                    program: "the client".to_owned(),
                    error: io::Error::other("the command that starts it is missing"),
                })?;
                self.with_server(&[], rules, seed, |stage| run(stage, client))
            }
            How::Folder(variable, run) => {
                self.with_folder(variable, rules, seed, |_| (), |stage, path, ()| run(stage, path))
            }
            How::Prepared(variable, prepare, run) => {
                self.with_folder(variable, rules, seed, prepare, |stage, _, files| run(stage, &files))
            }
            How::Conversation(text) => {
                let conversation = Conversation::of(text);
                let mut environment = conversation.environment.clone();
                let files = write_files(&conversation, &mut environment);
                let _files = files.map_err(|error| self.cannot_run(error))?;
                let rules = Rules { patience: rules.patience + conversation.wait, ..rules };
                self.with_server(&environment, rules, seed, |stage| play(&conversation, stage))
            }
        }
    }

    /// Runs a check of a server that gets these further environment variables.
    fn with_server(
        &self,
        environment: &[(String, String)],
        rules: Rules,
        seed: Seed,
        run: impl FnOnce(&mut Stage<'_>) -> Outcome,
    ) -> Result<Option<Box<Fault>>, CannotRun> {
        let mut launch = self.launch.clone();
        launch.environment.extend_from_slice(environment);
        launch.environment.extend(rules.wire.name().map(|name| ("CHAT_WIRE".to_owned(), name.to_owned())));
        let run = |stage: &mut Stage<'_>| run(stage).and_then(|()| stage.stays_in_front());
        self.run(Stage::new(&launch, rules, seed), run, |stage| (stage.output(), stage.transcript))
    }

    /// Runs a check of a server that gets the path of a new folder, in which `prepare` has made something before.
    fn with_folder<T>(
        &self,
        variable: &str,
        rules: Rules,
        seed: Seed,
        prepare: impl FnOnce(&Path) -> T,
        run: impl FnOnce(&mut Stage<'_>, &Path, T) -> Outcome,
    ) -> Result<Option<Box<Fault>>, CannotRun> {
        let folder = Folder::new().map_err(|error| self.cannot_run(error))?;
        let path = folder.path();
        let made = prepare(path);
        let environment = [(variable.to_owned(), path.display().to_string())];
        self.with_server(&environment, rules, seed, |stage| run(stage, path, made))
    }

    /// Runs a check where its program is running, or diagnoses why it is not.
    fn run<T>(
        &self,
        place: Result<T, StartError>,
        run: impl FnOnce(&mut T) -> Outcome,
        evidence: impl FnOnce(T) -> (String, Transcript),
    ) -> Result<Option<Box<Fault>>, CannotRun> {
        let (failure, (output, transcript)) = match place {
            Ok(mut place) => match run(&mut place) {
                Ok(()) => return Ok(None),
                Err(failure) => (failure, evidence(place)),
            },
            Err(error) => {
                let failure = start_failure(&error, &class::EXITS_EARLY);
                let output = match error {
                    StartError::CannotRun(error) => return Err(self.cannot_run(error)),
                    StartError::Ended { output, .. }
                    | StartError::InBackground { output }
                    | StartError::NotListening { output, .. }
                    | StartError::NoDatagrams { output } => output,
                };
                (failure, (output, Transcript::default()))
            }
        };
        Ok(Some(Box::new(Fault { failure, transcript, output })))
    }

    fn cannot_run(&self, error: io::Error) -> CannotRun {
        let program = self.launch.command.first().map(|program| program.display().to_string());
        CannotRun { program: program.unwrap_or_default(), error }
    }
}

/// Writes the files of a conversation into a folder, if it has some, and adds their paths to the environment.
fn write_files(
    conversation: &Conversation,
    environment: &mut Vec<(String, String)>,
) -> io::Result<Option<Folder>> {
    if conversation.files.is_empty() {
        return Ok(None);
    }
    let folder = Folder::new()?;
    for (name, lines) in &conversation.files {
        let path = folder.path().join(name);
        fs::write(&path, lines)?;
        environment.push((name.clone(), path.display().to_string()));
    }
    Ok(Some(folder))
}
