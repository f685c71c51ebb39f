//! Administrators over real sockets: broadcasts, disconnecting, banned addresses and shutdowns.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use crate::support::{Browser, Peer, Server, Socket, server::command};

/// A server with an administrator's password, and a client that is an administrator.
#[track_caller]
fn administered(options: &[&str]) -> (Server, Peer) {
    let mut command = command();
    command.args(["--port", "0"]).args(options).env("CHAT_ADMIN_PASSWORD", "open-sesame");
    let server = Server::start_command(command);
    let mut root = Peer::connect(SocketAddr::from(([127, 0, 0, 1], server.address().port())));
    root.says("/nick root");
    root.hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
    root.hears("Nickname changed to 'root'.");
    root.says("/admin open-sesame");
    root.hears("Admin privileges granted.");
    (server, root)
}

#[test]
fn a_planned_shutdown_stops_the_server_as_usual() {
    let (server, mut root) = administered(&[]);
    let mut bob = server.client("bob");
    bob.says("/join ops");
    bob.hears("You joined room 'ops'.");
    root.says("/shutdown 86400");
    bob.hears("Server shutting down in 24 hours.");
    root.says("/shutdown cancel");
    bob.hears("root has cancelled the shutdown.");
    root.says("/shutdown 1");
    bob.hears("Server shutting down in 1 second.");
    bob.hears("Server shutting down.");
    bob.hears_the_end();
    root.hears_at_last("Server shutting down.");
    root.hears_the_end();
    assert_eq!(server.ends().code(), Some(0));
}

#[test]
fn a_shutdown_without_a_time_stops_the_server_at_once() {
    let (server, mut root) = administered(&[]);
    root.says("/shutdown");
    root.hears("Server shutting down.");
    root.hears_the_end();
    assert_eq!(server.ends().code(), Some(0));
}

#[test]
fn a_broadcast_reaches_every_room_in_order() {
    let (server, mut root) = administered(&["--presence-limit", "1"]);
    let mut bob = server.client("bob");
    bob.sends(b"/join ops\none\n");
    bob.hears("You joined room 'ops'.");
    bob.hears("[ops] bob: one");
    root.sends(b"before\n/broadcast tea\nafter\n");
    root.hears("[lobby] root: before");
    root.hears("Announcement from root: tea");
    root.hears("[lobby] root: after");
    bob.hears("Announcement from root: tea");
    bob.hears_nothing();
}

#[test]
fn a_disconnected_client_is_told_why_and_leaves_once() {
    let (server, mut root) = administered(&[]);
    let mut bob = server.client("bob");
    root.catches_up();
    root.says("/disconnect bob flooding");
    bob.hears("Disconnected by root: flooding");
    bob.hears_the_end();
    root.hears("root has disconnected bob: flooding");
    root.hears("bob has left the chat.");
    root.says("/disconnect bob");
    root.hears("User 'bob' not found.");
}

#[test]
fn a_banned_address_cannot_connect() {
    let Some(address) = own_address() else { return };
    let (server, mut root) = administered(&["--host", "0.0.0.0", "--presence-limit", "1"]);
    let connect = || Peer::connect(SocketAddr::new(address, server.address().port()));
    let mut bob = connect();
    bob.hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
    root.says(&format!("/banip {address}"));
    root.hears(&format!("{address} is banned until it is lifted. Clients disconnected: 1."));
    bob.hears("Your address is banned.");
    bob.hears_the_end();
    let mut again = connect();
    again.hears("Your address is banned.");
    again.hears_the_end();
    root.says(&format!("/unbanip {address}"));
    root.hears(&format!("{address} is no longer banned."));
    let greeting = connect().next_line().expect("a greeting");
    assert!(greeting.starts_with("Welcome! Your nickname is "), "{greeting}");
}

#[test]
fn a_browser_that_must_go_is_told_why_in_its_own_way() {
    let Some(address) = own_address() else { return };
    let (mut server, mut root) = administered(&["--listen", "http://0.0.0.0:0"]);
    let said = server.prints();
    let port: u16 = said.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let mut bob = Socket::connect(port, "chat.text");
    bob.says("/nick bob");
    root.hears_at_last("guest_1 is now known as bob.");
    root.says("/disconnect bob flooding");
    assert_eq!(bob.is_closed(1008), "Disconnected by root: flooding");
    let mut eve = Browser::connect_to((address, port).into());
    eve.asks("GET /healthz");
    assert_eq!(eve.reply().status, 200);
    root.says(&format!("/banip {address}"));
    root.hears_at_last(&format!("{address} is banned until it is lifted. Clients disconnected: 0."));
    for mut browser in [eve, Browser::connect_to((address, port).into())] {
        browser.sends(Socket::request(""));
        let reply = browser.reply();
        assert_eq!((reply.status, &reply.json()["detail"]), (403, &"Your address is banned.".into()));
        browser.is_closed();
    }
}

/// An address of this machine other than loopback; `None` on a machine without a network.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // This sends nothing. It only selects the address to send from.
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_loopback())
}
