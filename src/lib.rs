//! map (to come)

pub mod broadcaster;
pub mod cli;
pub mod command;
pub mod dialect;
pub mod event;
pub mod names;
pub mod registry;
pub mod server;
pub mod session;
pub mod text;
pub mod transport;
