//! Creates the folder of a new learner, with a first file.

use std::{fs, io, path::Path};

use super::{learner::Learner, steps::Role};

/// A language that has a first file. Learners can use any other language without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// A Cargo package.
    Rust,
    /// One file.
    Python,
}

/// The files of a starter, each by its path here and its name in the new folder.
macro_rules! files {
    ($($source:literal as $name:literal),*) => {
        &[$(($name, include_str!(concat!("../../tests/steps/starter/", $source)))),*]
    };
}

/// The manifest has another name here, so that Cargo does not find another package.
const RUST: &[(&str, &str)] = files![
    "rust/Cargo.toml.txt" as "Cargo.toml",
    "rust/src/main.rs" as "src/main.rs",
    "rust/README.md" as "README.md"
];

const PYTHON: &[(&str, &str)] = files!["python/server.py" as "server.py", "python/README.md" as "README.md"];

/// Creates the folder, which must be empty if it exists, with the files of a starter and the learner's notes.
pub(crate) fn make(folder: &Path, language: Language) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    if fs::read_dir(folder)?.next().is_some() {
        return Err(io::Error::other(format!("{} is not empty", folder.display())));
    }
    let (files, command): (_, &[&str]) = match language {
        Language::Rust => (RUST, &["cargo", "run", "--quiet", "--"]),
        Language::Python => (PYTHON, &["python3", "server.py"]),
    };
    for (name, text) in files {
        let path = folder.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)?;
    }
    let mut learner = Learner::read(folder)?;
    let command: Vec<_> = command.iter().map(ToString::to_string).collect();
    learner.note_command(Role::Server, &command);
    learner.write()
}
