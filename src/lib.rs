//! The map of the chat.
//!
//! # The path of a line
//!
//! ```text
//!  alice's socket ─▶ session ─▶ dialect ─▶ registry ══channel══▶ broadcaster ─▶ bob's socket
//!                    alice's    bytes      under the mutex:      one thread:
//!                    thread     become a   a Command becomes     encode once, queue,
//!                    reads      Command    Posts                 one send per client and batch
//! ```
//!
//! Eight files are the core. Read them in this order:
//!
//! 1. [`session`] blocks in `read` on alice's socket, and applies each command that has arrived.
//! 2. [`transport`] is that socket. Its two ends, for reading and for writing, never wait for each other.
//! 3. [`dialect::text`] cuts bytes into lines, and makes a [`command::Command`] of each line.
//! 4. [`registry`] takes the lock, lets the rules decide, sends their posts, and releases the lock.
//! 5. [`registry::state`] is the rules. They turn a command into [`broadcaster::Post`]s.
//! 6. `registry/state/talking.rs` is the rules for what clients say: to whom it goes, and what is remembered.
//! 7. [`broadcaster`] takes what the channel holds as one batch, and encodes each [`event::Event`] once.
//! 8. [`broadcaster::Outbox`] sends bob his part with one call that never waits, and holds what is left.
//!
//! # Layers
//!
//! A module imports only from layers above it in this table.
//!
//! | layer | module | knows about |
//! |---|---|---|
//! | 0 | [`names`], [`text`], [`emoji`], [`file`](mod@file), [`password`], [`clock`], [`ending`], [`watch`], [`manual`], [`settings`] | what users type, checked once and trusted afterwards; the time; where a client comes from and why it is gone; what every thread is doing and has counted; man pages; settings files |
//! | 1 | [`command`], [`record`], [`metrics`] | what a client may ask, and the one table of verbs; what is saved; how figures are shown to machines |
//! | 2 | [`event`] | what the server may say, and in which words |
//! | 3 | [`dialect`], [`fact`], [`http`] | bytes to commands and events to bytes, without sockets, threads or clocks; what is logged; bytes to requests and responses to bytes |
//! | 4 | [`broadcaster`], [`store`], [`log`], [`framing`], [`certificate`] | the channel and the writing ends; the data file; the files of the log; how units are packed and told apart; the files of TLS |
//! | 5 | [`wire`] | the table of wires, which says what is spoken at a door |
//! | 6 | [`registry`], [`transport`] | the mutex and the rules; how bytes arrive and leave |
//! | 7 | [`session`], [`relay`] | one client's thread; one file's thread |
//! | 8 | [`web`], [`bot`] | what is answered over HTTP; clients that are programs of the server |
//! | 9 | [`server`] | listening, accepting, stopping |
//! | – | [`client`], [`course`], [`cli`] | stand apart; the course imports nothing from the server |
//!
//! The broadcaster cannot name the registry, so it cannot wait for its lock. When the channel is full,
//! senders wait for the broadcaster, and the broadcaster never waits for senders. So they cannot deadlock.
//!
//! # What always holds
//!
//! 1. **One lock, held across the send.** So all clients are told everything in the order in which it was
//!    decided. There is no input, output or logging under the lock.
//! 2. **One writer.** Only the broadcaster writes to clients, so lines never interleave.
//! 3. **The broadcaster never blocks.** What a socket does not take waits in the client's own bounded
//!    [`broadcaster::Outbox`]. When that is full, the client is told why and disconnected.
//! 4. **One way out.** Only a session removes its client: with `/quit`, in the same decision as the
//!    goodbye, or in a `Drop`. Everything else closes the connection, and the session notices. A guest has no
//!    session: what takes it out of the list of guests removes it. So "has left" is told exactly once, even
//!    after a panic.
//! 5. **Rules are pure.** They have no sockets, threads or clocks, so they are tested as conversations, and
//!    with random conversations against a model.
//! 6. **Mistakes are commands.** So their answers keep their place among the other answers.
//! 7. **Membership is exact.** After "You joined" and until it leaves, a client is told everything that is
//!    said in the room. Before and after, it is told nothing of it.
//! 8. **Slow work is done without the lock.** A rule asks for it with a task, and goes on when the session
//!    comes back with the result.
//! 9. **The rules decide from memory, and the data file follows.** The file is read only when the server
//!    starts. A client is told that a change is done only after it was written.
//! 10. **Stopping is prompt and complete.** A thread ends when its stream ends or when its senders are
//!     dropped. All threads are joined before the program ends.
//!
//! # Glossary
//!
//! One word for one thing, in names, comments and documents.
//!
//! - **Verb**: a row of the table of commands, [`command::Verb`].
//! - **Command**: a line that was read: its verb and its **Ask**, which is what it asks of the rules.
//! - **Condition**: what a program takes for granted about its client when it sends a command.
//! - **Mistake**: why a line was not understood. It is the ask of a command, too.
//! - **Event**: something that clients are *told*, before it is put into words.
//! - **Dialect**: how commands and events are written as bytes.
//! - **Wire**: what is spoken at a door: a transport, a framing and a dialect. It is a row of [`wire::WIRES`].
//! - **Terms**: what holds for the clients of a door, [`wire::Terms`]: its wire, limits and key.
//! - **Greeting**: what a client says to come in, on wires where it speaks before that.
//! - **Decoder**: turns bytes into commands. It is fed, and asked until it says "not yet".
//! - **Transport**: how bytes arrive and leave.
//! - **Unit**: what is read or told as a whole: a line, an object, a frame. In an outbox, it ends with a newline.
//! - **Framing**: where a unit begins and ends on a wire.
//! - **Seal**: what packs units for one client, on wires that need that.
//! - **Sealed whisper**: a whisper that only two clients can read. Their keys are their seal; servers know nothing of it.
//! - **Control unit**: a unit that is not sent, but tells the seal what to do.
//! - **Datagram**: what one send over UDP carries. A client of datagrams is an address and port.
//! - **Guest**: a client that calls over HTTP. It has no session.
//! - **Bot**: a client that is a program and says so, with `/bot`. Some come with the server.
//! - **Route**: one thing that can be asked over HTTP: a row of the table in `web/routes.rs`.
//! - **Door**: where clients or files arrive: an entrance, its terms, and what serves those who come.
//! - **Entrance**: the socket of a door: a listener, or a UDP port.
//! - **Receiver**: the door for datagrams. Its one thread hands them to the threads of their clients.
//! - **Mailbox**: what waits for one client: datagrams for its thread, or, over HTTP, events for its stream.
//! - **Session**: one client's thread, from its arrival to its leaving.
//! - **Registry**: the mutex around the state, and the way to the broadcaster.
//! - **State**: the rules, and everything that they decide from.
//! - **Turn**: one decision: whose it is, its time, and what follows from it.
//! - **Task**: slow work that a rule asks for, and how the rule goes on.
//! - **Post**: one thing that the broadcaster is asked to do.
//! - **Broadcaster**: the one thread that writes to clients.
//! - **Outbox**: a client's bytes that its socket has not taken yet.
//! - **Sink**: the writing end of a connection, which never waits.
//! - **Origin**: an address as the limits count it; of IPv6, the /64.
//! - **Store**: the handle with which others have the state *saved* by the **Writer**, a thread.
//! - **Record**: the current value of something, as it is saved.
//! - **Change**: the name of something that is not saved yet. The rules *mark* it.
//! - **Dormant**: an empty room that is *remembered* because of its history, topic, moderators or bans.
//! - **Fact**: something that a client did or was told, *noted* for the log.
//! - **Offer**: a file that a user offers to another, from the question to the end of its transfer.
//! - **Lifeline**: a connection of a transfer, as the rules hold it: to drop it is to close it.
//! - **Relay**: what carries files, one thread for each. Its sides come to its port, or by HTTP.
//! - **Setting**: what an option sets, on the command line, in the environment or in a settings file.
//! - **Supervisor**: the service manager that has started the server, if it wants to hear from it.
//! - **Inherited**: a socket that the service manager opened, and keeps open after the server stops.
//! - **Watch**: what every thread is doing, where other threads can read it.
//! - **Gauge**: a figure that one thread writes and all threads can read.
//! - **Counter**: a figure that only grows, and to which all threads can add.

pub mod bot;
pub mod broadcaster;
pub mod certificate;
pub mod cli;
pub mod client;
pub mod clock;
pub mod command;
pub mod course;
pub mod dialect;
pub mod editor;
pub mod emoji;
pub mod ending;
pub mod event;
pub mod fact;
pub mod file;
pub mod framing;
pub mod http;
pub mod log;
pub mod manual;
pub mod metrics;
pub mod names;
pub mod password;
pub mod record;
pub mod registry;
pub mod relay;
pub mod screen;
pub mod server;
pub mod session;
pub mod settings;
pub mod store;
pub mod text;
pub mod transport;
pub mod watch;
pub mod web;
pub mod wire;
