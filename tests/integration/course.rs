//! Grades the grader: right programs pass, and faulty ones fail at their step with the recorded words.

use std::{
    ffi::OsString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use chat::course::{
    bug::{self, Bug},
    checks::Check,
    conversation::Conversation,
    grader::{Grader, Verdict},
    pages::Page,
    stage::Wording,
    steps::{Part, Role, STEPS, Step},
    subject::Launch,
    verdict::Style,
};

/// The patience for checks that must pass, also on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// The patience for checks that must fail. Most fail by silence, which takes all of it.
const SHORT: Duration = Duration::from_secs(3);

/// The step with sealed whispers.
const SEALS: usize = 35;

/// The number of programs graded at once. Most of the time is waiting, so it exceeds the number of processors.
const AT_A_TIME: usize = 6;

/// How many of the steps before its own a program is tried with. All of them take minutes; they are tried when
/// verdicts are recorded.
const FEW: usize = 3;

pub(crate) fn grader(command: &[&str], wording: Wording, patience: Duration) -> Grader {
    let command = command.iter().map(OsString::from).collect();
    Grader {
        launch: Launch { command, folder: None, environment: Vec::new(), ready: LONG },
        client: None,
        wording,
        patience,
        seed: 4711,
    }
}

/// The path of a program that cargo builds with the tests.
pub(crate) fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_BIN_EXE_chat_server")).with_file_name("examples").join(name);
    assert!(path.exists(), "{} is not there: cargo build --examples", path.display());
    path.to_str().expect("a plain name").to_owned()
}

#[track_caller]
fn check(grader: &Grader, step: &'static Step, check: &'static Check) -> Verdict {
    grader.check(step, check).expect("the program was built with the tests")
}

/// The first verdict of a step that is a failure.
fn first_fault(grader: &Grader, step: &'static Step) -> Option<Verdict> {
    step.checks.iter().map(|row| check(grader, step, row)).find(|verdict| verdict.fault.is_some())
}

#[track_caller]
fn assert_passes(grader: &Grader, step: &'static Step, what: &str) {
    if let Some(verdict) = first_fault(grader, step) {
        panic!("{what} should pass step {}:\n{}", step.number, verdict.text(Style::Plain));
    }
}

/// Runs a function on each item of a list, several at a time.
pub(crate) fn all<T: Sync>(list: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            let worker = thread::Builder::new().name("grading".to_owned());
            let run = || {
                while let Some(item) = list.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(item);
                }
            };
            worker.spawn_scoped(scope, run).expect("a thread");
        }
    });
}

fn step(number: usize) -> &'static Step {
    Step::find(number).expect("a step")
}

#[test]
fn the_reference_passes_every_step_strictly() {
    let server = [env!("CARGO_BIN_EXE_chat_server"), "--max-clients", "100"];
    let mut server = grader(&server, Wording::Strict, LONG);
    let client = grader(&[env!("CARGO_BIN_EXE_chat_client")], Wording::Strict, LONG);
    server.client = Some(client.launch.clone());
    let steps: Vec<&'static Step> = STEPS.iter().collect();
    all(&steps, |step| {
        let grader = if step.part.role() == Role::Client { &client } else { &server };
        assert_passes(grader, step, "the reference");
    });
}

/// Expects a program to fail a step with this class.
#[track_caller]
fn assert_fails(grader: &Grader, step: &'static Step, class: &str) {
    let verdict = first_fault(grader, step);
    let came = verdict.and_then(|verdict| verdict.fault).map(|fault| fault.failure.class.name);
    assert_eq!(came, Some(class), "{:?}, step {}", grader.launch.command, step.number);
}

#[test]
fn a_log_that_is_missing_or_contains_secrets_fails_its_step() {
    let server = env!("CARGO_BIN_EXE_chat_server");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let elsewhere = elsewhere.path().to_str().expect("a plain name");
    for (command, class) in [
        (&[example("step_12").as_str()][..], "not-logged"),
        (&[server, "--log-dir", elsewhere], "not-logged"),
        (&[server, "--log-whispers"], "secret-logged"),
    ] {
        assert_fails(&grader(command, Wording::Loose, LONG), step(26), class);
    }
}

#[test]
fn a_server_that_collects_its_memory_late_passes_step_17() {
    let server = grader(&[&example("faulty"), "collects-late"], Wording::Loose, LONG);
    let row = step(17).checks.iter().find(|row| row.name == "17_endless_line").expect("a check");
    let verdict = check(&server, step(17), row);
    assert!(verdict.fault.is_none(), "{}", verdict.text(Style::Plain));
}

#[test]
fn files_that_do_not_arrive_or_are_too_large_fail_their_step() {
    const SERVER: &str = env!("CARGO_BIN_EXE_chat_server");
    const CLIENT: &str = env!("CARGO_BIN_EXE_chat_client");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let elsewhere = elsewhere.path().to_str().expect("a plain name");
    // Files arrive in a hidden folder and move from there to the folder that the check reads, under their first name.
    let overwriting = "D=$CHAT_DOWNLOADS; mkdir \"$D/.in\"; ( while sleep 0.02; do cd \"$D/.in\" || exit; \
        for f in *.txt; do [ -e \"$f\" ] && mv \"$f\" \"$D/${f% (1).txt}\"; done; done ) & \
        exec \"$0\" --downloads \"$D/.in\" \"$@\"";
    let row = |name| step(23).checks.iter().find(|row| row.name == name).expect("a check");
    for (server, client, name, class) in [
        (&[SERVER][..], &[CLIENT, "--downloads", elsewhere][..], "23_arrive", "not-arrived"),
        (&[SERVER], &["sh", "-c", overwriting, CLIENT], "23_same_name", "overwritten"),
        (&[SERVER, "--max-file-size", "0"], &[CLIENT], "23_refused", "not-refused"),
        (&[&example("step_12")], &[CLIENT], "23_arrive", "not-shown"),
        (&[SERVER], &["false"], "23_arrive", "died"),
    ] {
        let mut grader = grader(server, Wording::Loose, SHORT);
        grader.client = Some(self::grader(client, Wording::Loose, SHORT).launch);
        let fault = check(&grader, step(23), row(name)).fault.expect("it is wrong");
        assert_eq!(fault.failure.class.name, class, "{client:?}: {:?}", fault.failure);
    }
}

#[test]
fn the_program_of_a_step_passes_up_to_it_and_fails_the_next() {
    // The later ones take longer, so they come first.
    let programs: Vec<_> = (1..=17).chain(30..=34).rev().collect();
    all(&programs, |&number| {
        let program = example(&format!("step_{number:02}"));
        let patient = grader(&[&program], Wording::Loose, LONG);
        // Those between are a few lines away from their neighbours.
        let few = if matches!(number, 12 | 17 | 30..) { usize::MAX } else { FEW };
        for step in step(number).up_to().take(few).filter(|step| !step.is_heavy() || step.number == number) {
            assert_passes(&patient, step, &program);
        }
        let impatient = grader(&[&program], Wording::Loose, SHORT);
        if let Some(next) = programs.iter().rfind(|next| **next > number) {
            assert!(first_fault(&impatient, step(*next)).is_some(), "{program} should fail step {next}");
        }
    });
}

#[test]
fn every_fault_fails_its_step_and_none_before_with_the_recorded_words() {
    let mut faults: Vec<_> = bug::all().collect();
    // The later ones take longer, so they come first.
    faults.reverse();
    let is_recording = std::env::var_os("RECORD").is_some();
    all(&faults, |fault| {
        let server = example("faulty");
        let command = [server.as_str(), fault.name];
        let patient = grader(&command, Wording::Loose, LONG);
        let its_step = step(fault.step);
        // The faults of wires do not show in text, so their server is tested in text with the faults before them.
        for step in its_step
            .up_to()
            .skip(1)
            .take(if is_recording { usize::MAX } else { FEW })
            // The faulty client can do nothing of what is asked of clients before.
            .filter(|_| fault.step != SEALS)
            .filter(|step| is_recording || its_step.part != Part::Wires || step.part == Part::Wires)
        {
            passes_before(&patient, step, fault, is_recording);
        }
        let path = verdict_file(fault);
        let impatient = grader(&command, Wording::Loose, SHORT);
        let said = stable_part(first_fault(&impatient, step(fault.step)), fault);
        if is_recording {
            fs::write(&path, said).expect("a folder for verdicts");
            return;
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        // On a busy machine a line may be too late for the short patience.
        let again = || as_if_impatient(&stable_part(first_fault(&patient, step(fault.step)), fault));
        if said != expected && again() != expected {
            assert_eq!(again(), expected, "{} (record it again with RECORD=1)", path.display());
        }
    });
}

/// A verdict with the long patience as it would be with the short one. Some checks wait a few seconds longer.
fn as_if_impatient(told: &str) -> String {
    (0..5).fold(told.to_owned(), |told, more| {
        let [long, short] = [LONG, SHORT].map(|patience| format!("waited {}s", patience.as_secs() + more));
        told.replace(&long, &short)
    })
}

/// Expects a faulty program to pass a step before its own. Only the first check of the step runs, because all of
/// them take minutes. When verdicts are recorded, all of them run.
#[track_caller]
fn passes_before(grader: &Grader, step: &'static Step, fault: &Bug, is_thorough: bool) {
    if is_thorough {
        assert_passes(grader, step, fault.name);
    } else if !step.is_heavy() {
        let verdict = check(grader, step, &step.checks[0]);
        assert!(verdict.fault.is_none(), "{}:\n{}", fault.name, verdict.text(Style::Plain));
    }
}

#[test]
fn a_right_server_may_refuse_in_its_own_words_and_number_guests_as_it_likes() {
    let server = example("faulty");
    all(&["none", "short-refusals", "guests-from-zero", "scattered-guests"], |manner| {
        let grader = grader(&[&server, manner], Wording::Loose, LONG);
        STEPS[5..9].iter().for_each(|step| assert_passes(&grader, step, manner));
    });
}

fn verdict_file(fault: &Bug) -> PathBuf {
    Path::new("tests/verdicts").join(format!("{}.txt", fault.name))
}

/// The part of a verdict that is the same each time. The winner of a race is random, and so are the amount that the
/// kernel takes before a client is stuck, and the number of pieces of a line or frame that come with one read.
#[track_caller]
fn stable_part(verdict: Option<Verdict>, fault: &Bug) -> String {
    let Some(verdict) = verdict else { panic!("{} should fail step {}", fault.name, fault.step) };
    let told = verdict.text(Style::Plain);
    let class = verdict.fault.as_ref().expect("it failed").failure.class;
    // Which client is the one that misses a line, and which round it is, is random, too, and so are keys.
    let is_random = verdict.step.is_heavy() || verdict.step.number == SEALS;
    let is_race = is_random || verdict.check.name == "05_comings_and_goings";
    if !is_race && !["cut-short", "frame-cut"].contains(&class.name) {
        // The output of a program may contain random numbers.
        let (before, printed) = told.split_once("\n\n  The program's last output").unwrap_or((&told, ""));
        return before.to_owned() + printed.find("\n\n").map_or("", |end| &printed[end..]);
    }
    let title = told.lines().next().unwrap_or_default();
    format!("{title}\n\n  {}: {}\n", class.name, class.summary)
}

#[test]
fn a_second_client_that_follows_the_page_passes_the_step_with_seals() {
    let client = grader(&[&example("faulty"), "sealed"], Wording::Strict, LONG);
    assert_passes(&client, step(SEALS), "the client without a fault");
}

#[test]
fn every_recorded_verdict_belongs_to_a_fault() {
    for entry in fs::read_dir("tests/verdicts").expect("a folder") {
        let path = entry.expect("readable").path();
        assert!(bug::all().any(|fault| verdict_file(&fault) == path), "{} has no fault", path.display());
    }
}

#[test]
fn ten_seeds_give_the_same_verdict() {
    let seeds: Vec<_> = (1..=10).collect();
    let right = example("step_11");
    let wrong = example("faulty");
    all(&seeds, |&seed| {
        let mut grader = grader(&[&right], Wording::Loose, LONG);
        grader.seed = seed;
        for step in &STEPS[7..11] {
            assert_passes(&grader, step, &format!("seed {seed}"));
        }
        grader.launch.command = vec![wrong.clone().into(), "whisper-to-all".into()];
        let verdict = first_fault(&grader, step(10)).expect("it fails");
        let class = verdict.fault.expect("it fails").failure.class.name;
        assert_eq!((class, verdict.check.name), ("overheard", "10_whisper"), "seed {seed}");
    });
}

/// The path of the interpreter that `python3` starts. If there is none, says that the test is skipped.
fn python() -> Option<String> {
    // `python3` may be a script that looks for the interpreter, which takes longer than the interpreter itself.
    let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
    let path = asked.ok().and_then(|said| String::from_utf8(said.stdout).ok());
    if path.is_none() {
        let _ = writeln!(io::stderr(), "skipped: there is no python3 here");
    }
    path.map(|path| path.trim().to_owned())
}

#[test]
fn the_language_does_not_matter() {
    const LAST: usize = 17;
    let Some(python) = python() else { return };
    // The later ones take longer, so they come first.
    let programs: Vec<_> = (1..=LAST).rev().collect();
    all(&programs, |&number| {
        let program = format!("tests/steps/step_{number:02}.py");
        // Without `-B`, it writes compiled files beside the sources.
        let command = [&python, "-B", &program];
        let patient = grader(&command, Wording::Loose, LONG);
        let is_due = |step: &Step| step.number == number || (number == LAST && !step.is_heavy());
        for step in step(number).up_to().filter(|step| is_due(step)) {
            assert_passes(&patient, step, &program);
        }
    });
}

#[test]
fn the_example_of_a_page_is_the_first_conversation_of_its_step() {
    for step in &STEPS {
        let Some(page) = Page::of(step.number) else { continue };
        assert_eq!(page.title, step.title, "step {}", step.number);
        assert_eq!(page.hints().len(), 3, "the hints of step {}", step.number);
        if let Some(chat::course::checks::How::Conversation(text)) = step.checks.first().map(|row| row.how) {
            assert_eq!(page.example(), Some(Conversation::body(text)), "the example of step {}", step.number);
        }
    }
}
