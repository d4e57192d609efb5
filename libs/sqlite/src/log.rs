use std::time::Duration;

use rusqlite::Connection;
use tokio::time::Instant;

use crate::open::BUSY;

/// How long emptying waits for readers; they are quick, and the writer stands still meanwhile.
const PATIENCE: Duration = Duration::from_millis(100);
/// When somebody else was reading: the next try.
const AGAIN: Duration = Duration::from_secs(1);
/// A look for nothing, while nothing is written.
const IDLE: Duration = Duration::from_hours(1);

/// The write-ahead log. SQLite begins it anew after a checkpoint and overwrites it bit by bit: what was deleted stays in
/// what is not overwritten yet. So it is emptied from time to time.
pub(crate) struct WriteAhead<'a> {
    connection: &'a Connection,
    every: Duration,
    /// Something was written since it was empty.
    due: Option<Instant>,
}

impl<'a> WriteAhead<'a> {
    pub(crate) fn new(connection: &'a Connection, every: Duration) -> Self {
        // What the process before has left is as old as one likes.
        Self { connection, every, due: Some(Instant::now() + every) }
    }

    pub(crate) fn written(&mut self) {
        self.due.get_or_insert_with(|| Instant::now() + self.every);
    }

    /// How long nothing has to be done.
    pub(crate) fn rest(&self) -> Duration {
        self.due.map_or(IDLE, |due| due.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn empty_if_due(&mut self) {
        if self.due.is_none_or(|due| due > Instant::now()) {
            return;
        }
        self.due = match self.empty() {
            Ok(true) => None,
            Ok(false) => Some(Instant::now() + AGAIN),
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log was not emptied");
                Some(Instant::now() + AGAIN)
            }
        };
    }

    /// Says whether it is empty now.
    fn empty(&self) -> rusqlite::Result<bool> {
        self.connection.busy_timeout(PATIENCE)?;
        let busy = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        self.connection.busy_timeout(BUSY)?;
        Ok(!busy?)
    }
}
