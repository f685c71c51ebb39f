//! A line editor that never waits: it takes one key at a time and returns what the program must do.
//!
//! It uses no terminal, thread or clock. The program has one loop, and a key is one kind of event in it.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

mod buffer;
mod history;
#[cfg(test)]
mod tests;

pub use buffer::Buffer;
pub use history::History;

use buffer::Motion;

/// How many edits can be undone.
const MOST_UNDOS: usize = 100;

/// A line that is being typed.
#[derive(Debug, Default)]
pub struct Editor {
    buffer: Buffer,
    /// The earlier lines.
    pub history: History,
    /// The earlier line that is shown, as an index into the history.
    recalled: Option<usize>,
    /// What was typed before an earlier line was recalled.
    draft: Buffer,
    search: Option<Search>,
    /// What was removed last, to be inserted again.
    removed: String,
    undos: Vec<Buffer>,
}

/// A search in the history.
#[derive(Debug, Default)]
struct Search {
    wanted: String,
    /// The line that was found, as an index into the history.
    found: Option<usize>,
}

/// What a key asks of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Take this text. The line is empty again.
    Submit(String),
    /// Complete the word before the cursor.
    Complete,
    /// Cancel: the user pressed Ctrl-C.
    Interrupt,
    /// The input has ended: the user pressed Ctrl-D on an empty line.
    End,
    /// Stop until the shell continues the program.
    Suspend,
    /// Clear the screen.
    Clear,
}

impl Editor {
    /// An empty line, with these earlier lines.
    pub fn new(history: History) -> Self {
        Self { history, ..Self::default() }
    }

    /// What has been typed.
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Replaces what has been typed. The user can undo that.
    pub fn set(&mut self, buffer: Buffer) {
        self.keep_for_undo();
        self.buffer = buffer;
    }

    /// The text that the history is searched for, during a search.
    pub fn searched(&self) -> Option<&str> {
        self.search.as_ref().map(|search| search.wanted.as_str())
    }

    /// Whether no earlier line contains the text that is searched for.
    pub fn has_failed_search(&self) -> bool {
        self.search.as_ref().is_some_and(|search| search.found.is_none() && !search.wanted.is_empty())
    }

    /// Inserts text as it was pasted. Line ends stay; other control characters are left out.
    pub fn paste(&mut self, text: &str) {
        self.stop_search();
        self.keep_for_undo();
        let unified = text.replace("\r\n", "\n").replace(['\r', '\u{2028}'], "\n").replace('\t', " ");
        let printable: String = unified.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        self.buffer.insert(&printable);
    }

    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent) -> Option<Request> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        if self.search.is_some() && self.continue_search(key) {
            return None;
        }
        let plain = key.modifiers - KeyModifiers::SHIFT;
        match key.code {
            KeyCode::Char(c) if plain == KeyModifiers::CONTROL => self.press_control(c.to_ascii_lowercase()),
            KeyCode::Char(c) if plain == KeyModifiers::ALT => self.press_alt(c.to_ascii_lowercase()),
            KeyCode::Char(c) => self.type_in(c),
            KeyCode::Enter => Some(Request::Submit(self.take())),
            KeyCode::Tab => Some(Request::Complete),
            KeyCode::Backspace if plain.is_empty() => self.remove(Motion::Back),
            KeyCode::Backspace => self.cut(Motion::WordBack),
            KeyCode::Delete => self.remove(Motion::Forward),
            KeyCode::Left if plain.is_empty() => self.go(Motion::Back),
            KeyCode::Left => self.go(Motion::WordBack),
            KeyCode::Right if plain.is_empty() => self.go(Motion::Forward),
            KeyCode::Right => self.go(Motion::WordForward),
            KeyCode::Home => self.go(Motion::Start),
            KeyCode::End => self.go(Motion::End),
            KeyCode::Up => self.recall_older(),
            KeyCode::Down => self.recall_newer(),
            _ => None,
        }
    }

    fn press_control(&mut self, letter: char) -> Option<Request> {
        match letter {
            'a' => self.go(Motion::Start),
            'b' => self.go(Motion::Back),
            'c' => Some(Request::Interrupt),
            'd' if self.buffer.text().is_empty() => Some(Request::End),
            'd' => self.remove(Motion::Forward),
            'e' => self.go(Motion::End),
            'f' => self.go(Motion::Forward),
            'h' => self.remove(Motion::Back),
            'j' | 'm' => Some(Request::Submit(self.take())),
            'k' => self.cut(Motion::End),
            'l' => Some(Request::Clear),
            'n' => self.recall_newer(),
            'p' => self.recall_older(),
            'r' => self.begin_search(),
            't' => self.edit(Buffer::transpose),
            'u' => self.cut(Motion::Start),
            'w' => self.cut(Motion::BackToSpace),
            'y' => self.insert_removed(),
            'z' => Some(Request::Suspend),
            // The terminal sends the same byte for Ctrl-_, Ctrl-/ and Ctrl-7.
            '_' | '/' | '7' => self.undo(),
            _ => None,
        }
    }

    fn press_alt(&mut self, letter: char) -> Option<Request> {
        match letter {
            'b' => self.go(Motion::WordBack),
            'f' => self.go(Motion::WordForward),
            'd' => self.cut(Motion::WordForward),
            _ => None,
        }
    }

    /// Empties the line and returns what was in it.
    pub fn take(&mut self) -> String {
        (self.search, self.recalled) = (None, None);
        self.undos.clear();
        std::mem::take(&mut self.buffer).text().to_owned()
    }

    fn type_in(&mut self, c: char) -> Option<Request> {
        // A word is undone at once, not letter by letter.
        if c == ' ' || self.undos.is_empty() {
            self.keep_for_undo();
        }
        if !c.is_control() {
            self.buffer.insert(c.encode_utf8(&mut [0; 4]));
        }
        None
    }

    fn go(&mut self, motion: Motion) -> Option<Request> {
        self.buffer.go(motion);
        None
    }

    fn edit(&mut self, edit: impl FnOnce(&mut Buffer)) -> Option<Request> {
        self.keep_for_undo();
        edit(&mut self.buffer);
        None
    }

    fn remove(&mut self, motion: Motion) -> Option<Request> {
        self.edit(|buffer| drop(buffer.remove(motion)))
    }

    /// Removes text that can be inserted again.
    fn cut(&mut self, motion: Motion) -> Option<Request> {
        self.keep_for_undo();
        let removed = self.buffer.remove(motion);
        if !removed.is_empty() {
            self.removed = removed;
        }
        None
    }

    fn insert_removed(&mut self) -> Option<Request> {
        self.keep_for_undo();
        self.buffer.insert(&self.removed);
        None
    }

    fn keep_for_undo(&mut self) {
        if self.undos.last() != Some(&self.buffer) {
            self.undos.push(self.buffer.clone());
            self.undos.drain(..self.undos.len().saturating_sub(MOST_UNDOS));
        }
    }

    fn undo(&mut self) -> Option<Request> {
        self.buffer = self.undos.pop()?;
        None
    }

    fn recall_older(&mut self) -> Option<Request> {
        let older = self.recalled.unwrap_or(self.history.len()).checked_sub(1)?;
        if self.recalled.is_none() {
            self.draft = self.buffer.clone();
        }
        self.recall(older)
    }

    fn recall_newer(&mut self) -> Option<Request> {
        let newer = self.recalled? + 1;
        if newer < self.history.len() {
            return self.recall(newer);
        }
        self.recalled = None;
        self.buffer = std::mem::take(&mut self.draft);
        None
    }

    fn recall(&mut self, index: usize) -> Option<Request> {
        self.buffer = Buffer::new(self.history.line(index)?);
        self.recalled = Some(index);
        None
    }

    fn begin_search(&mut self) -> Option<Request> {
        if self.recalled.is_none() {
            self.draft = self.buffer.clone();
        }
        self.search = Some(Search::default());
        None
    }

    /// Takes a key during a search. Returns whether the search goes on; if not, the key works as usual.
    fn continue_search(&mut self, key: KeyEvent) -> bool {
        let has_failed = self.has_failed_search();
        let Some(search) = &mut self.search else { return false };
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        let end = match key.code {
            KeyCode::Char('r') if is_control => search.found.unwrap_or(self.history.len()),
            KeyCode::Char('c' | 'g') if is_control => return self.cancel_search(),
            // There is no line to send.
            KeyCode::Char('j' | 'm') if is_control && has_failed => return self.cancel_search(),
            KeyCode::Enter if has_failed => return self.cancel_search(),
            KeyCode::Esc => return self.cancel_search(),
            KeyCode::Char(c) if !is_control => {
                search.wanted.push(c);
                search.found.map_or(self.history.len(), |found| found + 1)
            }
            KeyCode::Backspace => {
                search.wanted.pop();
                self.history.len()
            }
            _ => {
                self.stop_search();
                return false;
            }
        };
        let line = |index: usize| self.history.line(index).filter(|line| line.contains(&search.wanted));
        search.found =
            self.history.find(&search.wanted, end).or(search.found.filter(|&at| line(at).is_some()));
        self.buffer = match search.found.and_then(line) {
            Some(line) => Buffer::new(line),
            None if search.wanted.is_empty() => self.draft.clone(),
            None => Buffer::default(),
        };
        true
    }

    /// Ends the search and keeps the line that was found. If none was found, restores the line as it was.
    fn stop_search(&mut self) {
        if self.has_failed_search() {
            self.cancel_search();
        } else if let Some(Search { found: Some(found), .. }) = self.search.take() {
            self.recalled = Some(found);
        }
    }

    /// Ends the search and restores the line as it was before.
    fn cancel_search(&mut self) -> bool {
        (self.search, self.recalled) = (None, None);
        self.buffer = std::mem::take(&mut self.draft);
        true
    }
}
