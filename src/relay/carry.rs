//! From one end to the other: one file, from what its receiver has to its receiver's verdict.

use std::{
    io::{self, ErrorKind},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use crate::{
    file::{ByteCount, Digest, Fault, Side},
    transport::Socket,
    watch,
};

/// How long one side may keep the other waiting.
pub(super) const IDLE: Duration = Duration::from_secs(60);

/// The buffer of an end in bytes. A larger one saves hardly any more system calls.
pub(super) const BUFFER: usize = 64 * 1024;

/// The end that a file comes from, whatever it speaks.
pub(super) trait Sending: Send {
    /// Tells the sender what the receiver has. Returns where the sender begins.
    fn begin(&mut self, kept: Kept) -> Result<u64, Fault>;

    /// The bytes that have come and were not taken, which are not none; waits for them.
    fn bytes(&mut self) -> Result<&[u8], Fault>;

    /// Takes so many of the bytes.
    fn take(&mut self, length: usize);

    /// All bytes of the file were taken. Checks that the sender has no more.
    fn finish(&mut self) -> Result<(), Fault>;

    /// Whether something has come that was not taken: bytes, the end, or nonsense.
    fn has_more(&mut self) -> bool;

    fn socket(&self) -> &Socket;
}

/// The end that a file goes to, whatever it speaks.
pub(super) trait Receiving: Send {
    /// What the receiver has already.
    fn kept(&mut self) -> Result<Kept, Fault>;

    /// Tells the receiver where the sender begins.
    fn begin(&mut self, place: u64) -> Result<(), Fault>;

    fn write(&mut self, bytes: &[u8]) -> Result<(), Fault>;

    /// What the receiver makes of the file. All of it was written, if it `is_whole`.
    fn verdict(&mut self, is_whole: bool) -> Result<(), Fault>;

    /// Whether the receiver has said something that was not read yet.
    fn has_spoken(&self) -> bool;

    /// What happens to its socket when the receiver says something or is gone.
    fn speaking(&self) -> PollFlags;

    fn socket(&self) -> &Socket;
}

/// What a receiver has of a file already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// The number of bytes.
    pub(super) length: u64,
    /// The SHA-256 of these bytes.
    pub(super) digest: Digest,
}

/// Carries a file of this size.
pub(super) fn carry(
    sender: &mut dyn Sending,
    receiver: &mut dyn Receiving,
    size: ByteCount,
) -> Result<(), Fault> {
    let kept = receiver.kept()?;
    let start = sender.begin(kept)?;
    if start != 0 && start != kept.length {
        return Err(Fault::Nonsense(Side::Sender));
    }
    let length = size.0.checked_sub(start).ok_or(Fault::Nonsense(Side::Receiver))?;
    receiver.begin(start)?;
    let is_whole = copy(sender, receiver, length)?;
    receiver.verdict(is_whole)
}

/// Copies `length` bytes, unless the receiver says something before; whether it copied them all.
fn copy(sender: &mut dyn Sending, receiver: &mut dyn Receiving, length: u64) -> Result<bool, Fault> {
    let (mut left, mut last) = (length, Vec::new());
    while left > 0 {
        if wait(sender, receiver)? == Side::Receiver {
            return Ok(false);
        }
        let bytes = sender.bytes()?;
        let taken = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        left -= taken as u64;
        if left > 0 {
            receiver.write(&bytes[..taken])?;
            watch::carried(taken);
        } else {
            // With its last bytes, a file is whole for a receiver that counts them. So they wait for the sender's end.
            last = bytes[..taken].to_vec();
        }
        sender.take(taken);
    }
    sender.finish()?;
    receiver.write(&last)?;
    watch::carried(last.len());
    Ok(true)
}

/// Waits until one side has sent something. The receiver comes first.
fn wait(sender: &mut dyn Sending, receiver: &dyn Receiving) -> Result<Side, Fault> {
    if receiver.has_spoken() {
        return Ok(Side::Receiver);
    }
    let has_more = sender.has_more();
    let seconds = if has_more { 0 } else { IDLE.as_secs().cast_signed() };
    let mut ends =
        [PollFd::new(sender.socket(), PollFlags::IN), PollFd::new(receiver.socket(), receiver.speaking())];
    match poll(&mut ends, Some(&Timespec { tv_sec: seconds, tv_nsec: 0 })) {
        Ok(0) if !has_more => return Err(Fault::Stalled(Side::Sender)),
        // Interrupted: it is not known whether anything was sent. Reading finds out.
        Ok(_) | Err(Errno::INTR) => {}
        Err(_) => return Err(Fault::Server),
    }
    let [_, receiver] = &ends;
    Ok(if receiver.revents().is_empty() { Side::Sender } else { Side::Receiver })
}

pub(super) fn fault(error: &io::Error, side: Side) -> Fault {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Fault::Stalled(side),
        ErrorKind::InvalidData => Fault::Nonsense(side),
        _ => Fault::BrokenOff(side),
    }
}
