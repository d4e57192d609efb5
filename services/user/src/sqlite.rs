//! The tables of this service in the SQLite file, and what its adapters share.

use contracts::Profile;
use kernel::{Id, Timestamp};
use sqlite::rusqlite;
use sqlite::{Database, Migration, Row, SqliteError};

use crate::preferences::{Preferences, WhoMay};
use crate::store::StoreError;

const SCHEMA: &[Migration] =
    &[("user/001", TABLES), ("user/002", IDLE), ("user/contacts", CONTACTS)];

const TABLES: &str = "CREATE TABLE users (
         id BLOB PRIMARY KEY,
         name TEXT,
         username TEXT UNIQUE,
         bio TEXT,
         avatar_url TEXT,
         created_at INTEGER NOT NULL,
         read_receipts INTEGER NOT NULL,
         last_seen INTEGER NOT NULL,
         discoverable_by_mail INTEGER NOT NULL,
         who_may_message_me TEXT NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE user_logins (
         address TEXT PRIMARY KEY,
         user_id BLOB NOT NULL REFERENCES users (id)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE user_words (
         word TEXT NOT NULL,
         user_id BLOB NOT NULL REFERENCES users (id),
         PRIMARY KEY (word, user_id)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX user_words_user ON user_words (user_id);
     CREATE TABLE user_devices (
         id BLOB PRIMARY KEY,
         user_id BLOB NOT NULL REFERENCES users (id),
         name TEXT NOT NULL,
         platform TEXT NOT NULL,
         last_seen_at INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX user_devices_user ON user_devices (user_id);
     CREATE TABLE user_sessions (
         id BLOB PRIMARY KEY,
         user_id BLOB NOT NULL REFERENCES users (id),
         device_id BLOB NOT NULL,
         nonce BLOB NOT NULL,
         used INTEGER NOT NULL,
         created_at INTEGER NOT NULL,
         last_used_at INTEGER NOT NULL,
         expires_at INTEGER NOT NULL,
         revoked_at INTEGER
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX user_sessions_user ON user_sessions (user_id);
     CREATE INDEX user_sessions_device ON user_sessions (device_id);
     CREATE INDEX user_sessions_expiry ON user_sessions (expires_at);
     CREATE TABLE user_outbox (
         position INTEGER PRIMARY KEY AUTOINCREMENT,
         id BLOB NOT NULL UNIQUE,
         topic TEXT NOT NULL,
         payload BLOB NOT NULL,
         traceparent TEXT
     ) STRICT;";

/// Devices are found by how long they have not been seen.
const IDLE: &str = "CREATE INDEX user_devices_seen ON user_devices (last_seen_at);
     CREATE INDEX user_devices_platform ON user_devices (platform, last_seen_at);";

/// Two rows for each pair of people who have to do with each other, one for each; and the answers to requests, by their keys.
const CONTACTS: &str = "CREATE TABLE user_contacts (
         user_id BLOB NOT NULL REFERENCES users (id),
         other_id BLOB NOT NULL REFERENCES users (id),
         standing TEXT,
         blocked_by INTEGER NOT NULL,
         since INTEGER NOT NULL,
         PRIMARY KEY (user_id, other_id)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX user_contacts_list ON user_contacts (user_id, standing, since, other_id);
     CREATE INDEX user_contacts_other ON user_contacts (other_id);
     CREATE TABLE user_contact_keys (
         user_id BLOB NOT NULL REFERENCES users (id),
         key BLOB NOT NULL,
         other_id BLOB NOT NULL REFERENCES users (id),
         standing TEXT,
         since INTEGER NOT NULL,
         changed INTEGER NOT NULL,
         at INTEGER NOT NULL,
         PRIMARY KEY (user_id, key)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX user_contact_keys_age ON user_contact_keys (at);
     CREATE INDEX user_contact_keys_other ON user_contact_keys (other_id);";

/// Makes the tables that are not there yet.
pub(crate) async fn prepare(database: &Database) -> Result<(), StoreError> {
    Ok(database.migrate(SCHEMA).await?)
}

impl From<SqliteError> for StoreError {
    fn from(error: SqliteError) -> Self {
        Self(error.to_string())
    }
}

/// An id as it is stored.
pub(crate) const fn raw<K>(id: Id<K>) -> [u8; 16] {
    id.uuid().into_bytes()
}

/// Reads an id.
pub(crate) fn id<K>(row: &Row<'_>, column: &str) -> rusqlite::Result<Id<K>> {
    Ok(Id::from_uuid(uuid::Uuid::from_bytes(row.get(column)?)))
}

/// Reads a moment.
pub(crate) fn moment(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    Ok(Timestamp::from_millis(row.get(column)?))
}

/// Reads a row of `users`.
pub(crate) fn profile(row: &Row<'_>) -> rusqlite::Result<Profile> {
    Ok(Profile {
        id: id(row, "id")?,
        name: row.get("name")?,
        username: row.get("username")?,
        bio: row.get("bio")?,
        avatar_url: row.get("avatar_url")?,
        created_at: moment(row, "created_at")?,
        discretion: preferences(row)?.discretion(),
    })
}

/// Reads the choices in a row of `users`.
pub(crate) fn preferences(row: &Row<'_>) -> rusqlite::Result<Preferences> {
    Ok(Preferences {
        read_receipts: row.get("read_receipts")?,
        last_seen: row.get("last_seen")?,
        discoverable_by_mail: row.get("discoverable_by_mail")?,
        who_may_message_me: WhoMay::from_stored(&row.get::<_, String>("who_may_message_me")?),
    })
}
