//! `chat_client` through a Unix socket, which a proxy connects with a server.

use std::{
    fs,
    io::{self, Write},
    net::{Shutdown, TcpStream},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
};

use parking_lot::Mutex;
use tempfile::TempDir;

use super::support::{Piped, Server, Terminal, wait_to_read};

/// Passes on what arrives at a Unix socket to a server, and its answers. Dropping this closes everything.
struct Proxy {
    path: PathBuf,
    /// The clients' ends; `None` when no more are to be accepted.
    clients: Arc<Mutex<Option<Vec<UnixStream>>>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    fn start(path: &Path, server: &Server) -> Self {
        let listener = UnixListener::bind(path).expect("a free path");
        let (address, clients) = (server.address(), Arc::new(Mutex::new(Some(Vec::new()))));
        let accepted = Arc::clone(&clients);
        let thread = thread::Builder::new().spawn(move || {
            thread::scope(|scope| {
                for client in listener.incoming().map(|client| client.expect("a client")) {
                    let Some(clients) = &mut *accepted.lock() else { return };
                    clients.push(client.try_clone().expect("a socket"));
                    let server = TcpStream::connect(address).expect("the server is listening");
                    let copies =
                        (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
                    thread::Builder::new()
                        .spawn_scoped(scope, move || {
                            let _ = io::copy(&mut &client, &mut &server);
                            let _ = server.shutdown(Shutdown::Write);
                        })
                        .expect("a thread");
                    thread::Builder::new()
                        .spawn_scoped(scope, move || {
                            let (client, server) = copies;
                            let _ = io::copy(&mut &server, &mut &client);
                            let _ = client.shutdown(Shutdown::Both);
                        })
                        .expect("a thread");
                }
            });
        });
        Self { path: path.to_owned(), clients, thread: Some(thread.expect("a thread")) }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let clients = self.clients.lock().take();
        for client in clients.into_iter().flatten() {
            let _ = client.shutdown(Shutdown::Both);
        }
        // Wakes the thread, which then stops.
        let _ = UnixStream::connect(&self.path);
        let _ = fs::remove_file(&self.path);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A folder, and in it the path of a socket and the word that names it.
fn folder() -> (TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("chat.sock");
    let address = format!("unix://{}", path.display());
    (folder, path, address)
}

fn piped(address: &str, options: &[&str]) -> Piped {
    Piped::spawn(Piped::command().arg(address).args(options))
}

#[test]
fn a_script_chats_through_a_unix_socket() {
    let (_folder, path, address) = folder();
    let server = Server::start(&[]);
    let _proxy = Proxy::start(&path, &server);
    let mut client = piped(&address, &["--nick", "bot"]);
    client.is_given("hello\n");
    client.input = None;
    let (status, output, errors) = client.ends();
    assert_eq!((status, errors.as_str()), (Some(0), ""));
    assert!(output.ends_with("Nickname changed to 'bot'.\n[lobby] bot: hello\n"), "{output}");
}

#[test]
fn a_client_in_a_terminal_reconnects_when_the_unix_socket_is_back() {
    let (_folder, path, address) = folder();
    let server = Server::start(&[]);
    let proxy = Proxy::start(&path, &server);
    let mut terminal = Terminal::start(1, &["--host", &address, "--nick", "alice"]);
    terminal.shows("Here: alice.");
    terminal.types("before\r");
    terminal.shows_above(&["[lobby] alice: before"]);
    terminal.types("half typed");
    drop(proxy);
    terminal.shows("Connection lost. Reconnecting.");
    let _proxy = Proxy::start(&path, &server);
    terminal.shows("Connected again.");
    terminal.shows_prompt("[lobby] alice> half typed");
    terminal.types("!\r");
    terminal.shows_above(&["[lobby] alice: half typed!"]);
    terminal.types("/login alice\r");
    terminal.shows_prompt("Password: ");
    assert!(!terminal.contents().contains("not encrypted"), "{}", terminal.contents());
}

#[test]
fn a_file_is_sent_and_received_by_clients_on_a_unix_socket() {
    let (folder, path, address) = folder();
    let server = Server::start(&[]);
    let _proxy = Proxy::start(&path, &server);
    let (file, downloads) = (folder.path().join("x.txt"), folder.path().join("downloads"));
    fs::write(&file, "abc").expect("a file");
    let mut bob = piped(
        &address,
        &["--nick=bob", "--accept-files", "--downloads", downloads.to_str().expect("a plain name")],
    );
    bob.prints_at_last("Nickname changed to 'bob'.");
    let mut alice = piped(&address, &["--nick=alice"]);
    alice.is_given(&format!("/sendfile bob {}\n", file.display()));
    alice.input = None;
    let (status, output, errors) = alice.ends();
    assert_eq!(status, Some(0), "{output}{errors}");
    assert!(output.ends_with("bob has received 'x.txt'.\n"), "{output}");
    assert_eq!(fs::read(downloads.join("x.txt")).expect("the file"), b"abc");
}

#[test]
fn a_unix_socket_without_a_server_is_an_error_that_says_what_to_do() {
    let (_folder, path, address) = folder();
    let why = || {
        let (status, output, errors) = piped(&address, &[]).ends();
        assert_eq!((status, output.as_str()), (Some(1), ""));
        errors
    };
    let begin = format!("chat_client: cannot connect to {address}: ");
    assert_eq!(why(), begin.clone() + "the file does not exist. Start the server, or check the path.\n");
    drop(UnixListener::bind(&path).expect("a free path"));
    assert_eq!(why(), begin.clone() + "no server is listening on this socket. Start the server.\n");
    fs::remove_file(&path).expect("the socket");
    fs::write(&path, "").expect("a file");
    assert_eq!(why(), begin + "the file is not a socket. Check the path.\n");
}

#[test]
fn a_server_that_closes_a_unix_socket_is_noticed_on_a_pipe() {
    let (_folder, path, address) = folder();
    let listener = UnixListener::bind(&path).expect("a free path");
    let client = piped(&address, &[]);
    wait_to_read(&listener);
    let (mut stream, _) = listener.accept().expect("a client");
    stream
        .write_all("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.\n".as_bytes())
        .expect("it is read");
    drop(stream);
    let (status, _, errors) = client.ends();
    assert_eq!((status, errors.as_str()), (Some(1), "chat_client: connection lost\n"));
}
