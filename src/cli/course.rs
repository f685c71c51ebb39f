//! The command line of `chat_course`.

use std::{ffi::OsString, process::ExitCode, time::Duration};

use clap::Parser;

use crate::course::{grader::Grader, stage::Wording, steps::Step, subject::Launch, verdict::Style};

/// Learn to build a chat server, step by step.
#[derive(Debug, Parser)]
#[command(name = "chat_course", version)]
pub struct Arguments {
    step: usize,
    #[arg(last = true)]
    command: Vec<OsString>,
    #[arg(long)]
    strict: bool,
    #[arg(long)]
    only: bool,
}

impl Arguments {
    /// x
    pub fn run(self) -> ExitCode {
        let launch = Launch { command: self.command, folder: None, ready: Duration::from_secs(60) };
        let grader = Grader {
            launch,
            wording: if self.strict { Wording::ToTheLetter } else { Wording::ThoseThatCount },
            patience: Duration::from_secs(4),
            seed: 1,
        };
        for step in Step::find(self.step).unwrap().up_to() {
            for check in step.checks {
                let t = std::time::Instant::now();
                let verdict = grader.check(step, check).unwrap();
                eprint!("{:?} {} {}", t.elapsed(), check.name, verdict.told(Style::Plain));
            }
            if self.only {
                break;
            }
        }
        ExitCode::SUCCESS
    }
}
