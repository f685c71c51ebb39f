//! `chat_client`: talk to the chat server from a terminal or a script.

use std::process::ExitCode;

use chat::{
    cli,
    client::{self, Options},
};

fn main() -> ExitCode {
    let Err(error) = client::run(&Options::read()) else { return ExitCode::SUCCESS };
    cli::fail("chat_client", &error);
    ExitCode::from(error.exit_status())
}
