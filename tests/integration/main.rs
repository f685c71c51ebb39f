//! The programs as people use them: real processes, real sockets, real terminals.
#![cfg(unix)]

mod accounts;
mod administration;
mod client_attacks;
mod client_editing;
mod client_ending;
mod client_fates;
mod client_keys;
mod client_password;
mod client_pipe;
mod client_reconnecting;
mod client_settings;
mod client_sizes;
mod client_socket;
mod client_terminal;
mod clients;
mod concurrency;
mod conversation;
mod course;
mod course_program;
mod doors;
mod frames;
mod json;
mod layers;
mod limits;
mod log;
mod manual;
mod marks;
mod moderation;
mod rate;
mod readme;
mod restarting;
mod slow_reader;
#[path = "../interpreter/speech.rs"]
mod speech;
mod starting;
mod stopping;
mod support;
mod transfers;
mod udp;
mod verbs;
mod watching;
mod web;
mod wires;
