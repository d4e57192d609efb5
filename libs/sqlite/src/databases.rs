use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::{Database, SqliteError};

/// Opens each file once, so that all stores of a process that name the same file share its one writer.
#[derive(Debug, Default)]
pub struct Databases {
    open: Mutex<HashMap<PathBuf, Database>>,
}

impl Databases {
    /// The database in this file, opened now or earlier. Files are kept open as long as this opener lives.
    pub fn open(&self, path: &Path) -> Result<Database, SqliteError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // Two spellings of a path are one file. It must not even be touched when it is open: a process that closes any descriptor of
        // a file loses all its locks on it, and another would think itself alone and remove the write-ahead log.
        if let Some(database) = path.canonicalize().ok().and_then(|file| open.get(&file)) {
            return Ok(database.clone());
        }
        crate::open::create(path)?;
        let file = path.canonicalize().map_err(|error| SqliteError::Open {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let database = Database::open(&file)?;
        open.insert(file, database.clone());
        Ok(database)
    }
}
