//! What a thread can be doing.

/// What a thread can be doing. In which words this is told stands where all sentences do, in
/// [`crate::event`]'s `Display`s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Activity {
    /// Something that waits for nobody: decoding, say.
    Working,
    /// Waiting for clients to come.
    Accepting,
    /// Waiting for its client to say something.
    Reading,
    /// Waiting for the registry's lock.
    Locking,
    /// Deciding, under the registry's lock.
    Deciding,
    /// Putting what was decided into the broadcaster's channel, under the lock; waiting while it is
    /// full.
    Posting,
    /// Waiting until what was decided is on the disk.
    Saving,
    /// Hashing a password, or waiting for its turn to.
    Hashing,
    /// Waiting until the broadcaster has sent the message that it follows.
    Following,
    /// Looking at what the others are doing.
    Looking,
    /// Waiting for its client to close.
    Closing,
    /// Waiting for something to do.
    Idle,
    /// Carrying out posts: encoding events, and noting who is to be sent what.
    Encoding,
    /// Sending.
    Sending,
    /// Writing to a file.
    Writing,
}

impl Activity {
    /// Each at the place that its number says.
    pub const ALL: [Self; 15] = [
        Self::Working,
        Self::Accepting,
        Self::Reading,
        Self::Locking,
        Self::Deciding,
        Self::Posting,
        Self::Saving,
        Self::Hashing,
        Self::Following,
        Self::Looking,
        Self::Closing,
        Self::Idle,
        Self::Encoding,
        Self::Sending,
        Self::Writing,
    ];
}
