//! Compares a line with the expected one, exactly or loosely.

/// An expected line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The whole line; `…` matches any characters.
    pub text: String,
    /// The parts that count, in this order; `None` if the whole line counts.
    pub(super) counting: Option<Vec<String>>,
}

impl Pattern {
    /// Exactly this line; `…` matches any characters.
    pub fn exactly(text: impl Into<String>) -> Self {
        Self { text: text.into(), counting: None }
    }

    /// A line that contains these parts in this order, regardless of case.
    pub fn with(text: impl Into<String>, counting: &[&str]) -> Self {
        Self { text: text.into(), counting: Some(counting.iter().map(ToString::to_string).collect()) }
    }

    /// The welcome of a client, under any name.
    pub fn welcome() -> Self {
        Self::with("Welcome! Your nickname is '…'. Use /nick <name> to change it.", &["Welcome"])
    }

    /// Returns the same pattern with every character counting.
    #[must_use]
    pub fn strict(self) -> Self {
        Self { counting: None, ..self }
    }

    /// The parts that count, for a verdict; `None` if the whole line counts.
    pub fn counting(&self) -> Option<String> {
        self.counting.as_ref().map(|parts| parts.join(" … "))
    }

    /// Whether a line, without its newline, is the expected one.
    pub fn matches(&self, line: &str) -> bool {
        match &self.counting {
            None => matches_exactly(&self.text, line),
            Some(counting) => has_in_order(counting, self.must_end_with_the_last(), line),
        }
    }

    /// Whether bytes are UTF-8 and the expected line.
    pub fn matches_bytes(&self, line: &[u8]) -> bool {
        std::str::from_utf8(line).is_ok_and(|line| self.matches(line))
    }

    fn must_end_with_the_last(&self) -> bool {
        let last = self.counting.as_ref().and_then(|counting| counting.last());
        last.is_some_and(|last| self.text.to_lowercase().ends_with(&last.to_lowercase()))
    }
}

fn matches_exactly(text: &str, line: &str) -> bool {
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
    fn an_ellipsis_matches_any_characters() {
        let is = |text: &str, line| Pattern::exactly(text).matches(line);
        assert!(is("hello", "hello"));
        assert!(!is("hello", "hello "));
        assert!(!is("hello", "Hello"));
        assert!(is("…: hi", "[lobby] guest_1: hi") && is("…: hi", ": hi") && !is("…: hi", "a: hi "));
        assert!(is("a … b … c", "a 1 b 2 c") && !is("a … b … c", "a 1 c 2 b"));
        assert!(is("…", "") && is("a…", "a") && !is("ab…b", "ab"));
    }

    #[test]
    fn the_parts_of_a_loose_pattern_come_in_order_and_the_last_ends_the_line() {
        let taken = Pattern::with("Nickname 'bob' is already taken.", &["bob", "taken"]);
        assert!(taken.matches("sorry, BOB has been Taken!"));
        assert!(!taken.matches("taken: bob"));
        let said = Pattern::with("[lobby] guest_1: hi", &["hi"]);
        assert!(said.matches("this is hi"));
        assert!(!said.matches("hi\r") && !said.matches("hi there"));
        assert!(!said.clone().strict().matches("hi"));
    }
}
