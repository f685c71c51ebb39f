//! What the user says, and what becomes of it.
//!
//! A line waits until the server's pace allows it, is under way, and then has one of three fates: the
//! server has said it, the server has refused it, or the connection was lost and it is unknown. To tell
//! them apart, `/mark` is sent after each line: the server answers it after everything that the line has
//! caused. A server that does not know `/mark` cannot tell its pace, so nothing waits.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::verb;
use crate::{command::Kind, event::mark::Mark};

/// How long lines wait for the first mark's answer. After that, the server counts as one without marks.
const PATIENCE: Duration = Duration::from_secs(1);

/// The most lines that are under way. A server that answers nothing gets no more.
const MOST_UNDER_WAY: usize = 8;

/// How long a server may owe an answer before the client calls it silent.
const SILENCE: Duration = Duration::from_secs(10);

/// The lines on their way.
#[derive(Debug, Default)]
pub(super) struct Speech {
    /// Not sent yet, the oldest first.
    waiting: VecDeque<Typed>,
    /// Sent, but their fate is not known yet, the oldest first.
    under_way: VecDeque<UnderWay>,
    pace: Option<Pace>,
    /// Since when there is a connection.
    connected: Option<Instant>,
    /// Whether the server knows `/mark`; `None` until it has answered one.
    knows_marks: Option<bool>,
    /// The numbers of the last mark that was asked for, and of the last that was answered.
    last_token: u64,
    last_answer: u64,
    /// How long the server took to answer the last mark.
    pub(super) lag: Option<Duration>,
}

/// A line that the user has typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Typed {
    /// What is sent, without its newline.
    pub(super) line: String,
    /// Whether the server repeats it to its sender. Other commands have answers of their own.
    pub(super) is_said: bool,
}

impl Typed {
    pub(super) fn new(line: &str) -> Self {
        let is_said = match verb(line) {
            Some((verb, _)) => verb.kind == Kind::Speech,
            None => !line.starts_with('/') || line.starts_with("//"),
        };
        Self { line: line.to_owned(), is_said }
    }
}

#[derive(Debug)]
struct UnderWay {
    /// `None` for a mark that stands alone.
    line: Option<String>,
    token: u64,
    at: Instant,
    is_heard: bool,
}

/// A copy of the token bucket that the server keeps for this client.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// How long it takes for one more token.
    interval: Duration,
    burst: u32,
    left: u32,
    /// When `left` was counted.
    since: Instant,
}

impl Speech {
    /// Lets a line wait for its turn.
    pub(super) fn say(&mut self, typed: Typed) {
        self.waiting.push_back(typed);
    }

    /// What to send now, with newlines; `None` if nothing may be sent yet. Lines stay in order, so a
    /// command waits for the messages before it.
    pub(super) fn next(&mut self, now: Instant) -> Option<String> {
        if self.knows_marks.is_none() && self.connected.is_some_and(|at| now >= at + PATIENCE) {
            // If the server answers a mark later after all, it knows marks.
            self.knows_marks = Some(false);
        }
        let is_due = self.due(now)? <= now;
        let Typed { line, is_said } = is_due.then(|| self.waiting.pop_front())??;
        if !is_said {
            return Some(line + "\n");
        }
        if let Some(pace) = &mut self.pace {
            pace.take(now);
        }
        if self.knows_marks == Some(false) {
            let sent = line.clone() + "\n";
            self.under_way.push_back(UnderWay { line: Some(line), token: 0, at: now, is_heard: false });
            return Some(sent);
        }
        let mark = self.mark_for(Some(line.clone()), now);
        Some(format!("{line}\n{mark}"))
    }

    /// When [`Speech::next`] has something; `None` if nothing waits, or nothing can be sent now.
    fn due(&self, now: Instant) -> Option<Instant> {
        let (first, connected) = (self.waiting.front()?, self.connected?);
        match self.knows_marks {
            // Without an answer yet, the account, the nickname and the room may not be set yet either.
            None => Some(connected + PATIENCE),
            Some(true) if self.under_way.len() >= MOST_UNDER_WAY => None,
            Some(_) => Some(self.pace.filter(|_| first.is_said).map_or(now, |pace| pace.ready(now))),
        }
    }

    /// There is a new connection.
    pub(super) fn connected(&mut self, now: Instant) {
        self.connected = Some(now);
    }

    /// Asks where we are in the chat; the line to send.
    pub(super) fn mark(&mut self, now: Instant) -> Option<String> {
        (self.knows_marks != Some(false)).then(|| self.mark_for(None, now))
    }

    /// The server has said a line of ours that ends with this text.
    pub(super) fn echoed(&mut self, text: &str) {
        if self.knows_marks == Some(false) {
            // Lines come back in order, so earlier ones that did not come back were refused.
            let is_it = |line: &UnderWay| line.line.as_ref().is_some_and(|line| line.ends_with(text));
            let heard = self.under_way.iter().position(is_it).map_or(0, |at| at + 1);
            self.under_way.drain(..heard);
            return;
        }
        let is_open = |line: &&mut UnderWay| line.line.is_some() && !line.is_heard;
        if let Some(line) = self.under_way.iter_mut().find(is_open) {
            line.is_heard = true;
        }
    }

    /// The server has answered a mark. Returns the lines that it has refused.
    pub(super) fn marked(&mut self, mark: &Mark, now: Instant) -> Vec<String> {
        self.knows_marks = Some(true);
        self.last_answer = mark.token;
        self.pace = Pace::new(mark, now);
        let mut refused = Vec::new();
        while self.under_way.front().is_some_and(|first| first.token <= mark.token) {
            let Some(UnderWay { line, at, is_heard, .. }) = self.under_way.pop_front() else { break };
            self.lag = Some(now.saturating_duration_since(at));
            refused.extend(line.filter(|_| !is_heard));
        }
        // The server's count does not include what was sent in the meantime.
        for _ in self.under_way.iter().filter(|line| line.line.is_some()) {
            if let Some(pace) = &mut self.pace {
                pace.take(now);
            }
        }
        refused
    }

    /// Whether the answer to a mark is still to come.
    pub(super) fn expects_mark(&self) -> bool {
        self.last_answer < self.last_token
    }

    /// The server does not know `/mark`.
    pub(super) fn unmarked(&mut self) {
        self.knows_marks = Some(false);
        self.last_answer += 1;
        self.under_way.retain(|line| line.line.is_some() && !line.is_heard);
    }

    /// The connection is gone. Returns the lines whose fate is not known. Waiting lines go on waiting.
    pub(super) fn lost(&mut self) -> Vec<String> {
        (self.pace, self.connected, self.knows_marks, self.lag) = (None, None, None, None);
        self.last_answer = self.last_token;
        let lines = self.under_way.drain(..).filter(|line| !line.is_heard);
        lines.filter_map(|line| line.line).collect()
    }

    /// The lines without a fate, the oldest first: those under way, then those that wait. Without marks,
    /// the fate of a line that was sent is never known for sure.
    pub(super) fn open(&self) -> impl Iterator<Item = &str> {
        let knows_marks = self.knows_marks != Some(false);
        let under_way = self.under_way.iter().filter(move |line| knows_marks && !line.is_heard);
        let under_way = under_way.filter_map(|line| line.line.as_deref());
        under_way.chain(self.waiting.iter().map(|typed| typed.line.as_str()))
    }

    /// Whether the server has told its pace on this connection.
    pub(super) fn has_pace(&self) -> bool {
        self.knows_marks == Some(true)
    }

    /// Takes back the lines that were not sent yet and are like this.
    pub(super) fn withdraw(&mut self, is_it: impl Fn(&str) -> bool) -> Vec<String> {
        let taken = self.waiting.iter().filter(|typed| is_it(&typed.line)).map(|typed| typed.line.clone());
        let taken = taken.collect();
        self.waiting.retain(|typed| !is_it(&typed.line));
        taken
    }

    /// How many lines wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// For how long the server has owed an answer, if that is too long.
    pub(super) fn silence(&self, now: Instant) -> Option<Duration> {
        let first = self.under_way.front().filter(|_| self.knows_marks == Some(true))?;
        Some(now.saturating_duration_since(first.at)).filter(|silence| *silence >= SILENCE)
    }

    fn mark_for(&mut self, line: Option<String>, now: Instant) -> String {
        self.last_token += 1;
        let token = self.last_token;
        self.under_way.push_back(UnderWay { line, token, at: now, is_heard: false });
        format!("/mark {token}\n")
    }
}

impl Pace {
    fn new(mark: &Mark, now: Instant) -> Option<Self> {
        let interval = Duration::from_secs(1).checked_div(mark.rate)?;
        Some(Self { interval, burst: mark.burst.max(1), left: mark.left, since: now })
    }

    /// When there is a token.
    fn ready(&self, now: Instant) -> Instant {
        if self.at(now).left > 0 { now } else { self.at(now).since + self.interval }
    }

    fn take(&mut self, now: Instant) {
        *self = self.at(now);
        self.left = self.left.saturating_sub(1);
    }

    /// The bucket as it is now.
    fn at(&self, now: Instant) -> Self {
        let gained = now.saturating_duration_since(self.since).as_nanos() / self.interval.as_nanos().max(1);
        let gained = u32::try_from(gained).unwrap_or(u32::MAX);
        let left = self.left.saturating_add(gained).min(self.burst);
        let since = if left == self.burst { now } else { self.since + self.interval * gained };
        Self { left, since, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: Mark = Mark { token: 0, seq: 1, rate: 5, burst: 5, left: 5, text: 1024, line: 8192 };
    const TURN: Duration = Duration::from_millis(200);

    fn said(line: &str) -> Typed {
        Typed { line: line.to_owned(), is_said: true }
    }

    /// A connection to a server that knows marks.
    fn speech(now: Instant, left: u32) -> Speech {
        let mut speech = Speech::default();
        speech.connected(now);
        assert_eq!(speech.mark(now).as_deref(), Some("/mark 1\n"));
        speech.marked(&Mark { token: 1, left, ..MARK }, now);
        speech
    }

    #[test]
    fn nothing_is_sent_faster_than_the_server_allows() {
        let start = Instant::now();
        let mut speech = speech(start, 2);
        (0..4).for_each(|n| speech.say(said(&n.to_string())));
        assert_eq!(speech.next(start).as_deref(), Some("0\n/mark 2\n"));
        assert_eq!(speech.next(start).as_deref(), Some("1\n/mark 3\n"));
        assert_eq!((speech.next(start), speech.due(start)), (None, Some(start + TURN)));
        assert_eq!(speech.next(start + TURN).as_deref(), Some("2\n/mark 4\n"));
        assert_eq!((speech.next(start + TURN), speech.waiting()), (None, 1));
    }

    #[test]
    fn the_servers_count_does_not_include_what_is_still_under_way() {
        let start = Instant::now();
        let mut speech = speech(start, 5);
        (0..6).for_each(|n| speech.say(said(&n.to_string())));
        (0..5).for_each(|_| assert!(speech.next(start).is_some()));
        speech.echoed("0");
        speech.marked(&Mark { token: 2, left: 4, ..MARK }, start);
        assert_eq!(speech.next(start), None, "four of the five are under way");
    }

    #[test]
    fn each_line_has_one_of_three_fates() {
        let start = Instant::now();
        let mut speech = speech(start, 5);
        for line in ["heard", "refused", "unknown", "waits"] {
            speech.say(said(line));
        }
        (0..3).for_each(|_| assert!(speech.next(start).is_some()));
        speech.echoed("heard");
        assert_eq!(speech.marked(&Mark { token: 2, ..MARK }, start), [""; 0]);
        assert_eq!(speech.marked(&Mark { token: 3, ..MARK }, start), ["refused"]);
        assert_eq!(speech.open().collect::<Vec<_>>(), ["unknown", "waits"]);
        assert_eq!(speech.lost(), ["unknown"]);
        assert_eq!(speech.open().collect::<Vec<_>>(), ["waits"]);
        assert_eq!(speech.next(start + TURN), None, "there is no connection");
    }

    #[test]
    fn a_command_waits_for_the_messages_before_it() {
        let start = Instant::now();
        let mut speech = speech(start, 0);
        speech.say(said("one"));
        speech.say(Typed { line: "/join ops".to_owned(), is_said: false });
        assert_eq!(speech.next(start), None);
        assert!(speech.next(start + TURN).is_some());
        assert_eq!(speech.next(start + TURN).as_deref(), Some("/join ops\n"));
    }

    #[test]
    fn a_server_without_marks_is_not_waited_for() {
        let start = Instant::now();
        let mut speech = Speech::default();
        speech.connected(start);
        assert!(speech.mark(start).is_some());
        speech.unmarked();
        (0..9).for_each(|n| speech.say(said(&n.to_string())));
        assert_eq!(speech.next(start).as_deref(), Some("0\n"));
        (1..9).for_each(|_| assert!(speech.next(start).is_some()));
        assert!(speech.open().next().is_none() && !speech.expects_mark());
        speech.echoed("5");
        assert_eq!(speech.lost(), ["6", "7", "8"]);
    }

    #[test]
    fn a_server_that_does_not_answer_its_first_mark_is_like_one_that_cannot() {
        let start = Instant::now();
        let mut speech = Speech::default();
        speech.connected(start);
        assert!(speech.mark(start).is_some());
        speech.say(said("hello"));
        assert_eq!(speech.next(start + PATIENCE / 2), None);
        assert_eq!(speech.next(start + PATIENCE).as_deref(), Some("hello\n"));
        assert!(speech.open().next().is_none());
        speech.marked(&Mark { token: 1, ..MARK }, start + 2 * PATIENCE);
        assert!(speech.has_pace());
    }

    #[test]
    fn a_server_that_owes_an_answer_is_silent_after_ten_seconds() {
        let start = Instant::now();
        let mut speech = speech(start, 5);
        assert_eq!(speech.silence(start + SILENCE), None);
        speech.say(said("hello"));
        assert!(speech.next(start).is_some());
        assert_eq!(speech.silence(start + SILENCE / 2), None);
        assert_eq!(speech.silence(start + SILENCE), Some(SILENCE));
    }
}
