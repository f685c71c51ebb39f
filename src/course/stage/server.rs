//! What happens to the server process: signals, its end, a second start.

use std::{collections::BTreeSet, io, net::TcpStream, sync::Arc, thread};

use rustix::process::Signal;

use super::{
    DYING, Duration, Ended, Failure, Heard, Instant, Outcome, Peer, Stage, StartError, Subject, class,
};
use crate::course::failure::ends_well;

/// How long a server may take to stop, as the page of step 12 says.
const STOPS_WITHIN: Duration = Duration::from_secs(3);

impl Stage<'_> {
    pub(crate) fn is_signalled(&mut self, signal: Signal) {
        let name = if signal == Signal::TERM { "(is terminated)" } else { "(is interrupted)" };
        self.transcript.add("server", "", name);
        self.told_to_stop = Some((signal, Instant::now()));
        if let Some(subject) = &self.subject {
            subject.member.is_asked_to_stop(signal, subject.port.number);
        }
    }

    /// Expects the server to end by itself with status 0.
    pub(crate) fn ends_well(&mut self) -> Outcome {
        // A slow machine is given a little longer than the page says.
        let most = STOPS_WITHIN + self.rules.patience / 10;
        let left =
            most.saturating_sub(self.told_to_stop.map_or(Duration::ZERO, |(_, since)| since.elapsed()));
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
        let Some(ended) = subject.member.ends(wait) else { return self.still_runs(failure) };
        let failure = failure.ended("The program", ended);
        let was_told = self.told_to_stop.is_some();
        let class = match ended {
            _ if subject.output.was_greedy() => return failure.greedy(),
            _ if was_told && ended.is_by_request() => &class::NO_HANDLER,
            Ended::Status(_) if was_told => &class::NO_FAREWELL,
            Ended::Status(_) if subject.member.family.goes_on(Duration::ZERO) => &class::IN_BACKGROUND,
            _ => failure.class,
        };
        Failure { class, ..failure }
    }

    /// Changes the class of a failure if the server should have stopped and goes on without a word.
    fn still_runs(&self, failure: Failure) -> Failure {
        match self.told_to_stop {
            Some((signal, _)) if failure.class == &class::SILENT => {
                let note = format!("The program still runs after {}.", Ended::Signal(signal.as_raw()));
                failure.reclassified(&[&class::SILENT], &class::DOES_NOT_STOP).note(note)
            }
            _ => failure,
        }
    }

    /// Expects that the process that the course started still runs if what it has started does.
    pub(crate) fn stays_in_front(&self) -> Outcome {
        let Some(subject) = &self.subject else { return Ok(()) };
        match subject.member.ends(Duration::ZERO) {
            Some(ended) if subject.member.family.goes_on(Duration::ZERO) => Err(in_background(ended)),
            _ => Ok(()),
        }
    }

    /// Lets all clients leave. Returns the server for another check if it starts slowly, and if it has noticed that
    /// they have left.
    pub(crate) fn takes_leave(&mut self) -> Option<Subject> {
        const SLOW: Duration = Duration::from_millis(300);
        const MOMENT: Duration = Duration::from_millis(500);
        if self.subject.as_ref()?.took < SLOW {
            return None;
        }
        self.peers.iter().for_each(Peer::finishes);
        let deadline = Instant::now() + MOMENT;
        for mut peer in self.peers.drain(..) {
            while let Heard::Line(_) = peer.listens(deadline) {}
            if peer.is_open() {
                return None;
            }
        }
        self.subject.take_if(|subject| subject.member.ends(Duration::ZERO).is_none())
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
        self.subject.as_ref()?.member.family.memory()
    }

    /// The processor time that the server uses while this time passes, where the system tells.
    pub(crate) fn processor_time_in(&self, time: Duration) -> Option<Duration> {
        let family = &self.subject.as_ref()?.member.family;
        let (start, before) = (Instant::now(), family.busy());
        while start.elapsed() < time {
            thread::park_timeout(time.saturating_sub(start.elapsed()));
        }
        Some(family.busy().saturating_sub(before))
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

fn in_background(ended: Ended) -> Failure {
    let expected = "the command goes on as long as the server";
    let received = format!("the command ended ({ended}), and what it has started goes on");
    Failure::new(&class::IN_BACKGROUND, expected, received)
}

/// The failure of a program that did not start. If it ended, the class is `usual`.
pub(crate) fn start_failure(error: &StartError, usual: &'static class::Class) -> Failure {
    let expected = "the program listens on its port";
    match error {
        StartError::CannotRun(error) => Failure::new(&class::EXITS_EARLY, expected, error.to_string()),
        StartError::NotListening { elsewhere, .. } if elsewhere.is_empty() => {
            Failure::new(&class::NOT_LISTENING, expected, "it does not accept connections at its port")
        }
        StartError::NotListening { elsewhere, .. } => {
            let addresses: BTreeSet<_> = elsewhere.iter().map(ToString::to_string).collect();
            let addresses = addresses.into_iter().collect::<Vec<_>>().join(" and ");
            Failure::new(&class::NOT_LISTENING, expected, format!("it listens on {addresses}"))
        }
        StartError::InBackground { .. } => in_background(Ended::Status(0)),
        StartError::NoDatagrams { .. } => {
            let expected = "with CHAT_WIRE=json+udp, the program receives datagrams at its UDP port";
            Failure::new(&class::NO_DATAGRAMS, expected, "it accepts connections at its TCP port")
        }
        StartError::Ended { ended, was_greedy, output } => {
            let failure = Failure::new(usual, expected, format!("it ended: {ended}"));
            if *was_greedy {
                return failure.greedy();
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_killed_for_its_memory_before_it_listens_is_told_the_limit() {
        let output = String::new();
        let error = StartError::Ended { ended: Ended::Signal(9), was_greedy: true, output };
        let failure = start_failure(&error, &class::EXITS_EARLY);
        assert_eq!(failure.class.name, "greedy");
        assert!(failure.notes.concat().contains("more than 2 GiB of memory"), "{failure:?}");
    }
}
