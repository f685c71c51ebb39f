//! The course: a learner builds the chat step by step, in any language, and the course checks each step.
//!
//! The course knows a learner's program only as a process that it starts with a port. It imports nothing from the
//! server. What it expects is written a second time, in conversations (`.chat` files) and in the rows of [`checks`].
//! If the two differ, a test of this project fails before a learner's program does.

pub mod book;
pub mod bug;
pub mod build;
pub mod checks;
pub mod class;
pub mod conversation;
pub mod failure;
pub mod folder;
pub mod grader;
pub mod html;
mod inbox;
pub mod language;
pub mod learner;
pub mod pages;
pub mod peer;
pub mod play;
pub mod rehearsal;
pub mod report;
pub mod seed;
pub mod solution;
pub mod stage;
pub mod start;
pub mod steps;
pub mod subject;
pub mod transcript;
pub mod verdict;
pub mod visitor;
pub mod wire;
pub mod wrap;
