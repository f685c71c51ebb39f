//! The store: what outlives the server, in one `SQLite` file that is a moment behind the chat's memory.
//!
//! The file is read once, when the server starts. After that the rules mark what changes, and the thread
//! of the [`Writer`] takes the marks, asks for the current values and writes them in groups. So a value
//! that changes a thousand times between two writes is written once, and a slow disk delays only the
//! clients that wait for [`Store::save`].

mod database;
mod error;
mod place;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

pub use database::Database;
pub use error::Error;
pub use writer::{Source, Store, Writer};
