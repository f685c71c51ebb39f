//! Writes the pages of the course as a small book: static pages for a browser or a printer.

use std::{fmt::Write, fs, io, path::Path};

use clap::ValueEnum;
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html::push_html};

use super::{
    html::{escaped, page},
    pages::{self, Page},
    solution::{self, Edition},
    steps::{Part, STEPS, Step},
    verdict::Style,
};

const STYLE: &str = include_str!("book.css");

/// What every page has in its head.
const HEAD: &str = "<link rel=\"stylesheet\" href=\"style.css\">\n";

/// Writes the book to a folder, which is created if it does not exist. Other files in it stay.
///
/// # Errors
/// A file cannot be written. The error names it.
pub fn write(folder: &Path) -> io::Result<()> {
    let named = |path: &Path, result: io::Result<()>| {
        result.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    };
    named(folder, fs::create_dir_all(folder))?;
    for (name, text) in files() {
        let path = folder.join(name);
        named(&path, fs::write(&path, text))?;
    }
    Ok(())
}

/// All files: the name of each and its contents.
pub fn files() -> Vec<(String, String)> {
    let mut files = vec![
        ("style.css".to_owned(), STYLE.to_owned()),
        ("index.html".to_owned(), contents()),
        ("teachers.html".to_owned(), teachers()),
        ("plan.html".to_owned(), plan()),
    ];
    files.extend(STEPS.iter().filter_map(|step| Some((file(step), of_step(step, Page::of(step.number)?)))));
    files
}

/// The name of the file of a step.
fn file(step: &Step) -> String {
    format!("step_{:02}.html", step.number)
}

/// The first page: the introduction and all steps.
fn contents() -> String {
    let mut body = html(pages::chapter("Build a chat server, step by step"), HeadingLevel::H1);
    let mut part: Option<Part> = None;
    for step in &STEPS {
        if part.replace(step.part) != Some(step.part) {
            let title = step.part.title();
            let introduction = html(pages::chapter(&format!("Part: {title}")), HeadingLevel::H1);
            let end = if step.number == 1 { "" } else { "</ol>\n" };
            let _ = write!(body, "{end}<h2>{title}</h2>\n{introduction}<ol start=\"{}\">\n", step.number);
        }
        let _ = writeln!(body, "<li><a href=\"{}\">{}</a></li>", file(step), escaped(step.title));
    }
    body.push_str(
        "</ol>\n<h2>For teachers</h2>\n<ul>\n<li><a href=\"plan.html\">A plan on one page</a></li>\n",
    );
    body.push_str("<li><a href=\"teachers.html\">For teachers</a></li>\n</ul>\n");
    let title = "Build a chat server, step by step";
    page(title, HEAD, &format!("<main>\n<h1>{title}</h1>\n{body}</main>\n"))
}

/// The page of a step, with its hints and its solution folded.
fn of_step(step: &Step, text: Page) -> String {
    let title = format!("Step {}: {}", step.number, step.title);
    let mut body = format!("{}<main>\n<h1>{}</h1>\n", around(step), escaped(&title));
    body.push_str(&html(text.markdown(), HeadingLevel::H2));
    let mut heading = "<h2>A solution</h2>\n";
    for edition in Edition::value_variants() {
        let Some(solution) = edition.of(step.number) else { continue };
        let (name, shown) = (edition.name(), solution::shown(&solution, Style::Plain));
        let lines: String = shown.lines().map(changed).collect();
        let _ = write!(
            body,
            "{heading}<details><summary>In {name}: what changes in the program of the step before</summary>\n\
             <pre class=\"changes\"><code>{lines}</code></pre>\n</details>\n"
        );
        heading = "";
    }
    let _ = write!(body, "</main>\n{}", around(step));
    page(&title, HEAD, &body)
}

/// One line of a solution. What is added and removed shows in print, too, by its first character.
fn changed(line: &str) -> String {
    let text = escaped(line);
    match line.chars().next() {
        Some('+') => format!("<ins>{text}</ins>\n"),
        Some('-') => format!("<del>{text}</del>\n"),
        _ => text + "\n",
    }
}

/// The links to the pages before and after a step.
fn around(step: &Step) -> String {
    let mut links = String::new();
    if let Some(before) = Step::find(step.number - 1) {
        let _ = writeln!(links, "<a rel=\"prev\" href=\"{}\">Step {}</a>", file(before), before.number);
    }
    links.push_str("<a href=\"index.html\">Contents</a>\n");
    if let Some(after) = Step::find(step.number + 1) {
        let _ = writeln!(links, "<a rel=\"next\" href=\"{}\">Step {}</a>", file(after), after.number);
    }
    format!("<nav>\n{links}</nav>\n")
}

fn teachers() -> String {
    let text = html(pages::chapter("For teachers"), HeadingLevel::H1);
    let link =
        "<nav>\n<a href=\"index.html\">Contents</a>\n<a href=\"plan.html\">A plan on one page</a>\n</nav>\n";
    page("For teachers", HEAD, &format!("{link}<main>\n<h1>For teachers</h1>\n{text}</main>\n"))
}

/// What to do in which hour, and all steps, on one sheet of paper.
fn plan() -> String {
    let chapter = pages::chapter("For teachers");
    let hours = chapter.split("## By the hour\n").nth(1).unwrap_or_default();
    let hours = html(hours.split("\n## ").next().unwrap_or_default(), HeadingLevel::H1);
    let mut body = format!("<main class=\"plan\">\n<h1>A plan, hour by hour</h1>\n{hours}<div>\n");
    let mut part: Option<Part> = None;
    for step in &STEPS {
        if part.replace(step.part) != Some(step.part) {
            let end = if step.number == 1 { "" } else { "</ol>\n" };
            let _ = write!(body, "{end}<h2>{}</h2>\n<ol start=\"{}\">\n", step.part.title(), step.number);
        }
        let _ = writeln!(body, "<li>{}</li>", escaped(step.title));
    }
    body.push_str("</ol>\n</div>\n</main>\n");
    page("A plan for teachers", HEAD, &body)
}

/// Markdown as HTML. `top` is the level of its highest headings, which are third-level headings on the page of a step.
///
/// The only HTML of the course that stays HTML is what folds the hints.
fn html(markdown: &str, top: HeadingLevel) -> String {
    // In a dead link, the words stay.
    let mut is_dead = false;
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).filter_map(|event| {
        Some(match event {
            Event::Html(line) | Event::InlineHtml(line) if !is_fold(&line) => Event::Text(line),
            Event::Start(Tag::Heading { id, classes, attrs, .. }) if top == HeadingLevel::H2 => {
                Event::Start(Tag::Heading { level: top, id, classes, attrs })
            }
            Event::End(TagEnd::Heading(_)) if top == HeadingLevel::H2 => Event::End(TagEnd::Heading(top)),
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let target = target(&dest_url);
                is_dead = target.is_none();
                Event::Start(Tag::Link { link_type, dest_url: target?, title, id })
            }
            Event::End(TagEnd::Link) if is_dead => return None,
            event => event,
        })
    });
    let mut html = String::new();
    push_html(&mut html, events);
    html
}

/// Where a link of the course leads in the book. The files of the project are not part of it.
fn target<'a>(link: &str) -> Option<CowStr<'a>> {
    let step = || link.strip_prefix("#step-")?.split('-').next()?.parse().ok().and_then(Step::find);
    match link {
        "#for-teachers" => Some("teachers.html".into()),
        _ if link.starts_with("https://") => Some(link.to_owned().into()),
        _ => step().map(|step| file(step).into()),
    }
}

/// Whether a line of HTML begins or ends a hint.
fn is_fold(line: &str) -> bool {
    let line = line.trim_end();
    let summary = line.strip_prefix("<details><summary>").and_then(|line| line.strip_suffix("</summary>"));
    line == "</details>" || summary.is_some_and(|words| !words.contains(['<', '>', '&']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_folds_the_hints_is_html() {
        let text = "A <b>bold</b> `<user>`\n\n<script>alert(1)</script>\n\n<details><summary>Hint 1</summary>\n\nLook.\n\n\
                    </details>\n<details open><summary>Hint 2</summary>\n";
        let html = html(text, HeadingLevel::H1);
        assert!(html.contains("A &lt;b&gt;bold&lt;/b&gt; <code>&lt;user&gt;</code>"), "{html}");
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script"), "{html}");
        assert!(
            html.contains("<details><summary>Hint 1</summary>\n<p>Look.</p>\n</details>\n&lt;details open"),
            "{html}"
        );
    }

    #[test]
    fn a_link_leads_to_a_page_of_the_book_or_to_the_web() {
        let html = html(
            "[a](#step-8-rooms) [b](#for-teachers) [`c`](src/c.rs) [d](https://example.org)\n",
            HeadingLevel::H1,
        );
        assert_eq!(
            html,
            "<p><a href=\"step_08.html\">a</a> <a href=\"teachers.html\">b</a> <code>c</code> \
             <a href=\"https://example.org\">d</a></p>\n"
        );
    }
}
