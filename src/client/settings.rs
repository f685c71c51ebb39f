//! The settings file of the client: where it is, and what it may hold.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use clap::Command;

use crate::settings::{Settings, Shape};

/// What the file may hold.
const SHAPE: Shape = Shape {
    // To send one file and exit, or to trust any server, is no habit. `timestamps = false` says what `--no-timestamps` says.
    exceptions: &["file", "config", "no_timestamps", "generate", "tls_insecure"],
    is_anchored: false,
    url_options: &[],
};

/// Makes the values of a file the defaults of a command line. Without `config`, it is the file in the
/// platform's folder, which need not exist.
pub(super) fn apply(command: Command, config: Option<&Path>) -> Result<Command, clap::Error> {
    let Some(path) = config.map(Path::to_owned).or_else(|| standard(|name| env::var_os(name))) else {
        return Ok(command);
    };
    let is_missing = || fs::metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    if config.is_none() && is_missing() {
        return Ok(command);
    }
    let (command, _) = Settings::read(&path, SHAPE)?.apply(command)?;
    Ok(command)
}

/// Where the platform keeps settings: `chat/client.toml` in its folder.
fn standard(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // The XDG specification: relative paths must be ignored.
    let folder = |name| variable(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let in_home = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
    let folder = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(in_home)))?;
    Some(folder.join("chat/client.toml"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{super::Options, *};

    #[test]
    fn the_file_is_in_the_folder_of_the_platform() {
        let place = |xdg: &'static str, home: &'static str| {
            standard(|name| Some(if name == "HOME" { home } else { xdg }.into()))
        };
        assert_eq!(place("/etc/xdg", "/home/a"), Some("/etc/xdg/chat/client.toml".into()));
        let in_home = place("", "/home/a").unwrap();
        assert!(in_home.starts_with("/home/a") && in_home.ends_with("chat/client.toml"), "{in_home:?}");
        assert_eq!(place("relative", "/home/a"), Some(in_home));
        assert_eq!(place("", ""), None);
    }

    #[test]
    fn each_key_is_an_option_that_can_be_set_in_the_environment_and_the_help_names_it() {
        let command = Options::command();
        let help = command.get_after_long_help().unwrap().to_string();
        for option in SHAPE.keys(&command) {
            let variable = format!("CHAT_{}", option.get_id().as_str().to_uppercase());
            assert_eq!(option.get_env().unwrap(), variable.as_str());
            assert!(help.contains(option.get_long().unwrap()), "{option}");
        }
    }
}
