//! The line editor: rustyline, with a prompt that may change at any moment.
//!
//! rustyline asks for the prompt when it starts to read a line and never again. But it calls us each
//! time it draws, to colour the prompt. That is where we look whether the prompt is still true. If it
//! is not, and the new one is wider or narrower, we interrupt the reading, and start again with the
//! new prompt, the half-typed text, and the cursor where it was.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use rustyline::{
    Cmd, ColorMode, ConditionalEventHandler, Config, Context, Event, EventContext, EventHandler,
    ExternalPrinter, Helper, KeyEvent, Movement, RepeatCount,
    completion::Completer,
    error::ReadlineError,
    highlight::{CmdKind, Highlighter},
    hint::{Hint, Hinter},
    history::FileHistory,
    validate::Validator,
};

use super::{
    complete::{self, Completion, Kind, Word},
    link::{Link, interrupt},
    questions::Question,
    screen::{Lines, Screen, screen},
    secret,
    terminal::{self, RawMode, TAB_STOP, rows},
    view::View,
};
use crate::password::Password;

/// Reads lines from the user.
pub(super) struct Editor {
    rustyline: rustyline::Editor<Page, FileHistory>,
    /// Without any printer rustyline waits for keys in a way that an interrupt from our own thread
    /// does not end, and the waker's printer goes when the listening thread ends.
    _printer: Box<dyn ExternalPrinter>,
    link: Arc<Link>,
    /// What the next line starts with, and where the cursor is in it.
    draft: Draft,
}

/// A text that is being typed.
#[derive(Clone, Default)]
struct Draft {
    text: String,
    cursor: usize,
}

/// How the reading of a line ended.
enum Read {
    /// With Enter.
    Line(String),
    /// The prompt is no longer true; what was typed so far is kept.
    Outdated,
    /// The user wants to end.
    Ended,
}

impl Draft {
    /// The text and the hint behind it.
    fn on_screen(&self) -> String {
        format!("{}{}", self.text, complete::hint(&self.text).unwrap_or_default())
    }
}

impl Editor {
    /// An editor, and the way to the screen above it.
    pub(super) fn new(
        link: &Arc<Link>,
        terminal: &Arc<RawMode>,
        view: View,
    ) -> Result<(Self, Screen), ReadlineError> {
        let config = Config::builder()
            // Else our callbacks are not called. Whether there are colours is for the view to say.
            .color_mode(ColorMode::Forced)
            .tab_stop(u8::try_from(TAB_STOP).expect("a tab stop is small"))
            .build();
        let mut rustyline = rustyline::Editor::with_config(config)?;
        let (screen, lines) = screen(rustyline.create_external_printer()?)?;
        rustyline.set_helper(Some(Page {
            link: Arc::clone(link),
            lines,
            view,
            draft: RefCell::default(),
            columns: Cell::new(terminal::size().0),
            is_outdated: Cell::new(false),
        }));
        bind(&mut rustyline, KeyEvent::ctrl('C'), Interrupt(Arc::clone(link)));
        bind(&mut rustyline, KeyEvent::ctrl('Z'), Suspend(Arc::clone(terminal)));
        let printer = Box::new(rustyline.create_external_printer()?);
        let editor = Self { rustyline, _printer: printer, link: Arc::clone(link), draft: Draft::default() };
        Ok((editor, screen))
    }

    /// The next line, or lines if several were pasted; `None` when the client ends.
    pub(super) fn next_line(&mut self) -> Result<Option<String>, ReadlineError> {
        while self.link.ending().is_none() {
            match self.read()? {
                Read::Line(line) => return Ok(Some(line)),
                Read::Outdated => {}
                Read::Ended => self.link.quit(),
            }
        }
        Ok(None)
    }

    /// Asks for a password, which is not shown; `None` when the user does not want to give it.
    pub(super) fn ask(&mut self, prompt: &'static str) -> Result<Option<Password>, ReadlineError> {
        self.link.ask(Some(prompt));
        let mut answer = None;
        while self.link.ending().is_none() {
            match self.read()? {
                Read::Line(line) => answer = Some(Password::attempt(&line)),
                Read::Outdated => continue,
                Read::Ended => {}
            }
            break;
        }
        self.link.ask(None);
        self.draft = Draft::default();
        Ok(answer.filter(|answer| !answer.reveal().is_empty()))
    }

    /// Lets the next line start with a text that was typed already.
    pub(super) fn give_back(&mut self, text: &str) {
        self.draft = Draft { text: text.to_owned(), cursor: text.len() };
    }

    /// Makes the last line come back with the Up key.
    pub(super) fn remember(&mut self, line: &str) -> Result<(), ReadlineError> {
        self.rustyline.add_history_entry(line).map(drop)
    }

    /// Loads the lines of earlier times. That there are none yet is no mistake.
    pub(super) fn load_history(&mut self, path: &Path) -> Result<(), ReadlineError> {
        match self.rustyline.load_history(path) {
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            loaded => loaded,
        }
    }

    /// Adds the new lines to those of earlier times.
    pub(super) fn save_history(&mut self, path: &Path) -> Result<(), ReadlineError> {
        self.rustyline.append_history(path)
    }

    /// Shows a line above the next prompt.
    pub(super) fn print(&mut self, line: String) {
        self.page().lines.announce(line);
    }

    /// What has come since the prompt was drawn for the last time.
    pub(super) fn last_lines(&mut self) -> String {
        self.page().lines.take()
    }

    /// Reads one line. Nothing of it stays on the screen.
    fn read(&mut self) -> Result<Read, ReadlineError> {
        let prompt = self.link.prompt(View::PLAIN);
        let Draft { text, cursor } = std::mem::take(&mut self.draft);
        self.page().is_outdated.set(false);
        let read = match self.rustyline.readline_with_initial(&prompt, text.split_at(cursor)) {
            Ok(line) => Read::Line(line),
            Err(ReadlineError::Interrupted) if self.page().is_outdated.get() => Read::Outdated,
            // Typed bytes that are no text, from a terminal that speaks no UTF-8.
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => Read::Outdated,
            // Ctrl-D, a signal from outside, or the terminal is gone.
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => Read::Ended,
            Err(error) => return Err(error),
        };
        let draft = self.page().draft.take();
        match &read {
            Read::Line(line) => erase(&(prompt + line))?,
            Read::Outdated | Read::Ended => erase(&(prompt + &draft.on_screen()))?,
        }
        if let Read::Outdated = read {
            self.draft = draft;
        }
        Ok(read)
    }

    fn page(&mut self) -> &mut Page {
        self.rustyline.helper_mut().expect("it was set when the editor was made")
    }
}

/// Erases what the editor has left on the screen, from the row below it.
fn erase(shown: &str) -> io::Result<()> {
    let (columns, _) = terminal::size();
    let mut output = io::stdout().lock();
    write!(output, "\x1b[{}A\r\x1b[J", rows(shown, columns))?;
    output.flush()
}

fn bind(
    editor: &mut rustyline::Editor<Page, FileHistory>,
    key: KeyEvent,
    handler: impl ConditionalEventHandler + 'static,
) {
    editor.bind_sequence(key, EventHandler::Conditional(Box::new(handler)));
}

/// What rustyline asks while it draws and completes.
struct Page {
    link: Arc<Link>,
    lines: Lines,
    view: View,
    /// What has been typed so far.
    draft: RefCell<Draft>,
    /// The terminal's width when we last drew.
    columns: Cell<u16>,
    /// The prompt is no longer true, and reading was interrupted for that.
    is_outdated: Cell<bool>,
}

impl Page {
    /// What is to be drawn before the prompt.
    fn lines(&self, prompt: &str) -> String {
        let lines = self.lines.take();
        let (columns, height) = terminal::size();
        let before = self.columns.replace(columns);
        let text = format!("{prompt}{}", self.draft.borrow().on_screen());
        if before == columns || rows(&text, before.min(columns)) == 1 {
            return lines;
        }
        // The terminal has become narrower or wider, and may have wrapped what is being typed anew.
        // rustyline has erased the rows that it took before, too few or too many of them. Only a new
        // beginning is right on every terminal.
        let room = height.saturating_sub(rows(&text, columns));
        format!("\x1b[H\x1b[2J{}", self.lines.recent(columns, room))
    }

    fn completion(&self, word: &Word<'_>) -> Option<Completion> {
        match word.kind {
            Kind::Command | Kind::Topic => word.complete(complete::commands()),
            Kind::User | Kind::Addressee => self.completion_by(word, Question::Users),
            Kind::Room => self.completion_by(word, Question::Rooms),
            Kind::Emoji => word.complete_emoji(),
        }
    }

    /// Completes a word with one of the names that the server knows.
    fn completion_by(&self, word: &Word<'_>, question: Question) -> Option<Completion> {
        word.complete(self.link.names(question).iter().map(String::as_str))
    }
}

impl Highlighter for Page {
    /// Called each time rustyline has cleared its rows and draws them again.
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, drawn: &'p str, is_ours: bool) -> Cow<'b, str> {
        let lines = self.lines(drawn);
        let current = self.link.prompt(View::PLAIN);
        let has_same_width = current.len() == drawn.len();
        if (!has_same_width && is_ours) || self.link.ending().is_some() {
            self.is_outdated.set(true);
            interrupt();
        }
        // A prompt that is not ours is one of rustyline's own, such as that of the search.
        let prompt = if has_same_width && is_ours { self.link.prompt(self.view) } else { drawn.to_owned() };
        (lines + &prompt).into()
    }

    /// A password is not shown, wherever it is typed.
    fn highlight<'l>(&self, line: &'l str, _cursor: usize) -> Cow<'l, str> {
        if self.link.is_asking() { secret::stars(line).into() } else { secret::mask(line) }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        self.view.hint(hint).into()
    }

    /// Called after each change of the text or the cursor, drawn or not. Whether the whole line is to
    /// be drawn again, and not only the new letter as it is.
    fn highlight_char(&self, line: &str, cursor: usize, kind: CmdKind) -> bool {
        let mut draft = self.draft.borrow_mut();
        draft.text.clear();
        draft.text.push_str(line);
        draft.cursor = cursor;
        kind != CmdKind::MoveCursor && (self.link.is_asking() || matches!(secret::mask(line), Cow::Owned(_)))
    }
}

impl Hinter for Page {
    type Hint = Shown;

    fn hint(&self, line: &str, _cursor: usize, _context: &Context<'_>) -> Option<Shown> {
        if self.link.is_asking() { None } else { complete::hint(line).map(Shown) }
    }
}

/// What is shown behind the text. It is there to be read; the Right key does not type it.
struct Shown(String);

impl Hint for Shown {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Completer for Page {
    type Candidate = String;

    /// One candidate at most: rustyline shows a choice by waiting for keys, and what others say
    /// meanwhile would have to wait too. We show it as a line above the prompt instead.
    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _context: &Context<'_>,
    ) -> Result<(usize, Vec<String>), ReadlineError> {
        let word = Word::before(line, cursor).filter(|_| !self.link.is_asking());
        let Some(word) = word else { return Ok((cursor, Vec::new())) };
        let Some(completion) = self.completion(&word) else { return Ok((cursor, Vec::new())) };
        if let Some(listing) = completion.listing() {
            self.lines.announce(self.view.hint(&listing));
        }
        Ok((word.start, vec![completion.replacement]))
    }
}

impl Validator for Page {}
impl Helper for Page {}

/// Ctrl-C: clears what was typed, or else ends the client; where a password is asked for, only that.
struct Interrupt(Arc<Link>);

impl ConditionalEventHandler for Interrupt {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        if self.0.is_asking() {
            return Some(Cmd::Interrupt);
        }
        if context.line().is_empty() {
            self.0.quit();
            return Some(Cmd::Interrupt);
        }
        Some(Cmd::Kill(Movement::WholeBuffer))
    }
}

/// Ctrl-Z: stops the program until the shell continues it.
struct Suspend(Arc<RawMode>);

impl ConditionalEventHandler for Suspend {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        self.0.suspend();
        Some(Cmd::Repaint)
    }
}
