//! The programs as people use them: real processes, real sockets, real terminals.
#![cfg(unix)]

mod client_pipe;
mod client_terminal;
mod concurrency;
mod conversation;
mod course;
mod course_program;
mod layers;
mod limits;
mod readme;
mod slow_reader;
mod starting;
mod stopping;
mod support;
