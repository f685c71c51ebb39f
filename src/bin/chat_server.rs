//! `chat_server`: the server.

use std::process::ExitCode;

use chat::cli::server::Arguments;
use clap::Parser;

fn main() -> ExitCode {
    let arguments = Arguments::parse().check().unwrap_or_else(|error| error.exit());
    match arguments.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => chat::cli::fail("chat_server", error.as_ref()),
    }
}
