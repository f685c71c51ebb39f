//! A program whose standard input and output are pipes.

use std::{
    io::{self, PipeReader, Read, Write},
    os::unix::process::CommandExt,
    process::{ChildStdin, Stdio},
    time::{Duration, Instant},
};

use crate::course::{
    inbox::Inbox,
    peer::Heard,
    subject::{Launch, Member, is_ready},
};

/// A program on pipes. Its fields are dropped in order: its input ends before the program is killed.
#[derive(Debug)]
pub(in crate::course) struct Pipes {
    pub(super) input: Option<ChildStdin>,
    pub(in crate::course) member: Member,
    output: PipeReader,
    pub(super) printed: Inbox,
}

impl Pipes {
    pub(in crate::course) fn start(launch: &Launch, port: u16) -> io::Result<Self> {
        let (output, writer) = io::pipe()?;
        let mut command = launch.command(port);
        // The standard error is not judged.
        command.stdin(Stdio::piped()).stdout(writer).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn()?;
        drop(command);
        let input = child.stdin.take();
        Ok(Self { input, member: Member::new(Box::new(child))?, output, printed: Inbox::default() })
    }

    pub(in crate::course) fn is_given(&mut self, text: &str) {
        if let Some(input) = &mut self.input {
            // If the program has ended, its server receives nothing, and the check fails.
            let _ = input.write_all(text.as_bytes()).and_then(|()| input.flush());
        }
    }

    /// The next line on the standard output.
    pub(in crate::course) fn prints(&mut self, deadline: Instant) -> Heard {
        loop {
            if let Some(line) = self.printed.take() {
                return Heard::Line(line);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if !is_ready(&self.output, left.max(Duration::from_millis(1))) {
                if Instant::now() >= deadline {
                    return Heard::Silence;
                }
                continue;
            }
            let mut bytes = [0; 16 * 1024];
            match self.output.read(&mut bytes) {
                Ok(length) if length > 0 => self.printed.add(&bytes[..length]),
                _ => return Heard::End,
            }
        }
    }
}
