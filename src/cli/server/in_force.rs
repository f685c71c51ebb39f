//! What a server is told in all ways, and where each value comes from.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    path::{Path, PathBuf},
};

use clap::{
    Arg, ArgAction, ArgMatches, CommandFactory, FromArgMatches, Parser, error::ErrorKind, parser::ValueSource,
};

use super::{Arguments, several};
use crate::{
    cli::secret,
    manual::Generate,
    settings::{Lines, Settings, Shape},
    wire::{self, URL_OPTIONS, Url},
};

/// What the file of `--config` may hold.
pub(super) const SHAPE: Shape = Shape {
    // A file cannot name itself, and the others are no settings, but something else to do.
    exceptions: &["config", "check_config", "generate", "probe", "tls_ca"],
    is_anchored: true,
    url_options: URL_OPTIONS,
};

/// The settings in force.
pub struct InForce {
    pub(super) arguments: Arguments,
    /// One for each key of a settings file, in the order of the help.
    pub(super) settings: Vec<Setting>,
    /// The command line that was typed.
    typed: Vec<OsString>,
}

/// A setting, and where it comes from.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) option: Arg,
    /// What is set, as it would be typed, and where.
    pub(super) values: Vec<(OsString, Origin)>,
}

/// Where a value comes from. What is further down overrides what is further up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    Default,
    /// This line of a file.
    File(PathBuf, usize),
    /// This variable.
    Environment(String),
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(variable) => write!(f, "environment, {variable}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

impl InForce {
    /// Reads the command line, the environment and the settings file.
    ///
    /// # Errors
    /// A usage error, as clap reports it, and what `--help` and `--version` print.
    pub fn read(typed: Vec<OsString>) -> Result<Self, clap::Error> {
        let asked = Arguments::try_parse_from(&typed)?;
        // A server that runs is healthy even if its file has become wrong.
        let path = asked.config.filter(|_| asked.probe.is_none() && asked.generate == Generate::default());
        let (mut command, mut lines) = (Arguments::command(), Lines::new());
        if let Some(path) = &path {
            (command, lines) = Settings::read(path, SHAPE)?.apply(command)?;
        }
        let matches = command.try_get_matches_from_mut(&typed)?;
        let places = Places { matches: &matches, lines, path: path.as_deref() };
        // What clap has changed is in another order.
        let settings = SHAPE.keys(&Arguments::command()).map(|option| places.setting(option)).collect();
        let mut in_force = Self { arguments: Arguments::from_arg_matches(&matches)?, settings, typed };
        in_force.settle().map_err(|words| command.error(ErrorKind::ArgumentConflict, words))?;
        Ok(in_force)
    }

    /// Reads everything again, with the command line that was typed.
    ///
    /// # Errors
    /// As [`InForce::read`].
    pub(super) fn reread(&self) -> Result<Self, clap::Error> {
        Self::read(self.typed.clone())
    }

    /// The setting of this option, by the option's name in the program.
    pub(super) fn setting(&self, id: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.option.get_id() == id)
    }

    /// Decides between settings that contradict each other. The one that overrides the other is in force. clap's own
    /// rules would not do: they do not see what comes from a file.
    fn settle(&mut self) -> Result<(), String> {
        if self.arguments.verbose > 0 && self.arguments.quiet > 0 {
            match self.rank("verbose").cmp(&self.rank("quiet")) {
                std::cmp::Ordering::Less => self.arguments.verbose = 0,
                std::cmp::Ordering::Greater => self.arguments.quiet = 0,
                std::cmp::Ordering::Equal => {
                    let (verbose, quiet) = (self.named("verbose"), self.named("quiet"));
                    return Err(format!("{verbose} cannot be used with {quiet}"));
                }
            }
            let overridden = if self.arguments.verbose > 0 { "quiet" } else { "verbose" };
            self.set_to(overridden, [("0".into(), Origin::Default)]);
        }
        let file = self.setting("admin_password_file").and_then(Setting::origin);
        if matches!(file, Some(Origin::File(..))) && secret::is_in_environment() {
            self.arguments.clients.admin_password_file = None;
            self.set_to("admin_password_file", []);
        }
        self.check()
    }

    fn check(&self) -> Result<(), String> {
        let Arguments { clients, messages, log, .. } = &self.arguments;
        let needs = [
            ("log_whispers", log.log_whispers, "log-dir", log.log_dir.is_some()),
            ("no_log_addresses", log.no_log_addresses, "log-dir", log.log_dir.is_some()),
            ("tls_cert", clients.tls_cert.is_some(), "tls-key", clients.tls_key.is_some()),
            ("tls_key", clients.tls_key.is_some(), "tls-cert", clients.tls_cert.is_some()),
        ];
        if let Some((id, _, other, _)) = needs.iter().find(|(_, is_set, _, has_other)| *is_set && !has_other)
        {
            return Err(format!("{} needs --{other}", self.named(id)));
        }
        let is_https = |url: &Url| url.scheme.is_encrypted && url.scheme.wire == wire::HTTP;
        let is_first = clients.wire.is_encrypted && clients.wire.wire == wire::HTTP;
        if clients.redirect_http && !is_first && !several::several(&clients.listen).iter().any(is_https) {
            let redirect = self.named("redirect_http");
            return Err(format!("{redirect} needs a door to send to: --listen https://HOST:PORT"));
        }
        let (text, line) = (messages.max_message_length, messages.max_line_length);
        if text as u64 > line {
            let (for_text, for_line) = (self.named("max_message_length"), self.named("max_line_length"));
            return Err(format!(
                "a message of {text} bytes ({for_text}) does not fit into a line of {line} ({for_line})"
            ));
        }
        Ok(())
    }

    /// An option as users know it, with the line of the file that sets it.
    fn named(&self, id: &str) -> String {
        let Some(setting) = self.setting(id) else { return id.to_owned() };
        match setting.origin() {
            Some(file @ Origin::File(..)) => format!("{} in {file}", setting.key()),
            _ => format!("--{}", setting.key()),
        }
    }

    /// How much the source of a setting counts.
    fn rank(&self, id: &str) -> u8 {
        match self.setting(id).and_then(Setting::origin) {
            None | Some(Origin::Default) => 0,
            Some(Origin::File(..)) => 1,
            Some(Origin::Environment(_)) => 2,
            Some(Origin::CommandLine) => 3,
        }
    }

    fn set_to<const N: usize>(&mut self, id: &str, values: [(OsString, Origin); N]) {
        if let Some(setting) = self.settings.iter_mut().find(|setting| setting.option.get_id() == id) {
            setting.values = values.into();
        }
    }
}

impl Setting {
    /// Its key in a settings file.
    pub(super) fn key(&self) -> &str {
        self.option.get_long().unwrap_or_default()
    }

    /// Where its first value comes from; `None` if it is not set.
    pub(super) fn origin(&self) -> Option<&Origin> {
        self.values.first().map(|(_, origin)| origin)
    }

    /// Whether it sets the same as another one, wherever that comes from.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        let values =
            |setting: &Self| setting.values.iter().map(|(value, _)| value.clone()).collect::<Vec<_>>();
        values(self) == values(other)
    }
}

/// Where values come from.
struct Places<'a> {
    matches: &'a ArgMatches,
    lines: Lines,
    path: Option<&'a Path>,
}

impl Places<'_> {
    fn setting(&self, option: &Arg) -> Setting {
        let id = option.get_id().as_str();
        let lines = self.lines.get(id);
        let origin = |number: usize| match (self.matches.value_source(id), self.path, lines) {
            (Some(ValueSource::CommandLine), ..) => Origin::CommandLine,
            (Some(ValueSource::EnvVariable), ..) => {
                Origin::Environment(option.get_env().unwrap_or_default().to_string_lossy().into_owned())
            }
            (_, Some(path), Some(lines)) => {
                let line = lines.get(number).or(lines.last()).copied().unwrap_or_default();
                Origin::File(path.to_owned(), line)
            }
            _ => Origin::Default,
        };
        let raw = self.matches.get_raw(id).into_iter().flatten();
        let values = raw.enumerate().flat_map(|(number, value)| {
            let values = self.as_typed_in_full(option, value);
            values.into_iter().map(|value| (value, origin(number))).collect::<Vec<_>>()
        });
        Setting { option: option.clone(), values: values.collect() }
    }

    /// A value in the way in which a settings file has it.
    fn as_typed_in_full(&self, option: &Arg, value: &OsStr) -> Vec<OsString> {
        let id = option.get_id().as_str();
        if let Ok(Some(is_on)) = self.matches.try_get_one::<bool>(id) {
            return vec![is_on.to_string().into()];
        }
        match (option.get_action(), value.to_str()) {
            (ArgAction::Append, Some(value)) => several::split(value).map(OsString::from).collect(),
            _ => vec![value.to_owned()],
        }
    }
}

#[cfg(test)]
mod tests;
