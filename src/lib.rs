//! map (to come)

pub mod cli;
pub mod client;
pub mod command;
pub mod dialect;
pub mod event;
pub mod names;
pub mod text;
