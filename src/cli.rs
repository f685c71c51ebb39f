//! What the programs' command lines say.

pub mod client;
