//! `chat_server`: the server.

use std::process::ExitCode;

use chat::cli::server::InForce;

fn main() -> ExitCode {
    let in_force = InForce::read(std::env::args_os().collect()).unwrap_or_else(|error| error.exit());
    match in_force.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => chat::cli::fail("chat_server", error.as_ref()),
    }
}
