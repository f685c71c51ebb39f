//! A learner's client on pipes that talks to a server on a stage.

use std::{
    io,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use super::{
    class::{self, Class},
    conversation::{Pattern, escaped},
    failure::Failure,
    folder::Folder,
    peer::Heard,
    rehearsal::pipes::Pipes,
    stage::{Outcome, Stage, start_failure},
    subject::{Launch, StartError},
};

/// A client and its user.
#[derive(Debug)]
pub struct Visitor {
    /// The user's nickname.
    pub name: String,
    pipes: Pipes,
    /// For files that the user receives.
    pub(super) downloads: Folder,
}

impl Visitor {
    /// Starts a client that connects to the server and takes this name.
    pub(crate) fn enters(stage: &mut Stage<'_>, client: &Launch, name: &str) -> Result<Self, Failure> {
        let downloads = Folder::new().map_err(cannot_run)?;
        let mut launch = client.clone();
        launch.environment.push(("CHAT_DOWNLOADS".to_owned(), downloads.path().display().to_string()));
        let pipes = Pipes::start(&launch, stage.port()).map_err(cannot_run)?;
        let mut visitor = Self { name: name.to_owned(), pipes, downloads };
        // The client may have to be built first.
        visitor.awaits(client.ready, stage, &Pattern::welcome(), &class::NOT_SHOWN, |_| false)?;
        visitor.types(stage, &format!("/nick {name}"));
        let renamed = Pattern::with(format!("Nickname changed to '{name}'."), &[name]);
        visitor.is_shown(stage, &renamed, &class::NOT_SHOWN)?;
        Ok(visitor)
    }

    pub(crate) fn types(&mut self, stage: &mut Stage<'_>, line: &str) {
        stage.transcript.add(&self.name, ">", line);
        self.pipes.is_given(&format!("{line}\n"));
    }

    /// Expects the client to print this line after any others. The failure has this class.
    pub(crate) fn is_shown(
        &mut self,
        stage: &mut Stage<'_>,
        due: &Pattern,
        class: &'static Class,
    ) -> Outcome {
        self.awaits(stage.rules.patience, stage, due, class, |_| false)
    }

    /// Expects the client to print this line before any that is wrong. The failure has this class.
    pub(crate) fn awaits(
        &mut self,
        patience: Duration,
        stage: &mut Stage<'_>,
        due: &Pattern,
        class: &'static Class,
        is_wrong: impl Fn(&str) -> bool,
    ) -> Outcome {
        let deadline = Instant::now() + patience;
        let due = stage.with_wording(due);
        let mut last = "(nothing)".to_owned();
        let instead = loop {
            let line = match self.pipes.prints(deadline) {
                Heard::Line(line) => line,
                other => break other,
            };
            let text = String::from_utf8_lossy(&line);
            last = escaped(&line);
            let is_due = due.matches(&text);
            if is_due || is_wrong(&text) {
                stage.transcript.add(&self.name, "<", &last);
                return if is_due { Ok(()) } else { Err(Failure::new(class, due.text, last)) };
            }
        };
        let expected = format!("{}'s client prints: {}", self.name, due.text);
        let mut failure = Failure::new(class, expected, format!("(no such line; the last line was: {last})"));
        if let Some(counting) = due.counting() {
            failure = failure.note(format!("Parts that count: {counting}"));
        }
        // The output of a client can end a moment before the client.
        let moment = Duration::from_millis(if instead == Heard::End { 500 } else { 0 });
        Err(match self.pipes.member.ends(moment) {
            Some(ended) => failure.ended(&format!("{}'s client", self.name), ended),
            None => stage.judged(
                failure.note("Either your server did not send the line, or your client did not print it."),
            ),
        })
    }

    /// Stops the client process, as Ctrl-Z does.
    pub(crate) fn is_stopped(&self, stage: &mut Stage<'_>) {
        stage.remark(&format!("({}'s client is stopped)", self.name));
        self.pipes.member.signal(Signal::STOP);
    }

    /// Continues the stopped client.
    pub(crate) fn goes_on(&self, stage: &mut Stage<'_>) {
        stage.remark(&format!("({}'s client goes on)", self.name));
        self.pipes.member.signal(Signal::CONT);
    }
}

/// The failure if this machine cannot start a client or store its files.
pub(super) fn cannot_run(error: io::Error) -> Failure {
    start_failure(&StartError::CannotRun(error), &class::EXITS_EARLY)
}
