//! The report of `--check-config`: a settings file that says where each of its values comes from.

use std::{
    ffi::{OsStr, OsString},
    fmt::Write,
    path,
};

use clap::ArgAction;

use super::in_force::{InForce, Origin, Setting};
use crate::{
    cli::secret,
    server::Config,
    settings::{anchored_url, is_number, is_path, is_switch},
};

const HEAD: &str =
    "# What is set, and where each value comes from. This is a file for chat_server --config FILE.\n";

/// The settings in force, without secrets.
pub(super) fn report(in_force: &InForce, config: &Config) -> String {
    let (mut report, mut heading) = (HEAD.to_owned(), None);
    for setting in &in_force.settings {
        if setting.option.get_help_heading() != heading {
            heading = setting.option.get_help_heading();
            let _ = write!(report, "\n\n# {}\n", heading.unwrap_or_default());
        }
        let help = setting.option.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = write!(report, "\n# {help}\n{}", written(setting));
        if setting.key() == "admin-password-file" {
            let _ = writeln!(report, "# The administrators' password: {}", password(setting, config));
        }
    }
    report
}

/// Where the administrators' password comes from.
fn password(file: &Setting, config: &Config) -> String {
    match (config.administrator.is_some(), file.origin()) {
        (false, _) => "(not set)".to_owned(),
        (true, Some(_)) => "(set)".to_owned(),
        (true, None) => format!("(set)  # environment, {}", secret::VARIABLE),
    }
}

/// The lines that set something in a file.
fn written(setting: &Setting) -> String {
    let key = setting.key();
    let line = |(value, origin): &(OsString, Origin)| {
        let value = in_toml(setting, value)?;
        Some((value, origin.to_string().replace(|c: char| c.is_control(), "?")))
    };
    let lines: Option<Vec<_>> = setting.values.iter().map(line).collect();
    match (lines.as_deref(), setting.option.get_action()) {
        (None, _) => format!("# {key} is not UTF-8, and cannot be set in a file.\n"),
        (Some([]), _) => {
            format!("# {key} = {}  # not set\n", stand_in(setting))
        }
        (Some(values), ArgAction::Append) => {
            let items = values.iter().map(|(value, origin)| format!("    {value},  # {origin}\n"));
            format!("{key} = [\n{}]\n", items.collect::<String>())
        }
        (Some([(value, origin), ..]), _) => format!("{key} = {value}  # {origin}\n"),
    }
}

/// What stands for a value that is not set.
fn stand_in(setting: &Setting) -> String {
    let names = setting.option.get_value_names().unwrap_or_default();
    let name = names.first().map(ToString::to_string).unwrap_or_default();
    match setting.option.get_action() {
        ArgAction::Append => format!("[\"{name}\"]"),
        _ if is_number(&setting.option) => name,
        _ => format!("\"{name}\""),
    }
}

/// A value as a settings file has it; `None` if it is not UTF-8.
fn in_toml(setting: &Setting, value: &OsStr) -> Option<String> {
    let text = value.to_str()?;
    if is_switch(&setting.option) {
        return Some(text.to_owned());
    }
    if is_number(&setting.option)
        && let Ok(number) = text.parse::<u64>()
    {
        return Some(number.to_string());
    }
    // The file may be put into another folder.
    let here = std::env::current_dir().unwrap_or_default();
    if is_path(&setting.option) && !text.starts_with(':') {
        return Some(quoted(path::absolute(text).ok()?.to_str()?));
    }
    Some(quoted(&anchored_url(text, &here)))
}

/// A text in quotes, as TOML has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => drop(write!(quoted, "\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
