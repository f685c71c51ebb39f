//! Running checks, and what comes of them.

use std::{fmt, path::Path, time::Duration};

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
    steps::Step,
    subject::{Launch, StartError},
    transcript::Transcript,
};

/// How programs are graded.
#[derive(Clone, Debug)]
pub struct Grader {
    /// How the program is run.
    pub launch: Launch,
    /// How the client is run that belongs to it, if it is a server; few checks need one.
    pub client: Option<Launch>,
    /// Which words count.
    pub wording: Wording,
    /// How long anybody waits for anything.
    pub patience: Duration,
    /// Where names and texts come from.
    pub seed: u64,
}

/// What came of one check.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The step it belongs to.
    pub step: &'static Step,
    /// Which check it was.
    pub check: &'static Check,
    /// What was wrong, if anything.
    pub fault: Option<Box<Fault>>,
}

/// A failure, and what led to it.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What is wrong.
    pub failure: Failure,
    /// What happened before.
    pub transcript: Transcript,
    /// What the program wrote last.
    pub output: String,
}

/// The program could not be run at all, so there is nothing to grade.
#[derive(Debug)]
pub struct CannotRun {
    /// The program.
    pub program: String,
    /// Why not.
    pub error: std::io::Error,
}

impl fmt::Display for CannotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot run {}: {}", self.program, self.error)?;
        if self.program.contains(' ') {
            write!(f, "; without quotation marks around it, the first word is the program")?;
        } else if Path::new(&self.program).is_file() {
            write!(f, "; it is a file here: say what runs it, as in `python3 server.py`")?;
        }
        Ok(())
    }
}

impl std::error::Error for CannotRun {}

impl Check {
    /// What is being checked, in a sentence.
    pub fn checking(&self) -> String {
        match self.how {
            How::Conversation(text) => text.lines().next().unwrap_or("").trim_start_matches("# ").to_owned(),
            How::Server { checking, .. }
            | How::Folder { checking, .. }
            | How::Both { checking, .. }
            | How::Client { checking, .. } => checking.to_owned(),
        }
    }
}

impl Grader {
    /// Does one check, with a fresh program.
    ///
    /// # Errors
    /// When there is no such program.
    pub fn check(&self, step: &'static Step, check: &'static Check) -> Result<Verdict, CannotRun> {
        let rules = Rules { step: step.number, wording: self.wording, patience: self.patience };
        // Each check draws its own, so a single one can be repeated.
        let number = check.name.bytes().fold(self.seed, |sum, b| sum.wrapping_mul(31).wrapping_add(b.into()));
        let seed = Seed::new(number);
        let fault = match check.how {
            How::Client { place, run, .. } => {
                self.with_client(Rehearsal::new(&self.launch, rules, seed, place), run)?
            }
            How::Server { run, .. } => self.with_server(Stage::new(&self.launch, rules, seed), run)?,
            How::Both { run, .. } => {
                let client = self.client.as_ref().ok_or_else(no_client)?;
                self.with_server(Stage::new(&self.launch, rules, seed), |stage| run(stage, client))?
            }
            How::Folder { variable, run, .. } => self.with_folder(variable, rules, seed, run)?,
            How::Conversation(text) => {
                let conversation = Conversation::parse(text).expect("a test has read them all");
                let mut launch = self.launch.clone();
                launch.environment.extend_from_slice(&conversation.environment);
                self.with_server(Stage::new(&launch, rules, seed), |stage| play(&conversation, stage))?
            }
        };
        Ok(Verdict { step, check, fault })
    }

    fn with_server(
        &self,
        stage: Result<Stage<'_>, StartError>,
        run: impl FnOnce(&mut Stage<'_>) -> Result<(), Failure>,
    ) -> Result<Option<Box<Fault>>, CannotRun> {
        let mut stage = match stage {
            Ok(stage) => stage,
            Err(error) => return self.did_not_start(error),
        };
        let Err(failure) = run(&mut stage) else { return Ok(None) };
        let (output, transcript) = (stage.output(), stage.transcript);
        Ok(Some(Box::new(Fault { failure, transcript, output })))
    }

    fn with_folder(
        &self,
        variable: &str,
        rules: Rules,
        seed: Seed,
        run: fn(&mut Stage<'_>, &Path) -> Outcome,
    ) -> Result<Option<Box<Fault>>, CannotRun> {
        let folder = match Folder::new() {
            Ok(folder) => folder,
            Err(error) => return self.did_not_start(StartError::CannotRun(error)),
        };
        let mut launch = self.launch.clone();
        launch.environment.push((variable.to_owned(), folder.path().display().to_string()));
        self.with_server(Stage::new(&launch, rules, seed), |stage| run(stage, folder.path()))
    }

    fn with_client(
        &self,
        rehearsal: Result<Rehearsal<'_>, StartError>,
        run: fn(&mut Rehearsal<'_>) -> Result<(), Failure>,
    ) -> Result<Option<Box<Fault>>, CannotRun> {
        let mut rehearsal = match rehearsal {
            Ok(rehearsal) => rehearsal,
            Err(error) => return self.did_not_start(error),
        };
        let Err(failure) = run(&mut rehearsal) else { return Ok(None) };
        let (output, transcript) = (rehearsal.output(), rehearsal.transcript);
        Ok(Some(Box::new(Fault { failure, transcript, output })))
    }

    fn did_not_start(&self, error: StartError) -> Result<Option<Box<Fault>>, CannotRun> {
        let failure = start_failure(&error, &class::EXITS_EARLY);
        let output = match error {
            StartError::CannotRun(error) => {
                let program = self.launch.command.first().map(|program| program.display().to_string());
                return Err(CannotRun { program: program.unwrap_or_default(), error });
            }
            StartError::Ended { output, .. } | StartError::NotListening { output } => output,
        };
        Ok(Some(Box::new(Fault { failure, transcript: Transcript::default(), output })))
    }
}

/// Whoever asks for a check of both has to say how the client is started.
fn no_client() -> CannotRun {
    let error = std::io::Error::new(std::io::ErrorKind::NotFound, "nobody has said how it is started");
    CannotRun { program: "the client".to_owned(), error }
}
