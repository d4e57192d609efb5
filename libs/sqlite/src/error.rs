use std::path::PathBuf;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SqliteError {
    /// The file or its folder cannot be used.
    #[error("cannot open the database {}: {reason}; check that the folder exists and is writable", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A statement failed. What the job had written before it is undone.
    #[error("database: {0}")]
    Statement(#[from] rusqlite::Error),
    /// The job went through, but the group it was in could not be committed: nothing of it is stored.
    #[error("database: the transaction was not committed: {0}")]
    NotCommitted(String),
    /// Too many jobs are waiting; nothing was done.
    #[error("database: too many operations are waiting")]
    Full,
    /// No answer within the deadline. A write may still go through.
    #[error("database: no answer within {0} ms")]
    Timeout(u128),
    /// The job panicked; what it had written is undone.
    #[error("database: the operation panicked")]
    Panicked,
    /// The thread that serves the database is gone.
    #[error("database: closed")]
    Closed,
    /// A migration that was applied earlier now reads differently.
    #[error("migration {0} was changed after it had been applied; add a new one instead")]
    MigrationChanged(&'static str),
}
