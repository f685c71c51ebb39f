//! What kinds of values options have, and how the values of a file are typed.

use std::{
    any::TypeId,
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::Arg;
use toml::de::{DeInteger, DeValue};

/// The kind of value that an option has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A path. `~/` at its start is the home folder.
    Path,
    Number,
    Switch,
}

/// Values of paths that begin with this are no paths, such as `:memory:`.
const NO_PATH: &str = ":";

/// The option of a URL whose value is a path.
const KEY_FILE: &str = "key-file=";

impl Kind {
    pub(super) fn of(option: &Arg) -> Self {
        let parsed = option.get_value_parser().type_id();
        let numbers = [
            TypeId::of::<u8>(),
            TypeId::of::<u16>(),
            TypeId::of::<u32>(),
            TypeId::of::<u64>(),
            TypeId::of::<usize>(),
        ];
        if parsed == TypeId::of::<bool>() {
            Self::Switch
        } else if parsed == TypeId::of::<PathBuf>() {
            Self::Path
        } else if numbers.iter().any(|number| parsed == *number) {
            Self::Number
        } else {
            Self::Text
        }
    }

    /// A value as it would be typed; `None` if it is of another kind. Relative paths begin at the folder.
    pub(super) fn typed(self, value: &DeValue<'_>, folder: &Path) -> Option<OsString> {
        match (self, value) {
            (Self::Text, DeValue::String(text)) => Some(anchored_url(text, folder).into()),
            (Self::Path, DeValue::String(path)) => Some(anchored(path, folder)),
            (Self::Number, DeValue::Integer(number)) => Some(decimal(number).into()),
            (Self::Switch, DeValue::Boolean(is_on)) => Some(is_on.to_string().into()),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text | Self::Path => "a text in quotes",
            Self::Number => "a number",
            Self::Switch => "true or false",
        }
    }
}

/// Whether the values of an option are paths.
pub fn is_path(option: &Arg) -> bool {
    Kind::of(option) == Kind::Path
}

/// Whether the values of an option are numbers.
pub fn is_number(option: &Arg) -> bool {
    Kind::of(option) == Kind::Number
}

/// Whether an option is on or off.
pub fn is_switch(option: &Arg) -> bool {
    Kind::of(option) == Kind::Switch
}

/// The value of an option of a URL; `None` if it cannot be one.
pub(super) fn in_url(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()).filter(|text| !text.contains('&')),
        // The permissions of a file are written in octal.
        DeValue::Integer(number) if number.radix() == 8 => Some(number.as_str().to_owned()),
        DeValue::Integer(number) => Some(decimal(number)),
        _ => None,
    }
}

fn decimal(number: &DeInteger<'_>) -> String {
    let value = u64::from_str_radix(number.as_str(), number.radix());
    // A number that is too large or negative is refused by its option.
    value.map_or_else(|_| number.to_string(), |value| value.to_string())
}

fn anchored(path: &str, folder: &Path) -> OsString {
    match (path.strip_prefix("~/"), env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest).into(),
        _ if path.is_empty() || path.starts_with(NO_PATH) => path.into(),
        _ => folder.join(path).into(),
    }
}

/// A URL in whose options relative paths begin at this folder.
pub fn anchored_url(url: &str, folder: &Path) -> String {
    let Some((place, query)) = url.split_once('?').filter(|(place, _)| place.contains("://")) else {
        return url.to_owned();
    };
    let option = |option: &str| match option.strip_prefix(KEY_FILE) {
        // A folder whose name is no UTF-8 cannot be in a URL, so the path stays relative.
        Some(path) => match anchored(path, folder).into_string() {
            Ok(path) => format!("{KEY_FILE}{path}"),
            Err(_) => option.to_owned(),
        },
        None => option.to_owned(),
    };
    format!("{place}?{}", query.split('&').map(option).collect::<Vec<_>>().join("&"))
}
