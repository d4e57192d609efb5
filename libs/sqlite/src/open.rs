use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::{Durability, SqliteError};

/// How long a connection waits for another's lock. Only another process can hold one for longer than a moment.
pub(crate) const BUSY: Duration = Duration::from_secs(5);
/// Between two tries of what does not wait by itself.
const AGAIN: Duration = Duration::from_millis(5);
/// Statements that a connection keeps prepared.
const PREPARED: usize = 256;
/// Larger than this the write-ahead log is only while a checkpoint is held up.
const LOG_BYTES: i64 = 16 << 20;

/// Creates the folder and the file, for the owner's eyes only, as far as they are not there.
pub(crate) fn create(path: &Path) -> Result<(), SqliteError> {
    let failed = |error: std::io::Error| cannot(path, &error);
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    // The write-ahead log takes the mode of the file.
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop).map_err(failed)
}

/// Opens the connection that writes.
pub(crate) fn writer(path: &Path, durability: Durability) -> Result<Connection, SqliteError> {
    let connection = Connection::open(path).map_err(|error| cannot(path, &error))?;
    set_up(&connection, durability).map_err(|error| cannot(path, &error))?;
    Ok(connection)
}

/// Opens a connection that refuses to write.
pub(crate) fn reader(path: &Path) -> Result<Connection, SqliteError> {
    let connection = writer(path, Durability::Full)?;
    connection.pragma_update(None, "query_only", true).map_err(|error| cannot(path, &error))?;
    Ok(connection)
}

/// Whether anybody has the file open, in this process or another. Nobody has one that is not there.
pub fn is_in_use(path: &Path) -> Result<bool, SqliteError> {
    let failed = |error: rusqlite::Error| cannot(path, &error);
    if !path.exists() {
        return Ok(false);
    }
    let connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(Duration::ZERO).map_err(failed)?;
    connection.pragma_update(None, "locking_mode", "exclusive").map_err(failed)?;
    match connection.execute_batch("BEGIN EXCLUSIVE; COMMIT") {
        Ok(()) => Ok(false),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
            Ok(true)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Turns the write-ahead log on. That takes the file for itself, and is refused at once, whatever the time-out, while others who
/// open it do the same.
fn use_log(connection: &Connection) -> rusqlite::Result<()> {
    let mut left = BUSY.as_millis() / AGAIN.as_millis();
    loop {
        let busy = match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
                error
            }
            done => return done,
        };
        if left == 0 {
            return Err(busy);
        }
        left -= 1;
        std::thread::sleep(AGAIN);
    }
}

fn set_up(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    use_log(connection)?;
    let synchronous = match durability {
        Durability::Full => "full",
        Durability::Normal => "normal",
        Durability::Off => "off",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    // Else a statement on a table with a partial index is prepared anew each time that its parameters change.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn cannot(path: &Path, reason: &dyn std::fmt::Display) -> SqliteError {
    SqliteError::Open { path: path.to_owned(), reason: reason.to_string() }
}
