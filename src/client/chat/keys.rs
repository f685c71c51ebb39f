//! What the user's keys do.

use std::{sync::Arc, thread, time::Instant};

use crossterm::event::{Event, KeyEvent};

use super::{Chat, Ending, FAREWELL, Question};
use crate::{
    client::{
        asking::{Asked, Asking},
        complete::{self, Completion, Kind, Word},
        output::{Focus, Wish},
        secret::Secret,
        speech,
        transfers::Typed,
        verb,
    },
    command::Verb,
    dialect::text::misplaced_secret,
    editor::Request,
};

impl Chat {
    pub(in crate::client) fn take_key(&mut self, event: Event) {
        match event {
            Event::Key(key) => {
                // Some terminals tell that they have lost the focus, and not that they have it again.
                self.output.focus(Focus::Here);
                self.press(key);
            }
            Event::Paste(text) => match &mut self.typing.asking {
                Some(asking) => asking.editor.paste(text.lines().next().unwrap_or_default()),
                None => self.typing.editor.paste(&text),
            },
            Event::FocusGained => self.output.focus(Focus::Here),
            Event::FocusLost => self.output.focus(Focus::Away),
            Event::Mouse(_) | Event::Resize(..) => {}
        }
    }

    fn press(&mut self, key: KeyEvent) {
        let editor = self.typing.asking.as_mut().map_or(&mut self.typing.editor, |asking| &mut asking.editor);
        let request = editor.press(key);
        let was_warned = std::mem::take(&mut self.typing.is_warned);
        match request {
            None => {}
            Some(Request::Suspend) => self.output.wish(Wish::Suspend),
            Some(Request::Clear) => self.output.wish(Wish::Clear),
            Some(request) if self.typing.asking.is_some() => self.answer(request),
            Some(Request::Submit(text)) => self.submit(&text),
            Some(Request::Complete) => self.complete(Instant::now()),
            Some(Request::Interrupt) => self.interrupt(was_warned),
            Some(Request::End) => self.status.end(Ending::Quit),
        }
    }

    /// Ctrl-C clears the line. On an empty line it quits, after a warning if something is under way.
    fn interrupt(&mut self, was_warned: bool) {
        if !self.typing.editor.take().is_empty() {
            return;
        }
        let waiting = self.way.speech.open().count();
        let under_way = match (self.progress, waiting) {
            (Some(_), _) => "a file is being transferred".to_owned(),
            (None, _) if self.transfers.has_offers() => "a file that you offered is still waiting".to_owned(),
            (None, 0) => return self.status.end(Ending::Quit),
            (None, 1) => "a line has not been delivered yet".to_owned(),
            (None, waiting) => format!("{waiting} lines have not been delivered yet"),
        };
        if was_warned {
            return self.status.end(Ending::Quit);
        }
        self.typing.is_warned = true;
        self.output.notice(&format!("Press Ctrl-C again to quit: {under_way}."));
    }

    /// Handles what the user does while a question is open.
    fn answer(&mut self, request: Request) {
        let Some(asking) = self.typing.asking.take() else { return };
        match request {
            Request::Submit(typed) => match asking.answer(&typed) {
                Asked::More(next) => self.typing.asking = Some(next),
                Asked::Again(next, why) => {
                    self.typing.asking = Some(next);
                    self.output.notice(why);
                }
                Asked::Command(command) => self.speak(&command),
                Asked::Nothing(why) => self.output.notice(why),
            },
            Request::Complete => self.typing.asking = Some(asking),
            _ => self.output.notice("Nothing was sent."),
        }
    }

    /// Sends each line of what was typed.
    fn submit(&mut self, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            self.submit_line(line);
        }
    }

    fn submit_line(&mut self, line: &str) {
        self.output.note_typed(line);
        if let Some(Verb { name, .. }) = misplaced_secret(line) {
            let words = format!("Not sent, because the line contains a password. Start it with /{name}.");
            return self.output.notice(&words);
        }
        if !Secret::of(line).is_some_and(|secret| secret.holds_password()) {
            self.typing.editor.history.add(line);
        }
        match line.trim_end() {
            "/clear" => self.output.wish(Wish::Clear),
            "/help" => {
                self.output
                    .notice("This client also has /clear, /mentions, and /seal and /unseal for whispers.");
                self.speak(line);
            }
            "/mentions" => self.output.show_mentions(),
            _ => match Asking::new(line) {
                Some(asking) => {
                    asking.rule().into_iter().for_each(|rule| self.output.notice(rule));
                    if self.way.link.is_overheard() {
                        self.output.notice("This connection is not encrypted: others can read the password.");
                    }
                    self.typing.asking = Some(asking);
                }
                None => self.speak(line),
            },
        }
    }

    /// Sends one line, or carries it out if it is a command for this client.
    fn speak(&mut self, typed: &str) {
        if let Some(deeds) = self.seals.typed(typed, self.status.nick) {
            return self.carry_out(deeds, Instant::now());
        }
        match self.transfers.typed(typed) {
            Typed::AsItIs => self.say(typed),
            Typed::Instead(other) => self.say(&other),
            Typed::Refused => {}
            Typed::Offer(to, path) => {
                let transfers = Arc::clone(&self.transfers);
                // In a thread of its own, because it reads the whole file.
                let offering = thread::Builder::new().name("offering".to_owned());
                if offering.spawn(move || transfers.offer(to, path)).is_err() {
                    self.output.notice("There are too many threads to send a file. Try again later.");
                }
            }
        }
    }

    fn say(&mut self, line: &str) {
        let verb = verb(line).map(|(verb, _)| verb);
        if verb.is_some_and(|verb| verb.name == "quit") {
            if self.way.link.send(format!("{line}\n")) {
                self.way.quits_at = Some(Instant::now() + FAREWELL);
            } else {
                self.status.end(Ending::Quit);
            }
            return;
        }
        self.status.sending(line, Instant::now());
        self.way.speech.say(speech::Typed::new(line));
    }

    fn complete(&mut self, now: Instant) {
        let buffer = self.typing.editor.buffer().clone();
        let Some(word) = Word::before(buffer.text(), buffer.cursor()) else { return };
        let question = match word.kind {
            Kind::User | Kind::Addressee => Question::Users,
            Kind::Room => Question::Rooms,
            Kind::Command | Kind::Topic => {
                return self.insert(word.complete(complete::commands()), word.start);
            }
            Kind::Emoji => return self.insert(word.complete_emoji(), word.start),
            Kind::Path => {
                let paths = complete::paths(word.typed);
                return self.insert(word.complete(paths.iter().map(String::as_str)), word.start);
            }
        };
        match self.status.questions.ask(question, now) {
            Some(line) if self.way.link.send(format!("{line}\n")) => {
                self.typing.completing = Some((buffer, question));
            }
            _ if self.status.questions.is_open(question) => self.typing.completing = Some((buffer, question)),
            _ => self.complete_name(question),
        }
    }

    /// Completes the word when the server has answered Tab's question, unless the user has typed on.
    pub(super) fn complete_with_answer(&mut self) {
        let Some((buffer, question)) = self.typing.completing.take() else { return };
        if self.typing.editor.buffer() != &buffer {
            return;
        }
        if self.status.questions.is_open(question) {
            self.typing.completing = Some((buffer, question));
        } else {
            self.complete_name(question);
        }
    }

    fn complete_name(&mut self, question: Question) {
        let buffer = self.typing.editor.buffer().clone();
        if let Some(word) = Word::before(buffer.text(), buffer.cursor()) {
            let names = self.status.questions.names(question).iter().map(String::as_str);
            self.insert(word.complete(names), word.start);
        }
    }

    fn insert(&mut self, completion: Option<Completion>, start: usize) {
        let Some(completion) = completion else { return };
        if let Some(listing) = completion.listing() {
            self.output.quiet(&listing);
        }
        let mut buffer = self.typing.editor.buffer().clone();
        buffer.replace(start, &completion.replacement);
        self.typing.editor.set(buffer);
    }
}
