//! The course: a learner builds the chat step by step, in any language, and is told what works.
//!
//! It knows a learner's program only as a process that was started with a port, so it imports nothing
//! of the server: what it expects is written down a second time, in conversations (`.chat` files) and
//! in the rows of [`checks`]. If the two ever differ, a test of ours fails before a learner does.

pub mod bug;
pub mod checks;
pub mod class;
pub mod conversation;
pub mod failure;
pub mod folder;
pub mod grader;
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
pub mod wrap;
