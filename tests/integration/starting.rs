//! Starting the server, and why it may refuse to start.

use std::process::Stdio;

use rustix::process::Signal;

use crate::support::{
    Server,
    server::{command, run},
};

#[test]
fn port_zero_is_any_free_port_and_the_line_says_which() {
    let server = Server::start(&[]);
    assert!(server.address().ip().is_loopback());
    assert_ne!(server.address().port(), 0);
}

#[test]
fn a_host_may_be_a_name() {
    let server = Server::start(&["--host", "localhost"]);
    assert!(server.address().ip().is_loopback());
    server.client("alice");
}

#[test]
fn a_port_in_use_is_one_sentence_and_status_1() {
    let server = Server::start(&[]);
    let port = server.address().port().to_string();
    let (status, out, err) = run(command().args(["--port", &port]));
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert_eq!(err, format!("chat_server: port {port} on 127.0.0.1 is in use by another program\n"));
}

#[test]
fn an_invalid_or_foreign_address_is_one_sentence_and_status_1() {
    let (status, _, err) = run(command().args(["--host", "not an address"]));
    assert_eq!(status, Some(1));
    assert!(err.starts_with("chat_server: 'not an address' is not an address to listen on: "), "{err}");
    let (status, _, err) = run(command().args(["--host", "192.0.2.1"]));
    assert_eq!(status, Some(1));
    assert!(err.starts_with("chat_server: cannot listen on 192.0.2.1:5555: "), "{err}");
}

#[test]
fn more_clients_than_the_machine_holds_are_refused_with_both_numbers() {
    let (status, out, err) = run(command().args(["--port", "0", "--max-clients", "1000000000"]));
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(err.starts_with("chat_server: cannot hold 1000000000 clients: this machine holds "), "{err}");
    assert_eq!(err.lines().count(), 1);
}

#[test]
fn a_wrong_option_is_a_usage_error_and_status_2() {
    for wrong in [
        &["--port", "65536"][..],
        &["--no-such-option"],
        &["--outbox-limit", "0"],
        &["--max-message-length", "9000"],
        &["-v", "-q"],
    ] {
        let (status, out, err) = run(command().args(wrong));
        assert_eq!((status, out.as_str()), (Some(2), ""), "{wrong:?}");
        assert!(err.starts_with("error: "), "{err}");
    }
}

#[test]
fn help_shows_every_limit_with_its_default() {
    let (status, help, _) = run(command().arg("--help"));
    assert_eq!(status, Some(0));
    for (option, default) in [
        ("--host", "127.0.0.1"),
        ("--port", "5555"),
        ("--max-clients", "1000"),
        ("--max-per-address", "100"),
        ("--max-message-length", "1024"),
        ("--max-line-length", "8192"),
        ("--outbox-limit", "1048576"),
        ("--presence-limit", "200"),
        ("--shutdown-grace", "2"),
    ] {
        let after = help.split_once(option).unwrap_or_else(|| panic!("no {option} in {help}")).1;
        let default = format!("[default: {default}]");
        let told = after.find("[default: ").map(|at| after[at..].starts_with(&default));
        assert_eq!(told, Some(true), "{option} {default}");
    }
}

#[test]
fn zero_means_no_limit_where_that_makes_sense() {
    let zero = ["--max-clients", "--max-per-address", "--max-message-length", "--presence-limit"];
    let options: Vec<_> = zero.iter().flat_map(|option| [*option, "0"]).collect();
    let server = Server::start(&options);
    let mut alice = server.client("alice");
    let text = "x".repeat(8000);
    alice.says(&text);
    alice.hears(&format!("[lobby] alice: {text}"));
}

#[test]
fn without_files_no_port_is_opened_for_them() {
    let (with, without) = (Server::start(&[]), Server::start(&["--no-files"]));
    assert_eq!(with.descriptors(), without.descriptors() + 1);
    let mut alice = without.client("alice");
    without.signal(Signal::TERM);
    alice.hears_at_last("Server shutting down.");
    assert_eq!(without.ends().code(), Some(0));
}

#[test]
fn a_server_whose_output_is_not_read_serves_all_the_same() {
    let mut child = command()
        .args(["--port", "0", "-vv", "--max-clients", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server was built with the tests");
    drop(child.stderr.take());
    let server = Server::adopt(child, tempfile::tempdir().expect("a folder"));
    let mut alice = server.client("alice");
    let mut bob = server.connect();
    bob.hears("Server is full.");
    alice.says("hello");
    alice.hears("[lobby] alice: hello");
    server.signal(Signal::TERM);
    alice.hears("Server shutting down.");
    drop(alice);
    assert_eq!(server.ends().code(), Some(0));
}

/// The policy is field 41 of `/proc/PID/stat`; 3 is `SCHED_BATCH` (proc(5), sched(7)).
#[test]
#[cfg(target_os = "linux")]
fn every_thread_of_the_server_has_the_batch_policy() {
    let server = Server::start(&[]);
    let _client = server.client("alice");
    let threads = format!("/proc/{}/task", server.pid().as_raw_nonzero());
    for thread in std::fs::read_dir(threads).expect("Linux") {
        let stat = std::fs::read_to_string(thread.expect("a thread").path().join("stat")).expect("its state");
        let (_, fields) = stat.rsplit_once(')').expect("the end of its name");
        assert_eq!(fields.split_whitespace().nth(38), Some("3"), "{stat}");
    }
}
