//! The programs as people use them: real processes, real sockets, real terminals.
#![cfg(unix)]

mod concurrency;
mod conversation;
mod layers;
mod limits;
mod slow_reader;
mod starting;
mod stopping;
mod support;
