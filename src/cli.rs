//! The command lines of the three programs.

pub mod client;
pub mod course;
mod secret;
pub mod server;

use std::{error::Error, io::Write, process::ExitCode};

/// Tells the user on standard error why a program failed, and returns the exit status for that.
pub fn fail(program: &str, error: &dyn Error) -> ExitCode {
    // Standard error may be closed; the exit status still shows the failure.
    let _ = writeln!(std::io::stderr(), "{program}: {error}");
    ExitCode::FAILURE
}
