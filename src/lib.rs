//! map (to come)

pub mod command;
pub mod dialect;
pub mod event;
pub mod names;
pub mod text;
