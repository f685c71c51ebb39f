//! The log with its thread and the real clock.

use super::*;

fn config(folder: &Path) -> Config {
    let folder = folder.to_owned();
    Config { folder, max_size: None, keep: None, whispers: false, addresses: true }
}

/// The lines of all files: midnight may come during a test.
fn lines(folder: &Path) -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file| fs::read_to_string(file).unwrap();
    files.into_iter().map(read).collect::<String>().lines().map(str::to_owned).collect()
}

#[test]
fn every_fact_is_written_before_the_log_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (mut logger, log) = open(&config(folder.path())).unwrap();
    let writing = std::thread::Builder::new().spawn(move || log.run()).unwrap();
    let now = Now::read().wall;
    for n in 0..10_000 {
        logger.log(vec![Fact { at: now, ..said(0, &n.to_string()) }]);
    }
    drop(logger);
    writing.join().unwrap();
    let lines = lines(folder.path());
    assert_eq!(lines.len(), 10_002);
    assert!(lines[0].ends_with(&format!(" INFO log started version={}", env!("CARGO_PKG_VERSION"))));
    assert!(lines[10_000].ends_with(" text=\"9999\""));
    assert!(lines[10_001].ends_with(" INFO log stopped"));
}

#[test]
fn what_changes_holds_from_the_next_line_on() {
    let folder = tempfile::tempdir().unwrap();
    let (mut logger, log) = open(&config(folder.path())).unwrap();
    log.changes().change(Config {
        max_size: Some(1),
        keep: Some(2),
        addresses: false,
        ..config(folder.path())
    });
    let writing = std::thread::Builder::new().spawn(move || log.run()).unwrap();
    let now = Now::read().wall;
    for _ in 0..5 {
        logger.log(vec![Fact { at: now, ..fact(0, Deed::Disconnected(Ending::Closed)) }]);
    }
    drop(logger);
    writing.join().unwrap();
    let lines = lines(folder.path());
    assert_eq!(lines.len(), 2, "a file for each line, and two files are kept: {lines:?}");
    assert!(lines[0].contains(" disconnect ") && !lines[0].contains("address="), "{lines:?}");
}

#[test]
fn a_log_that_is_too_slow_drops_lines_and_takes_no_more_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (mut logger, log) = open(&config(folder.path())).unwrap();
    let now = Now::read().wall;
    // The thread does not run yet.
    let fact = Fact { at: now, ..said(0, &"x".repeat(1000)) };
    for _ in 0..2000 {
        logger.log(vec![fact.clone(); 64]);
    }
    let bytes = log.waiting.load(Ordering::Relaxed);
    assert!((30 << 20..=32 << 20).contains(&bytes), "{bytes} bytes wait");
    let writing = std::thread::Builder::new().spawn(move || log.run()).unwrap();
    drop(logger);
    writing.join().unwrap();
    let lines = lines(folder.path());
    let (_, missing) = lines[lines.len() - 2].split_once(" WARN log missing lines=").unwrap();
    let written = lines.iter().filter(|line| line.contains(" message ")).count();
    assert_eq!(written + missing.parse::<usize>().unwrap(), 128_000);
}

#[test]
fn a_folder_that_cannot_be_created_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = open(&config(&file.join("log"))).err().unwrap().to_string();
    assert!(
        error.starts_with("cannot write a log in '") && error.contains("file/log': Not a directory"),
        "{error}"
    );
}
