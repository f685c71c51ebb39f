//! A module imports only from the layers above it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Modules by layer, as the map in `src/lib.rs` draws them. Equal layers may use each other only if
/// they are the same module.
const LAYERS: [&[&str]; 10] = [
    &[
        "names", "text", "emoji", "file", "password", "clock", "ending", "watch", "manual", "settings",
        "editor", "screen",
    ],
    &["command", "record", "metrics"],
    &["event"],
    &["dialect", "fact", "http"],
    &["broadcaster", "store", "log", "framing", "certificate"],
    &["wire"],
    &["registry", "transport"],
    &["session", "relay"],
    &["web", "bot"],
    &["server"],
];

/// Modules that stand apart, and what they may use.
const APART: [(&str, &[&str]); 3] = [
    (
        "client",
        &[
            "names", "text", "emoji", "file", "password", "manual", "settings", "editor", "screen",
            "command", "event", "dialect",
        ],
    ),
    ("course", &[]),
    (
        "cli",
        &[
            "bot",
            "names",
            "text",
            "file",
            "password",
            "log",
            "registry",
            "server",
            "course",
            "manual",
            "settings",
            "web",
            "wire",
            "certificate",
            "client",
            "event",
        ],
    ),
];

#[test]
fn a_module_imports_only_from_the_layers_above_it() {
    let mut seen = BTreeSet::new();
    for path in rust_files(Path::new("src")) {
        let Some(module) = module_of(&path) else { continue };
        let source = fs::read_to_string(&path).expect("a source file");
        let imports = imports(&absolute(&path, &without_tests(&source)));
        for import in imports.iter().filter(|import| **import != module) {
            assert!(may_import(&module, import), "{} must not know about {import}", path.display());
        }
        seen.insert(module);
    }
    let all: BTreeSet<_> = LAYERS
        .iter()
        .copied()
        .flatten()
        .chain(APART.iter().map(|(name, _)| name))
        .map(ToString::to_string)
        .collect();
    assert_eq!(seen, all, "every module has its layer");
}

fn may_import(module: &str, import: &str) -> bool {
    let layer = |name: &str| LAYERS.iter().position(|modules| modules.contains(&name));
    match APART.iter().find(|(name, _)| *name == module) {
        Some((_, allowed)) => allowed.contains(&import),
        None => layer(import).zip(layer(module)).is_some_and(|(theirs, ours)| theirs < ours),
    }
}

/// The top-level module a file belongs to; `None` for the map and the programs.
fn module_of(path: &Path) -> Option<String> {
    let first = path.strip_prefix("src").expect("under src").iter().next()?.to_str()?;
    (first != "lib.rs" && first != "bin").then(|| first.trim_end_matches(".rs").to_owned())
}

/// A file's source with `super::` up to the root written as `crate::`.
fn absolute(path: &Path, source: &str) -> String {
    let depth = path.strip_prefix("src").expect("under src").iter().count();
    source.replace(&"super::".repeat(depth), "crate::")
}

/// Tests may look wherever they like.
fn without_tests(source: &str) -> String {
    source.split("#[cfg(test)]\nmod tests {").next().unwrap_or(source).to_owned()
}

/// The first words after `crate::`, also inside braces.
fn imports(source: &str) -> BTreeSet<String> {
    let code: String = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let word =
        |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => drop(found.insert(word(rest))),
            Some(group) => found.extend(top_level_items(group).iter().map(|item| word(item))),
        }
    }
    found
}

/// The items of a `{…}` group that is open already, less what is in inner braces.
fn top_level_items(group: &str) -> Vec<String> {
    let (mut depth, mut items) = (0, vec![String::new()]);
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            c if depth == 0 => items.last_mut().expect("never empty").push(c),
            _ => {}
        }
    }
    items.retain(|item| !item.trim().is_empty());
    items
}

pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
    files.retain(|path| !path.iter().any(|part| part == "tests"));
    files
}

#[test]
fn the_check_would_notice() {
    assert!(!may_import("broadcaster", "registry"));
    assert!(!may_import("registry", "transport"));
    assert!(!may_import("client", "server"));
    assert!(may_import("session", "names"));
    assert_eq!(absolute(Path::new("src/broadcaster.rs"), "use super::registry;"), "use crate::registry;");
    assert_eq!(absolute(Path::new("src/a/b.rs"), "use super::{c, super::d};"), "use super::{c, super::d};");
    assert_eq!(absolute(Path::new("src/a/b.rs"), "use super::super::d;"), "use crate::d;");
    let source =
        "use crate::{\n    event::{Event, heard},\n    names::Nick,\n};\nlet x = crate::server::run();";
    assert_eq!(imports(source), ["event", "names", "server"].map(String::from).into());
}
