//! `chat_client`: talk to the chat server from a terminal or a script.

use std::process::ExitCode;

use chat::cli::{self, client::Arguments};
use clap::Parser;

fn main() -> ExitCode {
    let Err(error) = Arguments::parse().run() else { return ExitCode::SUCCESS };
    cli::fail("chat_client", &error);
    ExitCode::from(error.exit_status())
}
