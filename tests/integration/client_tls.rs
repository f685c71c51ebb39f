//! `chat_client --tls`.

use std::net::SocketAddr;

use rustix::process::Signal;

use crate::support::{Piped, Server, Terminal, secure::Certified, secure::path};

const WELCOME: &str = "Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.";

fn server(certified: &Certified) -> (Server, SocketAddr) {
    let (server, doors) = certified.server(&["text+tls"], &[]);
    (server, doors[0])
}

/// A client that connects to this address with these options.
fn start(address: &str, options: &[&str]) -> Piped {
    Piped::spawn(Piped::command().arg(address).arg("--tls").args(options))
}

/// Why a client does not get in.
#[track_caller]
fn why(address: &str, options: &[&str]) -> String {
    let mut client = start(address, options);
    client.input = None;
    let (status, out, err) = client.ends();
    assert_eq!((status, out.as_str()), (Some(1), ""), "{err}");
    let err = err.strip_prefix(&format!("chat_client: cannot connect to {address}: ")).map(str::to_owned);
    err.expect("it says where").trim_end().to_owned()
}

#[test]
fn a_script_gets_all_answers_behind_tls() {
    let certified = Certified::new("localhost");
    let (_server, door) = server(&certified);
    let address = format!("localhost:{}", door.port());
    for trust in [&["--tls-ca", path(&certified.chain())][..], &["--tls-insecure"]] {
        let mut client = start(&address, trust);
        client.is_given("/nick bot\n/join ops\nhello\n");
        client.input = None;
        let expected =
            format!("{WELCOME}\nNickname changed to 'bot'.\nYou joined room 'ops'.\n[ops] bot: hello\n");
        assert_eq!(client.ends(), (Some(0), expected, String::new()));
    }
}

#[test]
fn a_certificate_can_be_for_an_address() {
    let certified = Certified::new("127.0.0.1");
    let (server, door) = server(&certified);
    let mut client = start(&format!("127.0.0.1:{}", door.port()), &["--tls-ca", path(&certified.chain())]);
    client.prints(WELCOME);
    let mut alice = server.client("alice");
    alice.says("hello");
    client.prints_at_last("[lobby] alice: hello");
    client.is_given("hi\n");
    alice.hears_at_last("[lobby] guest_1: hi");
    server.signal(Signal::TERM);
    client.prints_at_last("Server shutting down.");
}

#[test]
fn a_server_that_cannot_be_trusted_is_refused_with_what_to_do() {
    let certified = Certified::new("localhost");
    let (server, door) = server(&certified);
    let (name, address) = (format!("localhost:{}", door.port()), format!("127.0.0.1:{}", door.port()));
    let chain = certified.chain();
    let trust = ["--tls-ca", path(&chain)];
    assert_eq!(
        why(&address, &trust),
        "the certificate of the server is not for the name '127.0.0.1'. Connect to a name that it is for."
    );
    let unknown = "the issuer of the server's certificate is unknown. If you trust it, give its certificate \
                   with --tls-ca FILE.";
    let other = Certified::new("localhost");
    assert_eq!(why(&name, &["--tls-ca", path(&other.chain())]), unknown);
    assert_eq!(why(&name, &[]), unknown);
    assert!(why(&name, &["--tls-ca", "/no/file"]).starts_with("cannot use the certificates in /no/file: "));
    let text = server.address().to_string();
    assert_eq!(
        why(&text, &["--tls-insecure"]),
        "the server does not speak TLS at this port. Use --tls=no, or check the port."
    );
    assert!(why("unix:///no/socket", &[]).starts_with("TLS is not spoken on Unix sockets"));
}

#[test]
fn a_client_without_tls_at_a_port_with_tls_is_told_what_to_do() {
    let certified = Certified::new("localhost");
    let (_server, door) = server(&certified);
    let mut client = Piped::start(door.port(), &[]);
    client.is_given("hello\n");
    client.prints("This port is encrypted. Connect to it with TLS: chat_client --tls HOST:PORT.");
    assert_eq!(client.ends().0, Some(1));
}

#[test]
fn a_person_talks_behind_tls_in_a_terminal() {
    let certified = Certified::new("127.0.0.1");
    let (server, door) = server(&certified);
    let chain = certified.chain();
    let mut terminal = Terminal::start(door.port(), &["--tls", "--tls-ca", path(&chain)]);
    terminal.shows(WELCOME);
    let mut alice = server.client("alice");
    terminal.types("hello\r");
    alice.hears_at_last("[lobby] guest_1: hello");
    alice.says("hi");
    terminal.shows("[lobby] alice: hi");
    terminal.types("/quit\r");
    alice.hears_at_last("guest_1 has left the chat.");
    assert_eq!(terminal.ends(), 0);
}
