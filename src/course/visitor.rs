//! A learner's client on pipes that talks to a server on a stage.

use std::{
    path::Path,
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
    stage::{Judgement, Outcome, Stage, start_failure},
    subject::{Ended, Launch, StartError},
};

/// A client, its user, and the folder for files that the user receives.
#[derive(Debug)]
pub struct Visitor {
    /// The user's nickname.
    pub name: String,
    pipes: Pipes,
    downloads: Folder,
}

impl Visitor {
    /// Starts a client that connects to the server and takes this name.
    pub(crate) fn enters(stage: &mut Stage<'_>, client: &Launch, name: &str) -> Result<Self, Failure> {
        let cannot = |error| start_failure(&StartError::CannotRun(error), &class::EXITS_EARLY);
        let downloads = Folder::new().map_err(cannot)?;
        let mut launch = client.clone();
        launch.environment.push(("CHAT_DOWNLOADS".to_owned(), downloads.path().display().to_string()));
        let pipes = Pipes::start(&launch, stage.port()).map_err(cannot)?;
        let mut visitor = Self { name: name.to_owned(), pipes, downloads };
        // The client may have to be built first.
        let deadline = Instant::now() + client.ready;
        visitor.is_shown_until(deadline, stage, &Pattern::welcome(), &class::NOT_SHOWN, |_| {
            Judgement::Ignored
        })?;
        visitor.types(stage, &format!("/nick {name}"));
        let renamed = Pattern::with(format!("Nickname changed to '{name}'."), &[name]);
        visitor.is_shown(stage, &renamed, &class::NOT_SHOWN)?;
        Ok(visitor)
    }

    /// Types a line into the client.
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
        self.is_shown_judged(stage, due, class, |_| Judgement::Ignored)
    }

    /// Expects the client to print this line and lets the caller judge those before it. The failure has this class.
    pub(crate) fn is_shown_judged(
        &mut self,
        stage: &mut Stage<'_>,
        due: &Pattern,
        class: &'static Class,
        judge: impl Fn(&str) -> Judgement,
    ) -> Outcome {
        let deadline = Instant::now() + stage.rules.patience;
        self.is_shown_until(deadline, stage, due, class, judge)
    }

    fn is_shown_until(
        &mut self,
        deadline: Instant,
        stage: &mut Stage<'_>,
        due: &Pattern,
        class: &'static Class,
        judge: impl Fn(&str) -> Judgement,
    ) -> Outcome {
        let due = stage.with_wording(due);
        let mut last = "(nothing)".to_owned();
        loop {
            let heard = self.pipes.prints(deadline);
            let Heard::Line(line) = heard else {
                return Err(self.is_not_shown(stage, &due, class, (&heard, &last)));
            };
            let text = String::from_utf8_lossy(&line);
            last = escaped(&line);
            let is_due = due.matches(&text);
            if is_due || judge(&text) == Judgement::Wrong {
                stage.transcript.add(&self.name, "<", &last);
            }
            match judge(&text) {
                _ if is_due => return Ok(()),
                Judgement::Wrong => return Err(Failure::new(class, due.text, last)),
                Judgement::Expected | Judgement::Ignored => {}
            }
        }
    }

    fn is_not_shown(
        &self,
        stage: &Stage<'_>,
        due: &Pattern,
        class: &'static Class,
        (heard, last): (&Heard, &str),
    ) -> Failure {
        let name = &self.name;
        let expected = format!("{name}'s client prints: {}", due.text);
        let mut failure = Failure::new(class, expected, format!("(no such line; the last line was: {last})"));
        if let Some(counting) = due.counting() {
            failure = failure.note(format!("Parts that count: {counting}"));
        }
        if let Some(ended) = self.has_ended(heard) {
            return failure.ended(&format!("{name}'s client"), ended);
        }
        stage.judged(
            failure.note("Either your server did not send the line, or your client did not print it."),
        )
    }

    /// How the client has ended, if it has. Its output can end a moment earlier.
    fn has_ended(&self, heard: &Heard) -> Option<Ended> {
        const MOMENT: Duration = Duration::from_millis(500);
        self.pipes.member.ends(if *heard == Heard::End { MOMENT } else { Duration::ZERO })
    }

    /// The folder for files that the user receives.
    pub(crate) fn downloads(&self) -> &Path {
        self.downloads.path()
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
