//! Tests the `build:` line of `course.txt`.

use std::{fs, path::Path};

use super::{
    course::example,
    course_program::Desk,
    support::{Terminal, server::run},
};

/// Writes a script that copies a server to `server`, and the notes of a learner who builds with it.
fn notes(folder: &Path, server: &str) {
    let step = example(server);
    // At once, because `watch` looks at it at any time.
    fs::write(folder.join(".build.sh"), format!("cp {step} server\n")).expect("a file");
    fs::rename(folder.join(".build.sh"), folder.join("build.sh")).expect("the same folder");
    fs::write(folder.join("course.txt"), "server: ./server\nbuild: sh build.sh\n").expect("a file");
}

#[test]
fn the_build_line_runs_before_each_check_and_its_failure_is_shown_as_such() {
    let desk = Desk::new();
    notes(desk.path(), "step_01");
    desk.says(&["check", "1"], 0, "All is well: 1 step passed.");
    fs::write(desk.path().join("build.sh"), "echo server.c:1: a typo >&2; exit 3\n").expect("a file");
    let failure = "✗ The build failed: `sh build.sh` ended with status 3.\n\n    | server.c:1: a typo\n";
    desk.says(&["check", "1"], 1, failure);
    // Another program is checked all the same.
    desk.says(&["check", "2", "--", &example("step_02")], 0, "All is well: 2 steps passed.");
    notes(desk.path(), "step_02");
    desk.says(&["check", "2"], 0, "All is well: 2 steps passed.");
    let notes = fs::read_to_string(desk.path().join("course.txt")).expect("notes");
    assert!(notes.contains("\nbuild: sh build.sh\n"), "{notes}");
}

#[test]
fn a_build_that_fails_is_an_error_for_tools_and_a_row_of_a_class() {
    let desk = Desk::new();
    fs::create_dir(desk.path().join("ann")).expect("a folder");
    for folder in [desk.path().to_owned(), desk.path().join("ann")] {
        fs::write(folder.join("course.txt"), "server: ./server\nbuild: false\n").expect("a file");
    }
    let (_, json, _) = run(&mut desk.command(&["check", "1", "--json"]));
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(report["status"], "error");
    assert_eq!(report["message"], "✗ The build failed: `false` ended with status 1.\n");
    desk.says(&["class", "."], 0, "The build failed: `false` ended with status 1.");
}

#[test]
fn watch_builds_again_after_a_change_and_does_not_mistake_what_it_built_for_one() {
    let desk = Desk::new();
    notes(desk.path(), "step_01");
    fs::write(desk.path().join("build.sh"), "echo a typo; exit 1\n").expect("a file");
    let script = format!("cd {} && exec \"$0\" watch 1", desk.path().display());
    let terminal =
        Terminal::start_as(&["sh", "-c", &script, env!("CARGO_BIN_EXE_chat_course")], 0, &[], "vt100");
    terminal.shows("| a typo");
    terminal.shows("Watching 1 file ·");
    notes(desk.path(), "step_01");
    terminal.shows("All is well: 1 step passed.");
    terminal.shows("Watching 1 file ·");
}
