//! How peers listen: what is no news to them, barriers, and what a wrong line is evidence of.

use super::{
    AFTERMATH, Evidence, Failure, Heard, Instant, Outcome, Pattern, Peer, Stage, Wording, class, escaped,
    is_timeout, line_of,
};

impl Stage<'_> {
    /// The next thing that is news for a client.
    pub(super) fn next(&mut self, who: &str, deadline: Instant) -> Heard {
        loop {
            let heard = self.peer(who).listens(deadline);
            if line_of(&heard).is_none_or(|text| !self.is_no_news(text)) {
                return heard;
            }
        }
    }

    /// The barrier: the client asks something new, and the answer comes. What came before it is there
    /// to be looked at.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn is_served(&mut self, who: &str) -> Outcome {
        let token = self.seed.token();
        let question = if self.rules.step >= 9 { format!("/{token}") } else { token.clone() };
        self.tokens.push(token.clone());
        self.sends_quietly(who, format!("{question}\n").as_bytes());
        let deadline = Instant::now() + self.rules.patience;
        let mut before = Vec::new();
        let last = loop {
            match self.peer(who).listens(deadline) {
                Heard::Line(line) if is_about(&line, &token) => break None,
                Heard::Line(line) => before.push(line),
                other => break Some(other),
            }
        };
        self.peer(who).puts_back(before);
        self.peer(who).has_spoken = false;
        let Some(heard) = last else { return Ok(()) };
        self.transcript.add(who, ">", &question);
        let answer = Pattern::with(format!("(an answer to {question})"), &[&token]);
        // What it heard meanwhile may be what is wrong.
        let heard = match self.next(who, Instant::now()) {
            line @ Heard::Line(_) => line,
            _ => heard,
        };
        Err(self.fails_to_hear(who, &answer, heard, &[]))
    }

    /// Everybody but this one who has come or has said something is served.
    pub(super) fn serves_speakers(&mut self, but: &str) -> Outcome {
        let speakers = self.peers.iter().filter(|peer| peer.has_spoken && peer.is_open() && peer.name != but);
        let speakers: Vec<_> = speakers.map(|peer| peer.name.clone()).collect();
        speakers.iter().try_for_each(|speaker| self.is_served(speaker))
    }

    /// Everything that is known about a line that did not come.
    pub(super) fn fails_to_hear(
        &mut self,
        who: &str,
        pattern: &Pattern,
        heard: Heard,
        ahead: &[Pattern],
    ) -> Failure {
        let deadline = Instant::now() + AFTERMATH;
        let mut later = Vec::new();
        while let Heard::Line(line) = self.next(who, deadline) {
            later.push(line);
        }
        let elsewhere = match heard {
            Heard::Line(_) => None,
            _ => self.who_else_heard(who, pattern, ahead),
        };
        let mut evidence = Evidence::new(who, pattern, heard);
        evidence.meanwhile = self.heard_meanwhile(who);
        self.peer(who).unread().clone_into(&mut evidence.unread);
        evidence.last = self.transcript.last_heard_by(who).map(|line| line.as_bytes().to_owned());
        evidence.ahead = ahead.iter().map(|pattern| self.worded(pattern)).collect();
        (evidence.later, evidence.elsewhere) = (later, elsewhere);
        let mut failure = evidence.diagnose();
        if failure.class == &class::SILENT {
            let patience = self.rules.patience;
            failure = failure.note(format!("{who} waited {patience:?} for the server."));
        }
        self.judged(failure)
    }

    /// Somebody who has heard the line and does not wait for it.
    fn who_else_heard(&mut self, who: &str, pattern: &Pattern, ahead: &[Pattern]) -> Option<String> {
        if ahead.contains(pattern) {
            return None;
        }
        let others: Vec<_> = self.present().into_iter().filter(|other| other != who).collect();
        others.into_iter().find(|other| {
            let mut heard = Vec::new();
            while let Heard::Line(line) = self.next(other, Instant::now()) {
                heard.push(line);
            }
            let has = heard.iter().any(|line| std::str::from_utf8(line).is_ok_and(|l| pattern.matches(l)));
            self.peer(other).puts_back(heard);
            has
        })
    }

    /// The first line that each of the others has heard and nobody has looked at; of two of them at
    /// most.
    fn heard_meanwhile(&mut self, who: &str) -> Vec<String> {
        let others: Vec<_> = self.present().into_iter().filter(|other| other != who).collect();
        let mut notes = Vec::new();
        for other in others {
            if let Heard::Line(line) = self.next(&other, Instant::now()) {
                notes.push(format!("Meanwhile {other} heard: {}", escaped(&line)));
                self.peer(&other).puts_back(vec![line]);
            }
        }
        notes.truncate(2);
        notes
    }

    /// Whether a line is one that the client may hear now, or need not; it may so only once.
    pub(super) fn may_hear(&mut self, who: &str, text: &str) -> bool {
        let peer = self.peer(who);
        let Some(at) = peer.may_hear.iter().position(|pattern| pattern.matches(text)) else { return false };
        peer.may_hear.remove(at);
        self.transcript.add(who, "<", text);
        true
    }

    /// A line that a later step brings, or somebody's barrier.
    fn is_no_news(&self, text: &str) -> bool {
        // News are short; looking for all of them in megabytes would take its time.
        const LONGEST: usize = 200;
        if text.len() > LONGEST {
            return false;
        }
        let text = text.to_ascii_lowercase();
        let step = self.rules.step;
        (step < 6 && text.contains("has joined the chat"))
            || (step < 11 && text.contains("has left the chat"))
            || (step < 22 && is_history(&text))
            || (step < 24 && text.contains("is a moderator of this room now"))
            || self.tokens.iter().any(|token| text.contains(token))
    }

    pub(super) fn is_last_of(&self, who: &str, text: &str) -> bool {
        self.transcript.last_heard_by(who) == Some(text)
    }

    pub(in crate::course) fn worded(&self, pattern: &Pattern) -> Pattern {
        match self.rules.wording {
            Wording::ToTheLetter => pattern.clone().strict(),
            Wording::ThoseThatCount => pattern.clone(),
        }
    }

    /// A peer of the conversation.
    #[track_caller]
    pub(super) fn peer(&mut self, who: &str) -> &mut Peer {
        let peer = self.peers.iter_mut().find(|peer| peer.name == who);
        peer.expect("a conversation lets nobody act who has not connected")
    }

    /// Takes a peer out of the conversation.
    pub(super) fn leaves(&mut self, who: &str) -> Option<Peer> {
        let at = self.peers.iter().position(|peer| peer.name == who)?;
        Some(self.peers.remove(at))
    }

    /// Sends; whoever is hung up on hears that when it listens.
    pub fn sends_quietly(&mut self, who: &str, bytes: &[u8]) {
        let patience = self.rules.patience;
        if let Err(error) = self.peer(who).sends(bytes, patience)
            && is_timeout(&error)
        {
            self.transcript.add(who, "", "(cannot send: the server does not read)");
        }
    }
}

/// What is told to whoever comes later: `Last 2 messages in 'ops':`, and the lines with their times.
fn is_history(text: &str) -> bool {
    let digits =
        |range: std::ops::Range<usize>| text.get(range).is_some_and(|part| part.parse::<u32>().is_ok());
    let has_time = digits(0..4) && digits(5..7) && digits(8..10) && digits(11..13) && digits(14..16);
    (text.starts_with("last ") && text.contains("messages in '"))
        || (has_time && text[16..].starts_with(" ["))
}

fn is_about(line: &[u8], token: &str) -> bool {
    memchr::memmem::find(line, token.as_bytes()).is_some()
}
