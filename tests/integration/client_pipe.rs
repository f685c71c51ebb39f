//! `chat_client` on pipes, as a script uses it.

use std::{
    fs,
    io::{BufRead, Write},
    process::Stdio,
    thread,
};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::support::{FakeServer, Piped, Server};

const WELCOME: &str = "Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.";

fn nothing() -> String {
    String::new()
}

#[test]
fn a_script_sends_its_lines_and_gets_all_answers() {
    let server = FakeServer::start();
    let mut client = Piped::start(server.port(), &[]);
    client.is_given("/nick bot\n/join ops\nhello");
    client.input = None;
    let mut caller = server.welcome();
    for line in ["/nick bot", "/join ops", "hello"] {
        caller.hears(line);
    }
    caller.hears_the_end();
    caller.says("[ops] bot: hello");
    caller.says("the last word");
    drop(caller);
    let expected = format!("{WELCOME}\n[ops] bot: hello\nthe last word\n");
    assert_eq!(client.ends(), (Some(0), expected, nothing()));
}

#[test]
fn a_script_chats_with_the_real_server() {
    let server = Server::start(&[]);
    let mut client = Piped::start(server.address().port(), &[]);
    client.is_given("/nick bot\n/join ops\nhello\n");
    client.input = None;
    let expected =
        format!("{WELCOME}\nNickname changed to 'bot'.\nYou joined room 'ops'.\n[ops] bot: hello\n");
    assert_eq!(client.ends(), (Some(0), expected, nothing()));
}

/// What a client says and reports that is given these lines while `bob` is taken and `alice` is registered.
#[track_caller]
fn told_after(lines: &str) -> (Option<i32>, String, String) {
    let server = Server::start(&[]);
    let _bob = server.client("bob");
    let mut alice = server.client("alice");
    alice.says("/register correct-horse");
    alice.hears_at_last("Registration successful.");
    let mut client = Piped::start(server.address().port(), &[]);
    client.is_given(lines);
    client.input = None;
    let (status, output, errors) = client.ends();
    let said: Vec<_> = output.lines().filter(|line| line.starts_with('[')).collect();
    (status, said.join("\n"), errors)
}

#[test]
fn a_line_is_not_said_after_a_refused_command_under_another_name_or_in_another_room() {
    for (before, refused) in [
        ("", "/nick bob"),
        ("", "/nick no/name"),
        ("", "/nick alice"),
        ("/nick carol\n/join ops\n", "/nick bob"),
        ("", "/join no room!"),
        ("", "/login alice wrong-horse"),
    ] {
        let (status, said, errors) = told_after(&format!("{before}{refused}\n/join ops\nhello\n"));
        let named = refused.replace("wrong-horse", "***");
        let expected = format!("chat_client: the server refused {named}, so nothing after it was sent\n");
        assert_eq!((status, said.as_str(), errors), (Some(1), "", expected), "{refused}");
    }
}

#[test]
fn a_command_that_changes_nothing_or_succeeds_does_not_end_a_pipe() {
    let moves = "/nick carol\n/nick carol\n/leave\n/join ops\n/join ops\n/leave\n/join #ops\n";
    let said = "[ops] carol: hello".to_owned();
    assert_eq!(told_after(&format!("{moves}hello\n")), (Some(0), said, nothing()));
    assert_eq!(told_after("/nick bob\n").0, Some(1), "even as the last line");
}

#[test]
fn nickname_and_room_are_asked_for_before_the_lines_of_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("lines");
    fs::write(&file, "from a file\nno newline").expect("a file");
    let server = FakeServer::start();
    let options = ["--nick", "bot", "--room", "#ops", "--file", file.to_str().expect("a plain name")];
    let client = Piped::start(server.port(), &options);
    let mut caller = server.accept();
    for line in ["/nick bot", "/join ops", "from a file", "no newline"] {
        caller.hears(line);
    }
    caller.hears_the_end();
    drop(caller);
    assert_eq!(client.ends(), (Some(0), nothing(), nothing()));
}

#[test]
fn each_line_is_printed_at_once_without_control_characters() {
    let server = FakeServer::start();
    let mut client = Piped::start(server.port(), &[]);
    let mut caller = server.welcome();
    client.prints(WELCOME);
    caller.says("[lobby] bob: hi guest_1 \x1b[31m宽\x07");
    client.prints("[lobby] bob: hi guest_1 宽");
    caller.sends(b"Available commands:\r\n\n/nick <nickname>\n");
    client.prints("Available commands:");
    client.prints("");
    client.prints("/nick <nickname>");
}

#[test]
fn a_lost_connection_is_an_error_unless_the_whole_input_was_sent() {
    let server = FakeServer::start();
    let lost = "chat_client: connection lost\n".to_owned();
    let client = Piped::start(server.port(), &[]);
    drop(server.welcome());
    assert_eq!(client.ends(), (Some(1), format!("{WELCOME}\n"), lost.clone()));

    let mut client = Piped::start(server.port(), &[]);
    let caller = server.welcome();
    client.prints(WELCOME);
    caller.resets();
    assert_eq!(client.ends(), (Some(1), nothing(), lost));
}

#[test]
fn after_goodbye_the_server_may_close() {
    let server = FakeServer::start();
    let mut client = Piped::start(server.port(), &[]);
    client.is_given("/quit\n");
    let mut caller = server.accept();
    caller.hears("/quit");
    caller.says("Goodbye!");
    drop(caller);
    assert_eq!(client.ends(), (Some(0), "Goodbye!\n".to_owned(), nothing()));
}

#[test]
fn a_client_that_is_not_let_in_prints_the_reason() {
    let server = FakeServer::start();
    let client = Piped::start(server.port(), &[]);
    server.accept().says("Server is full.");
    let (status, output, errors) = client.ends();
    assert_eq!((status, output.as_str()), (Some(1), "Server is full.\n"));
    assert_eq!(errors, "chat_client: the server closed the connection: Server is full.\n");
}

#[test]
fn without_a_server_or_with_wrong_options_there_is_one_sentence_and_a_status() {
    let port = FakeServer::start().port();
    let (status, output, errors) = Piped::start(port, &[]).ends();
    assert_eq!((status, output), (Some(1), nothing()));
    let refused = format!("chat_client: cannot connect to 127.0.0.1:{port}: Connection refused\n");
    assert_eq!(errors, format!("{refused}Start one with: chat_server --port {port}\n"));

    let (status, _, errors) = Piped::start(port, &["--nick", "guest_3"]).ends();
    assert_eq!(status, Some(2));
    assert!(errors.contains("this nickname is reserved"), "{errors}");

    let (status, _, errors) = Piped::start(port, &["--file", "/no/such/file"]).ends();
    assert_eq!(status, Some(2));
    assert_eq!(errors, "chat_client: cannot open /no/such/file: No such file or directory\n");
}

#[test]
fn port_0_and_an_unknown_host_are_refused_with_a_sentence() {
    for arguments in [&["127.0.0.1:0"][..], &["--host", "127.0.0.1:0"], &["--port", "0"]] {
        let (status, _, errors) = Piped::spawn(Piped::command().args(arguments)).ends();
        assert_eq!(status, Some(2), "{errors}");
        assert!(
            errors.contains("a port is a number from 1 to 65535") && !errors.contains("chat_server"),
            "{errors}"
        );
    }
    // A label of 64 characters is too long for a name server, so none is asked.
    let host = "x".repeat(64);
    let (status, _, errors) = Piped::spawn(Piped::command().arg(&host)).ends();
    let told = format!("cannot connect to {host}:5555: no address is known for the host '{host}'");
    assert_eq!((status, errors), (Some(1), format!("chat_client: {told}\n")));
}

#[test]
fn a_folder_instead_of_a_file_is_an_error_before_the_client_connects() {
    // The fake server is gone, so nothing listens on its port.
    let port = FakeServer::start().port();
    let (status, _, errors) = Piped::start(port, &["--file", "/"]).ends();
    assert_eq!((status, errors.as_str()), (Some(2), "chat_client: cannot open /: is a directory\n"));
}

#[test]
fn the_server_can_be_given_as_host_and_port_in_one_word() {
    let server = FakeServer::start();
    for arguments in [&["localhost:PORT"][..], &["--host", "localhost:PORT"], &["127.0.0.1:PORT"]] {
        let port = server.port().to_string();
        let arguments = arguments.iter().map(|word| word.replace("PORT", &port));
        let client = Piped::spawn(Piped::command().args(arguments));
        drop(server.welcome());
        assert_eq!(client.ends().1, format!("{WELCOME}\n"));
    }
}

#[test]
fn a_reader_that_closes_the_pipe_ends_the_client() {
    let server = FakeServer::start();
    let mut client = Piped::start(server.port(), &[]);
    let mut caller = server.welcome();
    client.prints(WELCOME);
    // As `head -1` does. The input stays open, and the server sends nothing more.
    client.output = None;
    caller.hears_the_end();
    assert_eq!(client.ends(), (Some(0), nothing(), nothing()));
}

#[test]
fn the_log_of_a_script_has_its_lines_and_the_answers_without_passwords() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("log");
    let server = FakeServer::start();
    let options = ["--nick", "bot", "--log", log.to_str().expect("a plain name")];
    let mut client = Piped::start(server.port(), &options);
    client.is_given("hello\n/login bot s3cret\nlast");
    client.input = None;
    let mut caller = server.welcome();
    for line in ["/nick bot", "hello", "/login bot s3cret", "last"] {
        caller.hears(line);
    }
    caller.hears_the_end();
    caller.says("[lobby] bot: hello");
    drop(caller);
    assert_eq!(client.ends().0, Some(0));
    let text = fs::read_to_string(&log).expect("a log");
    let mut lines: Vec<_> = text.lines().map(|line| &line["2026-11-21 22:18:07 ".len()..]).collect();
    // Lines are sent and heard at the same time.
    lines.sort_unstable();
    let heard = [format!("  {WELCOME}"), "  [lobby] bot: hello".to_owned()];
    assert_eq!(lines, [heard[0].as_str(), &heard[1], "> /login bot ***", "> hello", "> last"]);
}

#[test]
fn a_log_that_cannot_be_written_does_not_end_the_chat() {
    let server = FakeServer::start();
    let mut client = Piped::start(server.port(), &["--log", "/dev/full"]);
    client.is_given("hello\n");
    client.input = None;
    let mut caller = server.welcome();
    caller.hears("hello");
    caller.hears_the_end();
    drop(caller);
    let (status, output, errors) = client.ends();
    assert_eq!((status, output), (Some(0), format!("{WELCOME}\n")));
    let told = "Lines are missing from the log /dev/full: No space left on device. The chat goes on.\n";
    assert_eq!(errors, told);
}

#[test]
fn the_rest_of_a_line_that_is_too_long_is_not_said() {
    let server = Server::start(&[]);
    let mut client = Piped::start(server.address().port(), &[]);
    client.is_given(&format!("before\n{}TAIL\nafter\n", "x".repeat(64 * 1024)));
    client.input = None;
    let (status, output, errors) = client.ends();
    assert_eq!(status, Some(1));
    assert_eq!(output, format!("{WELCOME}\n[lobby] guest_1: before\n"));
    let expected =
        "cannot read the input: a line is longer than 64 KiB, so it and all after it were not sent";
    assert_eq!(errors, format!("chat_client: {expected}\n"));
}

#[test]
fn input_without_an_end_and_without_lines_is_an_error() {
    let server = Server::start(&[]);
    let (status, _, errors) = Piped::start(server.address().port(), &["--file", "/dev/zero"]).ends();
    assert_eq!(status, Some(1));
    assert!(errors.starts_with("chat_client: cannot read the input: a line is longer"), "{errors}");
}

#[test]
fn a_line_that_is_not_utf_8_is_named_and_the_others_are_said() {
    let server = Server::start(&[]);
    let mut client = Piped::start(server.address().port(), &[]);
    client.input.take().expect("it is open").write_all(b"one\n\x1b[2Jtwo\xff\nthree\n").expect("it reads");
    let (status, output, errors) = client.ends();
    assert_eq!(status, Some(1));
    assert!(output.ends_with("[lobby] guest_1: one\n[lobby] guest_1: three\n"), "{output}");
    let told = "Not delivered, because it is not UTF-8: two\u{fffd}\nchat_client: a line was not delivered\n";
    assert_eq!(errors, told);
}

#[test]
fn output_that_cannot_be_written_is_an_error_that_says_so() {
    let server = Server::start(&[]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
    let mut command = Piped::command();
    command.args(["--port", &server.address().port().to_string()]).stdin(Stdio::null()).stdout(full);
    let output = command.stderr(Stdio::piped()).output().expect("the client was built with the tests");
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors, "chat_client: cannot write the output: No space left on device\n");
}

#[test]
fn lines_from_a_named_pipe_are_said_as_they_come() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("fifo");
    mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).expect("a named pipe");
    let server = Server::start(&[]);
    let options = ["--file", path.to_str().expect("a plain name")];
    let mut client = Piped::start(server.address().port(), &options);
    let mut fifo = fs::OpenOptions::new().write(true).open(&path).expect("the client reads it");
    for line in ["one", "two"] {
        writeln!(fifo, "{line}").expect("the client reads it");
        client.prints_at_last(&format!("[lobby] guest_1: {line}"));
    }
    drop(fifo);
    assert_eq!(client.ends(), (Some(0), nothing(), nothing()));
}

#[test]
fn both_directions_can_be_full_at_once() {
    // More than the buffers of the system hold.
    const LINES: usize = 13_000;
    let line = "x".repeat(1000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("lines");
    fs::write(&file, format!("{line}\n").repeat(LINES)).expect("a file");
    let server = FakeServer::start();
    let mut client = Piped::start(server.port(), &["--file", file.to_str().expect("a plain name")]);
    let mut caller = server.accept();
    let output = client.output.take().expect("it is open");
    let reader = thread::Builder::new().spawn(move || output.lines().count()).expect("a thread");
    // The server reads nothing from the client until the client has taken all this.
    caller.sends(format!("{line}\n").repeat(LINES).as_bytes());
    for _ in 0..LINES {
        caller.hears(&line);
    }
    caller.hears_the_end();
    drop(caller);
    assert_eq!(reader.join().expect("it counts"), LINES);
    assert_eq!(client.ends(), (Some(0), nothing(), nothing()));
}
