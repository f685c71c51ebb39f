//! The command lines of the server and the course; the client has its own, [`crate::client::Options`].

pub mod course;
mod inherited;
mod probe;
mod secret;
pub mod server;

use std::{error::Error, io::Write, process::ExitCode};

/// Tells the user on standard error why a program failed, and returns the exit status for that.
pub fn fail(program: &str, error: &dyn Error) -> ExitCode {
    // One write: other threads may still move the terminal's cursor. Standard error may be closed; the
    // exit status still shows the failure.
    let _ = std::io::stderr().write_all(format!("{program}: {error}\n").as_bytes());
    ExitCode::FAILURE
}

#[expect(clippy::disallowed_methods, reason = "Ctrl-C ends at once, without any Drop")]
fn end_at_once() -> ! {
    std::process::exit(130);
}
