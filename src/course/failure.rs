//! A failed check: what was expected, what was received, and which kind of mistake that is.

use super::{
    class::{self, Class},
    conversation::{Difference, Pattern, escaped},
    peer::Heard,
    subject::{Ended, MEMORY_LIMIT},
    verdict::visible,
};

#[cfg(test)]
mod tests;

/// The mistake that a check found.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The kind of mistake.
    pub class: &'static Class,
    /// The client that did not receive what it should have received, if it is one client.
    pub hearer: Option<String>,
    /// The expected line or event.
    pub expected: String,
    /// The line or event that was received instead.
    pub received: String,
    /// The index of the first wrong character of `received`, if there is one.
    pub caret: Option<usize>,
    /// Further facts, one sentence each.
    pub notes: Vec<String>,
}

impl Failure {
    /// Creates a failure without a caret or notes.
    pub fn new(class: &'static Class, expected: impl Into<String>, received: impl Into<String>) -> Self {
        let (expected, received) = (expected.into(), received.into());
        Self { class, hearer: None, expected, received, caret: None, notes: Vec::new() }
    }

    /// Names the client that did not receive what it should have received.
    #[must_use]
    pub fn heard_by(self, who: &str) -> Self {
        Self { hearer: Some(who.to_owned()).filter(|who| !who.is_empty()), ..self }
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Removes the newlines of a failure on a wire where units do not end with one.
    #[must_use]
    pub fn without_newlines(self) -> Self {
        let without = |text: &str| text.strip_suffix("\\n").unwrap_or(text).to_owned();
        Self { expected: without(&self.expected), received: without(&self.received), ..self }
    }

    /// Changes the class if it is one of `from`.
    #[must_use]
    pub fn reclassified(self, from: &[&'static Class], to: &'static Class) -> Self {
        if from.contains(&self.class) { Self { class: to, ..self } } else { self }
    }

    /// Adds that the course has ended a program because of its memory.
    #[must_use]
    pub(crate) fn greedy(mut self) -> Self {
        self.class = &class::GREEDY;
        self.note(format!(
            "The course ended it, because it used more than {} GiB of memory.",
            MEMORY_LIMIT >> 30
        ))
    }

    /// Adds that a program has ended, which is the reason for this failure.
    #[must_use]
    pub fn ended(mut self, who: &str, ended: Ended) -> Self {
        self.class = if matches!(ended, Ended::Status(_)) { &class::DIED } else { &class::KILLED };
        self.note(format!("{who} has ended: {ended}."))
    }
}

/// Expects that a program has ended with status 0.
pub(crate) fn ends_well(ended: Option<Ended>, expected: &str) -> Result<(), Failure> {
    match ended {
        Some(Ended::Status(0)) => Ok(()),
        Some(ended) => Err(ended_badly(ended, expected)),
        None => Err(Failure::new(&class::DOES_NOT_STOP, expected, "it is still running")),
    }
}

fn ended_badly(ended: Ended, expected: &str) -> Failure {
    let class = match ended {
        Ended::Status(_) => &class::WRONG_STATUS,
        Ended::Signal(_) if ended.is_by_request() => &class::NO_HANDLER,
        Ended::Signal(_) => &class::KILLED,
    };
    let failure = Failure::new(class, expected, ended.to_string());
    match ended {
        Ended::Status(status) if ended.is_by_request() => {
            let signal = Ended::Signal(status - 128);
            failure.note(format!("{status} is 128 plus the number of {signal}."))
        }
        _ => failure,
    }
}

/// Everything known about a peer that did not hear the expected line.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The peer that waited.
    pub who: &'a str,
    /// The expected line.
    pub expected: &'a Pattern,
    /// The line or event that came instead.
    pub heard: Heard,
    /// Bytes that came without a newline.
    pub unread: Vec<u8>,
    /// The lines that came after the wrong one.
    pub later: Vec<Vec<u8>>,
    /// The last line that came before.
    pub last: Option<Vec<u8>>,
    /// The lines that are expected later.
    pub ahead: Vec<Pattern>,
    /// Another peer that heard the expected line.
    pub elsewhere: Option<String>,
    /// Notes on what other peers heard and the check has not looked at.
    pub meanwhile: Vec<String>,
}

impl<'a> Evidence<'a> {
    /// Evidence with nothing but the expected line and what came instead.
    pub fn new(who: &'a str, expected: &'a Pattern, heard: Heard) -> Self {
        let (unread, later, ahead, meanwhile) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { who, expected, heard, unread, later, last: None, ahead, elsewhere: None, meanwhile }
    }

    /// Determines the most likely mistake.
    pub fn diagnose(self) -> Failure {
        let expected = format!("{}\\n", self.expected.text);
        let class = match &self.heard {
            Heard::Line(line) => self.wrong_line(line),
            Heard::Silence if !self.unread.is_empty() => &class::NO_NEWLINE,
            _ if !self.unread.is_empty() && self.expected.matches_bytes(&self.unread) => &class::NO_NEWLINE,
            Heard::Silence if self.elsewhere.is_some() && self.expected.is_for_many() => &class::MISSED,
            Heard::Silence if self.elsewhere.is_some() => &class::WRONG_CLIENT,
            Heard::Silence => &class::SILENT,
            Heard::End => &class::CLOSED,
            Heard::Reset => &class::RESET,
        };
        let mut failure = Failure::new(class, expected, self.received()).heard_by(self.who);
        failure.caret = self.caret();
        failure.notes.extend(self.difference().and_then(|difference| difference.note()));
        let is_due_now = !self.expected.text.starts_with('(');
        if let Some(counting) = self.expected.counting().filter(|_| is_due_now) {
            failure.notes.push(format!("Parts that count: {counting}"));
        }
        if let Some(elsewhere) = &self.elsewhere {
            let instead = if class == &class::WRONG_CLIENT { " instead" } else { "" };
            failure.notes.push(format!("{elsewhere} received it{instead}."));
            failure.notes.extend(
                (class == &class::MISSED && self.is_new())
                    .then(|| format!("{0} was welcomed but missed it: was {0} on the list yet?", self.who)),
            );
        } else if !matches!(self.heard, Heard::Line(_)) {
            failure.notes.extend(self.meanwhile);
        }
        failure
    }

    /// Whether the peer has heard nothing but its welcome.
    fn is_new(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.starts_with(b"Welcome"))
    }

    fn received(&self) -> String {
        let unread = escaped(&self.unread);
        match &self.heard {
            // Its backslashes are those of JSON.
            Heard::Line(line) if self.expected.is_object() => visible(&String::from_utf8_lossy(line)) + "\\n",
            Heard::Line(line) => escaped(line) + "\\n",
            Heard::Silence if unread.is_empty() => "(nothing)".to_owned(),
            Heard::Silence => format!("{unread}   (and then nothing)"),
            Heard::End => format!("{unread}(the end of the stream)"),
            Heard::Reset => format!("{unread}(a reset)"),
        }
    }

    /// The place of the first wrong byte, in characters of the text as it is shown.
    fn caret(&self) -> Option<usize> {
        let came = match &self.heard {
            // Its keys can be in any order.
            _ if self.expected.is_object() => return None,
            Heard::Line(line) => [line, "\n".as_bytes()].concat(),
            _ if self.unread.is_empty() => return None,
            _ => self.unread.clone(),
        };
        let due = format!("{}\n", self.expected.text);
        let same = due.bytes().zip(&came).take_while(|(due, came)| due == *came).count();
        let same = (0..=same).rev().find(|at| due.is_char_boundary(*at)).unwrap_or(0);
        (!due[same..].starts_with('…')).then(|| escaped(&came[..same]).chars().count())
    }

    fn wrong_line(&self, line: &[u8]) -> &'static Class {
        let text = String::from_utf8_lossy(line);
        let due = self.expected.text.as_str();
        if is_refusal(due) && announces_success(&text) {
            return &class::ACCEPTED;
        }
        if text.contains('\0') {
            return &class::EXTRA_BYTES;
        }
        if text.contains('\u{FFFD}') || has_lost_characters(&text, due) {
            return &class::MANGLED;
        }
        if self.expected.matches(text.trim_matches(|c: char| c.is_whitespace() || c.is_control())) {
            return &class::EXTRA_BYTES;
        }
        if let Some(class) = self.neighbour(line) {
            return class;
        }
        if let Some(difference) = self.difference() {
            return difference.class();
        }
        match text.strip_prefix(due) {
            Some(rest) if looks_like_a_message(rest) => &class::GLUED,
            None if is_glued(due, &text, &self.ahead) => &class::GLUED,
            None if core(&text) == core(due) => &class::NEARLY,
            None if self.is_split(&text) => &class::SPLIT,
            None if is_cut_short(&text, due) => &class::CUT_SHORT,
            _ => &class::WRONG_TEXT,
        }
    }

    /// How the line that came differs from the expected object.
    fn difference(&self) -> Option<Difference> {
        let Heard::Line(line) = &self.heard else { return None };
        let is_object = self.expected.is_object();
        is_object.then(|| self.expected.difference(&String::from_utf8_lossy(line)))?
    }

    /// Whether the text is the first word of the expected one, and the next line, if there is one, the second.
    fn is_split(&self, text: &str) -> bool {
        let mut words = message(&self.expected.text).split_ascii_whitespace();
        let first = words.next();
        let Some(second) = words.next() else { return false };
        let next = self.later.first().map(|line| String::from_utf8_lossy(line));
        first == Some(message(text)) && next.is_none_or(|next| message(&next) == second)
    }

    /// The class of a right line that came at the wrong time.
    fn neighbour(&self, line: &[u8]) -> Option<&'static Class> {
        // Exactly, because many lines match one another loosely.
        let is = |pattern: &Pattern| pattern.clone().strict().matches_bytes(line);
        let comes_later = self.later.iter().any(|line| self.expected.matches_bytes(line));
        if self.last.as_deref() == Some(line) {
            Some(&class::TWICE)
        } else if self.ahead.iter().any(is) {
            Some(if comes_later { &class::REORDERED } else { &class::MISSING_LINE })
        } else {
            comes_later.then_some(&class::EXTRA_LINE)
        }
    }
}

impl Difference {
    fn class(&self) -> &'static Class {
        match self {
            Self::NoObject(_) => &class::NOT_JSON,
            Self::More => &class::GLUED,
            Self::Missing(_) => &class::MISSING_KEY,
            Self::Other { is_escaped: true, .. } => &class::ESCAPED,
            Self::Other { .. } => &class::WRONG_VALUE,
        }
    }

    fn note(&self) -> Option<String> {
        match self {
            Self::NoObject(why) => Some(format!("It cannot be read as an object: {why}.")),
            Self::More => None,
            Self::Missing(key) => Some(format!("The key \"{key}\" is missing.")),
            Self::Other { key, expected, received, .. } => {
                Some(format!("The key \"{key}\" should be {expected} and is {received}."))
            }
        }
    }
}

/// Whether two expected lines are in one, without a newline between them.
fn is_glued(due: &str, text: &str, ahead: &[Pattern]) -> bool {
    let end = |line: &str| line.rsplit(": ").next().map(str::to_owned).filter(|end| !end.is_empty());
    let Some(first) = end(due) else { return false };
    let Some(at) = text.find(&first) else { return false };
    let rest = &text[at + first.len()..];
    ahead
        .iter()
        .any(|next| rest.contains(&next.text) || end(&next.text).is_some_and(|end| rest.contains(&end)))
}

/// Whether the text after the expected one looks like another message.
fn looks_like_a_message(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.starts_with('[') || rest.contains(": ") || rest.ends_with(['.', '!'])
}

/// Whether the text is only the start or the end of the expected one.
fn is_cut_short(text: &str, due: &str) -> bool {
    let (came, was_due) = (message(text), message(due));
    !came.is_empty() && came.len() < was_due.len() && (was_due.starts_with(came) || was_due.ends_with(came))
}

/// Whether only characters of several bytes are wrong, as from a program that leaves out what it cannot decode, sends
/// question marks for it, or takes each byte for a character.
fn has_lost_characters(text: &str, due: &str) -> bool {
    let (came, was_due) = (message(text), message(due));
    let plain = |text: &str| text.chars().filter(|c| c.is_ascii() && *c != '?').collect::<String>();
    came != was_due && !was_due.is_ascii() && plain(came) == plain(was_due)
}

/// Whether an expected line refuses a request.
fn is_refusal(due: &str) -> bool {
    due.ends_with("is already taken.") || due.starts_with("Usage: ")
}

/// Whether a line says that a name or a room was accepted.
pub(crate) fn announces_success(line: &str) -> bool {
    let line = core(line);
    line.starts_with("nicknamechangedto") || line.starts_with("youjoinedroom")
}

/// The text of a line after the sender's name.
fn message(line: &str) -> &str {
    line.split_once(": ").map_or(line, |(_, text)| text)
}

/// A line without case, spaces and punctuation.
fn core(line: &str) -> String {
    line.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
