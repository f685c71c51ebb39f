//! Tests how the course starts, watches and stops programs that are more than one process.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use chat::course::{
    checks::Check,
    grader::Verdict,
    stage::Wording,
    steps::{STEPS, Step},
};
use rustix::process::{Pid, Signal, kill_process};

use super::{
    course::{LONG, example, grader},
    course_program::{Desk, is_gone},
    support::server::eventually,
};

/// Runs a check with a script that gets the program of a step as `$0` and the port in `$@`.
fn check(script: &str, step: usize, check: &'static Check) -> Verdict {
    let server = example("step_12");
    let grader = grader(&["sh", "-c", script, &server], Wording::Loose, LONG);
    grader.check(Step::find(step).expect("a step"), check).expect("there is a shell")
}

#[track_caller]
fn class(verdict: &Verdict) -> &'static str {
    verdict.fault.as_ref().map_or("none", |fault| fault.failure.class.name)
}

/// The number of a process, which it has written to this file.
fn noted(file: &Path) -> Pid {
    let number = || fs::read_to_string(file).ok()?.trim().parse().ok().and_then(Pid::from_raw);
    eventually("the process has noted its number", || number().is_some());
    number().expect("it is there")
}

#[test]
fn a_right_server_behind_a_script_without_exec_passes_the_steps_about_leaving_and_stopping() {
    for script in ["\"$0\" \"$@\"; exit $?", "\"$0\" \"$@\" & wait $!"] {
        for step in &STEPS[10..12] {
            for row in step.checks {
                let verdict = check(script, step.number, row);
                assert_eq!(class(&verdict), "none", "{script}: {:?}", verdict.fault);
            }
        }
    }
}

#[test]
fn a_script_that_hides_the_status_of_its_server_fails_step_12() {
    let verdict = check("\"$0\" \"$@\"; exit 7", 12, &STEPS[11].checks[0]);
    assert_eq!(class(&verdict), "wrong-status");
}

#[test]
fn a_server_in_the_background_gets_one_verdict_whenever_its_script_ends() {
    for (script, times) in
        [("\"$0\" \"$@\" &", 10), ("setsid \"$0\" \"$@\" &", 10), ("(sleep 0.5; exec \"$0\" \"$@\") &", 1)]
    {
        for _ in 0..times {
            let verdict = check(script, 1, &STEPS[0].checks[0]);
            assert_eq!(class(&verdict), "in-background", "{script}: {:?}", verdict.fault);
        }
    }
}

#[test]
fn a_server_that_starts_slowly_is_not_started_for_each_check() {
    let desk = Desk::new();
    let script = "echo >>starts; sleep 0.5; exec \"$0\" \"$@\"";
    desk.says(&["check", "12", "--", "sh", "-c", script, &example("step_12")], 0, "12 steps passed");
    let starts = fs::read_to_string(desk.path().join("starts")).expect("it was started").len();
    // Three are enough. On a busy machine, a check may be repeated with a new server.
    assert!(starts < 15, "{starts} starts");
}

#[test]
fn a_fault_that_shows_only_in_one_check_is_found_in_a_server_that_starts_slowly() {
    let desk = Desk::new();
    let script = "sleep 0.5; exec \"$0\" whisper-case \"$@\"";
    let command = ["check", "12", "--patience", "2", "--", "sh", "-c", script, &example("faulty")];
    desk.says(&command, 1, "Step 10 fails. 10 steps passed.");
}

#[test]
fn a_wrong_port_is_told_after_three_seconds_and_not_after_two_minutes() {
    let desk = Desk::new();
    let start = Instant::now();
    let command = ["check", "1", "--", "sh", "-c", "exec \"$0\" --port 0", &example("step_12")];
    desk.says(&command, 1, "received  it listens on 127.0.0.1:");
    desk.says(&command, 1, "not-listening: ");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn a_process_that_holds_the_output_and_writes_on_neither_delays_a_check_nor_survives_it() {
    let desk = Desk::new();
    let on = "setsid sh -c 'echo $$ >pid.part; mv pid.part pid; while :; do echo on; done' &";
    for (rest, status) in [("exit 1", 1), ("exec \"$0\" \"$@\"", 0)] {
        let script = format!("rm -f pid; {on} until [ -e pid ]; do :; done; {rest}");
        // The course must end within the deadline of a test.
        let (came, said) = desk.course(&["check", "1", "--", "sh", "-c", &script, &example("step_01")]);
        assert_eq!(came, status, "{said}");
        let pid = noted(&desk.path().join("pid"));
        assert!(is_gone(pid), "it still writes: {said}");
    }
}

/// Starts a process in a session of its own, which writes its number to this file.
fn daemon(file: &str, environment: &str) -> String {
    format!("{environment} setsid sh -c 'echo $$ >{file}.part; mv {file}.part {file}; exec sleep 1000' &")
}

#[test]
fn no_process_that_left_its_session_or_hides_its_environment_is_left() {
    let desk = Desk::new();
    let path = std::env::var("PATH").expect("a search path");
    let (marked, hidden) = (daemon("marked", ""), daemon("hidden", &format!("env -i PATH='{path}'")));
    let script = format!(
        "({marked}) & ({hidden}) & until [ -e marked ] && [ -e hidden ]; do :; done; exec \"$0\" \"$@\""
    );
    desk.says(&["check", "1", "--", "sh", "-c", &script, &example("step_01")], 0, "1 step passed");
    for file in ["marked", "hidden"] {
        assert!(is_gone(noted(&desk.path().join(file))), "{file}");
    }
}

#[test]
fn ctrl_c_ends_a_process_that_has_left_its_session() {
    let desk = Desk::new();
    let script = format!("{} sleep 1000", daemon("pid", ""));
    let mut course = desk.command(&["check", "1", "--", "sh", "-c", &script, "sh"]);
    let mut course = course.stdout(std::process::Stdio::null()).spawn().expect("it was built");
    let pid = noted(&desk.path().join("pid"));
    kill_process(Pid::from_child(&course), Signal::INT).expect("it runs");
    assert_eq!(course.wait().expect("a child").code(), Some(130));
    eventually("the process has ended", || is_gone(pid));
}
