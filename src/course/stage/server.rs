//! What happens to the server itself: signals, its end, a second start.

use std::{io, net::TcpStream};

use super::{DYING, Duration, Ended, Failure, Outcome, Signal, Stage, StartError, class};

impl Stage<'_> {
    /// The program is told to stop.
    pub fn is_signalled(&mut self, signal: Signal) {
        let (name, signal) = match signal {
            Signal::Interrupt => ("(is interrupted)", rustix::process::Signal::INT),
            Signal::Terminate => ("(is terminated)", rustix::process::Signal::TERM),
        };
        self.transcript.add("server", "", name);
        self.was_told_to_stop = true;
        if let Some(subject) = &self.subject {
            subject.signal(signal);
        }
    }

    /// The program ends by itself, with status 0.
    ///
    /// # Errors
    /// When it goes on, or ends otherwise.
    pub fn ends_well(&mut self) -> Outcome {
        let expected = "the server ends with status 0";
        let ended = self.subject.as_ref().and_then(|subject| subject.ends(self.rules.patience));
        let failure = match ended {
            Some(Ended::Status(0)) => {
                self.transcript.add("server", "", "(ends well)");
                return Ok(());
            }
            Some(ended) => Failure::new(&class::WRONG_STATUS, expected, ended.to_string()),
            None => Failure::new(&class::DOES_NOT_STOP, expected, "it still runs"),
        };
        Err(failure)
    }

    /// The program is started on the port that it had.
    ///
    /// # Errors
    /// When it does not get so far.
    pub fn starts_again(&mut self) -> Outcome {
        let Some(old) = self.subject.take() else { return Ok(()) };
        let port = old.port();
        drop(old);
        self.peers.clear();
        self.was_told_to_stop = false;
        self.has_departures = false;
        self.transcript.add("server", "", "(starts again)");
        match self.launch.again(port) {
            Ok(subject) => {
                self.subject = Some(subject);
                Ok(())
            }
            Err(error) => Err(start_failure(&error, &class::PORT_BUSY)),
        }
    }

    /// What a failure really is, if the program has ended or was ended meanwhile.
    pub(in crate::course) fn judged(&self, failure: Failure) -> Failure {
        let Some(subject) = &self.subject else { return failure };
        // A program that has hung up may be about to end; one that was told to stop certainly is.
        let wait = match failure.class {
            class if [&class::CLOSED, &class::RESET].contains(&class) && self.was_told_to_stop => {
                self.rules.patience
            }
            class
                if [&class::CLOSED, &class::RESET, &class::REFUSED, &class::STILL_OPEN].contains(&class) =>
            {
                DYING
            }
            _ => Duration::ZERO,
        };
        let Some(ended) = subject.ends(wait) else { return failure };
        let mut failure = failure.note(format!("The program has ended: {ended}."));
        failure.class = match ended {
            _ if subject.was_greedy() => &class::GREEDY,
            Ended::Status(_) if self.was_told_to_stop => &class::NO_FAREWELL,
            Ended::Signal(_) if self.was_told_to_stop => &class::WRONG_STATUS,
            Ended::Status(_) => &class::DIED,
            Ended::Signal(_) => &class::KILLED,
        };
        failure
    }

    /// The last words of the program.
    pub fn output(&self) -> String {
        self.subject.as_ref().map(super::Subject::output).unwrap_or_default()
    }

    /// The port that the program has been given.
    #[track_caller]
    pub fn port(&self) -> u16 {
        self.subject.as_ref().expect("it is only gone while it is started again").port().number()
    }

    /// The memory of the program, in bytes.
    pub fn memory(&self) -> Option<u64> {
        self.subject.as_ref()?.memory()
    }

    /// A second handle of a client's connection, for a thread of its own.
    ///
    /// # Errors
    /// When the machine has none.
    pub fn stream(&mut self, who: &str) -> Result<TcpStream, Failure> {
        let stream = self.peer(who).stream();
        stream.map_err(|error| Failure::new(&class::RESET, "a connection", error.to_string()))
    }

    /// Another connection to the program, for a client that is none of the peers.
    ///
    /// # Errors
    /// When it is refused.
    pub fn call(&mut self) -> Result<TcpStream, Failure> {
        let patience = self.rules.patience;
        let subject = self.subject.as_mut().ok_or(io::ErrorKind::NotConnected.into());
        subject.and_then(|subject| subject.connect(patience)).map_err(|error| {
            let failure = Failure::new(&class::REFUSED, "a client can connect", error.to_string());
            self.judged(failure)
        })
    }
}

/// What it means that a program did not start.
pub fn start_failure(error: &StartError, usual: &'static class::Class) -> Failure {
    let expected = "the program listens on the port that it is given";
    match error {
        StartError::CannotRun(error) => Failure::new(&class::EXITS_EARLY, expected, error.to_string()),
        StartError::NotListening { .. } => {
            Failure::new(&class::NOT_LISTENING, expected, "nobody answers at the port")
        }
        StartError::Ended { status, output } => {
            let failure = Failure::new(usual, expected, format!("it ended: {}", Ended::from(*status)));
            match output.trim().lines().next_back() {
                // Of a second start nothing else is shown.
                Some(words) if usual == &class::PORT_BUSY => failure.note(format!("Its last words: {words}")),
                _ => failure,
            }
        }
    }
}
