//! Stands between clients that speak text and a server of ours that speaks something else.
//!
//! `interpreter WIRE SERVER [OPTION…]` listens where `$CHAT_PORT` says, and starts the server with another port and
//! with this wire. So the conversations of the course, which are text, are played over every wire.
#![expect(clippy::print_stderr, reason = "it reports to the one who runs the tests")]

use std::{
    env,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, ExitCode, Stdio},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use parking_lot::Mutex;
use rustix::net::sockopt;

#[path = "speech.rs"]
mod speech;

use speech::{Interpreter, interpreter, take_unit};

fn main() -> ExitCode {
    match run() {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("interpreter: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<u8> {
    let mut arguments = env::args().skip(1);
    let (Some(wire), Some(program)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("interpreter WIRE SERVER [OPTION…]"));
    };
    let port = env::var("CHAT_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(0);
    // The signals that stop a server reach its whole process group. This program ends after it.
    ctrlc::set_handler(|| {}).map_err(io::Error::other)?;
    let mut server = start(&wire, &program, arguments)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let conversations = Arc::new(Mutex::new(Vec::<JoinHandle<()>>::new()));
    let (address, theirs) = (server.address, Arc::clone(&conversations));
    thread::Builder::new().spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Some(interpreter) = interpreter(&wire) else { return };
            if let Ok(telling) = interpret(client, address, interpreter) {
                theirs.lock().push(telling);
            }
        }
    })?;
    let status = server.child.wait()?;
    let conversations = std::mem::take(&mut *conversations.lock());
    for conversation in conversations {
        let _ = conversation.join();
    }
    Ok(status.code().and_then(|code| code.try_into().ok()).unwrap_or(1))
}

struct Server {
    child: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, unless something here has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(wire: &str, program: &str, options: impl Iterator<Item = String>) -> io::Result<Server> {
    // The course tells the port in an option, too.
    let options: Vec<_> = options.collect();
    let given = options.iter().position(|option| option == "--port").unwrap_or(options.len());
    let mut command = Command::new(program);
    command.args(&options[..given]).args(["--wire", wire, "--port", "0"]).env_remove("CHAT_PORT");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut first)?;
    let address = first.trim_end().rsplit(' ').next().and_then(|address| address.parse().ok());
    let mut server = Server { child, address: (Ipv4Addr::LOCALHOST, 0).into() };
    server.address = address.ok_or_else(|| io::Error::other("the server does not say where it listens"))?;
    Ok(server)
}

/// Starts both directions of one client, which share the interpreter. The one that tells the client ends with the
/// server.
fn interpret(
    client: TcpStream,
    address: SocketAddr,
    mut interpreter: Box<dyn Interpreter>,
) -> io::Result<JoinHandle<()>> {
    let server = TcpStream::connect(address)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut to_client, mut to_server) = (Vec::new(), Vec::new());
    interpreter.begin(&mut to_client, &mut to_server);
    (&client).write_all(&to_client)?;
    (&server).write_all(&to_server)?;
    let both = Arc::new(Both { client, server, interpreter: Mutex::new(interpreter) });
    let up = Arc::clone(&both);
    thread::Builder::new().spawn(move || up.up())?;
    thread::Builder::new().spawn(move || both.down())
}

struct Both {
    client: TcpStream,
    server: TcpStream,
    interpreter: Mutex<Box<dyn Interpreter>>,
}

impl Both {
    /// Carries lines to the server. Ends the server's connection in the same way as the client ends its own.
    fn up(&self) {
        let (mut read, mut lines) = ([0; 4096], Vec::new());
        loop {
            match (&self.client).read(&mut read) {
                Ok(0) => {
                    let _ = self.server.shutdown(Shutdown::Write);
                    return;
                }
                Ok(length) => lines.extend_from_slice(&read[..length]),
                Err(_) => {
                    let _ = sockopt::set_socket_linger(&self.server, Some(Duration::ZERO));
                    let _ = self.server.shutdown(Shutdown::Both);
                    return;
                }
            }
            while let Some(line) = take_unit(&mut lines) {
                self.pass(|interpreter, to_client, to_server| interpreter.ask(&line, to_client, to_server));
            }
        }
    }

    /// Carries what the server says to the client.
    fn down(&self) {
        let (mut read, mut units) = ([0; 4096], Vec::new());
        while let Ok(length @ 1..) = (&self.server).read(&mut read) {
            units.extend_from_slice(&read[..length]);
            self.pass(|interpreter, to_client, to_server| {
                interpreter.answer(&mut units, to_client, to_server);
            });
        }
        let _ = self.client.shutdown(Shutdown::Write);
    }

    /// Interprets and writes under one lock, so that the order is kept.
    fn pass(&self, act: impl FnOnce(&mut dyn Interpreter, &mut Vec<u8>, &mut Vec<u8>)) {
        let mut interpreter = self.interpreter.lock();
        let (mut to_client, mut to_server) = (Vec::new(), Vec::new());
        act(interpreter.as_mut(), &mut to_client, &mut to_server);
        // If one side is gone, the other sees its end.
        let _ = (&self.client).write_all(&to_client);
        let _ = (&self.server).write_all(&to_server);
    }
}
