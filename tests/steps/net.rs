//! Code that every step needs and no step changes.

use std::{
    env,
    io::{self, Write},
    net::TcpStream,
};

/// Sends a line in one write.
pub(crate) fn send(mut stream: &TcpStream, line: &str) -> io::Result<()> {
    stream.write_all(format!("{line}\n").as_bytes())
}

/// `--port N`, or else `$CHAT_PORT`, or else 5555.
pub(crate) fn port() -> u16 {
    let typed = env::args().skip_while(|word| word != "--port").nth(1);
    typed.or_else(|| env::var("CHAT_PORT").ok()).and_then(|port| port.parse().ok()).unwrap_or(5555)
}
