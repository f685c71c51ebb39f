//! Tests `chat_course` as learners and teachers use it.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;

use super::{
    course::{example, has_python},
    support::server::{eventually, run},
};

/// A temporary folder in which the course runs.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat_course"));
        command.args(arguments).current_dir(self.0.path());
        command
    }

    /// Runs the course and returns its status and output.
    #[track_caller]
    fn course(&self, arguments: &[&str]) -> (i32, String) {
        let (status, out, errors) = run(&mut self.command(arguments));
        (status.expect("it ends by itself"), out + &errors)
    }

    #[track_caller]
    fn says(&self, arguments: &[&str], status: i32, expected: &str) {
        let (came, said) = self.course(arguments);
        assert_eq!(came, status, "{arguments:?}:\n{said}");
        assert!(said.contains(expected), "{arguments:?} should say {expected:?}:\n{said}");
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

#[test]
fn the_status_is_0_for_a_pass_1_for_a_failure_and_2_for_an_error() {
    let desk = Desk::new();
    let (right, wrong) = (example("step_02"), example("step_01"));
    desk.says(&[], 0, "chat_course new FOLDER");
    desk.says(&["check", "2", "--", &right], 0, "All is well: 2 steps passed.");
    desk.says(&["check", "2", "--", &wrong], 1, "Step 2 fails. 1 step passed.");
    desk.says(&["check", "2", "--", "/no/such/program"], 2, "cannot run /no/such/program");
    desk.says(&["check", "99", "--", &right], 2, "there is no step 99");
    desk.says(&[], 0, "Next:  chat_course show 3");
    desk.says(&["list"], 0, "✓  2  Answer one line");
}

#[test]
fn the_command_is_remembered_and_a_seed_repeats_a_check() {
    let desk = Desk::new();
    desk.says(&["check", "1"], 2, "the command of your server is missing");
    desk.course(&["check", "2", "--", &example("faulty"), "quoted"]);
    let (status, first) = desk.course(&["check", "2", "--seed", "7"]);
    assert_eq!(status, 1);
    assert!(first.contains("nearly: ") && first.contains("--seed 7"), "{first}");
    assert_eq!(desk.course(&["check", "2", "--seed", "7"]).1, first);
}

#[test]
fn a_step_that_needs_both_programs_names_the_missing_one() {
    let desk = Desk::new();
    let server = env!("CARGO_BIN_EXE_chat_server");
    desk.says(&["check", "23", "--", server], 2, "step 23 also needs your client; add a line to course.txt");
    let notes = format!("client: {}\n", env!("CARGO_BIN_EXE_chat_client"));
    fs::write(desk.path().join("course.txt"), notes).expect("a file");
    desk.says(&["check", "23", "--strict", "--", server, "--max-clients", "100"], 0, "✓ Step 23, Files");
}

#[test]
fn json_reports_passes_failures_and_errors() {
    let desk = Desk::new();
    let (status, json) = desk.course(&["check", "2", "--json", "--", &example("step_01")]);
    assert_eq!(status, 1);
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&report["version"], &report["status"]), (&3.into(), &"fail".into()));
    let test = &report["tests"][0];
    assert_eq!((&test["task_id"], &test["status"]), (&2.into(), &"fail".into()));
    assert!(test["message"].as_str().is_some_and(|message| message.contains("expected")), "{json}");
    assert_eq!(report["tests"][1]["status"], "pass");
    let (_, errors, _) = run(&mut desk.command(&["check", "1", "--json", "--", "/no/such/program"]));
    let report: serde_json::Value = serde_json::from_str(&errors).expect("JSON");
    assert_eq!(report["status"], "error");
}

#[test]
fn a_program_that_ends_before_it_listens_is_shown_with_its_output() {
    let desk = Desk::new();
    let command = ["check", "1", "--", "sh", "-c", "echo the kettle is empty >&2; exit 3", "sh"];
    desk.says(&command, 1, "The last output of the program:\n    | the kettle is empty");
    desk.says(&command, 1, "exits-early: ");
    desk.says(&command, 1, "it ended: status 3");
}

#[test]
fn a_program_that_does_not_start_is_not_started_for_the_other_steps() {
    let desk = Desk::new();
    desk.says(&["check", "3", "--", "false"], 1, "Step 3 fails. 0 steps passed. 2 steps not tried.");
}

#[test]
fn a_wrong_command_is_answered_with_advice() {
    let desk = Desk::new();
    desk.says(&["check", "1", "--", "python3 server.py"], 2, "without quotation marks");
    fs::write(desk.path().join("server.py"), "").expect("a file");
    desk.says(&["check", "1", "--", "server.py"], 2, "say which program runs it");
    desk.says(&["class", "class_of_2020"], 2, "class_of_2020: ");
}

#[test]
fn a_page_ends_with_the_check_and_the_last_hint_with_the_solution() {
    let desk = Desk::new();
    desk.says(&["show", "1"], 0, "chat_course check 1 -- YOUR SERVER · chat_course hint 1");
    desk.course(&["check", "1", "--", &example("step_01")]);
    desk.says(&["show", "1"], 0, "chat_course check 1 · chat_course hint 1");
    assert!(!desk.course(&["hint", "1"]).1.contains("no more hints"));
    desk.course(&["hint", "1"]);
    desk.says(&["hint", "1"], 0, "There are no more hints. See a solution: chat_course solution 1");
}

#[test]
fn ctrl_c_leaves_no_program_and_no_folder_behind() {
    let desk = Desk::new();
    let temporary = desk.path().join("temporary");
    fs::create_dir(&temporary).expect("a folder");
    let is_empty = || fs::read_dir(&temporary).expect("a folder").next().is_none();
    let script = "trap '' TERM; echo $$ >pid.part; mv pid.part pid; while :; do sleep 1000; done";
    // The check of step 26 creates a folder for the log.
    let mut course = desk.command(&["check", "26", "--", "sh", "-c", script, "sh"]);
    let course = course.env("TMPDIR", &temporary).stdout(Stdio::null()).stderr(Stdio::null());
    let mut course = course.spawn().expect("it was built");
    let file = desk.path().join("pid");
    eventually("the program runs", || file.exists());
    assert!(!is_empty());
    let pid = fs::read_to_string(&file).expect("a number").trim().parse().expect("a number");
    let pid = Pid::from_raw(pid).expect("a process");
    kill_process(Pid::from_child(&course), Signal::INT).expect("it runs");
    assert_eq!(course.wait().expect("a child").code(), Some(130));
    eventually("the program has ended", || is_gone(pid));
    assert!(is_empty());
}

/// Whether no process has this number, or only one that has ended.
fn is_gone(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    test_kill_process(pid).is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
}

#[test]
fn a_starter_passes_step_1_when_one_line_is_uncommented() {
    let desk = Desk::new();
    for (language, file, slashes) in [("rust", "src/main.rs", "    // "), ("python", "server.py", "# ")] {
        if language == "python" && !has_python() {
            continue;
        }
        desk.says(&["new", language, "--lang", language], 0, "chat_course show 1");
        desk.says(&["new", language, "--lang", language], 2, "is not empty");
        let home = Desk(tempfile::tempdir_in(desk.path()).expect("a folder"));
        let folder = desk.path().join(language);
        let check = |status: i32, word: &str| {
            let mut command = home.command(&["check", "1", "--patience", "2"]);
            command.current_dir(&folder);
            let (came, out, errors) = run(&mut command);
            assert!(came == Some(status) && out.contains(word), "{language}: {came:?}\n{out}{errors}");
        };
        check(1, "Step 1 fails.");
        let path = folder.join(file);
        let text = fs::read_to_string(&path).expect("a first file");
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        let at = lines.iter().position(|line| line.contains("Welcome")).expect("a greeting");
        lines[at] = lines[at].replacen(slashes.trim_start(), "", 1);
        fs::write(&path, lines.join("\n") + "\n").expect("a file");
        check(0, "All is well: 1 step passed.");
    }
}

#[test]
fn a_solution_is_shown_when_the_step_has_passed() {
    let desk = Desk::new();
    desk.says(&["solution", "2"], 1, "has not passed yet");
    desk.says(&["solution", "2", "--force"], 0, "+ ");
    desk.course(&["check", "2", "--", &example("step_02")]);
    desk.says(&["solution", "2"], 0, "+ ");
    desk.says(&["solution", "18"], 2, "there is no solution for step 18");
}

#[test]
fn kinds_of_failure_and_faults_are_explained() {
    let desk = Desk::new();
    desk.says(&["explain"], 0, "port-busy ");
    desk.says(&["explain", "silent"], 0, "flush it");
    desk.says(&["explain", "bad-weather"], 2, "there is no failure 'bad-weather'");
    desk.says(&["bug"], 0, "room-leak");
    desk.says(
        &["bug", "room-leak"],
        0,
        "chat_course check 8 -- cargo run --quiet --example faulty -- room-leak",
    );
    desk.says(&["bug", "room-leak", "--show"], 0, "tests/faulty/");
    desk.says(&["watch", "1", "--", "true"], 2, "watch needs a terminal; use chat_course check 1 instead");
}

#[test]
fn the_results_of_a_class_are_a_table() {
    let desk = Desk::new();
    for (name, server) in [("ann", example("step_02")), ("bob", example("step_01"))] {
        fs::create_dir(desk.path().join(name)).expect("a folder");
        fs::write(desk.path().join(name).join("course.txt"), format!("server: {server}\n")).expect("a file");
    }
    fs::create_dir(desk.path().join("eve")).expect("a folder");
    let (status, table) = desk.course(&["class", "."]);
    assert_eq!(status, 0);
    let rows: Vec<_> = table.lines().collect();
    assert!(rows[0].trim_start().starts_with("1  2  3"), "{table}");
    assert!(rows[1].starts_with("ann   ✓  ✓  ✗  ·") && rows[1].contains("(03_"), "{table}");
    assert!(rows[2].starts_with("bob   ✓  ✗  ·") && rows[2].ends_with(" (02_answer)"), "{table}");
    assert!(rows[3].starts_with("eve   ·") && rows[3].ends_with("no command in its course.txt"), "{table}");
    let (_, json) = desk.course(&["class", ".", "--json"]);
    let rows: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(rows[1]["steps"][0]["status"], "pass");
}
