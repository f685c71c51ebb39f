//! Where the administrators' password comes from: never from the command line, which everybody on the
//! machine can read, and which shells remember.

use std::{
    env, error, fmt, io,
    io::Read,
    path::{Path, PathBuf},
};

use crate::password::Password;

/// The environment variable that holds the password.
const VARIABLE: &str = "CHAT_ADMIN_PASSWORD";

/// More than any password: a mistaken file is not read to its end.
const LONGEST: u64 = 4096;

/// The first line of the file, or else the environment's variable; `None` if there is neither.
pub(super) fn administrator(file: Option<&Path>) -> Result<Option<Password>, Error> {
    let password = match file {
        Some(path) => Some(read(path).map_err(|error| Error::File { path: path.to_owned(), error })?),
        None => from_environment(env::var_os(VARIABLE))?,
    };
    if password.as_ref().is_some_and(|password| password.reveal().chars().count() < Password::MIN) {
        tracing::warn!("the administrators' password has fewer than {} characters", Password::MIN);
    }
    Ok(password)
}

fn from_environment(value: Option<std::ffi::OsString>) -> Result<Option<Password>, Error> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
    let value = value.into_string().map_err(|_| Error::Environment)?;
    first_line(&value).map(Some).ok_or(Error::Environment)
}

fn read(path: &Path) -> io::Result<Password> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    let empty = || {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "its first line is empty, or has characters that cannot be typed",
        )
    };
    first_line(&text).ok_or_else(empty)
}

/// What can be typed after `/admin` and is not changed on its way.
fn first_line(text: &str) -> Option<Password> {
    let line = text.lines().next()?.trim();
    let can_be_typed = !line.is_empty() && crate::text::clean(line) == line;
    can_be_typed.then(|| Password::attempt(line))
}

/// The password could not be had.
#[derive(Debug)]
pub(super) enum Error {
    /// The file is no use.
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The variable is no use.
    Environment,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => {
                write!(f, "cannot read the administrators' password from {}: {error}", path.display())
            }
            Self::Environment => write!(f, "{VARIABLE} is not a password that can be typed"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::File { error, .. } => Some(error),
            Self::Environment => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revealed(password: Option<Password>) -> Option<String> {
        password.map(|password| password.reveal().to_owned())
    }

    #[test]
    fn the_first_line_is_the_password_whatever_ends_it() {
        for text in ["open sesame", "open sesame\n", "open sesame\r\nsecond\n"] {
            assert_eq!(revealed(first_line(text)).as_deref(), Some("open sesame"), "{text:?}");
        }
        for text in ["", "\n", "  \nsecond", "bell\u{7}bell"] {
            assert_eq!(revealed(first_line(text)), None, "{text:?}");
        }
    }

    #[test]
    fn an_empty_variable_is_none_and_an_unusable_one_a_mistake() {
        assert!(matches!(from_environment(None), Ok(None)));
        assert!(matches!(from_environment(Some("".into())), Ok(None)));
        assert!(matches!(from_environment(Some("\u{7}".into())), Err(Error::Environment)));
        assert!(matches!(from_environment(Some("open sesame".into())), Ok(Some(_))));
    }
}
