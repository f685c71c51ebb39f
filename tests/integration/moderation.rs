//! Kicking and banning over real sockets while the target is sending.

use std::thread;

use crate::support::{Peer, Server};

fn in_ops(server: &Server, name: &str) -> Peer {
    let mut peer = server.client(name);
    peer.says("/join ops");
    peer.hears("You joined room 'ops'.");
    peer
}

#[test]
fn no_message_of_a_kicked_client_follows_the_notice_of_its_kick() {
    let server = Server::start(&["--presence-limit", "1", "--outbox-limit", "67108864", "--history", "0"]);
    let mut alice = in_ops(&server, "alice");
    let mut bob = in_ops(&server, "bob");
    let mut carol = in_ops(&server, "carol");
    thread::scope(|scope| {
        let speaking = || {
            for n in 0..20_000 {
                bob.says(&n.to_string());
            }
            bob
        };
        let sending = thread::Builder::new().spawn_scoped(scope, speaking).expect("a thread");
        (0..100).for_each(|_| drop(carol.next_line()));
        alice.says("/kick bob enough");
        carol.hears_at_last("alice has kicked bob: enough");
        let mut bob = sending.join().expect("no panic");
        bob.hears_at_last("You were kicked from 'ops' by alice: enough");
        bob.hears("You returned to the lobby.");
        bob.catches_up();
        carol.hears_nothing();
    });
}

#[test]
fn a_banned_client_cannot_enter_again_under_another_name() {
    let server = Server::start(&["--presence-limit", "1"]);
    let mut alice = in_ops(&server, "alice");
    let mut bob = in_ops(&server, "bob");
    alice.says("/ban bob spam");
    alice.hears("alice has banned bob: spam");
    bob.sends(b"/nick rob\n/join ops\n/join ops\n");
    bob.hears("You were banned from 'ops' by alice: spam");
    bob.hears("You returned to the lobby.");
    bob.hears("Nickname changed to 'rob'.");
    bob.hears("You are banned from this room.");
    bob.hears("You are banned from this room.");
    alice.hears_nothing();
}
