//! The settings file of `chat_client`, as a user meets it.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::support::{FakeServer, Piped};

/// A platform's folder with a settings file.
fn with_settings(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("chat/client.toml");
    fs::create_dir(folder.path().join("chat")).expect("a folder");
    fs::write(&file, text).expect("a file");
    (folder, file)
}

#[test]
fn the_command_line_counts_more_than_the_environment_and_that_more_than_the_file() {
    let server = FakeServer::start();
    let (folder, _) = with_settings(&format!("port = {}\nnick = 'file'\nroom = 'file'", server.port()));
    let mut command = Piped::command();
    command.env("XDG_CONFIG_HOME", folder.path()).env("CHAT_ROOM", "environment");
    let asks = |command: &mut _, lines: [&str; 2]| {
        let _client = Piped::spawn(command);
        let mut caller = server.accept();
        for line in lines {
            caller.hears(line);
        }
    };
    asks(&mut command, ["/nick file", "/join environment"]);
    asks(command.args(["--room", "typed"]), ["/nick file", "/join typed"]);
}

#[test]
fn a_wrong_settings_file_is_named_together_with_the_key() {
    let (folder, file) = with_settings("colour = 'never'");
    let (status, _, errors) = Piped::spawn(Piped::command().env("XDG_CONFIG_HOME", folder.path())).ends();
    assert_eq!(status, Some(2));
    let told = format!("error: {}:1:1: there is no key 'colour'. Did you mean 'color'?\n", file.display());
    assert_eq!(errors, told);
}

#[test]
fn a_settings_file_that_is_not_utf_8_is_named() {
    let (folder, file) = with_settings("");
    fs::write(&file, b"nick = 'b\xf6b'").expect("a file");
    let (status, _, errors) = Piped::spawn(Piped::command().env("XDG_CONFIG_HOME", folder.path())).ends();
    let told =
        format!("cannot read the settings file {}: it is not UTF-8. Save it as UTF-8.", file.display());
    assert_eq!((status, errors), (Some(2), format!("error: {told}\n")));
}

#[test]
fn a_settings_file_that_is_named_must_exist() {
    let (status, _, errors) = Piped::spawn(Piped::command().args(["--config", "/no/such.toml"])).ends();
    assert_eq!(status, Some(2));
    assert_eq!(errors, "error: cannot read the settings file /no/such.toml: No such file or directory.\n");
}
