//! A `chat_client` on pipes.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    os::fd::AsFd,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::{server::ends, wait_to_read};

/// A running client, which ends with the test.
pub(crate) struct Piped {
    pub(crate) child: Child,
    pub(crate) input: Option<ChildStdin>,
    pub(crate) output: Option<BufReader<ChildStdout>>,
}

impl Piped {
    #[track_caller]
    pub(crate) fn start(port: u16, arguments: &[&str]) -> Self {
        Self::spawn(Self::command().args(["--port", &port.to_string()]).args(arguments))
    }

    /// The client's command line without its options. The settings and variables of the user who tests do not count.
    pub(crate) fn command() -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat_client"));
        command.env("XDG_CONFIG_HOME", "/no/such/folder");
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CHAT_")) {
            command.env_remove(name);
        }
        command
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
        assert_eq!(self.next_line(), expected);
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
        while !is_wanted(&self.next_line()) {}
    }

    #[track_caller]
    fn next_line(&mut self) -> String {
        let output = self.output.as_mut().expect("it is open");
        if output.buffer().is_empty() {
            wait_to_read(output.get_ref());
        }
        let mut line = String::new();
        output.read_line(&mut line).expect("text");
        assert_eq!(line.pop(), Some('\n'), "the output has ended");
        line
    }

    /// Waits until the client has ended. Returns its status, the rest of its output, and its errors.
    #[track_caller]
    pub(crate) fn ends(mut self) -> (Option<i32>, String, String) {
        let rest = self.output.take().map(|output| {
            let unread = output.buffer().to_vec();
            text(unread, output.into_inner())
        });
        let errors = text(Vec::new(), self.child.stderr.take().expect("piped"));
        (ends(&mut self.child).code(), rest.unwrap_or_default(), errors)
    }
}

/// What was read already, and the rest of a pipe.
#[track_caller]
fn text(mut read: Vec<u8>, mut pipe: impl Read + AsFd) -> String {
    let mut bytes = [0; 16 * 1024];
    loop {
        wait_to_read(&pipe);
        match pipe.read(&mut bytes).expect("a pipe") {
            0 => return String::from_utf8(read).expect("text"),
            length => read.extend(&bytes[..length]),
        }
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
