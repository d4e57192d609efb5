use rusqlite::{Connection, OptionalExtension, params};

use crate::SqliteError;

/// A change of the schema: its name and its statements. Several crates share a file, so the name starts with the
/// crate's: `kv/001`.
pub type Migration = (&'static str, &'static str);

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, sql TEXT NOT NULL) WITHOUT ROWID";

/// Applies those that have not been applied to this file, in the order given.
pub(crate) fn apply(tx: &Connection, migrations: &[Migration]) -> Result<(), SqliteError> {
    tx.execute_batch(TABLE)?;
    for (name, sql) in migrations.iter().copied() {
        let applied: Option<String> = tx
            .query_row("SELECT sql FROM migrations WHERE name = ?1", [name], |row| row.get(0))
            .optional()?;
        match applied {
            Some(before) if before == sql => {}
            Some(_) => return Err(SqliteError::MigrationChanged(name)),
            None => {
                tx.execute_batch(sql)?;
                tx.execute(
                    "INSERT INTO migrations (name, sql) VALUES (?1, ?2)",
                    params![name, sql],
                )?;
                tracing::info!(migration = name, "applied a migration");
            }
        }
    }
    Ok(())
}
