//! `--generate` and `--help` of all programs.

use std::{fs, process::Command};

use super::support::server::run;

const PROGRAMS: [(&str, &str); 3] = [
    ("chat_server", env!("CARGO_BIN_EXE_chat_server")),
    ("chat_client", env!("CARGO_BIN_EXE_chat_client")),
    ("chat_course", env!("CARGO_BIN_EXE_chat_course")),
];

#[test]
fn every_program_writes_its_man_page_and_completions_under_the_names_that_systems_expect() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path().join("share/man");
    for (program, path) in PROGRAMS {
        for (kind, name) in [
            ("man", format!("{program}.1")),
            ("bash", format!("{program}.bash")),
            ("zsh", format!("_{program}")),
            ("fish", format!("{program}.fish")),
        ] {
            let (status, out, errors) = run(Command::new(path).args(["--generate", kind]).arg(&folder));
            assert_eq!((status, out.as_str(), errors.as_str()), (Some(0), "", ""), "{program} {kind}");
            let text = fs::read_to_string(folder.join(name)).expect("the file");
            assert!(text.contains(program), "{text}");
        }
    }
    assert!(folder.join("chat_course-check.1").exists(), "each task has a page, too");
}

#[test]
fn the_help_is_wrapped_at_the_width_of_the_terminal() {
    for (program, path) in PROGRAMS {
        for help in ["-h", "--help"] {
            let (_, help, _) = run(Command::new(path).arg(help).env("COLUMNS", "50"));
            let long: Vec<_> = help.lines().filter(|line| line.chars().count() > 50).collect();
            assert!(long.is_empty(), "{program}: {long:#?}");
        }
    }
}
