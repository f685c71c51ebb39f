//! A program whose standard input and output are pipes.

use std::{
    io::{self, PipeReader, Read, Write},
    os::unix::process::CommandExt,
    process::{Child, ChildStdin, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::Signal,
};

use crate::course::{
    inbox::Inbox,
    peer::Heard,
    subject::{Ended, Launch, Member},
};

/// A program whose standard input and output are pipes.
#[derive(Debug)]
pub(in crate::course) struct Pipes {
    member: Member,
    child: Child,
    input: Option<ChildStdin>,
    output: PipeReader,
    printed: Inbox,
}

impl Pipes {
    pub(in crate::course) fn start(launch: &Launch, port: u16) -> io::Result<Self> {
        let (output, writer) = io::pipe()?;
        let mut command = launch.command(port);
        // The standard error is not judged.
        command.stdin(Stdio::piped()).stdout(writer).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn()?;
        drop(command);
        let member = Member::new(Some(child.id()))?;
        let input = child.stdin.take();
        Ok(Self { member, child, input, output, printed: Inbox::default() })
    }

    pub(in crate::course) fn is_given(&mut self, text: &str) {
        if let Some(input) = &mut self.input {
            // If the program has ended, its server receives nothing, and the check fails.
            let _ = input.write_all(text.as_bytes()).and_then(|()| input.flush());
        }
    }

    pub(in crate::course) fn ends_input(&mut self) {
        self.input = None;
    }

    /// The next line on the standard output.
    pub(in crate::course) fn prints(&mut self, deadline: Instant) -> Heard {
        loop {
            if let Some(line) = self.printed.take() {
                return Heard::Line(line);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left.max(Duration::from_millis(1))).expect("a deadline fits");
            match poll(&mut [PollFd::new(&self.output, PollFlags::IN)], Some(&left)) {
                Ok(0) => return Heard::Silence,
                Err(_) => continue,
                Ok(_) => {}
            }
            let mut bytes = [0; 16 * 1024];
            match self.output.read(&mut bytes) {
                Ok(length) if length > 0 => self.printed.add(&bytes[..length]),
                _ => return Heard::End,
            }
        }
    }

    /// The printed part of an incomplete line.
    pub(in crate::course) fn unread(&self) -> &[u8] {
        self.printed.incomplete()
    }

    pub(in crate::course) fn signal(&self, signal: Signal) {
        self.member.signal(signal);
    }

    /// Waits until the program ends by itself.
    pub(in crate::course) fn ends(&self, patience: Duration) -> Option<Ended> {
        self.member.ends(patience)
    }
}

impl Drop for Pipes {
    fn drop(&mut self) {
        self.input = None;
        self.member.kill();
        let _ = self.child.wait();
    }
}
