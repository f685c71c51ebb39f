//! Step 4: gives each client its own thread.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port()))?;
    thread::scope(|clients| {
        for stream in listener.incoming() {
            // An error with one client must not stop the server for the others.
            clients.spawn(|| stream.and_then(serve));
        }
    });
    Ok(())
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(b"Welcome!\n")?;
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?;
        if !line.is_empty() {
            stream.write_all(format!("[lobby] guest_1: {line}\n").as_bytes())?;
        }
    }
    Ok(())
}

/// `--port N`, or else `$CHAT_PORT`, or else 5555.
fn port() -> u16 {
    let typed = env::args().skip_while(|word| word != "--port").nth(1);
    typed.or_else(|| env::var("CHAT_PORT").ok()).and_then(|port| port.parse().ok()).unwrap_or(5555)
}
