//! Step 1: listens, and greets each client.

use std::{
    env,
    io::{self, Write},
    net::{TcpListener, TcpStream},
};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port()))?;
    for stream in listener.incoming() {
        // An error with one client must not stop the server for the others.
        let _ = stream.and_then(serve);
    }
    Ok(())
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(b"Welcome!\n")
}

/// `--port N`, or else `$CHAT_PORT`, or else 5555.
fn port() -> u16 {
    let typed = env::args().skip_while(|word| word != "--port").nth(1);
    typed.or_else(|| env::var("CHAT_PORT").ok()).and_then(|port| port.parse().ok()).unwrap_or(5555)
}
