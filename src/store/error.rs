//! Why the data file cannot be used.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use rusqlite::ErrorCode;

use super::schema::VERSION;

/// Why the data file cannot be used. In every case it stays as it was.
#[derive(Debug)]
pub struct Error {
    path: PathBuf,
    why: Why,
}

/// What is wrong with a data file.
#[derive(Debug)]
pub(super) enum Why {
    /// It cannot be opened or created.
    Open(io::Error),
    /// Another server uses it.
    InUse,
    /// It belongs to another program.
    Foreign,
    /// A later version of this program has written it, with this version of the schema.
    TooNew(u32),
    /// Its content is damaged, and how.
    Damaged(String),
    /// It or the journal beside it was removed while the server was running.
    Gone,
    /// It was replaced while the server was running.
    Replaced,
    /// Another error of the database.
    Database(rusqlite::Error),
}

impl Why {
    /// The error, which names the file.
    pub(super) fn of(self, path: &Path) -> Error {
        Error { path: path.to_owned(), why: self }
    }
}

impl From<io::Error> for Why {
    fn from(source: io::Error) -> Self {
        Self::Open(source)
    }
}

impl From<rusqlite::Error> for Why {
    fn from(source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            Some(ErrorCode::NotADatabase) => Self::Foreign,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(source.to_string()),
            None if matches!(source, rusqlite::Error::FromSqlConversionFailure(..)) => {
                Self::Damaged(source.to_string())
            }
            _ => Self::Database(source),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.why {
            Why::Open(source) => write!(f, "cannot open the data file '{path}': {source}"),
            Why::InUse => write!(f, "the data file '{path}' is in use by another server"),
            Why::Foreign => write!(f, "'{path}' is not a data file of this program; it was left as it is"),
            Why::TooNew(version) => write!(
                f,
                "the data file '{path}' has version {version}; this program knows versions up to {VERSION}"
            ),
            Why::Damaged(what) => {
                write!(f, "the data file '{path}' is damaged ({what}); it was left as it is")
            }
            Why::Gone => write!(f, "the data file '{path}' or its journal was removed"),
            Why::Replaced => write!(
                f,
                "another file was put in the place of the data file '{path}'. To use that file, stop the \
                server and start it again. To save what the server knows, remove '{path}', and it writes a \
                new one"
            ),
            Why::Database(source) => write!(f, "cannot use the data file '{path}': {source}"),
        }
    }
}

impl std::error::Error for Error {}
