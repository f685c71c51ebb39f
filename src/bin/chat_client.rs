//! `chat_client`: not yet.

fn main() {}
