//! What the client does with keys and with the server's lines. Nothing here waits or draws.

use std::{
    io,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::Sender;

use super::{
    Error, Options,
    asking::Asking,
    backoff::Backoff,
    catching_up::CatchingUp,
    interactive::Mouth,
    link::{Link, News},
    output::Output,
    questions::Question,
    seal::{self, Seals},
    secret,
    speech::Speech,
    status::{Ending, Status},
    stream::Stream,
    transfers::Transfers,
};
use crate::{
    editor::{Buffer, Editor, History},
    event::{
        heard::{Heard, Names},
        mark::Mark,
    },
    screen::Live,
};

mod keys;
mod sealing;
mod showing;

/// How long the server may take to answer `/quit`.
const FAREWELL: Duration = Duration::from_secs(2);

/// How often the client sends `/mark` while others speak. After a lost connection, it compares the lines
/// since the last mark one by one.
const MARKING: Duration = Duration::from_secs(5);

/// The client's state on a terminal.
pub(super) struct Chat {
    pub(super) options: Arc<Options>,
    pub(super) status: Status,
    pub(super) way: Way,
    pub(super) output: Output,
    typing: Typing,
    transfers: Arc<Transfers>,
    seals: Seals,
    /// The progress of all transfers in percent, while there are any.
    pub(super) progress: Option<u8>,
    has_greeted: bool,
}

/// The connection to the server, and the lines that are on their way there.
pub(super) struct Way {
    link: Arc<Link>,
    speech: Speech,
    catching_up: CatchingUp,
    backoff: Backoff,
    /// Seconds until the next attempt to connect; `None` once the server has said who we are.
    pub(super) reconnecting_in: Option<u64>,
    marked_at: Option<Instant>,
    quits_at: Option<Instant>,
}

/// What the user is doing.
struct Typing {
    editor: Editor,
    asking: Option<Asking>,
    /// The line as it was when Tab asked the server for names.
    completing: Option<(Buffer, Question)>,
    /// Whether Ctrl-C was pressed once while something was under way.
    is_warned: bool,
}

impl Chat {
    pub(super) fn new(options: &Options, history: History, output: Output, mouth: Arc<Mouth>) -> Self {
        Self {
            options: Arc::new(options.clone()),
            status: Status::new(options.nick, options.room),
            way: Way {
                link: Arc::clone(&mouth.link),
                speech: Speech::default(),
                catching_up: CatchingUp::default(),
                backoff: Backoff::default(),
                reconnecting_in: None,
                marked_at: None,
                quits_at: None,
            },
            output,
            typing: Typing { editor: Editor::new(history), asking: None, completing: None, is_warned: false },
            transfers: Transfers::new(options.clone(), mouth),
            seals: Seals::default(),
            progress: None,
            has_greeted: false,
        }
    }

    /// Uses a new connection, and asks for account, nickname and room.
    pub(super) fn connected(&mut self, server: Stream, news: Sender<News>) -> io::Result<()> {
        self.transfers.connected(&server);
        self.way.link.open(server, news)?;
        if self.way.reconnecting_in.is_some() {
            self.output.notice("Connected again.");
        }
        self.way.speech.connected(Instant::now());
        self.way.link.send(self.status.connected());
        Ok(())
    }

    /// The connection is gone.
    pub(super) fn lost(&mut self) {
        self.way.link.close();
        self.transfers.disconnected();
        self.status.disconnected();
        self.way.catching_up.disconnected();
        (self.typing.completing, self.way.marked_at) = (None, None);
        if self.way.quits_at.is_some() {
            return self.status.end(Ending::Quit);
        }
        if self.status.ending.is_none() {
            self.tell_unknown();
            self.output.notice("Connection lost. Reconnecting.");
        }
    }

    /// The chat ends. Shows which lines were not delivered.
    pub(super) fn tell_unsaid(&mut self) {
        self.tell_unknown();
        for line in self.way.speech.open() {
            let line = self.seals.readable(line);
            self.output.notice(&format!("Not delivered: {}", secret::mask(&line)));
        }
        self.way.speech = Speech::default();
    }

    fn tell_unknown(&mut self) {
        let mut unknown: Vec<_> =
            self.way.speech.lost().iter().map(|line| self.seals.readable(line)).collect();
        // Several lines may be parts of one.
        unknown.dedup();
        for unknown in unknown {
            self.output.notice(&format!("This may not have arrived: {unknown}"));
        }
    }

    /// When to try to connect again.
    pub(super) fn reconnects_at(&mut self, now: Instant) -> Instant {
        now + self.way.backoff.next_delay()
    }

    /// Takes a line from the server.
    pub(super) fn hear(&mut self, line: &str, now: Instant) {
        // A server that sends a line is back. One that only accepts connections may still be starting.
        self.way.backoff = Backoff::default();
        let heard = Heard::new(line);
        match heard {
            Heard::Mark(mark) => return self.marked(&mark, now),
            Heard::UnknownCommand("mark") if self.way.speech.expects_mark() => {
                self.way.catching_up.cannot();
                return self.way.speech.unmarked();
            }
            _ => {}
        }
        if self.transfers.hear(line, &heard) || self.way.catching_up.takes(line, &heard) {
            return;
        }
        let is_first = self.status.nick.is_none() || self.way.marked_at.is_none();
        if self.status.is_own(&heard) {
            self.way.speech.echoed(heard.text());
        }
        if let Some(deeds) = self.seals.heard(line, self.status.nick) {
            return self.carry_out(deeds, now);
        }
        let is_shown = self.status.hear(line, &heard, now);
        if is_shown {
            let forged = seal::forged(line);
            let line = forged.as_deref().unwrap_or(line);
            let heard = if forged.is_some() { Heard::Other } else { heard };
            self.output.show(line, &heard, self.status.nick, now);
        }
        if let Heard::Users(names) = heard
            && !is_shown
            && !std::mem::replace(&mut self.has_greeted, true)
        {
            self.greet(names);
        }
        if matches!(heard, Heard::Users(_) | Heard::Rooms(_)) {
            self.complete_with_answer();
        }
        if matches!(heard, Heard::YourNick(_)) {
            self.way.reconnecting_in = None;
        }
        if matches!(heard, Heard::YourRoom(_)) && self.way.speech.has_pace() {
            // The server tells the topic of another room itself.
            let users = self.status.questions.ask(Question::Users, now).into_iter();
            self.way.link.send(users.flat_map(|line| [line, "\n"]).collect());
        }
        if is_first && matches!(heard, Heard::YourNick(_)) {
            self.ask_for_mark(now);
        }
    }

    fn ask_for_mark(&mut self, now: Instant) {
        if let Some(line) = self.way.speech.mark(now) {
            self.way.marked_at = Some(now);
            self.way.link.send(line);
        }
    }

    /// Asks on arrival for the room's users and topic. Only a server that answers marks is asked.
    fn ask_who_is_here(&mut self, now: Instant) {
        let users = self.status.questions.ask(Question::Users, now).into_iter();
        self.status.asks_topic = self.status.topic.is_none();
        let topic = self.status.asks_topic.then_some("/topic");
        let lines: String = users.chain(topic).flat_map(|line| [line, "\n"]).collect();
        self.way.link.send(lines);
    }

    /// Shows on the first arrival who is in the room.
    fn greet(&mut self, names: Names<'_>) {
        /// About as many names as fit in a row.
        const SHOWN: usize = 10;
        let shown: Vec<_> = names.iter().take(SHOWN).collect();
        let more = names.count() - shown.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        self.output.notice(&format!("Here: {}{more}. Type /help for the commands.", shown.join(", ")));
    }

    fn marked(&mut self, mark: &Mark, now: Instant) {
        if !self.way.speech.has_pace() {
            self.ask_who_is_here(now);
        }
        self.seals.longest = mark.text;
        for refused in self.way.speech.marked(mark, now) {
            self.output.notice(&format!("Not delivered: {}", self.seals.readable(&refused)));
        }
        if let Some(question) = self.way.catching_up.marked(mark) {
            self.way.link.send(question);
            self.ask_for_mark(now);
        }
        for line in self.way.catching_up.missed(self.output.view) {
            self.output.print(line);
        }
    }

    /// Does what is due by now.
    pub(super) fn tick(&mut self, now: Instant) {
        self.output.tick(now);
        if let Some(line) = self.status.reclaim(now) {
            self.way.link.send(format!("{line}\n"));
        }
        while let Some(lines) = self.way.speech.next(now) {
            if !self.way.link.send(lines) {
                // The link accepts nothing any more, so the unsent lines are among those that may be lost.
                self.way.link.close();
                break;
            }
        }
        let is_due = self.way.marked_at.is_some_and(|at| now.saturating_duration_since(at) >= MARKING);
        if is_due && self.way.catching_up.has_heard() {
            self.ask_for_mark(now);
        }
        if self.way.quits_at.is_some_and(|at| now >= at) {
            self.status.end(Ending::Quit);
        }
    }

    /// Whether [`Chat::tick`] must be called even if nothing happens.
    pub(super) fn needs_clock(&self) -> bool {
        self.output.needs_clock()
            || self.status.is_reclaiming()
            || self.way.quits_at.is_some()
            || self.way.speech.open().next().is_some()
            || self.way.catching_up.has_heard()
    }

    /// Saves the history, and says why the chat has ended.
    pub(super) fn end(mut self, history: Option<&Path>) -> Result<(), Error> {
        self.way.link.close();
        if let Some(path) = history {
            let saved = self.typing.editor.history.save(path);
            saved.map_err(|error| Error::History(path.to_owned(), error))?;
        }
        match self.status.ending {
            Some(Ending::Dismissed(reason)) => Err(Error::Dismissed(reason)),
            Some(Ending::Quit) | None => Ok(()),
        }
    }
}
