//! Settings files: what they set becomes the defaults of a command line.
//!
//! The keys of a file are the long names of the options. The command line overrides the environment, and that
//! overrides the defaults, so it overrides the file, too.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    mem,
    path::Path,
};

use clap::{Arg, ArgAction, Command, builder::Resettable, error::ErrorKind};
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

mod kind;
mod source;

pub use kind::{anchored_url, is_number, is_path, is_switch};

use kind::Kind;
use source::Source;

/// What a program's settings file may hold, beside what its command line says.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The options that are no keys, by their names in the program.
    pub exceptions: &'static [&'static str],
    /// Relative paths begin at the folder of the file, not where the program was started.
    pub is_anchored: bool,
    /// The keys that a table in a list may have beside `url`: the options of URLs.
    pub url_options: &'static [&'static str],
}

impl Shape {
    /// The options of a command line that are keys.
    pub fn keys<'a>(&self, command: &'a Command) -> impl Iterator<Item = &'a Arg> + use<'a> {
        let exceptions = self.exceptions;
        let is_key = move |option: &&Arg| {
            option.get_long().is_some() && !exceptions.contains(&option.get_id().as_str())
        };
        command.get_arguments().filter(is_key)
    }
}

/// A settings file that was read.
pub struct Settings {
    source: Source,
    shape: Shape,
}

/// The lines on which the values of each option are, by the option's name in the program.
pub type Lines = BTreeMap<String, Vec<usize>>;

/// What is wrong with a file, in one sentence or more, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<String>);

impl From<Faults> for clap::Error {
    fn from(Faults(faults): Faults) -> Self {
        Self::raw(ErrorKind::InvalidValue, format!("{}\n", faults.join("\nerror: ")))
    }
}

impl Settings {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or is no text.
    pub fn read(path: &Path, shape: Shape) -> Result<Self, Faults> {
        let source = Source::read(path).map_err(|why| Faults(vec![why]))?;
        Ok(Self { source, shape })
    }

    /// Makes the values of the file the defaults of a command line.
    ///
    /// # Errors
    /// Each key that is unknown, and each value that its option would refuse.
    pub fn apply(&self, command: Command) -> Result<(Command, Lines), Faults> {
        let (table, errors) = DeTable::parse_recoverable(self.source.text());
        if !errors.is_empty() {
            let fault = |error: &toml::de::Error| {
                self.source.fault(error.span().unwrap_or_default().start, error.message())
            };
            return Err(Faults(errors.iter().map(fault).collect()));
        }
        // A value in the environment would hide the default that is checked.
        let probe = command.clone().mut_args(|option| option.env(Resettable::Reset));
        let mut reading = Reading { settings: self, probe, command, lines: Lines::new(), faults: Vec::new() };
        for (key, value) in in_order(table.get_ref()) {
            reading.take(key, value);
        }
        let Reading { command, lines, faults, .. } = reading;
        if faults.is_empty() { Ok((command, lines)) } else { Err(Faults(faults)) }
    }
}

/// The keys of a table as the file has them, not in alphabetical order.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Spanned<DeString<'i>>, &'a Value<'i>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

type Value<'i> = Spanned<DeValue<'i>>;

/// A file that is being applied.
struct Reading<'a> {
    settings: &'a Settings,
    /// The command line without its environment.
    probe: Command,
    command: Command,
    lines: Lines,
    faults: Vec<String>,
}

impl Reading<'_> {
    fn take(&mut self, key: &Spanned<DeString<'_>>, value: &Value<'_>) {
        let (start, name) = (key.span().start, key.get_ref());
        // Programs have other names for some options, and the words of those are joined like this.
        let long = name.replace('_', "-");
        let option = self.keys().find(|option| option.get_long() == Some(&long)).cloned();
        let Some(option) = option else {
            let advice = did_you_mean(&long, self.keys().filter_map(Arg::get_long))
                .unwrap_or_else(|| format!("{} --help lists the keys.", self.probe.get_name()));
            return self.fault(start, &format!("there is no key '{name}'. {advice}"));
        };
        let id = option.get_id().to_string();
        if self.lines.contains_key(&id) {
            return self.fault(start, &format!("'{long}' is set twice."));
        }
        let typed = match option.get_action() {
            ArgAction::Append => self.take_list(&option, value),
            _ => self.take_one(&option, value).into_iter().collect(),
        };
        let (lines, values): (Vec<_>, Vec<_>) = typed.into_iter().unzip();
        // An empty list is set on the line of its key.
        let lines = if lines.is_empty() { vec![self.settings.source.line(start)] } else { lines };
        self.command = mem::take(&mut self.command).mut_arg(&id, |option| option.default_values(values));
        self.lines.insert(id, lines);
    }

    fn keys(&self) -> impl Iterator<Item = &Arg> {
        self.settings.shape.keys(&self.probe)
    }

    fn take_list(&mut self, option: &Arg, value: &Value<'_>) -> Vec<(usize, OsString)> {
        let Some(items) = value.get_ref().as_array() else {
            let long = option.get_long().unwrap_or_default();
            let words = format!("'{long}' must be a list of texts in quotes{}.", self.or_tables());
            self.fault(value.span().start, &words);
            return Vec::new();
        };
        let mut taken = Vec::new();
        for item in items {
            taken.extend(match item.get_ref() {
                DeValue::Table(table) if !self.settings.shape.url_options.is_empty() => {
                    self.take_table(option, item.span().start, table)
                }
                _ => self.take_one(option, item),
            });
        }
        taken
    }

    fn or_tables(&self) -> &'static str {
        if self.settings.shape.url_options.is_empty() { "" } else { ", or of tables with the key 'url'" }
    }

    fn take_one(&mut self, option: &Arg, value: &Value<'_>) -> Option<(usize, OsString)> {
        let start = value.span().start;
        let (kind, long) = (Kind::of(option), option.get_long().unwrap_or_default());
        let Some(typed) = kind.typed(value.get_ref(), self.folder()) else {
            self.fault(start, &format!("'{long}' must be {}.", kind.name()));
            return None;
        };
        if let Err(why) = self.check(option, &typed) {
            self.fault(start, &why);
            return None;
        }
        Some((self.settings.source.line(start), typed))
    }

    /// Takes a table with a URL and the URL's options, as one URL.
    fn take_table(&mut self, option: &Arg, start: usize, table: &DeTable<'_>) -> Option<(usize, OsString)> {
        let Some((url_start, url)) =
            table.get("url").and_then(|url| Some((url.span().start, url.get_ref().as_str()?)))
        else {
            self.fault(start, "the table needs the key 'url' with a text in quotes.");
            return None;
        };
        let mut whole = anchored_url(url, self.folder());
        if let Err(why) = self.check(option, whole.as_ref()) {
            self.fault(url_start, &why);
            return None;
        }
        for (key, value) in in_order(table).into_iter().filter(|(key, _)| *key.get_ref() != "url") {
            let (name, start) = (key.get_ref(), value.span().start);
            if !self.settings.shape.url_options.contains(&&**name) {
                let known = self.settings.shape.url_options.iter().copied();
                let advice = did_you_mean(name, known.clone()).unwrap_or_else(|| {
                    format!("The keys are url, {}.", known.collect::<Vec<_>>().join(", "))
                });
                self.fault(key.span().start, &format!("there is no key '{name}' here. {advice}"));
                return None;
            }
            let Some(typed) = kind::in_url(value.get_ref()) else {
                self.fault(start, &format!("'{name}' must be a number, or a text in quotes without '&'."));
                return None;
            };
            let separator = if whole.contains('?') { '&' } else { '?' };
            whole = anchored_url(&format!("{whole}{separator}{name}={typed}"), self.folder());
            if let Err(why) = self.check(option, whole.as_ref()) {
                self.fault(start, &why);
                return None;
            }
        }
        Some((self.settings.source.line(url_start), whole.into()))
    }

    /// Where relative paths begin.
    fn folder(&self) -> &Path {
        if self.settings.shape.is_anchored { self.settings.source.folder() } else { Path::new("") }
    }

    /// Refuses a value that the option would refuse.
    fn check(&self, option: &Arg, value: &OsStr) -> Result<(), String> {
        let (id, name) = (option.get_id(), self.probe.get_name());
        let mut alone =
            self.probe.clone().mut_arg(id.as_str(), |option| option.default_value(value.to_owned()));
        let Err(error) = alone.try_get_matches_from_mut([name]) else { return Ok(()) };
        let words = error.to_string();
        let words = words.split("\n\nFor more").next().unwrap_or_default().trim_start_matches("error: ");
        let as_typed = alone.get_arguments().find(|option| option.get_id() == id).map(Arg::to_string);
        let long = option.get_long().unwrap_or_default();
        let words = as_typed.map_or(words.to_owned(), |typed| words.replace(&typed, long));
        Err(words)
    }

    fn fault(&mut self, at: usize, words: &str) {
        self.faults.push(self.settings.source.fault(at, words));
    }
}

/// How many letters may be wrong in a word that is taken for another.
const MOST_SLIPS: usize = 3;

/// The word that was meant, if one of these is near.
fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let near = known.filter_map(|known| {
        let slips = strsim::osa_distance(word, known);
        let is_near = slips <= MOST_SLIPS && 2 * slips < known.len().max(word.len());
        is_near.then_some((slips, known))
    });
    near.min_by_key(|&(slips, _)| slips).map(|(_, known)| format!("Did you mean '{known}'?"))
}

#[cfg(test)]
mod tests;
