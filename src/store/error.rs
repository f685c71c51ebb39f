//! Why the data file cannot be used.

use std::{fmt, io, path::PathBuf};

use rusqlite::ErrorCode;

/// Why the data file cannot be used. In every case it stays as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or created.
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another server uses the file.
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file belongs to another program.
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A later version of this program has written it.
    TooNew {
        /// The file.
        path: PathBuf,
        /// The version of its schema.
        version: u32,
        /// The latest version that this program knows.
        known: u32,
    },
    /// The content of the file is damaged.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The file, or the journal beside it, was removed while the server was running.
    Gone {
        /// The file.
        path: PathBuf,
    },
    /// The file was replaced while the server was running.
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// Another error of the database.
    Database {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: rusqlite::Error,
    },
}

impl Error {
    /// Explains an error of `SQLite`.
    pub(super) fn of(path: PathBuf, source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse { path },
            Some(ErrorCode::NotADatabase) => Self::Foreign { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, what: source.to_string() },
            _ => Self::Database { path, source },
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { path, source } => {
                write!(f, "cannot open the data file '{}': {source}", path.display())
            }
            Self::InUse { path } => {
                write!(f, "the data file '{}' is in use by another server", path.display())
            }
            Self::Foreign { path } => {
                write!(f, "'{}' is not a data file of this program; it was left as it is", path.display())
            }
            Self::TooNew { path, version, known } => write!(
                f,
                "the data file '{}' has version {version}; this program knows versions up to {known}",
                path.display()
            ),
            Self::Damaged { path, what } => {
                write!(f, "the data file '{}' is damaged ({what}); it was left as it is", path.display())
            }
            Self::Gone { path } => {
                write!(f, "the data file '{}' or its journal was removed", path.display())
            }
            Self::Replaced { path } => write!(
                f,
                "another file was put in the place of the data file '{0}'. To use that file, stop the server \
                and start it again. To save what the server knows, remove '{0}', and it writes a new one",
                path.display()
            ),
            Self::Database { path, source } => {
                write!(f, "cannot use the data file '{}': {source}", path.display())
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Open { source, .. } => Some(source),
            Self::Database { source, .. } => Some(source),
            _ => None,
        }
    }
}
