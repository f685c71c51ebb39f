//! What happens to the server process: signals, its end, a second start.

use std::{io, net::TcpStream, sync::Arc, thread, time::Instant};

use rustix::process::Signal;

use super::{DYING, Duration, Ended, Failure, Outcome, Stage, StartError, class};
use crate::course::{
    failure::ends_well,
    subject::{memory_of, processor_time_of},
};

/// How long a server may take to stop, as the page of step 12 says.
const STOPS_WITHIN: Duration = Duration::from_secs(3);

impl Stage<'_> {
    pub(crate) fn is_signalled(&mut self, signal: Signal) {
        let name = if signal == Signal::TERM { "(is terminated)" } else { "(is interrupted)" };
        self.transcript.add("server", "", name);
        self.told_to_stop = Some(Instant::now());
        if let Some(subject) = &self.subject {
            subject.member.signal(signal);
        }
    }

    /// Expects the server to end by itself with status 0.
    pub(crate) fn ends_well(&mut self) -> Outcome {
        // A slow machine is given a little longer than the page says.
        let most = STOPS_WITHIN + self.rules.patience / 10;
        let left = most.saturating_sub(self.told_to_stop.map_or(Duration::ZERO, |since| since.elapsed()));
        let ended = self.subject.as_ref().and_then(|subject| subject.member.ends(left));
        ends_well(ended, "the server ends with status 0, within three seconds of the signal")?;
        self.transcript.add("server", "", "(ends well)");
        Ok(())
    }

    /// Starts the server again on the same port.
    pub(crate) fn starts_again(&mut self) -> Outcome {
        let Some(old) = self.subject.take() else { return Ok(()) };
        let port = Arc::clone(&old.port);
        drop(old);
        self.peers.clear();
        self.told_to_stop = None;
        self.has_departures = false;
        self.transcript.add("server", "", "(starts again)");
        let subject = self
            .launch
            .server_on(port, self.rules.wire)
            .map_err(|error| start_failure(&error, &class::PORT_BUSY))?;
        self.subject = Some(subject);
        Ok(())
    }

    /// Changes the class of a failure if the server has ended.
    pub(crate) fn judged(&self, failure: Failure) -> Failure {
        let Some(subject) = &self.subject else { return failure };
        // A server that hung up may be about to end. If it was told to stop, it should be.
        let has_hung_up = [&class::CLOSED, &class::RESET].contains(&failure.class);
        let wait = match () {
            () if has_hung_up && self.told_to_stop.is_some() => self.rules.patience,
            () if has_hung_up || [&class::REFUSED, &class::STILL_OPEN].contains(&failure.class) => DYING,
            () => Duration::ZERO,
        };
        let Some(ended) = subject.member.ends(wait) else { return failure };
        let failure = failure.ended("The program", ended);
        let class = match ended {
            _ if subject.output.was_greedy() => &class::GREEDY,
            Ended::Status(_) if self.told_to_stop.is_some() => &class::NO_FAREWELL,
            Ended::Signal(_) if self.told_to_stop.is_some() => &class::WRONG_STATUS,
            _ => failure.class,
        };
        Failure { class, ..failure }
    }

    pub(crate) fn output(&self) -> String {
        self.subject.as_ref().map(|subject| subject.output.tail()).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn port(&self) -> u16 {
        self.subject.as_ref().expect("it is missing only while it starts again").port.number
    }

    /// The memory that the server uses, in bytes, where the system tells.
    pub(crate) fn memory(&self) -> Option<u64> {
        memory_of(self.subject.as_ref()?.member.group)
    }

    /// The processor time that the server uses while this time passes, where the system tells.
    pub(crate) fn processor_time_in(&self, time: Duration) -> Option<Duration> {
        let group = self.subject.as_ref()?.member.group;
        let (start, before) = (Instant::now(), processor_time_of(group)?);
        while start.elapsed() < time {
            thread::park_timeout(time.saturating_sub(start.elapsed()));
        }
        Some(processor_time_of(group)?.saturating_sub(before))
    }

    /// A second handle of a client's connection, for another thread.
    pub(crate) fn stream(&mut self, who: &str) -> Result<TcpStream, Failure> {
        let stream = self.peer(who).stream();
        stream.map_err(|error| Failure::new(&class::RESET, "a connection", error.to_string()))
    }

    /// Connects to the server, for a client that is not a peer.
    pub(crate) fn call(&mut self) -> Result<TcpStream, Failure> {
        let patience = self.rules.patience;
        let subject = self.subject.as_mut().ok_or(io::ErrorKind::NotConnected.into());
        let stream = subject.and_then(|subject| subject.connect(patience));
        stream.map_err(|error| self.judged(refused(&error)))
    }
}

pub(crate) fn refused(error: &io::Error) -> Failure {
    Failure::new(&class::REFUSED, "a client can connect", error.to_string())
}

/// The failure of a program that did not start. If it ended, the class is `usual`.
pub(crate) fn start_failure(error: &StartError, usual: &'static class::Class) -> Failure {
    let expected = "the program listens on its port";
    match error {
        StartError::CannotRun(error) => Failure::new(&class::EXITS_EARLY, expected, error.to_string()),
        StartError::NotListening { .. } => {
            Failure::new(&class::NOT_LISTENING, expected, "it does not accept connections at its port")
        }
        StartError::NoDatagrams { .. } => {
            let expected = "with CHAT_WIRE=json+udp, the program receives datagrams at its UDP port";
            Failure::new(&class::NO_DATAGRAMS, expected, "it accepts connections at its TCP port")
        }
        StartError::Ended { ended, output } => {
            let failure = Failure::new(usual, expected, format!("it ended: {ended}"));
            match output.trim().lines().next_back() {
                // A verdict does not show the output of a second start.
                Some(words) if usual == &class::PORT_BUSY => {
                    failure.note(format!("Its last output: {words}"))
                }
                _ => failure,
            }
        }
    }
}
