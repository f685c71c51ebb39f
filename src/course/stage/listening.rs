//! Listening: lines to ignore, barriers, and evidence for a diagnosis.

use memchr::memmem;

use super::{
    Evidence, Failure, Heard, Instant, Outcome, Pattern, Peer, Stage, Wire, Wording, class, escaped,
    is_timeout, line_of,
};

impl Stage<'_> {
    /// What a client hears next, except for lines that do not matter.
    pub(super) fn next(&mut self, who: &str, deadline: Instant) -> Heard {
        loop {
            let heard = self.peer(who).listens(deadline);
            if line_of(&heard).is_none_or(|text| !self.is_ignored(text)) {
                return heard;
            }
        }
    }

    /// Passes a barrier: the client asks a new question and hears the answer. What it heard before that is kept.
    pub(crate) fn is_served(&mut self, who: &str) -> Outcome {
        let deadline = Instant::now() + self.rules.patience;
        let (question, Some(heard)) = self.asks(who, deadline) else { return Ok(()) };
        self.transcript.add(who, ">", &question);
        let answer = Pattern::with(format!("(an answer to {question})"), &[&question]);
        // What came before may be what is wrong.
        let heard = match self.next(who, Instant::now()) {
            line @ Heard::Line(_) => line,
            _ => heard,
        };
        let later = self.hears_until(who, &answer, Instant::now());
        Err(self.diagnoses(Evidence { later, ..Evidence::new(who, &answer, heard) }, &[]))
    }

    /// Asks a new question and listens for the answer. Returns the question, and what came instead of an answer.
    fn asks(&mut self, who: &str, deadline: Instant) -> (String, Option<Heard>) {
        let token = self.seed.token();
        let question = match self.rules.wire {
            Wire::Json => format!(r#"{{"type":"{token}"}}"#),
            _ if self.rules.step >= 9 => format!("/{token}"),
            _ => token.clone(),
        };
        self.tokens.push(token.clone());
        self.sends_bytes(who, format!("{question}\n").as_bytes());
        let mut before = Vec::new();
        let instead = loop {
            match self.peer(who).listens(deadline) {
                Heard::Line(line) if memmem::find(&line, token.as_bytes()).is_some() => break None,
                Heard::Line(line) => before.push(line),
                other => break Some(other),
            }
        };
        self.peer(who).inbox.put_back(before);
        self.peer(who).has_spoken = false;
        (question, instead)
    }

    /// Passes a barrier with every client, except this one, that has connected or sent something since its last.
    pub(super) fn serves_speakers(&mut self, except: &str) -> Outcome {
        self.speakers(except).iter().try_for_each(|speaker| self.is_served(speaker))
    }

    fn speakers(&self, except: &str) -> Vec<String> {
        let speakers = self.peers.iter().filter(|peer| peer.has_spoken && peer.is_open());
        speakers.map(|peer| peer.name.clone()).filter(|name| name != except).collect()
    }

    /// Finds out why a client did not hear a line, with others that are expected later.
    pub(super) fn fails_to_hear(&mut self, mut evidence: Evidence<'_>, ahead: &[Pattern]) -> Failure {
        if let Heard::Line(_) = evidence.heard {
            evidence.later = self.hears_after(evidence.who, evidence.expected);
        }
        self.diagnoses(evidence, ahead)
    }

    /// The lines after a wrong one, up to the expected one if it still comes.
    ///
    /// A barrier with every client proves that the line does not come. Steps 1 and 2 have no barrier: there the
    /// client finishes, and the server ends the connection when it has sent everything. A client that has left passes
    /// no barrier, so what its leaving causes may come at any time; then the peer waits as for any other line.
    fn hears_after(&mut self, who: &str, due: &Pattern) -> Vec<Vec<u8>> {
        let deadline = Instant::now() + self.rules.patience;
        if self.rules.step <= 2 {
            self.peer(who).finishes();
        } else if !self.has_departures {
            for speaker in self.speakers(who) {
                self.asks(&speaker, deadline);
            }
            self.asks(who, deadline);
            return self.hears_until(who, due, Instant::now());
        }
        self.hears_until(who, due, deadline)
    }

    /// The next lines, up to the expected one if it comes in time.
    fn hears_until(&mut self, who: &str, due: &Pattern, deadline: Instant) -> Vec<Vec<u8>> {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        while !lines.last().is_some_and(|line| due.matches_bytes(line))
            && let Heard::Line(line) = self.next(who, deadline)
        {
            lines.push(line);
        }
        lines
    }

    /// Gathers what else is known about a line that did not come.
    fn diagnoses(&mut self, mut evidence: Evidence<'_>, ahead: &[Pattern]) -> Failure {
        let who = evidence.who;
        if !matches!(evidence.heard, Heard::Line(_)) {
            evidence.elsewhere = self.who_else_heard(who, evidence.expected, ahead);
        }
        evidence.meanwhile = self.heard_meanwhile(who);
        self.peer(who).inbox.incomplete().clone_into(&mut evidence.unread);
        evidence.last = self.transcript.last_heard_by(who).map(|line| line.as_bytes().to_owned());
        evidence.ahead = ahead.iter().map(|pattern| self.with_wording(pattern)).collect();
        let mut failure = evidence.diagnose();
        if failure.class == &class::SILENT {
            let patience = self.rules.patience;
            failure = failure.note(format!("{who} waited {patience:?} for the server."));
        }
        self.judged(failure)
    }

    /// Another client that has heard the line.
    fn who_else_heard(&mut self, who: &str, pattern: &Pattern, ahead: &[Pattern]) -> Option<String> {
        if ahead.contains(pattern) {
            return None;
        }
        if pattern.is_for_many()
            && let Some(other) = self.transcript.who_heard_more(who, pattern)
        {
            return Some(other.to_owned());
        }
        self.others(who).into_iter().find(|other| {
            let mut heard = Vec::new();
            while let Heard::Line(line) = self.next(other, Instant::now()) {
                heard.push(line);
            }
            let has = heard.iter().any(|line| pattern.matches_bytes(line));
            self.peer(other).inbox.put_back(heard);
            has
        })
    }

    fn others(&self, who: &str) -> Vec<String> {
        self.present().into_iter().filter(|other| other != who).collect()
    }

    /// Notes on the next line of other clients, for at most two of them.
    fn heard_meanwhile(&mut self, who: &str) -> Vec<String> {
        let mut notes = Vec::new();
        for other in self.others(who) {
            if let Heard::Line(line) = self.next(&other, Instant::now()) {
                notes.push(format!("In the meantime {other} received: {}", escaped(&line)));
                self.peer(&other).inbox.put_back(vec![line]);
            }
        }
        notes.truncate(2);
        notes
    }

    /// Whether a client may hear this line now. It may do so once.
    pub(super) fn may_hear(&mut self, who: &str, text: &str) -> bool {
        let peer = self.peer(who);
        let Some(at) = peer.may_hear.iter().position(|pattern| pattern.matches(text)) else { return false };
        peer.may_hear.remove(at);
        self.transcript.add(who, "<", text);
        true
    }

    /// Whether a line belongs to a later step or to a barrier.
    fn is_ignored(&self, text: &str) -> bool {
        // Such lines are short. Searching every line of a flood would take long.
        const LONGEST: usize = 200;
        if text.len() > LONGEST {
            return false;
        }
        let text = text.to_ascii_lowercase();
        let step = self.rules.step;
        // The steps about wires ask for nothing that only a challenge asks for.
        let challenge = if step < 30 { step } else { 0 };
        (step < 6 && text.contains("has joined the chat"))
            || (step < 11 && text.contains("has left the chat"))
            || (challenge < 22 && is_history(&text))
            || (challenge < 24 && text.contains("is a moderator of this room now"))
            || self.tokens.iter().any(|token| text.contains(token))
    }

    pub(crate) fn with_wording(&self, pattern: &Pattern) -> Pattern {
        match self.rules.wording {
            Wording::Strict => pattern.clone().strict(),
            Wording::Loose => pattern.clone(),
        }
    }

    #[track_caller]
    pub(super) fn peer(&mut self, who: &str) -> &mut Peer {
        let peer = self.peers.iter_mut().find(|peer| peer.name == who);
        peer.expect("only a connected peer acts")
    }

    pub(super) fn leaves(&mut self, who: &str) -> Option<Peer> {
        let at = self.peers.iter().position(|peer| peer.name == who)?;
        self.has_departures = true;
        Some(self.peers.remove(at))
    }

    /// Sends bytes without an entry in the transcript. If the server has hung up, the next listening shows it.
    pub(crate) fn sends_bytes(&mut self, who: &str, bytes: &[u8]) {
        let patience = self.rules.patience;
        if let Err(error) = self.peer(who).sends(bytes, patience)
            && is_timeout(&error)
        {
            self.transcript.add(who, "", "(cannot send, because the server does not read)");
        }
    }
}

/// Whether a line, in lower case, is from the history of a room: its heading, or a message with its time.
fn is_history(text: &str) -> bool {
    let digits =
        |range: std::ops::Range<usize>| text.get(range).is_some_and(|part| part.parse::<u32>().is_ok());
    let has_time = digits(0..4) && digits(5..7) && digits(8..10) && digits(11..13) && digits(14..16);
    (text.starts_with("last ") && text.contains("messages in '"))
        || (has_time && text[16..].starts_with(" ["))
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Read, Write},
        net::{Ipv4Addr, TcpListener, TcpStream},
        sync::atomic::{AtomicBool, Ordering},
        thread,
        time::Duration,
    };

    use super::*;
    use crate::course::{seed::Seed, stage::Rules, subject::Launch};

    /// The class of a failure if `wrong` comes instead of `due`, and `later` comes long after it.
    #[track_caller]
    fn check(step: usize, has_departures: bool, later: &str, class: &class::Class) {
        let serve = move |mut served: TcpStream| {
            served.write_all(b"wrong\n").unwrap();
            let mut question = String::new();
            if step > 2 && !has_departures {
                BufReader::new(&served).read_line(&mut question).unwrap();
            }
            dawdle();
            served.write_all(format!("{later}{question}").as_bytes()).unwrap();
        };
        let failure = with_alice(step, serve, |stage| {
            stage.has_departures = has_departures;
            stage.hears("alice", &Pattern::exactly("due")).unwrap_err()
        });
        assert_eq!(failure.class, class);
    }

    /// A pause that is longer than the course waits without a reason.
    fn dawdle() {
        thread::park_timeout(Duration::from_millis(400));
    }

    /// Runs a check on a stage where a thread serves alice.
    fn with_alice<T>(
        step: usize,
        serve: impl FnOnce(TcpStream) + Send,
        check: impl FnOnce(&mut Stage<'_>) -> T,
    ) -> T {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (served, _) = listener.accept().unwrap();
        let launch = Launch { command: vec![], folder: None, environment: vec![], ready: Duration::ZERO };
        let rules =
            Rules { step, wording: Wording::Loose, patience: Duration::from_secs(20), wire: Wire::Text };
        let mut stage = Stage::with(None, &launch, rules, Seed::new(1));
        stage.peers.push(Peer::new("alice", stream).unwrap());
        thread::scope(|scope| {
            thread::Builder::new().spawn_scoped(scope, || serve(served)).unwrap();
            check(&mut stage)
        })
    }

    #[test]
    fn half_a_line_before_a_slow_farewell_is_an_extra_line_and_not_a_wrong_text() {
        check(11, true, "due\n", &class::EXTRA_LINE);
        check(2, false, "due\n", &class::EXTRA_LINE);
    }

    #[test]
    fn a_barrier_shows_whether_a_slow_server_sends_the_expected_line_after_a_wrong_one() {
        check(11, false, "due\n", &class::EXTRA_LINE);
        check(11, false, "", &class::WRONG_TEXT);
    }
    #[test]
    fn the_name_of_a_client_that_a_slow_server_removes_is_asked_for_only_afterwards() {
        let is_removed = AtomicBool::new(false);
        let serve = |mut served: TcpStream| {
            assert_eq!(served.read(&mut [0]).unwrap(), 0);
            dawdle();
            is_removed.store(true, Ordering::SeqCst);
        };
        with_alice(6, serve, |stage| {
            stage.closes_in_turn("alice");
            assert!(is_removed.load(Ordering::SeqCst) && stage.peers.is_empty());
        });
    }
}
