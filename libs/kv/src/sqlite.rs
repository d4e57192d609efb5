use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::Clock;
use sqlite::{Connection, Database, Migration, OptionalExtension, SqliteError, params};

use crate::millis::{check_namespace, ttl};
use crate::{Field, Hit, Kv, KvError, Limit};

const SCHEMA: &[Migration] = &[
    (
        "kv/001",
        "CREATE TABLE kv_values (
         id INTEGER PRIMARY KEY,
         namespace TEXT NOT NULL,
         key TEXT NOT NULL,
         value BLOB NOT NULL,
         expires_at INTEGER NOT NULL,
         UNIQUE (namespace, key)
     ) STRICT;
     CREATE INDEX kv_values_expiry ON kv_values (expires_at);
     CREATE TABLE kv_hits (
         id INTEGER PRIMARY KEY,
         namespace TEXT NOT NULL,
         key TEXT NOT NULL,
         at INTEGER NOT NULL,
         expires_at INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX kv_hits_newest ON kv_hits (namespace, key, at);
     CREATE INDEX kv_hits_expiry ON kv_hits (expires_at);",
    ),
    (
        "kv/002",
        "CREATE TABLE kv_fields (
         id INTEGER PRIMARY KEY,
         namespace TEXT NOT NULL,
         key TEXT NOT NULL,
         name TEXT NOT NULL,
         value BLOB NOT NULL,
         expires_at INTEGER NOT NULL,
         UNIQUE (namespace, key, name)
     ) STRICT;
     CREATE INDEX kv_fields_expiry ON kv_fields (expires_at);",
    ),
];

/// Expired rows that one write clears away, of each kind. None adds more, so what is dead never piles up.
const SWEEP: usize = 16;

/// Short-lived keys in a SQLite file. Time is the clock's, in milliseconds.
#[derive(Clone)]
pub struct SqliteKv {
    database: Database,
    namespace: Arc<str>,
    clock: Arc<dyn Clock>,
}

impl SqliteKv {
    /// Uses `database`, making its tables if they are not there.
    pub async fn new(
        database: Database,
        namespace: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KvError> {
        check_namespace(namespace)?;
        database.migrate(SCHEMA).await?;
        Ok(Self { database, namespace: namespace.into(), clock })
    }

    fn of(&self, key: &str) -> Key {
        let now = self.clock.now().as_millis();
        Key { namespace: self.namespace.clone(), name: key.to_owned(), now }
    }

    async fn write<T, F>(&self, key: &str, job: F) -> Result<T, KvError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &Key) -> Result<T, SqliteError> + Send + 'static,
    {
        let key = self.of(key);
        let written = self.database.write(move |tx| {
            sweep(tx, key.now)?;
            job(tx, &key)
        });
        Ok(written.await?)
    }
}

#[async_trait]
impl Kv for SqliteKv {
    #[tracing::instrument(level = "debug", skip_all)]
    async fn set(&self, key: &str, value: &[u8], ttl: Duration) -> Result<(), KvError> {
        let value = value.to_owned();
        self.write(key, move |tx, key| {
            let sql = "INSERT INTO kv_values (namespace, key, value, expires_at)
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE
                 SET value = excluded.value, expires_at = excluded.expires_at";
            let row = params![key.namespace, key.name, value, key.after(ttl)];
            Ok(tx.prepare_cached(sql)?.execute(row).map(drop)?)
        })
        .await
    }

    #[tracing::instrument(level = "debug", skip_all)]
    async fn set_if_absent(&self, key: &str, value: &[u8], ttl: Duration) -> Result<bool, KvError> {
        let value = value.to_owned();
        self.write(key, move |tx, key| {
            let sql = "INSERT INTO kv_values (namespace, key, value, expires_at)
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE
                 SET value = excluded.value, expires_at = excluded.expires_at
                 WHERE kv_values.expires_at <= ?5";
            let row = params![key.namespace, key.name, value, key.after(ttl), key.now];
            Ok(tx.prepare_cached(sql)?.execute(row)? == 1)
        })
        .await
    }

    #[tracing::instrument(level = "debug", skip_all)]
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        let key = self.of(key);
        Ok(self.database.read(move |connection| value(connection, &key)).await?)
    }

    #[tracing::instrument(level = "debug", skip_all, fields(keys = keys.len()))]
    async fn get_all(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, KvError> {
        let keys: Vec<Key> = keys.iter().map(|key| self.of(key)).collect();
        let read = self
            .database
            .read(move |connection| keys.iter().map(|key| value(connection, key)).collect());
        Ok(read.await?)
    }

    #[tracing::instrument(level = "debug", skip_all)]
    async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.write(key, |tx, key| {
            let sql = "DELETE FROM kv_values
                 WHERE namespace = ?1 AND key = ?2 AND expires_at > ?3 RETURNING value";
            let mut statement = tx.prepare_cached(sql)?;
            let row = params![key.namespace, key.name, key.now];
            Ok(statement.query_row(row, |row| row.get(0)).optional()?)
        })
        .await
    }

    #[tracing::instrument(level = "debug", skip_all)]
    async fn remove_if(&self, key: &str, value: &[u8]) -> Result<bool, KvError> {
        let value = value.to_owned();
        self.write(key, move |tx, key| {
            let sql = "DELETE FROM kv_values
                 WHERE namespace = ?1 AND key = ?2 AND value = ?3 AND expires_at > ?4";
            let row = params![key.namespace, key.name, value, key.now];
            Ok(tx.prepare_cached(sql)?.execute(row)? == 1)
        })
        .await
    }

    #[tracing::instrument(level = "debug", skip_all)]
    async fn hit(&self, key: &str, limits: &[Limit]) -> Result<Hit, KvError> {
        let limits = limits.to_vec();
        self.write(key, move |tx, key| {
            let wait = wait(tx, key, &limits)?;
            if wait > 0 {
                return Ok(Hit::Refused(Duration::from_millis(wait.unsigned_abs())));
            }
            if let Some(longest) = limits.iter().map(|limit| limit.window).max() {
                add(tx, key, longest)?;
            }
            Ok(Hit::Allowed)
        })
        .await
    }

    #[tracing::instrument(level = "debug", skip_all, fields(fields = fields.len()))]
    async fn set_fields(&self, fields: &[Field], ttl: Duration) -> Result<(), KvError> {
        let fields = fields.to_vec();
        self.write("", move |tx, key| {
            // As many dead ones go as may come.
            for part in fields.chunks(SWEEP) {
                sweep(tx, key.now)?;
                write_fields(tx, key, part, ttl)?;
            }
            Ok(())
        })
        .await
    }

    #[tracing::instrument(level = "debug", skip_all)]
    async fn remove_field(&self, key: &str, name: &str) -> Result<(), KvError> {
        let name = name.to_owned();
        self.write(key, move |tx, key| {
            let sql = "DELETE FROM kv_fields WHERE namespace = ?1 AND key = ?2 AND name = ?3";
            tx.prepare_cached(sql)?.execute(params![key.namespace, key.name, name])?;
            Ok(())
        })
        .await
    }

    #[tracing::instrument(level = "debug", skip_all, fields(keys = keys.len()))]
    async fn fields(&self, keys: &[String]) -> Result<Vec<Vec<Field>>, KvError> {
        let keys: Vec<Key> = keys.iter().map(|key| self.of(key)).collect();
        let read = self.database.read(move |connection| {
            let mut all = Vec::with_capacity(keys.len());
            for key in keys {
                all.push(living(connection, &key)?);
            }
            Ok(all)
        });
        Ok(read.await?)
    }

    async fn ping(&self) -> Result<(), KvError> {
        let one = |connection: &Connection| Ok(connection.query_row("SELECT 1", [], |_| Ok(()))?);
        Ok(self.database.read(one).await?)
    }
}

/// What an operation is about, and when it happens.
struct Key {
    namespace: Arc<str>,
    name: String,
    now: i64,
}

impl Key {
    fn after(&self, time: Duration) -> i64 {
        self.now.saturating_add(ttl(time).cast_signed())
    }
}

fn value(connection: &Connection, key: &Key) -> Result<Option<Vec<u8>>, SqliteError> {
    let sql = "SELECT value FROM kv_values
         WHERE namespace = ?1 AND key = ?2 AND expires_at > ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let row = params![key.namespace, key.name, key.now];
    Ok(statement.query_row(row, |row| row.get(0)).optional()?)
}

/// Milliseconds until a hit on the key keeps every limit; 0 if it does now.
fn wait(tx: &Connection, key: &Key, limits: &[Limit]) -> Result<i64, SqliteError> {
    let mut longest = 0;
    for limit in limits {
        let window = ttl(limit.window).cast_signed();
        // With `count` hits inside the window there is room again when the oldest of the newest `count` leaves it.
        let blocking = match limit.count.checked_sub(1) {
            None => Some(key.now),
            Some(newer) => newest(tx, key, newer)?,
        };
        longest = longest.max(blocking.map_or(0, |at| at.saturating_add(window) - key.now));
    }
    Ok(longest)
}

fn write_fields(
    tx: &Connection,
    of: &Key,
    fields: &[Field],
    ttl: Duration,
) -> Result<(), SqliteError> {
    let sql = "INSERT INTO kv_fields (namespace, key, name, value, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE
         SET value = excluded.value, expires_at = excluded.expires_at";
    let mut statement = tx.prepare_cached(sql)?;
    for Field { key, name, value } in fields {
        statement.execute(params![of.namespace, key, name, value, of.after(ttl)])?;
    }
    Ok(())
}

fn living(connection: &Connection, key: &Key) -> Result<Vec<Field>, SqliteError> {
    let sql = "SELECT name, value FROM kv_fields
         WHERE namespace = ?1 AND key = ?2 AND expires_at > ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![key.namespace, key.name, key.now], |row| {
        Ok(Field { key: key.name.clone(), name: row.get(0)?, value: row.get(1)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// When the hit happened that `newer` others came after.
fn newest(tx: &Connection, key: &Key, newer: u32) -> Result<Option<i64>, SqliteError> {
    let sql = "SELECT at FROM kv_hits WHERE namespace = ?1 AND key = ?2
         ORDER BY at DESC LIMIT 1 OFFSET ?3";
    let mut statement = tx.prepare_cached(sql)?;
    let row = params![key.namespace, key.name, newer];
    Ok(statement.query_row(row, |row| row.get(0)).optional()?)
}

fn add(tx: &Connection, key: &Key, longest: Duration) -> Result<(), SqliteError> {
    let sql = "INSERT INTO kv_hits (namespace, key, at, expires_at) VALUES (?1, ?2, ?3, ?4)";
    let row = params![key.namespace, key.name, key.now, key.after(longest)];
    Ok(tx.prepare_cached(sql)?.execute(row).map(drop)?)
}

fn sweep(tx: &Connection, now: i64) -> Result<(), SqliteError> {
    for sql in [
        "DELETE FROM kv_values WHERE id IN
             (SELECT id FROM kv_values WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        "DELETE FROM kv_hits WHERE id IN
             (SELECT id FROM kv_hits WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        "DELETE FROM kv_fields WHERE id IN
             (SELECT id FROM kv_fields WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
    ] {
        tx.prepare_cached(sql)?.execute(params![now, SWEEP.cast_signed()])?;
    }
    Ok(())
}

impl From<SqliteError> for KvError {
    fn from(error: SqliteError) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Debug for SqliteKv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteKv").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}
