//! `chat_client`: talk to the chat server from a terminal or a script.

use std::process::ExitCode;

use chat::{
    cli,
    client::{self, Options},
};
use clap::Parser;

fn main() -> ExitCode {
    let Err(error) = client::run(&Options::parse()) else { return ExitCode::SUCCESS };
    cli::fail("chat_client", &error);
    ExitCode::from(error.exit_status())
}
