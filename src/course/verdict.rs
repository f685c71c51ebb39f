//! Tells a learner in at most one screen what is wrong.

use std::fmt::{self, Display};

use super::{
    grader::{Fault, Verdict},
    visible::visible,
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
    /// The verdict as text: one line if the check passed. Otherwise what was checked, sent, expected and received, what
    /// that usually means, and where to read on.
    pub fn text(&self, style: Style) -> String {
        let step = format!("Step {}, {}", self.step.number, self.step.title);
        match &self.fault {
            None => format!("{} {step}\n", style.good("✓")),
            Some(fault) => {
                let title = format!("{step}: {}", self.check.checking());
                let told = FaultText { fault, step: self.step.number, style };
                format!("{} {}\n\n{told}", style.bad("✗"), style.strong(&title))
            }
        }
    }
}

/// A fault as text.
struct FaultText<'a> {
    fault: &'a Fault,
    step: usize,
    style: Style,
}

impl Display for FaultText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { failure, transcript, output } = self.fault;
        let (left_out, lines) = transcript.last(CONVERSATION);
        if left_out > 0 {
            writeln!(f, "    ({left_out} earlier lines)")?;
        }
        for line in lines {
            writeln!(f, "    {}", shortened(&visible(line)))?;
        }
        if !lines.is_empty() {
            writeln!(f)?;
        }
        self.comparison(f)?;
        for note in &failure.notes {
            writeln!(f, "  {}", shortened(&visible(note)))?;
        }
        writeln!(f, "\n  {}: {}", self.style.strong(failure.class.name), failure.class.summary)?;
        printed(f, output, OUTPUT + CONVERSATION - lines.len())?;
        writeln!(f, "\n  chat_course hint {} · chat_course explain {}", self.step, failure.class.name)
    }
}

impl FaultText<'_> {
    fn comparison(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failure = &self.fault.failure;
        // If a long line is wrong far from its start, both are shown from shortly before that place.
        let start = failure.caret.filter(|caret| *caret > WIDTH / 2).map_or(0, |caret| caret - WIDTH / 4);
        let shown = |text: &str| {
            let rest: String = text.chars().skip(start).collect();
            shortened(&if start > 0 { format!("…{rest}") } else { rest })
        };
        writeln!(f, "  expected  {}", self.style.good(&shown(&failure.expected)))?;
        writeln!(f, "  received  {}", self.style.bad(&shown(&failure.received)))?;
        if let Some(caret) = failure.caret {
            let column = caret - start + usize::from(start > 0);
            let before = unicode_width(&failure.received, start, caret).max(column);
            writeln!(f, "            {}^", " ".repeat(before))?;
        }
        Ok(())
    }
}

/// Shows the end of the program's output.
fn printed(f: &mut fmt::Formatter<'_>, output: &str, most: usize) -> fmt::Result {
    // Empty lines and the carets that Python puts under its source are left out.
    let says_something = |line: &&str| !line.chars().all(|c| c.is_whitespace() || "^~".contains(c));
    let lines: Vec<_> = output.lines().filter(says_something).collect();
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n  The last output of the program:")?;
    for line in &lines[lines.len().saturating_sub(most)..] {
        writeln!(f, "    | {}", shortened(&visible(line)))?;
    }
    Ok(())
}

/// The number of columns of a part of a line. An emoji takes two.
fn unicode_width(text: &str, start: usize, end: usize) -> usize {
    let wide = |c: char| matches!(u32::from(c), 0x1100..=0x115F | 0x2E80..=0xD7A3 | 0xF900..=0xFAFF | 0xFF00..=0xFF60 | 0x1F300..=0x1FAFF);
    let part = text.chars().skip(start).take(end - start);
    part.map(|c| if wide(c) { 2 } else { 1 }).sum::<usize>() + usize::from(start > 0)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}
