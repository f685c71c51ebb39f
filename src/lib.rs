//! The map of the chat.
//!
//! # The path of a line
//!
//! ```text
//!  alice's socket ─▶ session ─▶ dialect::text ─▶ registry ══channel══▶ broadcaster ─▶ bob's socket
//!                    alice's     bytes become     under the mutex:      one thread:
//!                    thread      a Command        a Command becomes     encode once, queue,
//!                    reads                        Posts                 one send each a batch
//! ```
//!
//! [`session`] blocks in `read` on alice's socket and feeds what it gets to the [`dialect`], which
//! cuts it into lines and makes a [`command::Command`] of each. The session hands the commands to the
//! [`registry`]: under its one lock the rules ([`registry::state::State`]) turn them into
//! [`broadcaster::Post`]s, and these go into the channel before the lock is released. The
//! [`broadcaster`] takes whatever the channel holds as one batch, encodes each [`event::Event`] once,
//! and sends each client its part with one system call that never waits.
//!
//! # Layers
//!
//! A module imports only from layers above it in this table.
//!
//! | layer | module | knows about |
//! |---|---|---|
//! | 0 | [`names`], [`text`], [`emoji`], [`file`](mod@file), [`password`], [`clock`], [`origin`], [`ending`], [`watch`] | clients, nicknames, rooms, networks, files, what people type and must not see: checked once, trusted afterwards; what time it is; where somebody comes from; what every thread is doing |
//! | 1 | [`command`], [`record`] | what a client may ask, and the one table of verbs; what outlives the server |
//! | 2 | [`event`] | what the server may say, and in which words |
//! | 3 | [`dialect`], [`fact`] | bytes to commands, events to bytes, no socket, thread or clock; what the log is told |
//! | 4 | [`broadcaster`], [`store`], [`log`] | the channel and the writing ends; what outlives the server; what happened, in files |
//! | 5 | [`registry`], [`transport`] | the mutex and the rules; how bytes arrive |
//! | 6 | [`session`], [`relay`] | one client's thread; one file's thread |
//! | 7 | [`server`] | listening, accepting, stopping |
//! | – | [`client`], [`course`], [`cli`] | stand apart; the course knows nothing of the server |
//!
//! The broadcaster cannot even name the registry, so it cannot wait for its lock: a full channel makes
//! senders wait for the broadcaster, and never the other way round. That is why this cannot deadlock.
//!
//! # What always holds
//!
//! 1. **One lock, held across the send.** Delivery order is decision order, the same for everybody. No
//!    input, output or logging under the lock.
//! 2. **One writer.** Only the broadcaster writes to clients, so lines never interleave.
//! 3. **The broadcaster never blocks.** What a socket does not take waits in the client's own bounded
//!    [`broadcaster::Outbox`]; when that is full the client is cut and told why.
//! 4. **One way out.** Only a session removes its client: with its `/quit`, in the same decision as the
//!    goodbye, or in a `Drop`. Everybody else hangs up and lets the session notice. So "has left" is told
//!    exactly once, even after a panic.
//! 5. **Rules are pure.** They are tested as conversations, and random ones against a model.
//! 6. **Mistakes are commands.** So their answers keep their place among the others.
//! 7. **Membership is exact.** Between "You joined" and leaving, a client hears everything said in the
//!    room, and outside nothing.
//! 8. **Slow things are done without the lock.** A rule that needs one hands out a task, and goes on when
//!    the session comes back with what came of it.
//! 9. **Memory is the truth, the data file its shadow.** Nobody reads the file while the server runs, and
//!    who is told that something is done is told after it was written.
//! 10. **Stopping is prompt and complete.** A thread ends when its stream ends or its senders are
//!     dropped; all of them are joined before the program ends.

pub mod broadcaster;
pub mod cli;
pub mod client;
pub mod clock;
pub mod command;
pub mod course;
pub mod dialect;
pub mod emoji;
pub mod ending;
pub mod event;
pub mod fact;
pub mod file;
pub mod log;
pub mod names;
pub mod origin;
pub mod password;

pub mod record;
pub mod registry;
pub mod relay;
pub mod server;
pub mod session;
pub mod store;
pub mod text;
pub mod transport;
pub mod watch;
