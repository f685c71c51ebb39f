//! What outlives the server: one embedded database file, and the thread that owns it.
//!
//! The chat's memory is the truth and this is its shadow, a moment behind. Nobody reads the file while
//! the server runs. The rules mark what has changed; the thread of the [`Writer`] takes the values of
//! what is marked, and writes them in groups. A thing that changes a thousand times in between is
//! written once, and a slow disk makes nobody wait: nobody but those who asked to be sure.

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
