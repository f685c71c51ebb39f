//! `chat_server`: not yet.

fn main() {}
