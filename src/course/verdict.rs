//! Tells a learner in at most one screen what is wrong.

use unicode_width::UnicodeWidthChar;

use super::{
    failure::Failure,
    grader::{Fault, Verdict},
};

/// The most lines of the transcript that are shown.
const CONVERSATION: usize = 9;

/// The most lines of output below a full transcript. A shorter transcript leaves room for more.
const OUTPUT: usize = 4;

/// The most characters of a line that are shown.
const WIDTH: usize = 160;

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// No colours, for pipes and files.
    Plain,
    /// ANSI colours, for terminals.
    Coloured,
}

impl Style {
    /// Green text for good news.
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Red text for bad news.
    pub fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// Bold text.
    pub fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

impl Verdict {
    /// One line if the check passed; otherwise what was checked, sent, expected and received, and what that means.
    pub fn text(&self, style: Style) -> String {
        let step = format!("Step {}, {}", self.step.number, self.step.title);
        let Some(fault) = &self.fault else { return format!("{} {step}\n", style.good("✓")) };
        let Fault { failure, transcript, output } = &**fault;
        let title = style.strong(&format!("{step}: {}", self.check.checking()));
        let mut told = vec![format!("{} {title}", style.bad("✗")), String::new()];
        let (left_out, lines) = transcript.last(CONVERSATION);
        let plural = if left_out == 1 { "" } else { "s" };
        told.extend((left_out > 0).then(|| format!("    ({left_out} earlier line{plural})")));
        told.extend(lines.iter().map(|line| format!("    {}", shortened(&visible(line)))));
        told.extend((!lines.is_empty()).then(String::new));
        told.extend(comparison(failure, style));
        told.extend(failure.notes.iter().map(|note| format!("  {}", shortened(&visible(note)))));
        let class = failure.class;
        told.extend([String::new(), format!("  {}: {}", style.strong(class.name), class.summary)]);
        told.extend(printed(output, OUTPUT + CONVERSATION - lines.len()));
        let more = format!("  chat_course hint {} · chat_course explain {}", self.step.number, class.name);
        told.extend([String::new(), more]);
        told.join("\n") + "\n"
    }
}

/// What was expected and what was received, with a caret under the first wrong character.
fn comparison(failure: &Failure, style: Style) -> Vec<String> {
    // If a long line is wrong far from its start, both are shown from shortly before that place.
    let start = failure.caret.filter(|caret| *caret > WIDTH / 2).map_or(0, |caret| caret - WIDTH / 4);
    let before = if start > 0 { "…" } else { "" };
    let shown = |text: &str| shortened(&before.chars().chain(text.chars().skip(start)).collect::<String>());
    let by = failure.hearer.as_ref().map(|who| format!(" by {who}")).unwrap_or_default();
    let mut lines = vec![
        format!("  expected{by}  {}", style.good(&shown(&failure.expected))),
        format!("  received{by}  {}", style.bad(&shown(&failure.received))),
    ];
    if let Some(caret) = failure.caret {
        let right = failure.received.chars().skip(start).take(caret - start);
        let columns = before.chars().count() + right.filter_map(UnicodeWidthChar::width).sum::<usize>();
        lines.push(format!("  {}^", " ".repeat("received".len() + by.len() + 2 + columns)));
    }
    lines
}

/// The end of the program's output, with a heading. Of a longer stack trace at the end, the first lines, which name the
/// error, and the last lines are shown.
fn printed(output: &str, most: usize) -> Vec<String> {
    // Empty lines and the carets that Python puts under its source are left out.
    let says_something = |line: &&str| !line.chars().all(|c| c.is_whitespace() || "^~".contains(c));
    let lines: Vec<_> = output.lines().filter(says_something).collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let start = lines.len().saturating_sub(most);
    let trace = (0..lines.len()).rfind(|at| starts_a_trace(&lines[*at..])).unwrap_or(start).min(start);
    let first = if trace < start { most / 2 } else { 0 };
    let left_out = start - trace;
    let shown = |line: &&str| format!("    | {}", shortened(&visible(line)));
    let mut told = vec![String::new(), "  The program's last output:".to_owned()];
    told.extend(lines[trace..trace + first].iter().map(shown));
    told.extend((left_out > 0).then(|| format!("    | … ({left_out} lines)")));
    told.extend(lines[trace + first + left_out..].iter().map(shown));
    told
}

/// Whether the first of these lines is the first of a stack trace, as most languages print it.
fn starts_a_trace(lines: &[&str]) -> bool {
    const HEADS: [&str; 5] =
        ["Traceback (most recent call last)", "Exception in thread", "panic: ", "fatal error: ", "thread '"];
    let is_frame = |line: &str| {
        let place = line.trim_start();
        line.len() > place.len() && ["at ", "from "].iter().any(|word| place.starts_with(word))
    };
    let [first, second @ ..] = lines else { return false };
    HEADS.iter().any(|head| first.starts_with(head))
        || (second.first().is_some_and(|line| is_frame(line))
            && !is_frame(first)
            && !first.trim_start().starts_with("Caused by: "))
}

pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}

/// Escapes everything in what a program has printed that could control the terminal.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        match c {
            '\t' => shown.push(' '),
            '\u{2028}' | '\u{2029}' => shown.extend(c.escape_unicode()),
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expects that four lines of this output are shown, the left-out ones as `…`.
    #[track_caller]
    fn check(output: &str, expected: &[&str]) {
        let told = printed(output, 4);
        let shown: Vec<_> = told[2..].iter().filter_map(|line| line.strip_prefix("    | ")).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_first_line_of_a_long_stack_trace_is_shown() {
        let frames = |frame: &str| (1..=9).map(|n| format!("{frame}{n}\n")).collect::<Vec<_>>().concat();
        let java = "Exception in thread \"main\" java.lang.IllegalStateException: no\n".to_owned();
        let java = format!("ready\n{java}{}Caused by: x\n{}", frames("\tat Chat.f"), frames("\tat Chat.g"));
        let exception = "Exception in thread \"main\" java.lang.IllegalStateException: no";
        check(&java, &[exception, " at Chat.f1", "… (16 lines)", " at Chat.g8", " at Chat.g9"]);
        let python =
            format!("Traceback (most recent call last):\n{}ValueError: no\n", frames("  File \"x\", line "));
        let first = "Traceback (most recent call last):";
        check(
            &python,
            &[first, "  File \"x\", line 1", "… (7 lines)", "  File \"x\", line 9", "ValueError: no"],
        );
        let ruby = format!("a.rb:1:in 'f': no (RuntimeError)\n{}", frames("\tfrom a.rb:"));
        check(
            &ruby,
            &[
                "a.rb:1:in 'f': no (RuntimeError)",
                " from a.rb:1",
                "… (6 lines)",
                " from a.rb:8",
                " from a.rb:9",
            ],
        );
        let node = format!("Error: no\n{}\nNode.js v20\n", frames("    at f (a.js:"));
        check(&node, &["Error: no", "    at f (a.js:1", "… (7 lines)", "    at f (a.js:9", "Node.js v20"]);
    }

    #[test]
    fn output_without_a_long_trace_is_shown_from_its_end() {
        check("1\n2\n3\n4\n5\n6\n", &["3", "4", "5", "6"]);
        check("1\n2\nError: no\n  at f\n", &["1", "2", "Error: no", "  at f"]);
        check("1\n2\n3\nError: no\n  at f\nbye\n", &["3", "Error: no", "  at f", "bye"]);
    }
}
