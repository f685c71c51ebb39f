//! What the tests share: servers that end with the test, and clients that do not wait for ever.

pub(crate) mod chatting;
pub(crate) mod fake_server;
pub(crate) mod peer;
pub(crate) mod piped;
pub(crate) mod server;
pub(crate) mod terminal;

pub(crate) use fake_server::FakeServer;
pub(crate) use peer::Peer;
pub(crate) use piped::Piped;
pub(crate) use server::Server;
pub(crate) use terminal::Terminal;

use std::time::Duration;

/// How long a test waits for what must happen. Generous, because it is only reached when a test
/// fails; a busy machine shall not make it fail.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
