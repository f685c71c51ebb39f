//! Tells from a command and from files which language a learner's program is written in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::solution::Edition;

/// A language that is known by its commands and its files.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// The usual name.
    pub name: &'static str,
    /// The programs that run or build programs in this language, without their versions.
    programs: &'static [&'static str],
    /// The endings of its files.
    endings: &'static [&'static str],
    /// Which of our programs reads closer to it.
    pub closest: Edition,
    /// What both languages do; empty if they are the same.
    pub shared: &'static str,
}

const EXCEPTIONS: &str = "report errors as exceptions and free memory by themselves";
const ERRORS: &str = "declare every type and return errors as values";
const SCOPES: &str = "unlock and close where a variable goes out of scope";

macro_rules! known {
    ($($name:literal $programs:expr, $endings:expr => $edition:ident, $shared:expr;)*) => {
        [$(Known {
            name: $name, programs: &$programs, endings: &$endings, closest: Edition::$edition, shared: $shared
        }),*]
    };
}

/// The languages. Of two that fit equally well, the first one counts.
static ALL: [Known; 17] = known![
    "Rust" ["cargo", "rustc"], ["rs"] => Rust, "";
    "Python" ["python", "pypy", "py", "uv", "poetry"], ["py"] => Python, "";
    "Java" ["java", "javac", "mvn", "gradle"], ["java", "jar"] => Python, EXCEPTIONS;
    "Kotlin" ["kotlin", "kotlinc"], ["kt", "kts"] => Python, EXCEPTIONS;
    "Scala" ["scala", "sbt"], ["scala"] => Python, EXCEPTIONS;
    "C#" ["dotnet", "mono"], ["cs", "csproj"] => Python, EXCEPTIONS;
    "TypeScript" ["deno", "tsx", "ts-node"], ["ts"] => Python, EXCEPTIONS;
    "JavaScript" ["node", "nodejs", "bun", "npm", "npx"], ["js", "mjs", "cjs"] => Python, EXCEPTIONS;
    "Ruby" ["ruby", "bundle"], ["rb"] => Python, EXCEPTIONS;
    "PHP" ["php"], ["php"] => Python, EXCEPTIONS;
    "Perl" ["perl"], ["pl"] => Python, EXCEPTIONS;
    "Lua" ["lua", "luajit"], ["lua"] => Python, EXCEPTIONS;
    "Go" ["go"], ["go"] => Rust, ERRORS;
    "C++" ["g++", "clang++"], ["cpp", "cc", "cxx", "hpp"] => Rust, SCOPES;
    "C" ["gcc", "cc", "clang", "tcc"], ["c", "h"] => Rust, ERRORS;
    "Swift" ["swift", "swiftc"], ["swift"] => Rust, "have optional values, and enums that carry values";
    "Zig" ["zig"], ["zig"] => Rust, ERRORS;
];

/// The language of a program, by the words of its commands or else by the files in its folder and in `src` there.
pub(super) fn of(words: &[String], folder: &Path) -> Option<&'static Known> {
    let named = |fits: fn(&Known, &Path) -> bool| {
        ALL.iter().find(|known| words.iter().any(|word| fits(known, Path::new(word))))
    };
    // `env node server.ts` is TypeScript.
    named(Known::is_ending).or_else(|| named(Known::is_program)).or_else(|| {
        let files = files(folder);
        let count = |known: &Known| files.iter().filter(|file| known.is_ending(file)).count();
        ALL.iter().rev().max_by_key(|known| count(known)).filter(|known| count(known) > 0)
    })
}

impl Known {
    fn is_ending(&self, file: &Path) -> bool {
        file.extension().is_some_and(|ending| self.endings.iter().any(|known| ending == *known))
    }

    /// Whether a word is one of the programs, as `/usr/bin/python3.13` is.
    fn is_program(&self, word: &Path) -> bool {
        let is_of_version = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
        let name = word.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        self.programs.contains(&name.trim_end_matches(is_of_version))
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let folders = [Path::new(".").join(folder), folder.join("src")];
    let entries = folders.iter().flat_map(fs::read_dir).flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(command: &str, folder: &Path) -> Option<&'static str> {
        let words: Vec<_> = command.split_whitespace().map(str::to_owned).collect();
        of(&words, folder).map(|known| known.name)
    }

    #[test]
    fn a_command_tells_its_language() {
        let empty = tempfile::tempdir().expect("a folder");
        for (command, name) in [
            ("cargo run --quiet --", "Rust"),
            ("python3 server.py", "Python"),
            ("/usr/bin/python3.13 -m chat", "Python"),
            ("./server.py", "Python"),
            ("env -i java -Xmn4m Chat", "Java"),
            ("node --import tsx server.ts", "TypeScript"),
            ("node .", "JavaScript"),
            ("go run .", "Go"),
            ("dotnet run", "C#"),
            ("ruby3.3 -w chat", "Ruby"),
        ] {
            assert_eq!(name_of(command, empty.path()), Some(name), "{command}");
        }
        assert_eq!(name_of("./server", empty.path()), None);
        assert_eq!(name_of("make run", empty.path()), None);
    }

    #[test]
    fn files_tell_the_language_of_a_command_that_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| fs::write(folder.path().join(name), "").expect("a folder");
        fs::create_dir(folder.path().join("src")).expect("a folder");
        file("course.txt");
        assert_eq!(name_of("./server", folder.path()), None);
        file("plot.py");
        assert_eq!(name_of("./server", folder.path()), Some("Python"));
        file("src/main.cpp");
        file("src/chat.hpp");
        assert_eq!(name_of("./server", folder.path()), Some("C++"));
    }
}
