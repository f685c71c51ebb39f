//! `chat_client`: talk to the chat server from a terminal or a script.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use chat::{cli, client};
use clap::Parser;

fn main() -> ExitCode {
    let options = cli::client::Args::parse().into();
    let Err(error) = client::run(&options) else { return ExitCode::SUCCESS };
    // If nobody can read the message either, the exit status still tells.
    let _ = writeln!(io::stderr(), "chat_client: {error}");
    ExitCode::from(error.exit_status())
}
