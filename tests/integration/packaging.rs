//! The unit files and the container's files fit the program and each other.

use std::{collections::BTreeSet, fs, path::Path};

use chat::{
    cli::server::{Arguments, InForce},
    wire::{Scheme, Url},
};
use clap::CommandFactory;

use crate::layers::rust_files;

fn read(name: &str) -> String {
    fs::read_to_string(format!(".packaging/{name}")).expect("a shipped file")
}

/// The values of a key of a unit file, or of an instruction of a Dockerfile.
fn values<'a>(file: &'a str, key: &str) -> Vec<&'a str> {
    file.lines().filter_map(|line| line.strip_prefix(key)).map(str::trim).collect()
}

#[track_caller]
fn value<'a>(file: &'a str, key: &str) -> &'a str {
    let [value] = values(file, key)[..] else { panic!("{key} must be there once") };
    value
}

/// The words of an instruction of a Dockerfile that are a JSON array.
#[track_caller]
fn words(instruction: &str) -> Vec<String> {
    let array = &instruction[instruction.find('[').expect("the exec form")..];
    serde_json::from_str(array).expect("the exec form")
}

/// The program takes these options.
#[track_caller]
fn takes<'a>(command_line: impl IntoIterator<Item = &'a str>) {
    let in_force = InForce::read(command_line.into_iter().map(Into::into).collect());
    assert!(in_force.is_ok(), "{}", in_force.err().expect("it was looked at"));
}

/// The value that follows an option.
fn option<'a>(words: &[&'a str], name: &str) -> &'a str {
    let at = words.iter().position(|word| *word == name).expect("the option");
    words[at + 1]
}

fn port(url: &str) -> &str {
    let rest = url.split("://").nth(1).expect("a URL");
    rest.split(':').nth(1).and_then(|port| port.split('/').next()).expect("a port")
}

#[test]
fn the_unit_starts_the_program_with_its_own_folder_and_socket() {
    let (service, socket) = (read("chat-server.service"), read("chat-server.socket"));
    let start: Vec<_> = value(&service, "ExecStart=").split(' ').collect();
    takes(start.iter().copied());
    let folder = format!("%S/{}/", value(&service, "StateDirectory="));
    assert!(option(&start, "--data").starts_with(&folder), "{start:?}");
    let page = read("README.md");
    let (bin, _) = start[0].rsplit_once('/').expect("an absolute path");
    assert!(page.contains(&format!("install -D -t {bin} target/release/chat_server\n")), "{page}");
    assert!(page.contains(value(&service, "EnvironmentFile=-")), "{page}");
    assert_eq!(value(&service, "Requires="), "chat-server.socket");
    assert_eq!(value(&service, "Also="), "chat-server.socket");
    assert_eq!(default_of("port"), port(&format!("text://{}", value(&socket, "ListenStream="))));
    assert!(value(&socket, "FileDescriptorName=").parse::<Scheme>().is_ok());
    let stop: u32 = value(&service, "TimeoutStopSec=").parse().expect("seconds");
    assert!(stop > default_of("shutdown_grace").parse().expect("seconds"));
}

fn default_of(argument: &str) -> String {
    let command = Arguments::command();
    let argument = command.get_arguments().find(|it| it.get_id() == argument).expect("an option");
    argument.get_default_values()[0].to_str().expect("text").to_owned()
}

#[test]
fn the_container_starts_and_probes_the_program_at_ports_that_it_shows() {
    let (file, compose) = (read("Dockerfile"), read("compose.yaml"));
    let start = words(value(&file, "ENTRYPOINT "));
    let start: Vec<_> = start.iter().map(String::as_str).collect();
    takes(start.iter().copied());
    let probe = words(value(&file, "HEALTHCHECK "));
    takes(probe.iter().map(String::as_str));
    let http = option(&start, "--listen");
    assert!(http.parse::<Url>().is_ok());
    assert_eq!(port(option(&probe.iter().map(String::as_str).collect::<Vec<_>>(), "--probe")), port(http));
    let text = default_of("port");
    let opened = BTreeSet::from([&*text, option(&start, "--transfer-port"), port(http)]);
    assert_eq!(value(&file, "EXPOSE ").split(' ').collect::<BTreeSet<_>>(), opened);
    let published = values(&compose, "      - \"127.0.0.1:");
    let published = published.iter().map(|ports| ports.trim_matches('"').split_once(':').expect("two ports"));
    assert_eq!(published.clone().map(|(_, inside)| inside).collect::<BTreeSet<_>>(), opened);
    assert!(published.clone().all(|(outside, inside)| outside == inside));
    let folder = value(&file, "VOLUME ");
    assert!(option(&start, "--data").starts_with(&format!("{folder}/")));
    assert_eq!(values(&compose, "      - data:"), [folder]);
    assert!(fs::exists(value(&compose, "      dockerfile: ")).expect("a path"));
}

#[test]
fn the_container_is_built_with_a_compiler_that_can_and_from_all_files_that_it_needs() {
    let file = read("Dockerfile");
    let number =
        |version: &str| version.split('.').map(|part| part.parse().ok()).collect::<Vec<Option<u32>>>();
    let image = values(&file, "FROM rust:")[0];
    let (compiler, _) = image.split_once('-').expect("a version and a system");
    assert!(number(compiler) >= number(env!("CARGO_PKG_RUST_VERSION")));
    let ignored = fs::read_to_string(".dockerignore").expect("a shipped file");
    let copied = values(&file, "COPY ").into_iter().filter(|line| !line.starts_with("--from"));
    let copied: Vec<_> =
        copied.flat_map(|line| line.rsplit_once(' ').expect("two paths").0.split(' ')).collect();
    for source in &copied {
        assert!(ignored.lines().any(|line| line == format!("!{source}")), "{source} is ignored");
    }
    for source in rust_files(Path::new("src")) {
        let text = fs::read_to_string(&source).expect("a source file");
        let text = if text.contains("include_") { text } else { continue };
        // Enough steps up lead out of the folder of the sources.
        let depth = source.components().count() - 1;
        for outside in text.split(&format!("\"{}", "../".repeat(depth))).skip(1) {
            let name = outside.split(['/', '"']).next().expect("a path");
            assert!(copied.contains(&name), "{} includes {name}", source.display());
        }
    }
}

#[test]
fn every_variable_that_the_files_name_sets_an_option() {
    let command = Arguments::command();
    let variables: Vec<_> =
        command.get_arguments().filter_map(|argument| argument.get_env()?.to_str()).collect();
    let files = ["chat-server.service", "chat-server.socket", "Dockerfile", "compose.yaml", "README.md"];
    let text = files.map(read).concat();
    let named =
        text.split(|c: char| c != '_' && !c.is_ascii_uppercase()).filter(|word| word.starts_with("CHAT_"));
    let named: Vec<_> = named.collect();
    assert!(!named.is_empty());
    for name in named {
        assert!(variables.contains(&name), "{name}");
    }
}
