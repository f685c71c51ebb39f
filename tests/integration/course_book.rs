//! Tests the pages of HTML that the course writes: the book, and the table of a class.

use std::fs;

use chat::course::{book, solution::Edition, steps::STEPS};

use super::{course::example, course_program::Desk};

/// Expects HTML whose elements are closed in order, that has no stray `<` or `&`, and that loads nothing by itself
/// but these files.
#[track_caller]
fn is_valid(name: &str, html: &str, loads: &[&str]) {
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"), "{name}");
    let mut open: Vec<&str> = Vec::new();
    let parts = html.split('<').skip(2);
    for part in parts {
        let (tag, text) = part.split_once('>').unwrap_or_else(|| panic!("{name}: a stray < before {part:?}"));
        let word = tag.split_whitespace().next().unwrap_or_default();
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "{name}: </{closed}>");
        } else if !["meta", "link", "br", "hr"].contains(&word) {
            assert!(word.chars().all(|c| c.is_ascii_alphanumeric()), "{name}: <{word}>");
            open.push(word);
        }
        assert!(!["script", "img", "iframe", "object", "base", "form"].contains(&word), "{name}: <{word}>");
        for value in attributes(tag, "src")
            .chain((word == "link").then(|| attributes(tag, "href")).into_iter().flatten())
        {
            assert!(loads.contains(&value), "{name} loads {value}");
        }
        if word != "style" {
            for entity in text.split('&').skip(1) {
                let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
                assert!(
                    known.iter().any(|known| entity.starts_with(known)),
                    "{name}: a stray & before {entity:?}"
                );
            }
        }
    }
    assert!(open.is_empty(), "{name}: {open:?} stay open");
    assert!(!html.contains("url(") && !html.contains("@import"), "{name}");
}

/// The values of an attribute of a tag.
fn attributes<'a>(tag: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let start = format!(" {name}=\"");
    let values: Vec<_> = tag.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect();
    values.into_iter()
}

#[test]
fn the_book_has_a_page_for_each_step_and_no_dead_link() {
    let desk = Desk::new();
    desk.says(&["book", "book"], 0, "Begin with book/index.html.");
    let folder = desk.path().join("book");
    let files = book::files();
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), files.len());
    let pages = files.iter().filter(|(name, _)| name != "style.css");
    for (name, html) in pages.clone() {
        assert_eq!(fs::read_to_string(folder.join(name)).expect("a page"), *html);
        is_valid(name, html, &["style.css"]);
        for link in attributes(html, "href") {
            let is_there = files.iter().any(|(name, _)| name == link);
            assert!(is_there || link.starts_with("https://"), "{name} links to {link}");
        }
    }
    let index = fs::read_to_string(folder.join("index.html")).expect("a page");
    for step in &STEPS {
        let name = format!("step_{:02}.html", step.number);
        assert!(index.contains(&format!("href=\"{name}\"")), "{name}");
        let (_, html) = pages.clone().find(|(known, _)| *known == name).expect("a page");
        assert_eq!(html.matches("<details><summary>Hint ").count(), 3, "{name}");
        for (edition, summary) in [(Edition::Rust, "In Rust: "), (Edition::Python, "In Python: ")] {
            let is_there = html.contains(&format!("<details><summary>{summary}"));
            assert_eq!(is_there, edition.of(step.number).is_some(), "{name}");
        }
    }
    let (_, css) = files.iter().find(|(name, _)| name == "style.css").expect("a style");
    assert!(!css.contains("url(") && !css.contains("@import"), "{css}");
}

#[test]
fn a_book_that_cannot_be_written_is_an_error_with_its_file() {
    let desk = Desk::new();
    fs::write(desk.path().join("file"), "").expect("a file");
    desk.says(&["book", "file/book"], 2, "file/book: ");
}

#[test]
fn a_class_is_a_page_for_a_projector() {
    let desk = Desk::new();
    let class = desk.path().join("class <b>");
    let hostile = "<script>alert(1)<\u{1b}[2Jscript> & \"co\"";
    for (name, notes) in
        [("ann", format!("server: {}\n", example("step_01"))), (hostile, "server: <i>/x\n".to_owned())]
    {
        fs::create_dir_all(class.join(name)).expect("a folder");
        fs::write(class.join(name).join("course.txt"), notes).expect("a file");
    }
    desk.says(&["class", "class <b>", "--html", "table.html", "--seed", "7"], 0, "ann");
    let html = fs::read_to_string(desk.path().join("table.html")).expect("a page");
    is_valid("table.html", &html, &[]);
    assert!(
        html.contains("<h1>Chat course: class &lt;b&gt;</h1>") && html.contains("2 of 2 graded"),
        "{html}"
    );
    assert!(html.contains("&lt;script&gt;alert(1)&lt;\\u{1b}[2Jscript&gt; &amp; &quot;co&quot;"), "{html}");
    assert!(html.contains("cannot run &lt;i&gt;/x"), "{html}");
    assert!(html.contains("seed 7") && html.contains(" (02_answer)</td>"), "{html}");
    assert_eq!(html.matches("title=\"Step 1: passed\"").count(), 1, "{html}");
    assert_eq!(html.matches("<td class=\"pass\"").count(), 1, "{html}");
    assert!(!html.contains("http:") && !html.contains("https:") && !html.contains("refresh"), "{html}");
    assert!(!desk.path().join("table.html.part").exists());
    desk.says(&["class", "class <b>", "--html", "none/table.html"], 2, "none/table.html: ");
}
