//! What a program can check in the README.

use std::{fs, path::Path};

use chat::{
    command::VERBS,
    event::{Help, Usage},
};

use crate::support::server::{command, run};

fn readme() -> String {
    fs::read_to_string("README.md").expect("the README")
}

#[test]
fn the_table_of_commands_matches_the_program() {
    let rows: Vec<_> = VERBS
        .iter()
        .map(|verb| {
            let short = verb.alias.map(|alias| format!(", `/{alias}`")).unwrap_or_default();
            let usage = Usage(verb).to_string().replace('|', "\\|");
            format!("| `{usage}`{short} | {} |", Help(verb))
        })
        .collect();
    assert!(readme().contains(&rows.join("\n")), "the README should say:\n{}", rows.join("\n"));
}

#[test]
fn every_option_of_the_server_is_listed_with_its_default() {
    let (_, help, _) = run(command().arg("--help"));
    let readme = readme();
    let options = help.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
    for option in options.filter(|option| option.contains('<')) {
        let (name, rest) = option.split_once(' ').expect("a value");
        let value = rest.split(['<', '>']).nth(1).expect("its name");
        let default = rest.split("[default: ").nth(1).and_then(|after| after.split(']').next());
        let default = default.map_or_else(|| "–".to_owned(), |default| format!("`{default}`"));
        assert!(
            readme.contains(&format!("| `--{name} {value}` | {default} |")),
            "--{name} {value} {default}"
        );
    }
}

#[test]
fn no_placeholder_is_left() {
    assert!(!readme().contains("@@"));
}

#[test]
fn every_file_linked_from_the_readme_or_the_course_exists() {
    let pages = readme() + &fs::read_to_string("challenges.md").expect("the course");
    for target in pages.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(target.starts_with("http") || Path::new(target).exists(), "{target}");
    }
}
