//! The programs as people use them: real processes, real sockets, real terminals.
#![cfg(unix)]

mod client_pipe;
mod client_terminal;
mod support;
