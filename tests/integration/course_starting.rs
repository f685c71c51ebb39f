//! Tests the starters of `chat_course new`.

use std::{
    fs,
    process::{Command, Stdio},
};

use super::{course_program::Desk, support::server::run};

/// Creates a starter, sees it fail step 1, uncomments its greeting, and sees it pass.
#[track_caller]
#[expect(clippy::print_stderr, reason = "without a compiler, the test says that it was skipped")]
fn passes_step_1_when_one_line_is_uncommented(language: &str, compiler: &[&str], file: &str, comment: &str) {
    if !is_installed(compiler) {
        eprintln!("skipped: there is no {} here for the starter in {language}", compiler[0]);
        return;
    }
    let desk = Desk::new();
    desk.says(&["new", language, "--lang", language], 0, "chat_course show 1");
    desk.says(&["new", language, "--lang", language], 2, "is not empty");
    let folder = desk.path().join(language);
    let check = |status: i32, words: &str| {
        let mut command = desk.command(&["check", "1", "--patience", "5"]);
        // The caches of compilers, so that a test leaves nothing behind.
        command.current_dir(&folder).env("GOCACHE", desk.path().join("cache")).env("GOFLAGS", "-mod=mod");
        let (came, out, errors) = run(&mut command);
        assert!(came == Some(status) && out.contains(words), "{language}: {came:?}\n{out}{errors}");
    };
    check(1, "Step 1 fails.");
    let path = folder.join(file);
    let text = fs::read_to_string(&path).expect("a first file");
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    let at = lines.iter().position(|line| line.contains("Welcome")).expect("a greeting");
    assert!(lines[at - 1].contains("Step 1: "), "{text}");
    lines[at] = lines[at].replacen(comment, "", 1);
    fs::write(&path, lines.join("\n") + "\n").expect("a file");
    check(0, "All is well: 1 step passed.");
    let readme = fs::read_to_string(folder.join("README.md")).expect("a file");
    assert!(readme.contains(&format!("in `{file}`")) && !readme.contains('{'), "{readme}");
}

fn is_installed(compiler: &[&str]) -> bool {
    let mut command = Command::new(compiler[0]);
    command.args(&compiler[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[test]
fn a_starter_in_rust_passes_step_1() {
    passes_step_1_when_one_line_is_uncommented("rust", &["cargo", "--version"], "src/main.rs", "// ");
}

#[test]
fn a_starter_in_python_passes_step_1() {
    passes_step_1_when_one_line_is_uncommented("python", &["python3", "--version"], "server.py", "# ");
}

#[test]
fn a_starter_in_java_passes_step_1() {
    passes_step_1_when_one_line_is_uncommented("java", &["javac", "-version"], "Server.java", "// ");
}

#[test]
fn a_starter_in_go_passes_step_1() {
    passes_step_1_when_one_line_is_uncommented("go", &["go", "version"], "server.go", "// ");
}

#[test]
fn a_starter_in_javascript_passes_step_1() {
    passes_step_1_when_one_line_is_uncommented("node", &["node", "--version"], "server.js", "// ");
}

#[test]
fn a_starter_in_c_sharp_passes_step_1() {
    passes_step_1_when_one_line_is_uncommented("csharp", &["dotnet", "--version"], "Program.cs", "// ");
}
