//! Why the database did not do what it was asked.

use std::fmt;
use std::sync::Arc;

/// Why the database did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreError {
    /// The server stops.
    Closed,
    /// The database could not read or write. After a failed write it writes no more until the server is started again.
    Failed(Arc<str>),
    /// A record is not what this version writes: table, key, reason.
    Record(&'static str, String, Arc<str>),
    /// A record is larger than a record may be: table, key.
    TooLarge(&'static str, String),
    /// Not a key: table.
    Key(&'static str),
    /// The program has a mistake; it has printed where.
    Panicked,
}

impl StoreError {
    /// What the database says.
    pub(super) fn failed(error: impl Into<redb::Error>) -> Self {
        Self::Failed(error.into().to_string().into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => formatter.write_str("the database is closed: the server stops"),
            Self::Failed(reason) => write!(
                formatter,
                "the database failed: {reason}; see to the disk, then start the server again"
            ),
            Self::Record(table, key, reason) => {
                write!(formatter, "the record {key:?} of {table} cannot be read or written: {reason}")
            }
            Self::TooLarge(table, key) => {
                write!(formatter, "the record {key:?} of {table} is larger than a record may be")
            }
            Self::Key(table) => write!(formatter, "not a key of {table}"),
            Self::Panicked => formatter.write_str("an edit of the database broke off"),
        }
    }
}

impl std::error::Error for StoreError {}
