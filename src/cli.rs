//! What the programs' command lines say, and what that means.

pub mod client;
pub mod course;
mod secret;
pub mod server;

use std::{error::Error, io::Write, process::ExitCode};

/// Tells the user in one sentence why a program could not do what it should.
pub fn fail(program: &str, error: &dyn Error) -> ExitCode {
    // When even standard error is closed, the exit status still tells.
    let _ = writeln!(std::io::stderr(), "{program}: {error}");
    ExitCode::FAILURE
}
