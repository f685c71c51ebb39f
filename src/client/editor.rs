//! The line editor: rustyline, with a prompt that may change at any moment.
//!
//! rustyline takes the prompt when it starts to read a line, and keeps it until the line ends. But it
//! calls us each time it draws, to colour the prompt, and then we check whether the prompt is still
//! current. If the current one has another width, we interrupt rustyline and start again with the new
//! prompt, the half-typed text, and the cursor where it was.

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
    /// Never used, but it must exist: without a printer rustyline waits for keys in a way that an
    /// interrupt does not end, and the waker drops its printer when the listening thread ends.
    _printer: Box<dyn ExternalPrinter>,
    link: Arc<Link>,
    /// What the next line starts with.
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
    /// The user pressed Enter.
    Line(String),
    /// The prompt is out of date. The half-typed text is kept.
    Outdated,
    /// The user wants to quit.
    Ended,
}

impl Draft {
    /// The text with its hint.
    fn on_screen(&self) -> String {
        format!("{}{}", self.text, complete::hint(&self.text).unwrap_or_default())
    }
}

impl Editor {
    /// Creates the editor, and the handle through which other threads show lines above it.
    pub(super) fn new(
        link: &Arc<Link>,
        terminal: &Arc<RawMode>,
        view: View,
    ) -> Result<(Self, Screen), ReadlineError> {
        let config = Config::builder()
            // Otherwise rustyline does not call us. The view decides whether there are colours.
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

    /// The next line, or several if they were pasted. `None` when the client ends.
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

    /// Asks for a password, which is shown as stars. `None` if the user does not give one.
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

    /// Puts a text into the next line, as if the user had typed it.
    pub(super) fn give_back(&mut self, text: &str) {
        self.draft = Draft { text: text.to_owned(), cursor: text.len() };
    }

    /// Adds a line to the history, so that the Up key brings it back.
    pub(super) fn remember(&mut self, line: &str) -> Result<(), ReadlineError> {
        self.rustyline.add_history_entry(line).map(drop)
    }

    /// Loads the history. A file that does not exist is an empty one.
    pub(super) fn load_history(&mut self, path: &Path) -> Result<(), ReadlineError> {
        match self.rustyline.load_history(path) {
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            loaded => loaded,
        }
    }

    /// Appends the lines of this session to the history file.
    pub(super) fn save_history(&mut self, path: &Path) -> Result<(), ReadlineError> {
        self.rustyline.append_history(path)
    }

    /// Shows a line above the next prompt.
    pub(super) fn print(&mut self, line: String) {
        self.page().lines.announce(line);
    }

    /// The lines that have arrived since the prompt was last drawn.
    pub(super) fn last_lines(&mut self) -> String {
        self.page().lines.take()
    }

    /// Reads one line, and erases it from the screen.
    fn read(&mut self) -> Result<Read, ReadlineError> {
        let prompt = self.link.prompt(View::PLAIN);
        let Draft { text, cursor } = std::mem::take(&mut self.draft);
        self.page().is_outdated.set(false);
        let read = match self.rustyline.readline_with_initial(&prompt, text.split_at(cursor)) {
            Ok(line) => Read::Line(line),
            Err(ReadlineError::Interrupted) if self.page().is_outdated.get() => Read::Outdated,
            // The terminal sent bytes that are not UTF-8.
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => Read::Outdated,
            // Ctrl-D, a signal, or the terminal is gone.
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
        self.rustyline.helper_mut().expect("set when the editor was created")
    }
}

/// Erases what the editor left on the screen. The cursor is in the row below it.
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

/// What rustyline calls while it draws and completes.
struct Page {
    link: Arc<Link>,
    lines: Lines,
    view: View,
    /// The half-typed line.
    draft: RefCell<Draft>,
    /// The terminal's width when we last drew.
    columns: Cell<u16>,
    /// Whether reading was interrupted because the prompt is out of date.
    is_outdated: Cell<bool>,
}

impl Page {
    /// What to draw before the prompt.
    fn lines(&self, prompt: &str) -> String {
        let lines = self.lines.take();
        let (columns, height) = terminal::size();
        let before = self.columns.replace(columns);
        let text = format!("{prompt}{}", self.draft.borrow().on_screen());
        if before == columns || rows(&text, before.min(columns)) == 1 {
            return lines;
        }
        // The terminal has another width now, and may have wrapped the half-typed line again. rustyline
        // has erased as many rows as the line had before, which may be too few or too many. Only
        // drawing the whole screen again is right on every terminal.
        let room = height.saturating_sub(rows(&text, columns));
        format!("\x1b[H\x1b[2J{}", self.lines.recent(columns, room))
    }

    fn completion(&self, word: &Word<'_>) -> Option<Completion> {
        match word.kind {
            Kind::Command | Kind::Topic => word.complete(complete::commands()),
            Kind::User | Kind::Addressee => self.completion_by(word, Question::Users),
            Kind::Room => self.completion_by(word, Question::Rooms),
            Kind::Emoji => word.complete_emoji(),
            Kind::Path => word.complete(complete::paths(word.typed).iter().map(String::as_str)),
        }
    }

    /// Completes a word to one of the names that the server knows.
    fn completion_by(&self, word: &Word<'_>, question: Question) -> Option<Completion> {
        word.complete(self.link.names(question).iter().map(String::as_str))
    }
}

impl Highlighter for Page {
    /// Called whenever rustyline has cleared its rows and draws them again.
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, drawn: &'p str, is_ours: bool) -> Cow<'b, str> {
        let lines = self.lines(drawn);
        let current = self.link.prompt(View::PLAIN);
        let has_same_width = current.len() == drawn.len();
        if (!has_same_width && is_ours) || self.link.ending().is_some() {
            self.is_outdated.set(true);
            interrupt();
        }
        // A prompt that is not ours is one of rustyline's own, such as the prompt of a search.
        let prompt = if has_same_width && is_ours { self.link.prompt(self.view) } else { drawn.to_owned() };
        (lines + &prompt).into()
    }

    /// Shows passwords as stars.
    fn highlight<'l>(&self, line: &'l str, _cursor: usize) -> Cow<'l, str> {
        if self.link.is_asking() { secret::stars(line).into() } else { secret::mask(line) }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        self.view.hint(hint).into()
    }

    /// Called after each change of the text or the cursor. Returns whether to draw the whole line again
    /// and not only the new letter.
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

/// The hint behind the text. It is only to be read: the Right key does not insert it.
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

    /// Returns at most one candidate. With several, rustyline would wait for a key, and the lines of
    /// other users would have to wait too. So we show the choices as a line above the prompt.
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

/// Ctrl-C: clears the line. In an empty line, ends the client. At a password prompt, cancels it.
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
