//! A `chat_client` on pipes.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::DEADLINE;

/// A running client, which ends with the test.
pub(crate) struct Piped {
    pub(crate) child: Child,
    pub(crate) input: Option<ChildStdin>,
    pub(crate) output: Option<BufReader<ChildStdout>>,
}

impl Piped {
    #[track_caller]
    pub(crate) fn start(port: u16, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat_client"));
        Self::spawn(command.args(["--port", &port.to_string()]).args(arguments))
    }

    #[track_caller]
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the client was built with the tests");
        let (input, output) = (child.stdin.take(), child.stdout.take().map(BufReader::new));
        Self { child, input, output }
    }

    #[track_caller]
    pub(crate) fn is_given(&mut self, text: &str) {
        self.input.as_mut().expect("it is open").write_all(text.as_bytes()).expect("the client reads");
    }

    /// The next line must be this one.
    #[track_caller]
    pub(crate) fn prints(&mut self, expected: &str) {
        let mut line = String::new();
        self.output.as_mut().expect("it is open").read_line(&mut line).expect("text");
        assert_eq!(line.strip_suffix('\n'), Some(expected));
    }

    /// One of the next lines must be this one. The lines before it are skipped.
    #[track_caller]
    pub(crate) fn prints_at_last(&mut self, expected: &str) {
        self.prints_until(|line| line == expected);
    }

    /// Skips all lines up to the offer of a file.
    #[track_caller]
    pub(crate) fn prints_request(&mut self) {
        self.prints_until(|line| line.starts_with("[FILE REQUEST] "));
    }

    #[track_caller]
    fn prints_until(&mut self, is_wanted: impl Fn(&str) -> bool) {
        let mut skipped = String::new();
        let output = self.output.as_mut().expect("it is open");
        loop {
            let before = skipped.len();
            if output.buffer().is_empty() {
                let mut ends = [PollFd::new(output.get_ref(), PollFlags::IN)];
                let deadline = Timespec::try_from(DEADLINE).expect("it is short");
                let ready = poll(&mut ends, Some(&deadline)).expect("a pipe");
                assert_eq!(ready, 1, "waited too long after {skipped:?}");
            }
            let length = output.read_line(&mut skipped).expect("text");
            assert_ne!(length, 0, "the output ended after {skipped:?}");
            if is_wanted(skipped[before..].trim_end_matches('\n')) {
                return;
            }
        }
    }

    /// Waits until the client has ended. Returns its status, the rest of its output, and its errors.
    #[track_caller]
    pub(crate) fn ends(mut self) -> (Option<i32>, String, String) {
        let (mut rest, mut errors) = (String::new(), String::new());
        if let Some(mut output) = self.output.take() {
            output.read_to_string(&mut rest).expect("text");
        }
        self.child.stderr.take().expect("piped").read_to_string(&mut errors).expect("text");
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return (status.code(), rest, errors);
            }
            assert!(Instant::now() < deadline, "the client goes on");
            thread::park_timeout(Duration::from_millis(2));
        }
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
