//! Writes the results of a class as one page of HTML, for a projector.

use std::{
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Zoned;

use super::Row;
use crate::course::{
    html::{escaped, page},
    steps::{Part, STEPS},
};

const STYLE: &str = include_str!("table.css");

/// A page with the results so far.
pub(super) struct Table<'a> {
    pub(super) class: &'a str,
    pub(super) rows: &'a [Row],
    /// How many hand-ins there are.
    pub(super) all: usize,
    pub(super) seed: u64,
}

impl Table<'_> {
    /// Replaces the file at once, so that a browser never reads half a page.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        fs::write(&part, self.html())
            .and_then(|()| fs::rename(&part, path))
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    }

    fn html(&self) -> String {
        let title = format!("Chat course: {}", self.class);
        let mut head = format!("<style>\n{STYLE}</style>\n");
        if self.rows.len() < self.all {
            // The page shows each new row by itself, until there are no more.
            head.push_str("<meta http-equiv=\"refresh\" content=\"5\">\n");
        }
        let graded = format!("{} of {} graded", self.rows.len(), self.all);
        let time = Zoned::now().strftime("%Y-%m-%d %H:%M");
        let rows: String = self.rows.iter().map(row).collect();
        let body = format!(
            "<h1>{}</h1>\n<p>{graded} · {time} · seed {}</p>\n<table>\n<thead>\n{}</thead>\n<tbody>\n{rows}</tbody>\n\
             </table>\n",
            escaped(&title),
            self.seed,
            heading()
        );
        page(&title, &head, &body)
    }
}

/// The parts of the course, and below them the numbers of their steps.
fn heading() -> String {
    let mut parts = String::new();
    let mut steps = String::new();
    let mut part: Option<Part> = None;
    for step in &STEPS {
        if part.replace(step.part) != Some(step.part) {
            let number = STEPS.iter().filter(|other| other.part == step.part).count();
            let title = step.part.title();
            let _ = writeln!(parts, "<th scope=\"colgroup\" colspan=\"{number}\">{title}</th>");
        }
        let title = escaped(step.title);
        let _ = writeln!(steps, "<th scope=\"col\" title=\"{title}\">{}</th>", step.number);
    }
    let at_both_rows = |title| format!("<th scope=\"col\" rowspan=\"2\">{title}</th>\n");
    let (name, first, time) = (at_both_rows("Name"), at_both_rows("First failure"), at_both_rows("Time"));
    format!("<tr>\n{name}{parts}{first}{time}</tr>\n<tr>\n{steps}</tr>\n")
}

fn row(row: &Row) -> String {
    let mut html = format!("<tr>\n<th scope=\"row\">{}</th>\n", escaped(&row.name));
    for step in &STEPS {
        let (class, mark, words) = match row.report.mark(step.number) {
            Some(true) => ("pass", "✓", "passed"),
            Some(false) => ("fail", "✗", "failed"),
            None => ("none", "·", "not tried"),
        };
        let _ = writeln!(html, "<td class=\"{class}\" title=\"Step {}: {words}\">{mark}</td>", step.number);
    }
    let _ = writeln!(html, "<td class=\"first\">{}</td>", escaped(&row.first));
    let _ = writeln!(html, "<td class=\"time\">{} s</td>\n</tr>", row.time.as_secs());
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_itself_again_only_while_hand_ins_are_graded() {
        let table = Table { class: "7b", rows: &[], all: 2, seed: 1 }.html();
        assert!(table.contains("0 of 2 graded") && table.contains("http-equiv=\"refresh\""), "{table}");
        let table = Table { class: "7b", rows: &[], all: 0, seed: 1 }.html();
        assert!(!table.contains("refresh"), "{table}");
    }
}
