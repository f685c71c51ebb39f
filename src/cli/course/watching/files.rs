//! Finds the files that a learner writes: programs, and the files that say how to build them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The most files that are watched. A learner does not write more.
const MOST: usize = 2000;

/// Folders that tools write.
const NOT_WRITTEN: [&str; 8] =
    ["target", "node_modules", "__pycache__", "build", "dist", "obj", "venv", "vendor"];

/// The ends of the names of programs. A server writes data, logs and databases, but no programs.
const PROGRAMS: &str = "adb ads asm awk bash bb c cc clj cljs cob cpp cr cs csproj cxx d dart edn el erl ex exs f90 \
    fs fsproj go gradle groovy h hh hpp hrl hs hxx java jl js jsx kt kts lisp lua m mjs cjs mli ml mm mod nim pas php \
    pl pm ps1 py pyx r rb rkt rs s sbt scala scm sh sml st swift tcl ts tsx v vala vb vbproj zig";

/// The whole names of files that say how to build a program.
const BUILDS: [&str; 17] = [
    "Cargo.toml",
    "CMakeLists.txt",
    "GNUmakefile",
    "Gemfile",
    "Makefile",
    "Pipfile",
    "Rakefile",
    "build.xml",
    "composer.json",
    "dune",
    "gradle.properties",
    "makefile",
    "meson.build",
    "package.json",
    "pom.xml",
    "pyproject.toml",
    "requirements.txt",
];

/// The learner's files in a folder, each with the time of its last change and its length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Files(BTreeMap<PathBuf, (SystemTime, u64)>);

impl Files {
    pub(super) fn of(folder: &Path) -> Self {
        let mut files = Self::default();
        files.collect(folder);
        files
    }

    pub(super) fn number(&self) -> usize {
        self.0.len()
    }

    /// The files that are new, changed or gone since then.
    pub(super) fn changed_since(&self, then: &Self) -> BTreeSet<PathBuf> {
        let paths = self.0.keys().chain(then.0.keys());
        paths.filter(|path| self.0.get(*path) != then.0.get(*path)).cloned().collect()
    }

    fn collect(&mut self, folder: &Path) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // A file may be removed in the meantime.
            let Ok(data) = entry.metadata() else { continue };
            if name.starts_with('.') || self.0.len() >= MOST {
                continue;
            }
            if data.is_dir() && !NOT_WRITTEN.contains(&&*name) {
                self.collect(&entry.path());
            } else if data.is_file()
                && is_written_by_learners(&name)
                && let Ok(time) = data.modified()
            {
                self.0.insert(entry.path(), (time, data.len()));
            }
        }
    }
}

fn is_written_by_learners(name: &str) -> bool {
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    BUILDS.contains(&name) || end.is_some_and(|end| PROGRAMS.split_whitespace().any(|known| known == end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_learner_writes_is_watched() {
        let folder = tempfile::tempdir().unwrap();
        for name in
            ["server.py", "Server.java", "main.C", "src/bin/chat.rs", "Cargo.toml", "go.mod", "run.sh"]
        {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        for name in [
            "chat.log",
            "chat.db",
            "chat.db-wal",
            "users.json",
            "Server.class",
            "course.txt",
            ".x.py",
            "server",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        for name in ["__pycache__", "target", "node_modules", "obj"] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("x.py"), "").unwrap();
        }
        let files = Files::of(folder.path());
        assert_eq!(files.number(), 7, "{files:?}");
    }

    #[test]
    fn a_change_a_new_file_and_a_removed_one_are_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.py"), "1").unwrap();
        fs::write(path("b.py"), "1").unwrap();
        fs::write(path("c.py"), "1").unwrap();
        let then = Files::of(folder.path());
        assert!(Files::of(folder.path()).changed_since(&then).is_empty());
        fs::write(path("a.py"), "12").unwrap();
        fs::remove_file(path("b.py")).unwrap();
        fs::write(path("d.py"), "1").unwrap();
        let changed = Files::of(folder.path()).changed_since(&then);
        assert_eq!(changed, ["a.py", "b.py", "d.py"].map(path).into());
    }
}
