//! Tests `chat_course` as learners and teachers use it.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use chat::course::steps::{Role, STEPS};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;

use super::{
    course::example,
    support::server::{eventually, run},
};

/// A temporary folder in which the course runs.
pub(crate) struct Desk(TempDir);

impl Desk {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat_course"));
        command.args(arguments).current_dir(self.0.path());
        command
    }

    /// Runs the course and returns its status and output.
    #[track_caller]
    pub(crate) fn course(&self, arguments: &[&str]) -> (i32, String) {
        let (status, out, errors) = run(&mut self.command(arguments));
        (status.expect("it ends by itself"), out + &errors)
    }

    #[track_caller]
    pub(crate) fn says(&self, arguments: &[&str], status: i32, expected: &str) {
        let (came, said) = self.course(arguments);
        assert_eq!(came, status, "{arguments:?}:\n{said}");
        assert!(said.contains(expected), "{arguments:?} should say {expected:?}:\n{said}");
    }

    pub(crate) fn path(&self) -> &Path {
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
    assert_eq!(report["summary"], "Step 2 fails. 1 step passed.\n");
    let test = report["tests"].as_array().and_then(|tests| tests.last()).expect("tests");
    assert_eq!((&test["task_id"], &test["status"]), (&2.into(), &"fail".into()));
    assert!(test["message"].as_str().is_some_and(|message| message.contains("expected")), "{json}");
    assert_eq!((&report["tests"][0]["task_id"], &report["tests"][0]["status"]), (&1.into(), &"pass".into()));
    let (_, errors, _) = run(&mut desk.command(&["check", "1", "--json", "--", "/no/such/program"]));
    let report: serde_json::Value = serde_json::from_str(&errors).expect("JSON");
    assert_eq!(report["status"], "error");
}

#[test]
fn a_program_that_ends_before_it_listens_is_shown_with_its_output() {
    let desk = Desk::new();
    let command = ["check", "1", "--", "sh", "-c", "echo the kettle is empty >&2; exit 3", "sh"];
    desk.says(&command, 1, "The program's last output:\n    | the kettle is empty");
    desk.says(&command, 1, "exits-early: ");
    desk.says(&command, 1, "it ended: status 3");
}

#[test]
fn a_program_that_does_not_start_is_not_started_for_the_other_steps() {
    let desk = Desk::new();
    let command = ["check", "3", "--", "sh", "-c", "echo started >>starts; exit 1", "sh"];
    desk.says(&command, 1, "Step 1 fails. 0 steps passed.\nNot tried: steps 2–3 (step 1 fails).");
    assert_eq!(fs::read_to_string(desk.path().join("starts")).expect("a file"), "started\n");
}

#[test]
fn the_verdict_is_that_of_the_lowest_step_that_fails() {
    let desk = Desk::new();
    // A server without newlines fails the welcome, and therefore each step.
    let command = ["check", "12", "--patience", "1", "--other", "--", &example("faulty"), "no-newline"];
    let (status, said) = desk.course(&command);
    assert_eq!(status, 1, "{said}");
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("✗ Step 12, Stopping: no-newline (12_"), "{said}");
    assert!(lines[1].starts_with("✗ Step 1, Listen and greet: "), "{said}");
    assert!(said.contains("chat_course hint 1 · chat_course explain no-newline"), "{said}");
    assert!(!said.contains("hint 12"), "{said}");
    let end = "Step 1 fails: begin there. Step 12 fails, too. 0 steps passed.\nNot tried: steps 2–11 (step 1 fails).\n";
    assert!(said.contains(end), "{said}");
    let json: Vec<_> = command[..4].iter().chain(&["--json"]).chain(&command[4..]).copied().collect();
    let report: serde_json::Value = serde_json::from_str(&desk.course(&json).1).expect("JSON");
    assert_eq!(report["tests"][0]["task_id"], 1, "{report}");
    assert_eq!(report["summary"], end);
    assert_eq!(report["left_out"][0], serde_json::json!({"task_id": 2, "reason": "step 1 fails"}));
}

#[test]
fn a_step_that_no_longer_works_is_where_to_begin() {
    let desk = Desk::new();
    let command = ["check", "10", "--patience", "1", "--", &example("faulty"), "room-leak"];
    let (status, said) = desk.course(&command);
    assert_eq!(status, 1);
    let order: Vec<_> =
        said.lines().filter_map(|line| line.strip_prefix("✓ Step ")?.split(',').next()).collect();
    assert_eq!(order, ["10", "1", "2", "3", "4", "5", "6", "7"]);
    assert!(said.contains("✗ Step 8, Rooms: ") && said.contains("chat_course hint 8 · "), "{said}");
    assert!(said.contains("Step 8 fails. 8 steps passed.\nNot tried: step 9 (step 8 fails).\n"), "{said}");
    desk.says(&[], 0, "Next:  chat_course show 8");
}

#[test]
fn another_program_is_checked_without_a_note() {
    let desk = Desk::new();
    let (own, other) = (example("step_01"), example("step_02"));
    desk.says(&["check", "2", "--other", "--", &other], 0, "Nothing is noted");
    assert!(!desk.path().join("course.txt").exists());
    desk.course(&["check", "1", "--", &own]);
    let notes = || fs::read_to_string(desk.path().join("course.txt")).expect("notes");
    let before = notes();
    assert!(before.contains(&format!("server: {own}\n")) && before.contains("passed: 1\n"), "{before}");
    desk.says(
        &["check", "2", "--", &other],
        0,
        "Nothing is noted, because this is not the program in course.txt.",
    );
    assert_eq!(notes(), before);
    desk.says(&["solution", "2"], 1, "has not passed yet");
    desk.says(&["check", "--other"], 2, "<COMMAND>");
    desk.says(&["bug", "room-leak"], 0, "check 8 --other -- cargo run");
}

#[test]
fn all_steps_are_graded_as_in_a_class_and_what_is_left_out_is_told() {
    let desk = Desk::new();
    let hand_in = desk.path().join("ann");
    fs::create_dir(&hand_in).expect("a folder");
    fs::write(hand_in.join("course.txt"), format!("server: {}\n", example("step_01"))).expect("a file");
    let check = |arguments: &[&str]| {
        let mut command = desk.command(arguments);
        command.current_dir(&hand_in);
        let (status, out, errors) = run(&mut command);
        assert_eq!(status, Some(1), "{out}{errors}");
        out
    };
    let text = check(&["check", "--all", "--patience", "1"]);
    let last = STEPS.iter().filter(|step| step.part.role() == Role::Server).map(|step| step.number).max();
    let last = last.expect("a step");
    let not_tried = format!(
        "Not tried: steps 3–17, 22–{last} (step 2 fails).\n\
         Not tried: steps 18–21, 35 (course.txt has no line `client:`).\n"
    );
    assert!(text.contains(&format!("Step 2 fails. 1 step passed.\n{not_tried}")), "{text}");
    let json: serde_json::Value = serde_json::from_str(&check(&["check", "--all", "--json"])).expect("JSON");
    assert_eq!(json["summary"], format!("Step 2 fails. 1 step passed.\n{not_tried}"));
    let reasons = |left_out: &serde_json::Value| {
        let left_out = left_out.as_array().expect("a list").iter();
        left_out.map(|step| (step["task_id"].clone(), step["reason"].clone())).collect::<Vec<_>>()
    };
    let (_, class) = desk.course(&["class", ".", "--json"]);
    let class: serde_json::Value = serde_json::from_str(&class).expect("JSON");
    let mut in_class = reasons(&class[0]["steps"]);
    in_class.retain(|(_, reason)| !reason.is_null());
    assert_eq!(reasons(&json["left_out"]), in_class);
    let only_a_client = check(&["check", "--all", "--client", "--", "false"]);
    assert!(
        only_a_client.contains(&format!("steps 1–17, 22–{last} (only the client was to be checked)")),
        "{only_a_client}"
    );
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
pub(crate) fn is_gone(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    test_kill_process(pid).is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
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
fn a_solution_is_in_the_learner_s_language_or_in_the_closest_one() {
    let desk = Desk::new();
    let solution = |server: &str, more: &[&str]| {
        fs::write(desk.path().join("course.txt"), format!("server: {server}\n")).expect("a file");
        let (status, said) = desk.course(&[&["solution", "9", "--force"], more].concat());
        assert_eq!(status, 0, "{said}");
        (said.lines().next().unwrap_or_default().to_owned(), said)
    };
    let is_rust = |said: &str| said.contains("+ mod chat;") && said.contains("+ // chat.rs");
    let is_python = |said: &str| said.contains("+ from chat import") && said.contains("+ # chat.py");
    for (server, remark, is_ours) in [
        ("cargo run --quiet --", "- //! Step 8:", &is_rust as &dyn Fn(&str) -> bool),
        ("python3 server.py", "- \"\"\"Step 8:", &is_python),
        ("java Chat", "the one in Python reads closer to Java: both languages report errors", &is_python),
        ("go run .", "the one in Rust reads closer to Go: both languages declare", &is_rust),
        ("./server", "With --lang python, you see it in Python.", &is_rust),
    ] {
        let (first, said) = solution(server, &[]);
        assert!(first.contains(remark) && is_ours(&said), "{server}:\n{said}");
    }
    assert!(is_python(&solution("cargo run --", &["--lang", "python"]).1));
    assert!(solution("python3 server.py", &["--lang", "rust"]).0.starts_with("- //! Step 8:"));
    desk.says(&["solution", "30", "--force"], 0, "There is no program in Python for step 30.");
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
        "chat_course check 8 --other -- cargo run --quiet --example faulty -- room-leak",
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
    for folder in ["eve", "ian/course.txt", ".git"] {
        fs::create_dir_all(desk.path().join(folder)).expect("a folder");
    }
    let (status, table) = desk.course(&["class", "."]);
    assert_eq!(status, 0);
    let rows: Vec<_> = table.lines().collect();
    assert!(rows[0].trim_start().starts_with("1  2  3"), "{table}");
    assert!(rows[1].starts_with("ann   ✓  ✓  ✗  ·") && rows[1].contains("(03_"), "{table}");
    assert!(rows[2].starts_with("bob   ✓  ✗  ·") && rows[2].ends_with(" (02_answer)"), "{table}");
    assert!(rows[3].starts_with("eve   ·") && rows[3].ends_with("no command in its course.txt"), "{table}");
    assert!(rows[4].starts_with("ian   ·") && rows[4].contains("/course.txt: "), "{table}");
    assert_eq!(rows.len(), 7, "a hidden folder is no hand-in: {table}");
    let seed = rows[6].strip_prefix("Repeat with the same names: --seed ").expect("a seed");
    let (_, json) = desk.course(&["class", ".", "--json", "--seed", seed]);
    let seed: serde_json::Value = seed.parse().expect("a number");
    let rows: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(rows[1]["steps"][0]["status"], "pass");
    assert!(rows.as_array().is_some_and(|rows| rows.iter().all(|row| row["seed"] == seed)), "{json}");
}
