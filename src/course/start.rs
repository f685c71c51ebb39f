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
    /// One class.
    Java,
    /// A Go module.
    #[value(alias = "golang")]
    Go,
    /// JavaScript, for Node.js.
    #[value(aliases = ["javascript", "js"])]
    Node,
    /// A project for .NET.
    #[value(name = "csharp", aliases = ["c#", "cs"])]
    CSharp,
}

/// What a new learner gets.
struct Starter {
    /// The files: the name of each and its contents. The first one is the server.
    files: &'static [(&'static str, &'static str)],
    /// The command that builds the server; empty if there is nothing to build.
    build: &'static str,
    server: &'static str,
    /// What makes the greeting a comment.
    comment: &'static str,
}

/// How to begin, for all languages.
const README: &str = include_str!("../../tests/steps/starter/README.md");

/// The files of a starter, each by its path here and its name in the new folder.
macro_rules! files {
    ($($source:literal as $name:literal),*) => {
        &[$(($name, include_str!(concat!("../../tests/steps/starter/", $source)))),*]
    };
}

impl Language {
    fn starter(self) -> Starter {
        let slashes = "two slashes";
        match self {
            // The manifest has another name here, so that Cargo does not find another package.
            Self::Rust => Starter {
                files: files!["rust/src/main.rs" as "src/main.rs", "rust/Cargo.toml.txt" as "Cargo.toml"],
                build: "cargo build --quiet",
                server: "cargo run --quiet --",
                comment: slashes,
            },
            Self::Python => Starter {
                files: files!["python/server.py" as "server.py"],
                build: "",
                server: "python3 server.py",
                comment: "`#`",
            },
            Self::Java => Starter {
                files: files!["java/Server.java" as "Server.java"],
                build: "javac Server.java",
                server: "java Server",
                comment: slashes,
            },
            Self::Go => Starter {
                files: files!["go/server.go" as "server.go", "go/go.mod" as "go.mod"],
                build: "go build -o server .",
                server: "./server",
                comment: slashes,
            },
            Self::Node => Starter {
                files: files!["node/server.js" as "server.js"],
                build: "",
                server: "node server.js",
                comment: slashes,
            },
            Self::CSharp => Starter {
                files: files!["csharp/Program.cs" as "Program.cs", "csharp/server.csproj" as "server.csproj"],
                build: "dotnet build --nologo --verbosity quiet --output out",
                server: "dotnet out/server.dll",
                comment: slashes,
            },
        }
    }
}

/// Creates the folder, which must be empty if it exists, with the files of a starter and the learner's notes.
pub(crate) fn make(folder: &Path, language: Language) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    if fs::read_dir(folder)?.next().is_some() {
        return Err(io::Error::other(format!("{} is not empty", folder.display())));
    }
    let starter = language.starter();
    let (first, _) = starter.files[0];
    let mut start = starter.server.to_owned();
    if !starter.build.is_empty() && language != Language::Rust {
        start = format!("{} && {start}", starter.build);
    }
    let readme =
        README.replace("{start}", &start).replace("{comment}", starter.comment).replace("{file}", first);
    for (name, text) in starter.files.iter().chain(&[("README.md", readme.as_str())]) {
        let path = folder.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)?;
    }
    let words = |command: &str| command.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut learner = Learner::read(folder)?;
    learner.note_command(Role::Server, &words(starter.server));
    learner.build = words(starter.build);
    learner.write()
}
