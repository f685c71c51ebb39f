//! Checks a learner's server: a new process, its peers, and what they can do.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{
    class,
    conversation::{Pattern, Sent, escaped},
    failure::{Evidence, Failure, announces_success},
    peer::{Heard, Peer, is_timeout},
    seed::Seed,
    subject::{Ended, Launch, StartError, Subject},
    transcript::Transcript,
    wire::Wire,
};

mod listening;
mod server;

pub(crate) use server::refused;
pub(crate) use server::start_failure;

/// The result of a check or of one of its parts.
pub type Outcome = Result<(), Failure>;

/// The rules that a program is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The step that is being checked.
    pub step: usize,
    /// Whether sentences must match exactly.
    pub wording: Wording,
    /// How long a peer waits for a line.
    pub patience: Duration,
    /// What the server speaks.
    pub wire: Wire,
}

/// Which parts of a sentence count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// The parts that the step's page names.
    Loose,
    /// The whole sentence.
    Strict,
}

/// What a line means to a peer that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is the expected line.
    Expected,
    /// It does not matter.
    Ignored,
    /// It is a mistake.
    Wrong,
}

/// A running server and its peers.
#[derive(Debug)]
pub struct Stage<'a> {
    /// The rules that it is judged by.
    pub rules: Rules,
    /// What has happened so far.
    pub transcript: Transcript,
    /// The source of random names and texts.
    pub seed: Seed,
    launch: &'a Launch,
    /// Dropped before the subject, so that a server that stops need not wait for its clients.
    peers: Vec<Peer>,
    subject: Option<Subject>,
    /// The signal that has told the server to stop, and when.
    told_to_stop: Option<(Signal, Instant)>,
    /// Whether a client has left or finished. No barrier proves that the server has noticed.
    has_departures: bool,
    /// The random words of all barriers. Peers ignore lines with these words.
    tokens: Vec<String>,
}

/// The pause between two writes of one line, so that the program probably reads them one by one.
const BETWEEN_BYTES: Duration = Duration::from_millis(2);

/// How long a program that hung up may take to end. If it ends within this time, its end is the reason.
const DYING: Duration = Duration::from_millis(150);

impl<'a> Stage<'a> {
    pub(crate) fn new(launch: &'a Launch, rules: Rules, seed: Seed) -> Result<Self, StartError> {
        Ok(Self::with(Some(launch.server(rules.wire)?), launch, rules, seed))
    }

    /// A stage with a server that runs already, or without one.
    pub(crate) fn with(subject: Option<Subject>, launch: &'a Launch, rules: Rules, seed: Seed) -> Self {
        let (transcript, peers, tokens) = (Transcript::default(), Vec::new(), Vec::new());
        let (told_to_stop, has_departures) = (None, false);
        Self { rules, transcript, seed, launch, peers, subject, told_to_stop, has_departures, tokens }
    }

    /// Connects a client, which does not listen yet.
    pub(crate) fn connects(&mut self, who: &str) -> Outcome {
        self.transcript.add(who, "", "(connects)");
        self.connects_silently(who)
    }

    /// Connects a client after a barrier for the others. Many servers welcome and announce a client in two steps, and
    /// without the barrier the order of two arrivals would be random.
    pub(crate) fn connects_in_turn(&mut self, who: &str) -> Outcome {
        // Steps 1 and 2 have no barrier.
        if self.rules.step > 2 {
            self.serves_speakers(who)?;
        }
        self.connects(who)
    }

    /// Makes up different names, in alphabetical order.
    pub(crate) fn names<const N: usize>(&mut self) -> [String; N] {
        // Each begins with another letter, but not with `g` or `l` as guests and the lobby do.
        const LETTERS: &str = "abcdefhijkmnopqrstuvwxyz";
        std::array::from_fn(|i| self.seed.name(&LETTERS[i..=i]))
    }

    /// Connects a client that takes this name, from step 7 on.
    pub(crate) fn enters(&mut self, name: &str) -> Outcome {
        self.connects(name)?;
        if self.rules.wire == Wire::Json {
            self.says(name, &format!(r#"{{"type":"join","room":"lobby","user":"{name}"}}"#));
            return Ok(());
        }
        self.hears_amid_news(name, &Pattern::welcome())?;
        self.says(name, &format!("/nick {name}"));
        self.hears_amid_news(name, &Pattern::with(format!("Nickname changed to '{name}'."), &[name]))
    }

    /// Expects a line and ignores news of other clients before it.
    fn hears_amid_news(&mut self, who: &str, due: &Pattern) -> Outcome {
        let due = &self.with_wording(due);
        let is_news =
            |text: &str| ["has joined", "has left", "known as"].iter().any(|news| text.contains(news));
        self.hears_judged(who, due, |text| match () {
            () if due.matches(text) => Judgement::Expected,
            () if is_news(text) => Judgement::Ignored,
            () => Judgement::Wrong,
        })
    }

    /// Connects clients under these names and skips everything they hear by that.
    pub(crate) fn enter_all(&mut self, names: &[String]) -> Outcome {
        for name in names {
            self.enters(name)?;
            self.is_served(name)?;
        }
        for name in names {
            self.skips_lines(name, &[])?;
        }
        let are_here = if names.len() == 1 { "is here" } else { "are here" };
        self.transcript.restart((!names.is_empty()).then(|| format!("({} {are_here})", names.join(", "))));
        Ok(())
    }

    /// Moves a client to a room and ignores other lines before the answer.
    pub(crate) fn goes_to(&mut self, who: &str, room: &str) -> Outcome {
        self.says(who, &format!("/join {room}"));
        let due = Pattern::with(format!("You joined room '{room}'."), &["You", room]);
        self.hears_at_last(who, &due)
    }

    pub(crate) fn says(&mut self, who: &str, line: &str) {
        self.sends_bytes(who, format!("{line}\n").as_bytes());
        self.transcript.add(who, ">", line);
    }

    /// Sends something from a client, whole or byte by byte.
    pub(crate) fn sends(&mut self, who: &str, sent: &Sent) {
        self.transcript.add(who, if sent.is_bytewise { ">>" } else { ">" }, &sent.shown());
        let bytes = sent.bytes();
        if sent.is_bytewise {
            for byte in bytes {
                self.sends_bytes(who, &[byte]);
                std::thread::park_timeout(BETWEEN_BYTES);
            }
        } else {
            self.sends_bytes(who, &bytes);
        }
        if !sent.is_line {
            std::thread::park_timeout(10 * BETWEEN_BYTES);
        }
    }

    /// Expects a client to hear this line next.
    pub(crate) fn hears(&mut self, who: &str, pattern: &Pattern) -> Outcome {
        self.hears_before(who, pattern, &[])
    }

    /// Expects a client to hear this line next and others later, which helps to diagnose a failure.
    pub(crate) fn hears_before(&mut self, who: &str, pattern: &Pattern, ahead: &[Pattern]) -> Outcome {
        let deadline = Instant::now() + self.rules.patience;
        let pattern = self.with_wording(pattern);
        loop {
            let heard = self.next(who, deadline);
            let text = line_of(&heard);
            if text.is_some_and(|text| pattern.matches(text)) {
                self.transcript.add(who, "<", text.unwrap_or_default());
                return Ok(());
            }
            if text.is_none_or(|text| !self.may_hear(who, text)) {
                return Err(self.fails_to_hear(Evidence::new(who, &pattern, heard), ahead));
            }
        }
    }

    /// Expects one line that refuses what a client has asked for, in any words.
    pub(crate) fn is_refused(&mut self, who: &str) -> Outcome {
        let due = Pattern::with("(one line that refuses it)", &[]);
        let heard = self.next(who, Instant::now() + self.rules.patience);
        let Some(text) = line_of(&heard) else {
            return Err(self.fails_to_hear(Evidence::new(who, &due, heard), &[]));
        };
        if announces_success(text) {
            let failure = Failure::new(&class::ACCEPTED, due.text, format!("{text}\\n")).heard_by(who);
            return Err(self.judged(failure));
        }
        self.transcript.add(who, "<", text);
        Ok(())
    }

    /// Lets the caller judge each line that a client hears, up to the expected one, which a failure shows as `due`.
    pub(crate) fn hears_judged(
        &mut self,
        who: &str,
        due: &Pattern,
        mut judge: impl FnMut(&str) -> Judgement,
    ) -> Outcome {
        let deadline = Instant::now() + self.rules.patience;
        loop {
            let heard = self.next(who, deadline);
            let judgement = match &heard {
                // Where bytes that are not text are sent on, they are no mistake of their own.
                Heard::Line(line) => judge(&String::from_utf8_lossy(line)),
                _ => Judgement::Wrong,
            };
            match judgement {
                Judgement::Ignored => {}
                Judgement::Expected => return Ok(()),
                Judgement::Wrong => return Err(self.fails_to_hear(Evidence::new(who, due, heard), &[])),
            }
        }
    }

    /// Expects a client to hear this line, after any others.
    pub(crate) fn hears_at_last(&mut self, who: &str, due: &Pattern) -> Outcome {
        let judge = |line: &str| if due.matches(line) { Judgement::Expected } else { Judgement::Ignored };
        self.hears_judged(who, due, judge)
    }

    /// Expects that a client has heard nothing, after barriers for it and for all who sent something.
    pub(crate) fn hears_nothing(&mut self, who: &str) -> Outcome {
        let was_first = self.rules.wire == Wire::Json && !self.peer(who).has_sent;
        self.serves_speakers(who)?;
        self.is_served(who)?;
        loop {
            let heard = self.next(who, Instant::now());
            match line_of(&heard) {
                None => return Ok(()),
                Some(text) if self.may_hear(who, text) => {}
                Some(text) => {
                    let is_repeated = self.transcript.last_heard_by(who) == Some(text);
                    let class = match () {
                        () if was_first => &class::SPEAKS_FIRST,
                        () if is_repeated => &class::TWICE,
                        () => &class::OVERHEARD,
                    };
                    let failure = Failure::new(class, "(nothing)", format!("{text}\\n")).heard_by(who);
                    return Err(self.judged(failure));
                }
            }
        }
    }

    /// Drops the lines that a client has heard so far. It does not ask anything.
    pub(crate) fn drops_lines(&mut self, who: &str) {
        while let Heard::Line(_) = self.next(who, Instant::now()) {}
    }

    /// Skips all lines that a client has heard, which must contain these words.
    pub(crate) fn skips_lines(&mut self, who: &str, words: &[String]) -> Outcome {
        self.is_served(who)?;
        let mut passed = String::new();
        while let Heard::Line(line) = self.next(who, Instant::now()) {
            passed.push_str(&escaped(&line));
            passed.push_str("\\n ");
        }
        let missing: Vec<_> = words.iter().filter(|word| !passed.contains(*word)).cloned().collect();
        if missing.is_empty() {
            if !words.is_empty() {
                self.transcript.add(who, "*", &words.join(" "));
            }
            return Ok(());
        }
        let expected = format!("lines that contain {}", missing.join(" and "));
        let received = if passed.is_empty() { "(nothing)".to_owned() } else { passed };
        Err(self.judged(Failure::new(&class::MISSING_LINE, expected, received).heard_by(who)))
    }

    /// Expects the end of a client's stream next.
    pub(crate) fn hears_the_end(&mut self, who: &str) -> Outcome {
        let deadline = Instant::now() + self.rules.patience;
        loop {
            let heard = self.next(who, deadline);
            let class = match &heard {
                Heard::End => {
                    self.transcript.add(who, "", "(hears the end)");
                    return Ok(());
                }
                Heard::Line(_) if line_of(&heard).is_some_and(|text| self.may_hear(who, text)) => continue,
                Heard::Line(_) => &class::EXTRA_LINE,
                Heard::Silence => &class::STILL_OPEN,
                Heard::Reset => &class::RESET,
            };
            let received = line_of(&heard).map_or("(nothing)".to_owned(), |text| format!("{text}\\n"));
            let failure = Failure::new(class, "(the end of the stream)", received).heard_by(who);
            return Err(self.judged(failure));
        }
    }

    /// From now on a client may hear this line once.
    pub(crate) fn allows_line(&mut self, who: &str, pattern: &Pattern) {
        let pattern = self.with_wording(pattern);
        self.peer(who).may_hear.push(pattern);
    }

    /// Closes the sending side of a client.
    pub(crate) fn finishes(&mut self, who: &str) {
        self.transcript.add(who, "", "(finishes)");
        self.peer(who).finishes();
        self.has_departures = true;
    }

    pub(crate) fn closes(&mut self, who: &str) {
        self.transcript.add(who, "", "(closes)");
        self.leaves(who);
    }

    /// Connects one of many clients, without an entry in the transcript.
    pub(crate) fn connects_silently(&mut self, who: &str) -> Outcome {
        let peer = Peer::new(who, self.call()?);
        self.peers.push(peer.map_err(|error| refused(&error))?);
        Ok(())
    }

    /// Closes the connection of one of many clients, without an entry in the transcript.
    pub(crate) fn leaves_silently(&mut self, who: &str) {
        self.leaves(who);
    }

    /// Closes the connection of a client after the server has hung up on it, which shows that the server has noticed.
    /// A server that does not hang up is given the usual time.
    pub(crate) fn closes_in_turn(&mut self, who: &str) {
        let deadline = Instant::now() + self.rules.patience;
        self.peer(who).finishes();
        while let Heard::Line(_) = self.next(who, deadline) {}
        self.closes(who);
    }

    pub(crate) fn resets(&mut self, who: &str) {
        self.transcript.add(who, "", "(resets)");
        if let Some(peer) = self.leaves(who) {
            peer.resets();
        }
    }

    /// Adds a remark to the transcript, in place of lines that are too many to show.
    pub(crate) fn remark(&mut self, remark: &str) {
        self.transcript.add("", "", remark);
    }

    /// Starts the transcript again with a remark.
    pub(crate) fn restarts_transcript(&mut self, remark: &str) {
        self.transcript.restart(Some(remark.to_owned()));
    }

    /// The names of all clients whose connection has not ended.
    pub(crate) fn present(&self) -> Vec<String> {
        self.peers.iter().filter(|peer| peer.is_open()).map(|peer| peer.name.clone()).collect()
    }
}

/// The text of a line that is UTF-8.
fn line_of(heard: &Heard) -> Option<&str> {
    match heard {
        Heard::Line(line) => std::str::from_utf8(line).ok(),
        _ => None,
    }
}
