//! Bytes to commands, and events to bytes.
//!
//! A dialect does no input or output of its own: its decoder is *fed* bytes as they come, and
//! *asked* for commands until it answers "not yet". So it can be tested without a socket, with its
//! input cut at every byte, and used over any transport.

pub mod text;
