//! What a program can check in the README.

use std::{fs, path::Path};

use chat::{
    command::verbs,
    event::{Help, Usage},
};

use crate::support::server::{command, run};

fn readme() -> String {
    fs::read_to_string("README.md").expect("the README")
}

/// The cells of the rows of all tables whose first cell begins like this, without the quotes.
fn rows<'a>(readme: &'a str, beginning: &str) -> Vec<Vec<&'a str>> {
    let cells = |row: &'a str| row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`'));
    let rows =
        readme.lines().filter(|line| line.starts_with("| `")).map(|row| cells(row).collect::<Vec<_>>());
    rows.filter(|row| row[0].starts_with(beginning)).collect()
}

#[test]
fn the_commands_that_it_shows_are_rows_of_the_table() {
    let readme = readme();
    let table: Vec<_> = verbs().map(|verb| (Usage(verb).to_string(), Help(verb).to_string())).collect();
    let shown = rows(&readme, "/");
    assert!(shown.len() >= 10);
    for row in shown {
        // In a table, a bar within a cell is escaped.
        let row = (row[0].replace(r"\|", "|"), row[1].to_owned());
        assert!(table.contains(&row), "{row:?} is not in {table:#?}");
    }
}

#[test]
fn the_options_that_it_shows_have_these_defaults() {
    let (_, help, _) = run(command().arg("--help"));
    let readme = readme();
    let shown = rows(&readme, "--");
    assert!(shown.len() >= 5);
    for row in shown {
        let (name, value) = row[0].split_once(' ').unwrap_or((row[0], ""));
        let usage = if value.is_empty() { name.to_owned() } else { format!("{name} <{value}>") };
        let described = help.split(&usage).nth(1).unwrap_or_else(|| panic!("no {usage} in {help}"));
        let described = described.split("\n      --").next().unwrap_or(described);
        let default = described.split("[default: ").nth(1).and_then(|after| after.split(']').next());
        assert_eq!(row[1], default.unwrap_or("–"), "{usage}");
    }
}

#[test]
fn the_format_of_the_log_is_in_the_help_as_it_says() {
    // No line of it is wrapped.
    let (_, help, _) = run(command().arg("--help").env("COLUMNS", "200"));
    assert!(help.ends_with(chat::log::FORMAT), "{help}");
}

#[test]
fn no_placeholder_is_left() {
    assert!(!readme().contains("@@"));
}

#[test]
fn every_file_linked_from_the_readme_or_the_course_exists() {
    let pages = readme() + &fs::read_to_string("challenges.md").expect("the course");
    for target in pages.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
        assert!(target.starts_with("http") || Path::new(target).exists(), "{target}");
    }
}
