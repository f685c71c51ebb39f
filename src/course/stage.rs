//! Where a check takes place: one fresh program, the peers that talk to it, and what they can do.

use std::{
    io,
    time::{Duration, Instant},
};

use super::{
    class,
    conversation::{Ending, Pattern, Sent, Signal, Writes, escaped},
    failure::{Evidence, Failure},
    peer::{Heard, Peer, is_timeout},
    seed::Seed,
    subject::{Ended, Launch, StartError, Subject},
    transcript::Transcript,
};

mod company;
mod listening;
mod server;

pub use server::start_failure;

/// What a check says about a program.
pub type Outcome = Result<(), Failure>;

/// How a program is judged.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The step that is being checked.
    pub step: usize,
    /// Whether sentences count to the letter.
    pub wording: Wording,
    /// How long a peer waits for anything.
    pub patience: Duration,
}

/// Which words count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// Those that the step's page says.
    ThoseThatCount,
    /// All of them.
    ToTheLetter,
}

/// What a line is to somebody who waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// What was waited for.
    Due,
    /// No matter.
    Passing,
    /// A mistake.
    Wrong,
}

/// A program and its peers.
#[derive(Debug)]
pub struct Stage<'a> {
    /// How it is judged.
    pub rules: Rules,
    /// What has happened.
    pub transcript: Transcript,
    /// Where names and texts come from.
    pub seed: Seed,
    launch: &'a Launch,
    /// Before the subject, because dropped before it: a server that stops need not wait for them.
    peers: Vec<Peer>,
    subject: Option<Subject>,
    was_told_to_stop: bool,
    /// Whether a client has left or finished. No barrier proves that the server has noticed.
    has_departures: bool,
    /// What the barriers said or asked: no news for anybody.
    tokens: Vec<String>,
}

/// Between two writes of one line, so that the program most likely reads them one by one.
const BETWEEN_BYTES: Duration = Duration::from_millis(2);

/// How long a program that hung up may take to end. Then its end is the reason.
const DYING: Duration = Duration::from_millis(150);

impl<'a> Stage<'a> {
    /// Starts the program.
    ///
    /// # Errors
    /// When it does not start, or does not listen.
    pub fn new(launch: &'a Launch, rules: Rules, seed: Seed) -> Result<Self, StartError> {
        Ok(Self {
            rules,
            transcript: Transcript::default(),
            seed,
            launch,
            peers: Vec::new(),
            subject: Some(launch.server()?),
            was_told_to_stop: false,
            has_departures: false,
            tokens: Vec::new(),
        })
    }

    /// A client connects, and hears nothing yet.
    ///
    /// # Errors
    /// When the program does not take the connection.
    pub fn connects(&mut self, who: &str) -> Outcome {
        self.transcript.add(who, "", "(connects)");
        let peer = Peer::new(who, self.call()?);
        let failed =
            |error: io::Error| Failure::new(&class::REFUSED, "a client can connect", error.to_string());
        self.peers.push(peer.map_err(failed)?);
        Ok(())
    }

    /// A client connects when everything is done that the others have asked for: few servers welcome and
    /// announce somebody in one step, and the order of two arrivals is none of a conversation's business.
    ///
    /// # Errors
    /// When somebody is not served, or the program does not take the connection.
    pub fn connects_in_turn(&mut self, who: &str) -> Outcome {
        // Steps 1 and 2 know no question that could be asked.
        if self.rules.step > 2 {
            self.serves_speakers(who)?;
        }
        self.connects(who)
    }

    /// A client says a line.
    pub fn says(&mut self, who: &str, line: &str) {
        self.sends_quietly(who, format!("{line}\n").as_bytes());
        self.transcript.add(who, ">", line);
    }

    /// A client sends something.
    pub fn sends(&mut self, who: &str, sent: &Sent) {
        let sign = if sent.writes == Writes::EachByte { ">>" } else { ">" };
        self.transcript.add(who, sign, &sent.shown());
        let bytes = sent.bytes();
        match sent.writes {
            Writes::Once => self.sends_quietly(who, &bytes),
            Writes::EachByte => {
                for byte in bytes {
                    self.sends_quietly(who, &[byte]);
                    std::thread::park_timeout(BETWEEN_BYTES);
                }
            }
        }
        if sent.ending == Ending::Nothing {
            std::thread::park_timeout(10 * BETWEEN_BYTES);
        }
    }

    /// The next line that a client hears must be this one.
    ///
    /// # Errors
    /// When it is not.
    pub fn hears(&mut self, who: &str, pattern: &Pattern) -> Outcome {
        self.hears_before(who, pattern, &[])
    }

    /// The same, where these are due later.
    ///
    /// # Errors
    /// When it hears another.
    pub fn hears_before(&mut self, who: &str, pattern: &Pattern, ahead: &[Pattern]) -> Outcome {
        let deadline = Instant::now() + self.rules.patience;
        let pattern = self.worded(pattern);
        loop {
            let heard = self.next(who, deadline);
            let text = line_of(&heard);
            if text.is_some_and(|text| pattern.matches(text)) {
                self.transcript.add(who, "<", text.unwrap_or_default());
                return Ok(());
            }
            if text.is_none_or(|text| !self.may_hear(who, text)) {
                return Err(self.fails_to_hear(who, &pattern, heard, ahead));
            }
        }
    }

    /// A client hears lines until one of them is due, where the caller judges them; `due` is what a
    /// failure says was missing.
    ///
    /// # Errors
    /// When none is, or one is wrong.
    pub fn hears_out(
        &mut self,
        who: &str,
        due: &Pattern,
        mut judge: impl FnMut(&str) -> Judgement,
    ) -> Outcome {
        let deadline = Instant::now() + self.rules.patience;
        loop {
            let heard = self.next(who, deadline);
            match line_of(&heard).map_or(Judgement::Wrong, &mut judge) {
                Judgement::Passing => {}
                Judgement::Due => return Ok(()),
                Judgement::Wrong => return Err(self.fails_to_hear(who, due, heard, &[])),
            }
        }
    }

    /// A client has heard nothing, and everybody who spoke has been served.
    ///
    /// # Errors
    /// When it has heard something.
    pub fn hears_nothing(&mut self, who: &str) -> Outcome {
        self.serves_speakers(who)?;
        self.is_served(who)?;
        loop {
            let heard = self.next(who, Instant::now());
            match line_of(&heard) {
                None => return Ok(()),
                Some(text) if self.may_hear(who, text) => {}
                Some(text) => {
                    let class = if self.is_last_of(who, text) { &class::TWICE } else { &class::OVERHEARD };
                    let failure = Failure::new(class, format!("(nothing for {who})"), format!("{text}\\n"));
                    return Err(self.judged(failure));
                }
            }
        }
    }

    /// A client lets pass whatever has come, and all these words are somewhere in it.
    ///
    /// # Errors
    /// When one of them is not.
    pub fn lets_pass(&mut self, who: &str, words: &[String]) -> Outcome {
        self.is_served(who)?;
        let mut passed = String::new();
        while let Heard::Line(line) = self.next(who, Instant::now()) {
            passed.push_str(&escaped(&line));
            passed.push_str("\\n ");
        }
        let missing: Vec<_> = words.iter().filter(|word| !passed.contains(*word)).cloned().collect();
        if missing.is_empty() {
            self.transcript.add(who, "*", &words.join(" "));
            return Ok(());
        }
        let expected = format!("lines with {}", missing.join(" and "));
        let received = if passed.is_empty() { "(nothing)".to_owned() } else { passed };
        Err(self.judged(Failure::new(&class::MISSING_LINE, expected, received)))
    }

    /// The next thing that a client hears must be the end of the stream.
    ///
    /// # Errors
    /// When it is not.
    pub fn hears_the_end(&mut self, who: &str) -> Outcome {
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
            let failure = Failure::new(class, format!("(the end of the stream for {who})"), received);
            return Err(self.judged(failure));
        }
    }

    /// From now on a client may hear this, once.
    pub fn might_hear(&mut self, who: &str, pattern: &Pattern) {
        let pattern = self.worded(pattern);
        self.peer(who).may_hear.push(pattern);
    }

    /// A client has nothing more to say.
    pub fn finishes(&mut self, who: &str) {
        self.transcript.add(who, "", "(finishes)");
        self.peer(who).finishes();
        self.has_departures = true;
    }

    /// A client hangs up.
    pub fn closes(&mut self, who: &str) {
        self.transcript.add(who, "", "(closes)");
        self.leaves(who);
    }

    /// A client vanishes.
    pub fn resets(&mut self, who: &str) {
        self.transcript.add(who, "", "(resets)");
        if let Some(peer) = self.leaves(who) {
            peer.resets();
        }
    }

    /// Everybody whose connection has not ended.
    pub fn present(&self) -> Vec<String> {
        self.peers.iter().filter(|peer| peer.is_open()).map(|peer| peer.name.clone()).collect()
    }
}

/// The text of a line, if it is one.
fn line_of(heard: &Heard) -> Option<&str> {
    match heard {
        Heard::Line(line) => std::str::from_utf8(line).ok(),
        _ => None,
    }
}
