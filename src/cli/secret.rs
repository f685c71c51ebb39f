//! The administrators' password, which never comes from the command line: other users of the machine
//! can read command lines, and shells remember them.

use std::{
    env,
    ffi::OsString,
    fs::File,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use crate::password::Password;

/// The environment variable that holds the password.
pub(super) const VARIABLE: &str = "CHAT_ADMIN_PASSWORD";

/// How much of the file is read, in bytes. Any password fits, and a wrong file is not read to its end.
const LONGEST: u64 = 4096;

/// The first line of the file, or the environment variable if there is no file. The error is for the user.
pub(super) fn administrator(file: Option<&Path>) -> Result<Option<Password>, String> {
    let password = match file {
        Some(path) => Some(read(path).map_err(|error| {
            format!("cannot read the administrators' password from {}: {error}", path.display())
        })?),
        None => from_environment(env::var_os(VARIABLE))?,
    };
    if password.as_ref().is_some_and(|password| password.reveal().chars().count() < Password::MIN) {
        tracing::warn!("the administrators' password has fewer than {} characters", Password::MIN);
    }
    Ok(password)
}

/// Whether the environment holds the password.
pub(super) fn is_in_environment() -> bool {
    env::var_os(VARIABLE).is_some_and(|value| !value.is_empty())
}

fn from_environment(value: Option<OsString>) -> Result<Option<Password>, String> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
    let password = value.to_str().and_then(first_line);
    password.map(Some).ok_or_else(|| format!("{VARIABLE} is not a password that can be typed"))
}

fn read(path: &Path) -> io::Result<Password> {
    let file = File::open(path)?;
    let mut text = String::new();
    (&file).take(LONGEST).read_to_string(&mut text)?;
    let words = "its first line is empty, or has characters that cannot be typed";
    let password = first_line(&text).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, words))?;
    if is_readable_by_others(&file)? {
        let path = path.display();
        tracing::warn!("other users can read the administrators' password in {path}. Run: chmod 600 {path}");
    }
    Ok(password)
}

/// Whether the group or all users may read the file.
fn is_readable_by_others(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.permissions().mode() & 0o044 != 0)
}

/// The first line, if it can be typed after `/admin` and reaches the server unchanged.
fn first_line(text: &str) -> Option<Password> {
    let line = text.lines().next()?.trim();
    let can_be_typed = !line.is_empty() && crate::text::clean(line) == line;
    can_be_typed.then(|| Password::attempt(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revealed(password: Option<Password>) -> Option<String> {
        password.map(|password| password.reveal().to_owned())
    }

    #[test]
    fn the_first_line_is_the_password_with_any_line_ending() {
        for text in ["open sesame", "open sesame\n", "open sesame\r\nsecond\n"] {
            assert_eq!(revealed(first_line(text)).as_deref(), Some("open sesame"), "{text:?}");
        }
        for text in ["", "\n", "  \nsecond", "bell\u{7}bell"] {
            assert_eq!(revealed(first_line(text)), None, "{text:?}");
        }
    }

    #[test]
    fn an_empty_variable_holds_no_password_and_an_unusable_one_is_an_error() {
        assert!(matches!(from_environment(None), Ok(None)));
        assert!(matches!(from_environment(Some("".into())), Ok(None)));
        assert!(matches!(from_environment(Some("\u{7}".into())), Err(error) if error.contains(VARIABLE)));
        assert!(matches!(from_environment(Some("open sesame".into())), Ok(Some(_))));
    }
    #[test]
    fn a_file_that_its_group_or_all_users_can_read_is_noticed() {
        let file = tempfile::tempfile().unwrap();
        for (mode, is_readable) in
            [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o666, true)]
        {
            file.set_permissions(PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(is_readable_by_others(&file).unwrap(), is_readable, "{mode:o}");
        }
    }
}
