//! What the tests share: servers that end with the test, and clients that wait with a deadline.

pub(crate) mod browser;
pub(crate) mod chatting;
pub(crate) mod chromium;
pub(crate) mod fake_server;
pub(crate) mod framed;
pub(crate) mod peer;
pub(crate) mod piped;
pub(crate) mod program;
pub(crate) mod secure;
pub(crate) mod server;
pub(crate) mod socket;
pub(crate) mod terminal;
pub(crate) mod wire_client;

pub(crate) use browser::Browser;
pub(crate) use chromium::{Chromium, Window};
pub(crate) use fake_server::FakeServer;
pub(crate) use framed::Framed;
pub(crate) use peer::Peer;
pub(crate) use piped::Piped;
pub(crate) use program::Program;
pub(crate) use server::Server;
pub(crate) use socket::Socket;
pub(crate) use terminal::Terminal;
pub(crate) use wire_client::WireClient;

use std::{os::fd::AsFd, time::Duration};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long a test waits for what must happen. Long, because only a test that fails waits so long, and
/// a busy machine must not make a test fail.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until there is something to read, or the other side has closed.
#[track_caller]
pub(crate) fn wait_to_read(from: &impl AsFd) {
    let deadline = Timespec::try_from(DEADLINE).expect("it is short");
    let ready = poll(&mut [PollFd::new(from, PollFlags::IN)], Some(&deadline)).expect("a descriptor");
    assert_eq!(ready, 1, "waited too long for something to read");
}
