//! The settings file: its values become the defaults of the command line.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use super::reason;
use clap::{Command, builder::Resettable, error::ErrorKind};
use toml::de::{DeTable, DeValue};

/// The kind of value that a key holds.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// A path. `~/` at its start is the home folder.
    Path,
    Number,
    Switch,
}

/// The keys of the file, each the name of an option.
const KEYS: &[(&str, Kind)] = &[
    ("host", Kind::Text),
    ("port", Kind::Number),
    ("tls", Kind::Switch),
    ("tls_ca", Kind::Path),
    ("nick", Kind::Text),
    ("room", Kind::Text),
    ("color", Kind::Text),
    ("timestamps", Kind::Switch),
    ("notify", Kind::Switch),
    ("history", Kind::Path),
    ("log", Kind::Path),
    ("downloads", Kind::Path),
    ("accept_files", Kind::Switch),
];

impl Kind {
    /// A value as it would be typed; `None` if it is of another kind.
    fn typed(self, value: &DeValue<'_>) -> Option<String> {
        match (self, value) {
            (Self::Text, DeValue::String(text)) => Some(text.to_string()),
            (Self::Path, DeValue::String(path)) => Some(match (path.strip_prefix("~/"), env::var("HOME")) {
                (Some(rest), Ok(home)) => format!("{home}/{rest}"),
                _ => path.to_string(),
            }),
            (Self::Number, DeValue::Integer(number)) => Some(number.to_string()),
            (Self::Switch, DeValue::Boolean(is_on)) => Some(is_on.to_string()),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Text | Self::Path => "a text in quotes",
            Self::Number => "a number",
            Self::Switch => "true or false",
        }
    }
}

/// Makes the values of a file the defaults of a command line. Without `config`, it is the file in the
/// platform's folder, which need not exist.
pub(super) fn apply(command: Command, config: Option<&Path>) -> Result<Command, clap::Error> {
    let Some(path) = config.map(Path::to_owned).or_else(|| standard(|name| env::var_os(name))) else {
        return Ok(command);
    };
    let error = |words: String| {
        clap::Error::raw(
            ErrorKind::InvalidValue,
            format!("in the settings file {}: {words}\n", path.display()),
        )
    };
    match fs::read_to_string(&path) {
        Ok(text) => with_defaults(command, &text).map_err(error),
        Err(missing) if config.is_none() && missing.kind() == io::ErrorKind::NotFound => Ok(command),
        Err(failed) if failed.kind() == io::ErrorKind::InvalidData => {
            Err(error("the file is not UTF-8. Save it as UTF-8.".to_owned()))
        }
        Err(failed) => Err(error(reason(&failed))),
    }
}

/// Where the platform keeps settings: `chat/client.toml` in its folder.
fn standard(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // The XDG specification: relative paths must be ignored.
    let folder = |name| variable(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let in_home = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
    let folder = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(in_home)))?;
    Some(folder.join("chat/client.toml"))
}

fn with_defaults(mut command: Command, text: &str) -> Result<Command, String> {
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        format!("line {line}: {}", error.message())
    })?;
    for (key, value) in table.get_ref() {
        let key: &str = key.get_ref();
        let Some((_, kind)) = KEYS.iter().find(|(name, _)| *name == key) else {
            let names: Vec<_> = KEYS.iter().map(|(name, _)| *name).collect();
            return Err(format!("there is no key '{key}'. The keys are {}.", names.join(", ")));
        };
        let typed = kind.typed(value.get_ref()).ok_or_else(|| format!("'{key}' must be {}.", kind.name()))?;
        command = command.mut_arg(key, |option| option.default_value(typed));
        check(&command, key)?;
    }
    Ok(command)
}

/// Refuses a value that the option would refuse.
fn check(command: &Command, key: &str) -> Result<(), String> {
    // A value in the environment would hide the default.
    let alone = command.clone().mut_arg(key, |option| option.env(Resettable::Reset));
    let Err(error) = alone.try_get_matches_from([command.get_name()]) else { return Ok(()) };
    let words = error.to_string();
    let words = words.split("\n\nFor more").next().unwrap_or_default();
    Err(format!("'{key}': {}", words.trim_start_matches("error: ")))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{super::Options, *};

    #[track_caller]
    fn refused(text: &str) -> String {
        with_defaults(Options::command(), text).expect_err("a wrong file")
    }

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
        for (key, _) in KEYS {
            let option = command.get_arguments().find(|option| option.get_id() == key).expect(key);
            assert_eq!(option.get_env().unwrap(), format!("CHAT_{}", key.to_uppercase()).as_str());
            assert!(help.contains(key), "{key}");
        }
    }

    #[test]
    fn an_unknown_key_and_a_wrong_value_are_named() {
        assert!(
            refused("nick = 'bob'\ncolour = 'red'")
                .starts_with("there is no key 'colour'. The keys are host")
        );
        assert_eq!(refused("port = 'x'"), "'port' must be a number.");
        assert_eq!(refused("notify = 1"), "'notify' must be true or false.");
        assert_eq!(refused("history = true"), "'history' must be a text in quotes.");
        assert!(refused("port = 70000").starts_with("'port': invalid value '70000'"));
        assert!(refused("nick = 'guest_7'").ends_with("this nickname is reserved"));
        assert!(refused("color = 'red'").contains("[possible values: auto, always, never]"));
        assert!(refused("nick = 'bob'\n\nroom =\n").starts_with("line 3: "));
    }
}
