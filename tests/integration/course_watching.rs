//! Tests `chat_course watch`, and pages that are longer than the terminal.

use std::{fs, path::Path};

use rustix::process::{Pid, test_kill_process};

use super::{
    course::example,
    course_program::Desk,
    support::{Terminal, server::eventually},
};

/// Runs the course in a terminal in a folder, with these settings of the shell.
fn terminal(folder: &Path, settings: &str, arguments: &str) -> Terminal {
    let script = format!("cd {} && {settings} exec \"$0\" {arguments}", folder.display());
    Terminal::start_as(&["sh", "-c", &script, env!("CARGO_BIN_EXE_chat_course")], 0, &[], "vt100")
}

/// A learner whose server is a script, which ends like this.
fn learner(script: &str) -> Desk {
    let desk = Desk::new();
    fs::write(desk.path().join("course.txt"), "server: sh run.sh\n").expect("a file");
    save(desk.path(), script);
    desk
}

/// Saves the script at once, because `watch` looks at it at any time.
fn save(folder: &Path, script: &str) {
    fs::write(folder.join(".run.sh"), script).expect("a file");
    fs::rename(folder.join(".run.sh"), folder.join("run.sh")).expect("the same folder");
}

fn starts(step: &str) -> String {
    format!("exec {} \"$@\"\n", example(step))
}

#[test]
fn watch_ignores_what_the_server_writes() {
    let writes = "echo log >>chat.log; date >users.json; echo data >>chat.db; mkdir -p __pycache__\n\
                  echo x >>__pycache__/server.cpython.pyc\n";
    let desk = learner(&(writes.to_owned() + &starts("step_01")));
    let mut terminal = terminal(desk.path(), "", "watch 1");
    // If the check began again, this would not be shown for the first run.
    terminal.shows("Watching 1 file ·");
    terminal.shows("Run 1 · ");
    terminal.types("\r");
    terminal.shows("Run 2 · ");
    terminal.shows("Watching 1 file ·");
    terminal.types("q");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn a_program_that_writes_programs_is_checked_twice_and_not_for_ever() {
    let desk = learner(&("echo '#' >>made.py\n".to_owned() + &starts("step_01")));
    let mut terminal = terminal(desk.path(), "", "watch 1");
    terminal.shows("made.py changes while your program runs.");
    terminal.shows("Run 2 · ");
    save(desk.path(), &("echo '#' >>made.py\n".to_owned() + &starts("step_02")));
    terminal.shows("Run 3 · ");
    terminal.shows("Watching 2 files ·");
    terminal.types("q");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn watch_goes_on_to_the_next_step_and_shows_time_and_number_of_each_run() {
    let desk = learner("exit 1\n");
    let mut terminal = terminal(desk.path(), "", "watch");
    terminal.shows("Step 1 fails. 0 steps passed.");
    terminal.shows("Watching 1 file ·");
    let first = terminal.screen().contents();
    let head = first.lines().next().expect("a row");
    let (number, rest) = head.split_once(" · ").expect("a number");
    let (time, step) = rest.split_once(" · ").expect("a time");
    assert_eq!((number, step), ("Run 1", "step 1, Listen and greet"));
    assert!(time.len() == 8 && time.chars().filter(|c| *c == ':').count() == 2, "{head}");
    save(desk.path(), &starts("step_01"));
    terminal.shows("Next is step 2, Answer one line.");
    save(desk.path(), &starts("step_02"));
    terminal.shows("· step 2, Answer one line");
    terminal.shows("All is well: 2 steps passed.");
    terminal.shows("Next is step 3, A byte stream is not messages.");
    terminal.types("q");
    assert_eq!(terminal.ends(), 0);
    let notes = fs::read_to_string(desk.path().join("course.txt")).expect("notes");
    assert!(notes.contains("passed: 1 2\n"), "{notes}");
}

#[test]
fn the_keys_of_watch_work_while_the_program_is_checked() {
    // It never listens.
    let desk = learner("echo $$ >pid.part; mv pid.part pid; exec sleep 1000\n");
    let mut terminal = terminal(desk.path(), "", "watch 1");
    let file = desk.path().join("pid");
    eventually("the program runs", || file.exists());
    terminal.types("h");
    terminal.shows("Hint 1 of 3: ");
    terminal.types("s");
    terminal.shows("Step 1: Listen and greet");
    terminal.shows("Any key: go on · q: quit");
    terminal.types("q");
    terminal.types("h");
    terminal.shows("Hint 2 of 3: ");
    terminal.types("q");
    assert_eq!(terminal.ends(), 0);
    let pid = fs::read_to_string(&file).expect("a number").trim().parse().expect("a number");
    let pid = Pid::from_raw(pid).expect("a process");
    eventually("the program has ended", || test_kill_process(pid).is_err());
}

#[test]
fn ctrl_c_ends_watch_and_leaves_the_terminal_as_it_was() {
    let desk = learner(&starts("step_01"));
    let mut terminal = terminal(desk.path(), "", "watch 1");
    terminal.shows("Watching 1 file ·");
    terminal.types("\x03");
    assert_eq!(terminal.ends(), 130);
}

#[test]
fn a_class_shows_whose_program_is_checked_now() {
    let desk = learner("exec sleep 1000\n");
    let class = desk.path().join("class");
    fs::create_dir_all(class.join("ann")).expect("a folder");
    fs::rename(desk.path().join("run.sh"), class.join("ann/run.sh")).expect("the same folder");
    fs::rename(desk.path().join("course.txt"), class.join("ann/course.txt")).expect("the same folder");
    let mut terminal = terminal(desk.path(), "", "class class");
    terminal.shows("ann (1 of 1), step 1 …");
    terminal.types("\x03");
    assert_eq!(terminal.ends(), 130);
}

#[test]
fn a_hint_in_watch_is_for_the_lowest_step_that_fails() {
    let desk = learner("exit 1\n");
    let mut terminal = terminal(desk.path(), "", "watch 12");
    terminal.shows("Watching 1 file ·");
    terminal.types("h");
    terminal.shows("Hint 1 of 3: Which three calls does your language have to open a port");
    terminal.types("q");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn what_the_learner_edits_in_the_notes_while_watch_runs_stays() {
    let desk = learner(&starts("step_01"));
    let mut terminal = terminal(desk.path(), "", "watch 1");
    terminal.shows("Watching 1 file ·");
    let notes = desk.path().join("course.txt");
    let edited = "server: sh run.sh --fast\nteam: red\npassed: 1\n";
    fs::write(&notes, edited).expect("a file");
    terminal.types("\r");
    terminal.shows("Run 2 took ");
    terminal.types("q");
    assert_eq!(terminal.ends(), 0);
    let now = fs::read_to_string(&notes).expect("notes");
    assert!(now.starts_with(edited), "{now}");
}

#[test]
fn a_page_that_is_longer_than_the_terminal_is_shown_by_a_pager() {
    let desk = Desk::new();
    let mut pager = terminal(desk.path(), "PAGER='sed s/^/page:/'", "show 3");
    assert_eq!(pager.ends(), 0);
    assert!(pager.everything().iter().any(|row| row == "page:Step 3: A byte stream is not messages"));
    let mut short = terminal(desk.path(), "PAGER='sed s/^/page:/'", "");
    assert_eq!(short.ends(), 0);
    assert!(!short.contents().contains("page:"), "a text that fits needs no pager");
    let mut missing = terminal(desk.path(), "PAGER=/no/such/pager LESS=FX", "show 3");
    missing.shows("What you learn");
    missing.types("q");
    assert_eq!(missing.ends(), 0);
    let (_, said) = desk.course(&["show", "3"]);
    assert!(said.contains("chat_course check 3"), "no pager without a terminal");
}

#[test]
fn without_any_pager_a_page_is_shown_screen_by_screen() {
    let desk = Desk::new();
    let mut pager = terminal(desk.path(), "PATH=/no/such/folder", "show 3");
    pager.shows("Any key: go on · q: quit");
    let title = "Step 3: A byte stream is not messages";
    assert!(pager.contents().contains(title), "{}", pager.contents());
    pager.types(" ");
    pager.waits_until("the second screen is shown", |screen| !screen.contents().contains(title));
    pager.shows("Any key: go on · q: quit");
    pager.types("q");
    assert_eq!(pager.ends(), 0);
    let mut interrupted = terminal(desk.path(), "PATH=/no/such/folder", "show 3");
    interrupted.shows("Any key: go on · q: quit");
    interrupted.types("\x03");
    assert_eq!(interrupted.ends(), 130);
}
