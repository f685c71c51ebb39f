//! The settings file of `chat_server`, as an operator meets it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::Signal;
use tempfile::TempDir;

use super::support::{
    Peer, Server,
    server::{eventually, run},
};

/// A folder with a settings file.
struct Folder(TempDir);

impl Folder {
    fn with(text: &str) -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        folder.write(text);
        folder
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("chat.toml")
    }

    fn write(&self, text: &str) {
        fs::write(self.file(), text).expect("a file");
    }

    /// A text with the names of this folder's files as they are in any folder.
    fn anonymous(&self, text: &str) -> String {
        text.replace(self.0.path().to_str().expect("a plain name"), "FOLDER")
    }
}

/// The server in this folder, in an empty environment.
fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat_server"));
    command.env_clear().current_dir(folder);
    command
}

fn with_file(folder: &Folder) -> Command {
    let mut command = command(folder.0.path());
    command.arg("--config").arg(folder.file());
    command
}

/// Starts the server without its page, for which there is only one port.
#[track_caller]
fn serving(folder: &Folder) -> Server {
    let mut command = with_file(folder);
    command.env("CHAT_NO_HTTP", "1");
    Server::start_command(command)
}

/// What `--check-config` prints for a right configuration.
#[track_caller]
fn report(command: &mut Command) -> String {
    if !command.get_args().any(|argument| argument == "--check-config") {
        command.arg("--check-config");
    }
    let (status, out, errors) = run(command);
    assert_eq!((status, errors.as_str()), (Some(0), ""));
    out
}

/// The lines of a report that set something.
fn settings(report: &str) -> String {
    let is_setting = |line: &&str| !line.is_empty() && !line.starts_with('#');
    report.split_inclusive('\n').filter(|line| is_setting(&line.trim_end())).collect()
}

/// The line of a report that sets this key.
#[track_caller]
fn line<'a>(report: &'a str, key: &str) -> &'a str {
    let mut lines = report.lines().map(|line| line.trim_start_matches("# "));
    lines
        .find(|line| line.starts_with(&format!("{key} = ")))
        .unwrap_or_else(|| panic!("no {key} in {report}"))
}

/// What a server says on standard error that does not start, and its status.
#[track_caller]
fn refused(folder: &Folder, command: &mut Command) -> (Option<i32>, String) {
    let (status, out, errors) = run(command);
    assert_eq!(out, "");
    (status, folder.anonymous(&errors))
}

#[test]
fn the_command_line_overrides_the_environment_and_that_the_file_and_that_the_default() {
    let folder = Folder::with("");
    assert_eq!(line(&report(&mut command(folder.0.path())), "rate"), "rate = 5  # default");
    assert_eq!(line(&report(&mut with_file(&folder)), "rate"), "rate = 5  # default");
    folder.write("\nrate = 6\n");
    let in_file = report(&mut with_file(&folder));
    assert_eq!(folder.anonymous(line(&in_file, "rate")), "rate = 6  # FOLDER/chat.toml:2");
    let named = report(command(folder.0.path()).env("CHAT_CONFIG", "chat.toml"));
    assert_eq!(line(&named, "rate"), "rate = 6  # chat.toml:2");
    let in_environment = report(with_file(&folder).env("CHAT_RATE", "7"));
    assert_eq!(line(&in_environment, "rate"), "rate = 7  # environment, CHAT_RATE");
    let typed = report(with_file(&folder).env("CHAT_RATE", "7").args(["--rate", "8"]));
    assert_eq!(line(&typed, "rate"), "rate = 8  # command line");
}

#[test]
fn a_server_starts_as_its_file_says() {
    let folder = Folder::with(
        "port = 0\ndata = ':memory:'\nmax-message-length = 10\nlisten = ['text://127.0.0.1:0']\n",
    );
    let mut server = serving(&folder);
    server.announces("text");
    let mut alice = server.client("alice");
    alice.says("this is too long");
    alice.hears_at_last("Message too long (max 10 bytes).");
}

#[test]
fn every_mistake_is_told_with_the_line_and_the_column() {
    let folder = Folder::with(
        "port = 'x'\nrate = -1\nhots = '::1'\n[[listen]]\nurl = 'json://127.0.0.1'\n[[listen]]\n\
         url = 'json+udp://127.0.0.1:0'\nidle = 0\n[[listen]]\nurl = 'text://127.0.0.1:0'\nmod = '0600'\n",
    );
    let expected = "\
error: FOLDER/chat.toml:1:8: 'port' must be a number.
error: FOLDER/chat.toml:2:8: invalid value '-1' for 'rate': -1 is not in 0..=4294967295.
error: FOLDER/chat.toml:3:1: there is no key 'hots'. Did you mean 'host'?
error: FOLDER/chat.toml:5:7: invalid value 'json://127.0.0.1' for 'listen': the port is missing: write HOST:PORT.
error: FOLDER/chat.toml:8:8: invalid value 'json+udp://127.0.0.1:0?idle=0' for 'listen': '0' is not a number of seconds from 1 to 86400.
error: FOLDER/chat.toml:11:1: there is no key 'mod' here. Did you mean 'mode'?
";
    for command in [&mut with_file(&folder), with_file(&folder).arg("--check-config")] {
        assert_eq!(refused(&folder, command), (Some(2), expected.to_owned()));
    }
    folder.write("port = 1\n  rate = ,\n");
    let (status, errors) = refused(&folder, &mut with_file(&folder));
    assert_eq!(status, Some(2));
    assert!(errors.starts_with("error: FOLDER/chat.toml:2:"), "{errors}");
}

#[test]
fn what_is_no_settings_file_is_told_in_one_sentence() {
    let folder = Folder::with("");
    for (path, why) in [
        ("missing.toml", "No such file or directory."),
        (".", "it is a folder, not a file."),
        ("latin.toml", "it is not UTF-8. Save it as UTF-8."),
        ("large.toml", "it is larger than 64 KiB."),
    ] {
        let file = folder.0.path().join(path);
        match path {
            "latin.toml" => fs::write(file, b"host = 'b\xf6b'").expect("a file"),
            "large.toml" => fs::write(file, vec![b'#'; (64 << 10) + 1]).expect("a file"),
            _ => {}
        }
        let told = refused(&folder, command(folder.0.path()).args(["--config", path]));
        assert_eq!(told, (Some(2), format!("error: cannot read the settings file {path}: {why}\n")));
    }
}

#[test]
fn a_check_finds_files_that_cannot_be_used() {
    let folder = Folder::with("");
    for (text, why) in [
        (
            "admin-password-file = 'none'",
            "cannot read the administrators' password from FOLDER/none: No such file",
        ),
        (
            "listen = ['frames://127.0.0.1:0?key-file=none']",
            "cannot read the key from FOLDER/none: No such file",
        ),
        ("tls-cert = 'none'\ntls-key = 'none'", "cannot read FOLDER/none: No such file"),
        ("listen = ['text+tls://127.0.0.1:0']", "a door for text+tls needs a certificate"),
    ] {
        folder.write(text);
        let (status, errors) = refused(&folder, with_file(&folder).arg("--check-config"));
        assert_eq!(status, Some(1), "{text}");
        assert!(errors.starts_with(&format!("chat_server: {why}")), "{errors}");
    }
}

/// The expected report is in a file. Where it must change, copy it from what the test prints.
#[test]
fn a_check_prints_what_is_in_force_and_where_it_comes_from() {
    let folder = Folder::with(include_str!("config/chat.toml"));
    let mut command = with_file(&folder);
    command.env("CHAT_MAX_CLIENTS", "20").env("CHAT_NO_LOG_ADDRESSES", "yes").args(["--rate", "9", "-v"]);
    command.args(["--allow-origin", "https://a.example", "--allow-origin=https://b.example"]);
    let printed = folder.anonymous(&report(&mut command));
    assert_eq!(settings(&printed), include_str!("config/in_force.toml"), "{printed}");
    assert_eq!(report(&mut command), report(&mut command), "it is always the same");
}

#[test]
fn what_a_check_prints_is_a_file_with_the_same_effect() {
    let folder = Folder::with(include_str!("config/chat.toml"));
    let mut first = with_file(&folder);
    first.args(["--rate", "9", "-v", "--data=odd \"name\"\\\t.db"]);
    let first = report(first.env("CHAT_ALLOW_ORIGIN", "https://a.example https://b.example"));
    let elsewhere = Folder::with(&first);
    let second = report(&mut with_file(&elsewhere));
    let values = |report: &str| {
        let value = |line: &str| line.split("  # ").next().unwrap_or_default().to_owned();
        settings(report).lines().map(value).collect::<Vec<_>>()
    };
    assert_eq!(values(&second), values(&first));
    let from_file =
        settings(&second).lines().all(|line| line.contains("/chat.toml:") || !line.contains("  # "));
    assert!(from_file, "{second}");
    let defaults = report(&mut command(folder.0.path()));
    folder.write(&defaults);
    assert_eq!(values(&report(&mut with_file(&folder))), values(&defaults), "the defaults are a file, too");
}

#[test]
fn a_check_tells_no_secret() {
    let folder = Folder::with("admin-password-file = 'password'\n");
    fs::write(folder.0.path().join("password"), "open-sesame\n").expect("a file");
    let in_file = run(with_file(&folder).arg("--check-config")).1;
    assert!(in_file.contains("\n# The administrators' password: (set)\n"), "{in_file}");
    folder.write("");
    let mut command = with_file(&folder);
    let in_environment = report(command.env("CHAT_ADMIN_PASSWORD", "open-sesame"));
    let told = "\n# The administrators' password: (set)  # environment, CHAT_ADMIN_PASSWORD\n";
    assert!(in_environment.contains(told), "{in_environment}");
    assert!(!(in_file + &in_environment).contains("sesame"));
    assert!(report(&mut with_file(&folder)).contains("\n# The administrators' password: (not set)\n"));
    folder.write("admin-password-file = 'none'\n");
    let overridden = report(&mut command);
    assert!(overridden.contains(told), "the environment overrides the file: {overridden}");
}

#[test]
fn sighup_changes_limits_for_those_who_are_there_and_no_one_leaves() {
    let start = "verbose = 1\nport = 0\ndata = ':memory:'\nhistory-replay = 0\n";
    let folder = Folder::with(&format!("{start}rate = 0\nmax-clients = 2\n"));
    let server = serving(&folder);
    let (mut alice, mut bob) = (server.client("alice"), server.client("bob"));
    let mut full = server.connect();
    full.hears("Server is full.");
    for n in 0..50 {
        alice.says(&format!("line {n}"));
    }
    alice.hears_at_last("[lobby] alice: line 49");

    folder.write(&format!("{start}rate = 1\nburst = 1\nmax-clients = 3\n"));
    rereads(&server, "the settings were reread; changed: 3");
    alice.says("slow");
    alice.hears("[lobby] alice: slow");
    alice.says("fast");
    alice.hears("Rate limit exceeded. Slow down.");
    bob.hears_at_last("[lobby] alice: slow");
    let mut carol = server.client("carol");
    carol.says("here");
    bob.hears_at_last("[lobby] carol: here");

    folder.write(&format!("{start}rate = 0\nburst = 1\nmax-clients = 1\n"));
    rereads(&server, "the settings were reread; changed: 2");
    for n in 0..50 {
        bob.says(&format!("again {n}"));
    }
    for peer in [&mut alice, &mut bob, &mut carol] {
        peer.hears_at_last("[lobby] bob: again 49");
    }
    drop(carol);
    alice.hears_at_last("carol has left the chat.");
    server.connect().hears("Server is full.");
}

/// Sends SIGHUP, and waits for this on standard error.
#[track_caller]
fn rereads(server: &Server, told: &str) {
    server.signal(Signal::HUP);
    eventually(&format!("it says {told:?}"), || server.diagnostics().contains(told));
}

#[test]
fn a_wrong_file_at_sighup_changes_nothing_and_is_one_line_of_the_log() {
    let start = "port = 0\ndata = ':memory:'\n";
    let folder = Folder::with(&format!("{start}rate = 0\n"));
    let server = serving(&folder);
    let mut alice = server.client("alice");
    folder.write(&format!("{start}rate = 1\nburst = 1\nprot = 5\nwire = 'x'\n"));
    rereads(&server, "the settings stay as they are");
    let told = folder.anonymous(&server.diagnostics());
    let (_, words) = told.split_once("ERROR ").expect("it is an error");
    let start = "the settings stay as they are: FOLDER/chat.toml:5:1: there is no key 'prot'. Did you mean 'port'? \
                 FOLDER/chat.toml:6:8: invalid value 'x' for 'wire': 'x' is not one of: text, ";
    assert!(words.starts_with(start) && words.lines().count() == 1, "{words}");
    fs::remove_file(folder.file()).expect("a file");
    rereads(&server, "cannot read the settings file");
    for n in 0..20 {
        alice.says(&format!("line {n}"));
    }
    alice.hears_at_last("[lobby] alice: line 19");
}

#[test]
fn what_cannot_change_while_the_server_runs_is_said_each_time() {
    let start = "data = ':memory:'\nverbose = 1\n";
    let folder = Folder::with(&format!("{start}port = 0\n"));
    let server = serving(&folder);
    let mut alice = server.client("alice");
    folder
        .write(&format!("{start}port = 1\nhistory = 5\nno-files = true\nlisten = ['json://127.0.0.1:0']\n"));
    for count in [1, 2] {
        rereads(&server, if count == 1 { "changed: 1" } else { "and are as they were" });
        let told = folder.anonymous(&server.diagnostics());
        for key in
            ["port (FOLDER/chat.toml:3)", "no-files (FOLDER/chat.toml:5)", "listen (FOLDER/chat.toml:6)"]
        {
            let words = format!("WARN restart the server to change {key}\n");
            assert_eq!(told.matches(&words).count(), count, "{told}");
        }
    }
    alice.catches_up();
}

#[test]
fn sighup_changes_how_much_is_reported() {
    let start = "port = 0\ndata = ':memory:'\n";
    let folder = Folder::with(start);
    let server = serving(&folder);
    folder.write(&format!("{start}verbose = 1\n"));
    rereads(&server, "INFO the settings were reread; changed: 1");
    // A client that was answered was reported.
    let reported = |name: &str| {
        let port = server.client(name).port();
        server.diagnostics().contains(&format!("INFO connected peer=127.0.0.1:{port}\n"))
    };
    assert!(reported("alice"));
    folder.write(&format!("{start}quiet = 2\n"));
    server.signal(Signal::HUP);
    let mut names = (0..).map(|n| format!("bob{n}"));
    eventually("clients are not reported any more", || !reported(&names.next().expect("another name")));
}

#[test]
fn sighup_changes_what_is_logged_and_who_is_an_administrator() {
    let start = "port = 0\ndata = ':memory:'\nverbose = 1\nlog-dir = 'log'\n";
    let folder = Folder::with(&format!("{start}admin-password-file = 'password'\n"));
    let password = |word: &str| fs::write(folder.0.path().join("password"), word).expect("a file");
    password("first password");
    let server = serving(&folder);
    let (mut alice, mut bob) = (server.client("alice"), server.client("bob"));
    whispers(&mut alice, &mut bob, "hidden");
    password("second password");
    folder.write(&format!(
        "{start}admin-password-file = 'password'\nlog-whispers = true\nno-log-addresses = true\n"
    ));
    rereads(&server, "changed: 2");
    whispers(&mut alice, &mut bob, "shown");
    alice.says("/admin first password");
    alice.hears_at_last("Invalid admin password.");
    bob.says("/admin second password");
    bob.hears_at_last("Admin privileges granted.");
    drop(alice);
    let log = || {
        let file = fs::read_dir(folder.0.path().join("log")).expect("a folder").next().expect("a file");
        fs::read_to_string(file.expect("readable").path()).expect("text")
    };
    eventually("it is logged", || log().contains(" disconnect room="));
    let log = log();
    assert!(!log.contains("hidden") && log.contains("shown"), "{log}");
    let last = log.lines().rfind(|line| line.contains(" disconnect room=")).unwrap_or_default();
    assert!(log.contains("127.0.0.1") && !last.contains("127.0.0.1"), "{log}");
}

#[track_caller]
fn whispers(from: &mut Peer, to: &mut Peer, text: &str) {
    from.says(&format!("/whisper bob {text}"));
    to.hears_at_last(&format!("[Whisper from alice]: {text}"));
}

#[test]
fn the_man_page_and_the_completions_have_the_options_about_files() {
    let folder = Folder::with("");
    for (kind, file) in [
        ("man", "chat_server.1"),
        ("bash", "chat_server.bash"),
        ("zsh", "_chat_server"),
        ("fish", "chat_server.fish"),
    ] {
        let made = run(command(folder.0.path()).args(["--generate", kind, "."]));
        assert_eq!(made, (Some(0), String::new(), String::new()));
        let text = fs::read_to_string(folder.0.path().join(file)).expect("text").replace('\\', "");
        assert!(text.contains("check-config") && text.contains("config"), "{kind}");
    }
    let page = fs::read_to_string(folder.0.path().join("chat_server.1")).expect("text");
    assert!(page.contains("[[listen]]"), "{page}");
}
