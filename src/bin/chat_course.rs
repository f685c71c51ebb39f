//! `chat_course`: the course.

use std::process::ExitCode;

use chat::cli::course::Arguments;
use clap::Parser;

fn main() -> ExitCode {
    Arguments::parse().run()
}
