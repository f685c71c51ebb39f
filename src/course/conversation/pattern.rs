//! What must be heard, and whether it was.

/// A line that must be heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The whole line, `…` for any characters.
    pub text: String,
    /// What counts in it, in this order; `None` when every letter does.
    pub(super) counting: Option<Vec<String>>,
}

impl Pattern {
    /// This line to the letter; `…` stands for any characters.
    pub fn exactly(text: impl Into<String>) -> Self {
        Self { text: text.into(), counting: None }
    }

    /// A line with these parts in it, in this order, whatever their case.
    pub fn with(text: impl Into<String>, counting: &[&str]) -> Self {
        Self { text: text.into(), counting: Some(counting.iter().map(ToString::to_string).collect()) }
    }

    /// The same, with every letter counting.
    #[must_use]
    pub fn strict(self) -> Self {
        Self { counting: None, ..self }
    }

    /// What counts in it, if not every letter does.
    pub fn counting(&self) -> Option<String> {
        self.counting.as_ref().map(|parts| parts.join(" … "))
    }

    /// Whether a line, without its newline, is what must be heard.
    pub fn matches(&self, line: &str) -> bool {
        match &self.counting {
            None => matches_to_the_letter(&self.text, line),
            Some(counting) => has_in_order(counting, self.must_end_with_the_last(), line),
        }
    }

    fn must_end_with_the_last(&self) -> bool {
        let last = self.counting.as_ref().and_then(|counting| counting.last());
        last.is_some_and(|last| self.text.to_lowercase().ends_with(&last.to_lowercase()))
    }
}

fn matches_to_the_letter(text: &str, line: &str) -> bool {
    let mut parts = text.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

fn has_in_order(counting: &[String], must_end: bool, line: &str) -> bool {
    let line = line.to_lowercase();
    let mut rest = line.as_str();
    for (i, part) in counting.iter().enumerate() {
        let part = part.to_lowercase();
        if must_end && i + 1 == counting.len() {
            return rest.ends_with(&part);
        }
        let Some(at) = rest.find(&part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_the_letter_an_ellipsis_stands_for_anything() {
        let is = |text: &str, line| Pattern::exactly(text).matches(line);
        assert!(is("hello", "hello"));
        assert!(!is("hello", "hello "));
        assert!(!is("hello", "Hello"));
        assert!(is("…: hi", "[lobby] guest_1: hi") && is("…: hi", ": hi") && !is("…: hi", "a: hi "));
        assert!(is("a … b … c", "a 1 b 2 c") && !is("a … b … c", "a 1 c 2 b"));
        assert!(is("…", "") && is("a…", "a") && !is("ab…b", "ab"));
    }

    #[test]
    fn loosely_the_parts_must_come_in_order_and_the_last_must_end_the_line_if_it_does_so_here() {
        let taken = Pattern::with("Nickname 'bob' is already taken.", &["bob", "taken"]);
        assert!(taken.matches("sorry, BOB has been Taken!"));
        assert!(!taken.matches("taken: bob"));
        let said = Pattern::with("[lobby] guest_1: hi", &["hi"]);
        assert!(said.matches("this is hi"));
        assert!(!said.matches("hi\r") && !said.matches("hi there"));
        assert!(!said.clone().strict().matches("hi"));
    }
}
