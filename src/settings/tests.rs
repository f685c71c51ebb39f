//! What files set, and how wrong ones are refused.

use std::{fs, path::PathBuf};

use clap::Parser;

use super::*;

#[derive(Debug, Parser, PartialEq, Eq)]
#[command(name = "chat_test")]
struct Options {
    #[arg(long, env = "CHAT_TEST_UNSET", default_value_t = 1)]
    port: u16,
    #[arg(long, default_value = "here")]
    host: String,
    #[arg(long)]
    max_clients: Option<usize>,
    #[arg(long, default_value = "chat.db")]
    data: PathBuf,
    #[arg(long, value_parser = urls)]
    listen: Vec<String>,
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", action = ArgAction::Set)]
    quick: bool,
    #[arg(long)]
    config: Option<PathBuf>,
}

fn urls(text: &str) -> Result<String, String> {
    match text.split_once("://") {
        Some((_, rest)) if !rest.contains("mode=9") => Ok(text.to_owned()),
        _ => Err("write it as SCHEME://HOST:PORT".to_owned()),
    }
}

const SHAPE: Shape =
    Shape { exceptions: &["config"], is_anchored: true, url_options: &["mode", "idle", "key-file"] };

/// What comes of this file, and of what is typed. The file is in the folder `/conf`.
fn read(text: &str, typed: &[&str]) -> Result<(Options, Lines), Faults> {
    let source = Source::new(PathBuf::from("/conf/chat.toml"), text.to_owned());
    let settings = Settings { source, shape: SHAPE };
    let (command, lines) = settings.apply(<Options as clap::CommandFactory>::command())?;
    let matches =
        command.try_get_matches_from(["chat_test"].iter().chain(typed)).expect("a right command line");
    Ok((clap::FromArgMatches::from_arg_matches(&matches).expect("all values are right"), lines))
}

#[track_caller]
fn set(text: &str) -> Options {
    read(text, &[]).expect("a right file").0
}

/// What is wrong with this file, without the name of the file.
#[track_caller]
fn faults(text: &str) -> Vec<String> {
    let Faults(faults) = read(text, &[]).expect_err("a wrong file");
    faults
        .iter()
        .map(|fault| fault.strip_prefix("/conf/chat.toml:").expect("it is named").to_owned())
        .collect()
}

#[track_caller]
fn fault(text: &str) -> String {
    let faults = faults(text);
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.concat()
}

#[test]
fn a_file_sets_what_the_command_line_would_set() {
    let text = "
        port = 0x1F90
        host = \"there\"
        max-clients = 1_000
        data = 'data/chat.db'
        listen = ['text://a:1', 'b://c:2']
        verbose = 2
        quick = true";
    let typed = [
        "--port=8080",
        "--host=there",
        "--max-clients=1000",
        "--data=/conf/data/chat.db",
        "--listen=text://a:1",
        "--listen=b://c:2",
        "-vv",
        "--quick",
    ];
    let (from_file, lines) = read(text, &[]).unwrap();
    assert_eq!(from_file, read("", &typed).unwrap().0);
    assert_eq!((&lines["port"], &lines["listen"]), (&vec![2], &vec![6, 6]));
    assert_eq!(
        set("max_clients = 5").max_clients,
        Some(5),
        "the words of a key may be joined as in a program"
    );
}

#[test]
fn what_is_typed_counts_more_than_the_file() {
    let text = "port = 2\nlisten = ['a://b']\nverbose = 2\nquick = true";
    let typed = read(text, &["--port=3", "--listen=c://d", "-v", "--quick=false"]).unwrap().0;
    assert_eq!((typed.port, typed.verbose, typed.quick), (3, 1, false));
    assert_eq!(typed.listen, ["c://d"], "a list replaces a list");
}

#[test]
fn a_table_is_a_url_with_its_options() {
    let text = "
        [[listen]]
        url = 'text+unix:///run/chat'
        mode = 0o660

        [[listen]]
        url = 'frames://a:1?idle=5'
        key-file = 'key'
        idle = 7";
    let urls = ["text+unix:///run/chat?mode=660", "frames://a:1?idle=5&key-file=/conf/key&idle=7"];
    assert_eq!(set(text).listen, urls);
    let text = "listen = [{ url = 'a://b', mode = '0600' }, 'c://d?key-file=~x&mode=1', 'e://f']";
    assert_eq!(set(text).listen, ["a://b?mode=0600", "c://d?key-file=/conf/~x&mode=1", "e://f"]);
}

#[test]
fn paths_begin_at_the_folder_of_the_file() {
    assert_eq!(set("data = 'x'").data, PathBuf::from("/conf/x"));
    assert_eq!(set("data = '../x'").data, PathBuf::from("/conf/../x"));
    assert_eq!(set("data = '/x'").data, PathBuf::from("/x"));
    assert_eq!(set("data = ':memory:'").data, PathBuf::from(":memory:"));
    assert_eq!(set("data = '~/x'").data, PathBuf::from(std::env::var_os("HOME").unwrap()).join("x"));
    assert_eq!(set("").data, PathBuf::from("chat.db"));
}

#[test]
fn an_unknown_key_is_told_with_its_place_and_the_nearest_name() {
    assert_eq!(fault("prot = 1"), "1:1: there is no key 'prot'. Did you mean 'port'?");
    assert_eq!(
        fault("\n  max_clinets = 1"),
        "2:3: there is no key 'max_clinets'. Did you mean 'max-clients'?"
    );
    assert_eq!(fault("config = 'x'"), "1:1: there is no key 'config'. chat_test --help lists the keys.");
    assert_eq!(
        fault("[server]\nport = 1"),
        "1:2: there is no key 'server'. chat_test --help lists the keys."
    );
    assert_eq!(fault("\"ключ\" = 1\n"), "1:1: there is no key 'ключ'. chat_test --help lists the keys.");
}

#[test]
fn a_bad_value_is_told_with_its_place_and_what_it_must_be() {
    assert_eq!(fault("port = '1'"), "1:8: 'port' must be a number.");
    assert_eq!(fault("port = 1.5"), "1:8: 'port' must be a number.");
    assert_eq!(fault("port = 70000"), "1:8: invalid value '70000' for 'port': 70000 is not in 0..=65535.");
    assert!(fault("max-clients = -1").starts_with("1:15: invalid value '-1' for 'max-clients': "));
    assert_eq!(fault("host = 1"), "1:8: 'host' must be a text in quotes.");
    assert_eq!(fault("quick = 1"), "1:9: 'quick' must be true or false.");
    assert_eq!(fault("data = 1"), "1:8: 'data' must be a text in quotes.");
    assert_eq!(fault("port = 1\nport = 2"), "2:1: duplicate key.");
    assert_eq!(fault("max-clients = 1\nmax_clients = 2"), "2:1: 'max-clients' is set twice.");
    assert_eq!(fault("# ö\nhost = ['ö', 1]"), "2:8: 'host' must be a text in quotes.");
}

#[test]
fn a_bad_list_is_told_with_the_place_of_its_item() {
    let list = "'listen' must be a list of texts in quotes, or of tables with the key 'url'.";
    assert_eq!(fault("listen = 'a://b'"), format!("1:10: {list}"));
    assert_eq!(fault("listen = ['a://b', 1]"), "1:20: 'listen' must be a text in quotes.");
    let wrong = "invalid value 'b' for 'listen': write it as SCHEME://HOST:PORT.";
    assert_eq!(fault("listen = ['a://b',\n 'b']"), format!("2:2: {wrong}"));
    assert_eq!(fault("[[listen]]\nurl = 'b'"), format!("2:7: {wrong}"));
    assert_eq!(fault("[[listen]]\nmode = 1"), "1:1: the table needs the key 'url' with a text in quotes.");
    let text = "[[listen]]\nurl = 'a://b'\n";
    assert_eq!(fault(&format!("{text}idel = 1")), "3:1: there is no key 'idel' here. Did you mean 'idle'?");
    assert_eq!(
        fault(&format!("{text}strange = 1")),
        "3:1: there is no key 'strange' here. The keys are url, mode, idle, key-file."
    );
    let no_option = "must be a number, or a text in quotes without '&'.";
    assert_eq!(fault(&format!("{text}idle = true")), format!("3:8: 'idle' {no_option}"));
    assert_eq!(fault(&format!("{text}key-file = 'a&b'")), format!("3:12: 'key-file' {no_option}"));
    assert_eq!(
        fault(&format!("{text}mode = 9")),
        "3:8: invalid value 'a://b?mode=9' for 'listen': write it as SCHEME://HOST:PORT."
    );
}

#[test]
fn all_faults_are_told_in_the_order_of_the_file() {
    let told = faults("quick = 1\nhots = 'x'\nport = -1\n");
    let places: Vec<_> = told.iter().map(|fault| &fault[..4]).collect();
    assert_eq!(places, ["1:9:", "2:1:", "3:8:"]);
    assert!(faults("port = \nhost = \"x\nquick = tru\n").len() > 1, "mistakes of the format, too");
}

#[test]
fn a_file_that_cannot_be_read_is_told_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let named = |name: &str| folder.path().join(name);
    let why = |name: &str| {
        let start = format!("cannot read the settings file {}: ", named(name).display());
        let Faults(faults) = Settings::read(&named(name), SHAPE).map(drop).expect_err(name);
        faults.concat().strip_prefix(&start).unwrap_or_else(|| panic!("{faults:?}")).to_owned()
    };
    assert_eq!(why("missing"), "No such file or directory.");
    assert_eq!(why(""), "it is a folder, not a file.");
    let made =
        rustix::fs::mknodat(rustix::fs::CWD, named("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0);
    made.unwrap();
    assert_eq!(why("pipe"), "it is a pipe, not a file.");
    fs::write(named("latin"), b"host = 'b\xf6b'").unwrap();
    assert_eq!(why("latin"), "it is not UTF-8. Save it as UTF-8.");
    fs::write(named("large"), vec![b'\n'; (64 << 10) + 1]).unwrap();
    assert_eq!(why("large"), "it is larger than 64 KiB.");
    fs::write(named("largest"), vec![b'\n'; 64 << 10]).unwrap();
    assert!(Settings::read(&named("largest"), SHAPE).is_ok());
    assert!(Settings::read(Path::new("/dev/null"), SHAPE).is_ok(), "an empty file");
}
