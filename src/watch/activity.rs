//! What a thread can be doing.

/// What a thread can be doing. The words that users see for these are in [`crate::event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Activity {
    /// Computing: decoding a command, for example.
    Working,
    /// Waiting for a client to connect.
    Accepting,
    /// Waiting for its client to send something.
    Reading,
    /// Waiting for the registry's lock.
    Locking,
    /// Deciding, under the registry's lock.
    Deciding,
    /// Sending posts to the broadcaster's channel under the lock, or waiting because it is full.
    Posting,
    /// Waiting until a change is on the disk.
    Saving,
    /// Hashing a password, or waiting for its turn.
    Hashing,
    /// Waiting because its client asks too fast.
    Waiting,
    /// Waiting until the broadcaster has sent a message that is traced.
    Tracing,
    /// Looking at what the other threads are doing.
    Looking,
    /// Waiting for its client to close the connection.
    Closing,
    /// Waiting for something to do.
    Idle,
    /// Carrying out posts: encoding events and queueing them for clients.
    Encoding,
    /// Sending to clients.
    Sending,
    /// Writing to a file.
    Writing,
}

impl Activity {
    /// All of them; each one's index is its number.
    pub const ALL: [Self; 16] = [
        Self::Working,
        Self::Accepting,
        Self::Reading,
        Self::Locking,
        Self::Deciding,
        Self::Posting,
        Self::Saving,
        Self::Hashing,
        Self::Waiting,
        Self::Tracing,
        Self::Looking,
        Self::Closing,
        Self::Idle,
        Self::Encoding,
        Self::Sending,
        Self::Writing,
    ];
}
