//! A program whose standard input and output are pipes.

use std::{
    io::{self, ErrorKind, PipeReader, Read, Write},
    os::unix::process::CommandExt,
    process::{ChildStdin, Stdio},
    time::Instant,
};

use crate::course::{
    inbox::Inbox,
    peer::Heard,
    subject::{Launch, MARK, Member, is_ready},
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
        let mut input = None;
        let member = Member::start(|mark| {
            let mut child = command.env(MARK, mark).spawn()?;
            input = child.stdin.take();
            Ok(Box::new(child))
        })?;
        drop(command);
        Ok(Self { input, member, output, printed: Inbox::default() })
    }

    pub(in crate::course) fn is_given(&mut self, text: &str) {
        if let Some(input) = &mut self.input {
            // If the program has ended, its server receives nothing, and the check fails.
            let _ = input.write_all(text.as_bytes()).and_then(|()| input.flush());
        }
    }

    /// The next line on the standard output.
    pub(in crate::course) fn prints(&mut self, deadline: Instant) -> Heard {
        self.printed.next(deadline, |bytes, patience| match () {
            () if is_ready(&self.output, patience) => self.output.read(bytes),
            () if Instant::now() < deadline => Err(ErrorKind::Interrupted.into()),
            () => Err(ErrorKind::TimedOut.into()),
        })
    }
}
