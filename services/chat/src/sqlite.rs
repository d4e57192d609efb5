//! What the SQLite stores of this service share: the schema, and how ids, numbers and times stand in it.

use kernel::{Id, Timestamp};
use sqlite::rusqlite::types::Type;
use sqlite::rusqlite::{self, Row};
use sqlite::{Database, Migration, SqliteError};

use crate::store::StoreError;

/// Ids are 16 bytes, times milliseconds since 1970. Without row ids, so that what is read together lies together.
pub(crate) const MIGRATIONS: &[Migration] = &[
    (
        "chat/001",
        "CREATE TABLE chat_conversations (
       id BLOB PRIMARY KEY,
       kind TEXT NOT NULL,
       retention TEXT NOT NULL,
       epoch TEXT NOT NULL,
       head_seq INTEGER NOT NULL DEFAULT 0,
       head_count INTEGER NOT NULL DEFAULT 0,
       head_mseq INTEGER NOT NULL DEFAULT 0,
       member_count INTEGER NOT NULL,
       created_at INTEGER NOT NULL,
       active_at INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE chat_members (
       conversation_id BLOB NOT NULL,
       user_id BLOB NOT NULL,
       role TEXT NOT NULL,
       joined_at INTEGER NOT NULL,
       PRIMARY KEY (conversation_id, user_id)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE chat_memberships (
       user_id BLOB NOT NULL,
       conversation_id BLOB NOT NULL,
       read_seq INTEGER NOT NULL DEFAULT 0,
       read_count INTEGER NOT NULL DEFAULT 0,
       PRIMARY KEY (user_id, conversation_id)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE chat_entries (
       conversation_id BLOB NOT NULL,
       seq INTEGER NOT NULL,
       mid BLOB NOT NULL,
       count INTEGER NOT NULL,
       mseq INTEGER NOT NULL,
       type TEXT NOT NULL,
       sender BLOB NOT NULL,
       created_at INTEGER NOT NULL,
       digest BLOB NOT NULL,
       data TEXT,
       expires_at INTEGER NOT NULL,
       PRIMARY KEY (conversation_id, seq)
     ) STRICT, WITHOUT ROWID;
     CREATE UNIQUE INDEX chat_entries_mid ON chat_entries (conversation_id, mid);
     CREATE INDEX chat_entries_expiry ON chat_entries (expires_at);
     CREATE TABLE chat_delivery (
       conversation_id BLOB PRIMARY KEY,
       floor INTEGER NOT NULL DEFAULT 0,
       stripped_to INTEGER NOT NULL DEFAULT 0,
       unfinished INTEGER NOT NULL DEFAULT 0
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX chat_delivery_unfinished ON chat_delivery (unfinished) WHERE unfinished = 1;
     CREATE TABLE chat_delivery_cursors (
       conversation_id BLOB NOT NULL,
       user_id BLOB NOT NULL,
       device_id BLOB NOT NULL,
       seq INTEGER NOT NULL,
       PRIMARY KEY (conversation_id, user_id, device_id)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE chat_devices (
       device_id BLOB PRIMARY KEY,
       user_id BLOB NOT NULL,
       registered_at INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;",
    ),
    ("chat/002", "ALTER TABLE chat_entries ADD COLUMN target BLOB;"),
    (
        "chat/003",
        "ALTER TABLE chat_conversations ADD COLUMN title TEXT;
     ALTER TABLE chat_conversations ADD COLUMN title_seq INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE chat_conversations ADD COLUMN made_by BLOB;
     ALTER TABLE chat_conversations ADD COLUMN request BLOB;
     ALTER TABLE chat_conversations ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE chat_conversations ADD COLUMN pending_entry BLOB;
     ALTER TABLE chat_conversations ADD COLUMN pending_by BLOB;
     ALTER TABLE chat_conversations ADD COLUMN pending_digest BLOB;
     ALTER TABLE chat_conversations ADD COLUMN pending_title TEXT;
     ALTER TABLE chat_conversations ADD COLUMN pending_at INTEGER;
     CREATE INDEX chat_conversations_pending ON chat_conversations (pending_at)
       WHERE pending_at IS NOT NULL;
     ALTER TABLE chat_members ADD COLUMN pending_op TEXT;
     ALTER TABLE chat_members ADD COLUMN pending_was TEXT;
     ALTER TABLE chat_members ADD COLUMN pending_entry BLOB;
     ALTER TABLE chat_members ADD COLUMN pending_by BLOB;
     ALTER TABLE chat_members ADD COLUMN pending_digest BLOB;
     ALTER TABLE chat_members ADD COLUMN pending_at INTEGER;
     CREATE INDEX chat_members_pending ON chat_members (pending_at) WHERE pending_at IS NOT NULL;
     ALTER TABLE chat_memberships ADD COLUMN leaving INTEGER NOT NULL DEFAULT 0;",
    ),
    (
        "chat/004",
        "ALTER TABLE chat_delivery ADD COLUMN retention TEXT NOT NULL DEFAULT 'relay';
     ALTER TABLE chat_delivery ADD COLUMN turning_to TEXT;
     ALTER TABLE chat_delivery ADD COLUMN turning_entry BLOB;
     ALTER TABLE chat_delivery ADD COLUMN turning_by BLOB;
     ALTER TABLE chat_delivery ADD COLUMN turning_begun INTEGER;
     ALTER TABLE chat_delivery ADD COLUMN turning_told INTEGER;
     ALTER TABLE chat_delivery ADD COLUMN turning_told_at INTEGER;
     ALTER TABLE chat_conversations ADD COLUMN retention_seq INTEGER NOT NULL DEFAULT 0;
     CREATE INDEX chat_delivery_turning ON chat_delivery (conversation_id)
       WHERE turning_entry IS NOT NULL;
     ALTER TABLE chat_entries ADD COLUMN unfinished INTEGER NOT NULL DEFAULT 0;
     CREATE INDEX chat_entries_unfinished ON chat_entries (conversation_id, seq)
       WHERE unfinished = 1;
     CREATE INDEX chat_entries_target ON chat_entries (conversation_id, target, seq)
       WHERE target IS NOT NULL;",
    ),
    ("chat/005", "ALTER TABLE chat_delivery ADD COLUMN renewed INTEGER NOT NULL DEFAULT 0;"),
    (
        "chat/006",
        "ALTER TABLE chat_memberships ADD COLUMN muted INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE chat_memberships ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE chat_memberships ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE chat_memberships ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE chat_memberships ADD COLUMN marked_unread INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE chat_memberships ADD COLUMN hidden_at INTEGER NOT NULL DEFAULT 0;",
    ),
    (
        "chat/007",
        "ALTER TABLE chat_entries ADD COLUMN withheld_from BLOB;
     ALTER TABLE chat_conversations ADD COLUMN blocks TEXT;",
    ),
];

/// Brings the tables of this service up to date. Run it before any of its stores is used.
pub async fn migrate(db: &Database) -> Result<(), SqliteError> {
    db.migrate(MIGRATIONS).await
}

impl From<SqliteError> for StoreError {
    fn from(error: SqliteError) -> Self {
        use rusqlite::Error::{
            FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType,
        };
        match error {
            SqliteError::Statement(
                FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..),
            ) => Self::Corrupt(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// The id as it stands in a column.
pub(crate) fn blob<K>(id: Id<K>) -> [u8; 16] {
    id.uuid().into_bytes()
}

/// Reads an id.
pub(crate) fn id<K>(row: &Row<'_>, column: usize) -> rusqlite::Result<Id<K>> {
    row.get(column).map(uuid::Uuid::from_bytes).map(Id::from_uuid)
}

/// The number as it stands in a column. None that we hand out comes near the limit, so what lies above it matches
/// nothing just as well.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Reads a number.
pub(crate) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let stored: i64 = row.get(column)?;
    u64::try_from(stored).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, stored))
}

/// Reads a time.
pub(crate) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

/// Reads a name out of a closed set.
pub(crate) fn name<T>(
    row: &Row<'_>,
    column: usize,
    from_name: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let stored: String = row.get(column)?;
    from_name(&stored).ok_or_else(|| nonsense(column, format!("unknown name {stored:?}").into()))
}

/// The error for a column whose value makes no sense.
pub(crate) fn nonsense(
    column: usize,
    reason: Box<dyn std::error::Error + Send + Sync>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, reason)
}
