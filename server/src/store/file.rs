//! The database's file in the data directory.

use super::table::{Look, Reader, Table, Writer};
use crate::data::{self, DataDir};
use otc_protocol::limits::STORE_CACHE_BYTES;
use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadableDatabase};
use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The file.
pub(super) const FILE: &str = "otc-server.redb";
/// The file until it is a database: one that is cut short while it is made would be a damaged one.
const UNFINISHED: &str = "otc-server.redb.new";
/// What the tables mean. Raised when a record changes its meaning; a field that may be missing does not need that.
const VERSION: u32 = 1;
const META: Table<u32> = Table::new("meta");
const VERSION_KEY: &str = "version";

/// Opens the database; makes it if there is none.
pub(super) fn open(directory: &DataDir) -> io::Result<Database> {
    let in_words = |error: &dyn Display, kind: ErrorKind| {
        let path = directory.path().join(FILE);
        io::Error::new(kind, format!("cannot open the database {}: {error}", path.display()))
    };
    let options = || OpenOptions::new().read(true).write(true).to_owned();
    let file = match directory.file(FILE, &mut options()) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make(directory).and_then(|()| directory.file(FILE, &mut options()))
        }
        other => other,
    };
    let file = file.map_err(|error| in_words(&error, error.kind()))?;
    if !data::is_ours(&file)? {
        let text = "it is not a plain file of the server's own user that nobody else may write (chmod 600)";
        return Err(in_words(&text, ErrorKind::PermissionDenied));
    }
    let database = database_in(file).map_err(|reason| {
        let text = format!(
            "{reason}. Put back a copy of it, or move it away: then the server starts without the projects, session \
             properties, archives and webhooks that it holds"
        );
        in_words(&text, ErrorKind::InvalidData)
    })?;
    check_version(&database).map_err(|reason| in_words(&reason, ErrorKind::InvalidData))?;
    Ok(database)
}

/// A new database, which gets its name when it is complete.
fn make(directory: &DataDir) -> io::Result<()> {
    directory.remove(UNFINISHED)?;
    let file = directory.file(UNFINISHED, OpenOptions::new().read(true).write(true).create_new(true))?;
    let database = database_in(file).map_err(io::Error::other)?;
    let transaction = database.begin_write().map_err(io::Error::other)?;
    Writer::new(&transaction).put(&META, VERSION_KEY, &VERSION).map_err(io::Error::other)?;
    transaction.commit().map_err(io::Error::other)?;
    database.close().map_err(io::Error::other)?;
    directory.rename(UNFINISHED, FILE)
}

/// The database in a file, all of it checked; else why there is none.
fn database_in(file: File) -> Result<Database, String> {
    let opened = catch_unwind(AssertUnwindSafe(|| {
        Database::builder()
            .set_cache_size(STORE_CACHE_BYTES)
            .set_check_integrity_on_open(true)
            .create_with_backend(FileBackend::new(file)?)
    }));
    match opened {
        Ok(Ok(database)) => Ok(database),
        Ok(Err(DatabaseError::DatabaseAlreadyOpen)) => Err("another process uses it".to_owned()),
        Ok(Err(DatabaseError::UpgradeRequired(form))) => {
            Err(format!("it has form {form}, which this version does not read"))
        }
        Ok(Err(error)) => Err(format!("it is damaged ({error})")),
        // It has printed where.
        Err(_) => Err("it is damaged".to_owned()),
    }
}

fn check_version(database: &Database) -> Result<(), String> {
    let transaction = database.begin_read().map_err(|error| error.to_string())?;
    match Reader(&transaction).get(&META, VERSION_KEY) {
        Ok(Some(VERSION)) => Ok(()),
        Ok(Some(other)) => Err(format!(
            "another version of the server has written it (form {other}, this one reads {VERSION}): start that version"
        )),
        Ok(None) => Err("it is not a database of otc-server: move it away".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
