//! Compares a line with the expected one, exactly or loosely.

use super::object::{self, Difference};

/// An expected line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The whole line; `…` matches any characters.
    pub text: String,
    /// The parts that count, in this order; `None` if the whole line counts.
    pub(super) counting: Option<Vec<String>>,
    /// Whether it is a JSON object, of which only the written keys count. The parts that count are those of `text`.
    pub(super) is_object: bool,
}

impl Pattern {
    /// Exactly this line; `…` matches any characters.
    pub fn exactly(text: impl Into<String>) -> Self {
        Self { text: text.into(), counting: None, is_object: false }
    }

    /// A line that contains these parts in this order, regardless of case.
    pub fn with(text: impl Into<String>, counting: &[&str]) -> Self {
        let counting = Some(counting.iter().map(ToString::to_string).collect());
        Self { text: text.into(), counting, is_object: false }
    }

    /// A JSON object that has at least these keys with these values.
    pub fn object(text: impl Into<String>) -> Self {
        Self { is_object: true, ..Self::exactly(text) }
    }

    /// The same object, of whose `text` only these parts count.
    #[must_use]
    pub fn about(self, counting: &[&str]) -> Self {
        Self { counting: Some(counting.iter().map(ToString::to_string).collect()), ..self }
    }

    /// The welcome of a client, under any name.
    pub fn welcome() -> Self {
        Self::with("Welcome! Your nickname is '…'. Use /nick <name> to change it.", &["Welcome"])
    }

    /// Whether it is for all clients of a room, so that several of them receive it rightly.
    pub(crate) fn is_for_many(&self) -> bool {
        let text = &self.text;
        let is_news =
            [" has joined ", " has left ", " is now known as "].iter().any(|news| text.contains(news));
        is_news
            || text.contains(r#""type":"message""#)
            || text.starts_with('[') && !text.starts_with("[Whisper")
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
        if self.is_object {
            return self.difference(line).is_none();
        }
        match &self.counting {
            None => is_like(line, &self.text),
            Some(counting) => contains(line, counting, &self.text),
        }
    }

    /// How a line differs from the expected object.
    pub(crate) fn difference(&self, line: &str) -> Option<Difference> {
        object::difference(line, &self.text, self.counting.as_deref())
    }

    /// Whether it is a JSON object.
    pub(crate) fn is_object(&self) -> bool {
        self.is_object
    }

    /// Whether bytes are UTF-8 and the expected line.
    pub fn matches_bytes(&self, line: &[u8]) -> bool {
        std::str::from_utf8(line).is_ok_and(|line| self.matches(line))
    }
}

/// Whether a text is this one, in which `…` matches any characters.
pub(super) fn is_like(text: &str, due: &str) -> bool {
    let mut parts = due.split('…');
    let rest = text.strip_prefix(parts.next().unwrap_or_default());
    rest.is_some_and(|rest| has_in_order(rest, parts, true))
}

/// Whether a text contains the parts of `due` that count, regardless of case.
pub(super) fn contains(text: &str, counting: &[String], due: &str) -> bool {
    let (text, due) = (text.to_lowercase(), due.to_lowercase());
    let counting: Vec<_> = counting.iter().map(|part| part.to_lowercase()).collect();
    let must_end = counting.last().is_some_and(|last| due.ends_with(last));
    let is_longer_list = must_end && counting.last().is_some_and(|last| has_more_before(&text, &due, last));
    has_in_order(&text, counting.iter().map(String::as_str), must_end) && !is_longer_list
}

/// Whether a line ends with a list of which the expected one, after a colon, is only the end.
fn has_more_before(text: &str, due: &str, list: &str) -> bool {
    let is_list = due.strip_suffix(list).is_some_and(|before| before.ends_with(": "));
    is_list && text.strip_suffix(list).is_some_and(|before| before.trim_end().ends_with(','))
}

/// Whether a line contains these parts in this order and, if it must, ends with the last one.
fn has_in_order<'a>(line: &str, parts: impl Iterator<Item = &'a str>, must_end: bool) -> bool {
    let mut rest = line;
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if must_end && parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    !must_end || rest.is_empty()
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

    #[test]
    fn a_list_has_no_more_names_and_no_fewer_in_any_case() {
        let text = "# x\npeers: alice, bob, carol\ncounts: Users\n\nbob~ Users in lobby: alice, carol\nbob~ Users in lobby: carol";
        let conversation = crate::course::conversation::Conversation::parse(text).expect("valid");
        let matches = |at: usize, line: &str| match &conversation.lines[at].act {
            crate::course::conversation::Act::Hears(pattern) => pattern.matches(line),
            _ => false,
        };
        assert!(matches(0, "Users in lobby: Alice, CAROL") && matches(0, "users here - alice, carol"));
        for line in
            ["alice, bob, carol", "bob, alice, carol", "alice carol", "carol, alice", "alice, carol, dora"]
        {
            assert!(!matches(0, &format!("Users in lobby: {line}")), "{line}");
        }
        assert!(matches(1, "Users in lobby: carol") && !matches(1, "Users in lobby: alice, carol"));
    }
}
