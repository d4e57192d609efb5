use async_trait::async_trait;
use contracts::Profile;
use contracts::events::{Event, UserUpdated};
use kernel::UserId;
use sqlite::rusqlite;
use sqlite::rusqlite::types::Value;
use sqlite::{Connection, Database, OptionalExtension, SqliteError, params};

use super::words;
use super::{Changed, Person, ProfileChange, Profiles, Search};
use crate::outbox::{Cause, add_sqlite};
use crate::preferences::{PreferencesChange, WhoMay};
use crate::sqlite::{preferences, profile, raw};
use crate::store::StoreError;

/// People in a SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteProfiles(pub(crate) Database);

#[async_trait]
impl Profiles for SqliteProfiles {
    async fn people(&self, users: &[UserId]) -> Result<Vec<Person>, StoreError> {
        let mut users = users.to_vec();
        users.sort_unstable();
        users.dedup();
        let people = self.0.read(move |tx| {
            let mut statement = tx.prepare_cached("SELECT * FROM users WHERE id = ?1")?;
            let mut people = Vec::with_capacity(users.len());
            for user in users {
                people.extend(statement.query_row([raw(user)], person).optional()?);
            }
            Ok(people)
        });
        Ok(people.await?)
    }

    #[tracing::instrument(skip(self, change, cause))]
    async fn change(
        &self,
        user: UserId,
        change: ProfileChange,
        cause: &Cause,
    ) -> Result<Changed, StoreError> {
        let cause = cause.clone();
        let changed = self.0.write(move |tx| {
            let sql = "SELECT * FROM users WHERE id = ?1";
            let before = tx.prepare_cached(sql)?.query_row([raw(user)], profile).optional()?;
            let Some(before) = before else { return Ok(Changed::NoSuchUser) };
            let after = change.apply(before.clone());
            if after == before {
                return Ok(Changed::Done(after));
            }
            if taken(tx, &after)? {
                return Ok(Changed::UsernameTaken);
            }
            write(tx, &after)?;
            let event = Event::UserUpdated(UserUpdated { user });
            add_sqlite(tx, &cause.message(&event))?;
            Ok(Changed::Done(after))
        });
        Ok(changed.await?)
    }

    async fn search(&self, search: &Search) -> Result<Vec<Profile>, StoreError> {
        let (sql, values) = query(search);
        let found = self.0.read(move |tx| {
            let mut statement = tx.prepare_cached(&sql)?;
            let rows = statement.query_map(rusqlite::params_from_iter(values), profile)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        });
        Ok(found.await?)
    }

    async fn by_address(&self, address: &str) -> Result<Option<Profile>, StoreError> {
        let address = address.to_owned();
        let found = self.0.read(move |tx| {
            let sql = "SELECT users.* FROM user_logins JOIN users ON user_id = id
                 WHERE address = ?1 AND discoverable_by_mail";
            Ok(tx.prepare_cached(sql)?.query_row([address], profile).optional()?)
        });
        Ok(found.await?)
    }

    #[tracing::instrument(skip(self, change, cause))]
    async fn prefer(
        &self,
        user: UserId,
        change: PreferencesChange,
        cause: &Cause,
    ) -> Result<bool, StoreError> {
        let cause = cause.clone();
        let written = self.0.write(move |tx| {
            let sql = "UPDATE users SET read_receipts = coalesce(?2, read_receipts),
                 last_seen = coalesce(?3, last_seen),
                 discoverable_by_mail = coalesce(?4, discoverable_by_mail),
                 who_may_message_me = coalesce(?5, who_may_message_me) WHERE id = ?1";
            let row = params![
                raw(user),
                change.read_receipts,
                change.last_seen,
                change.discoverable_by_mail,
                change.who_may_message_me.map(WhoMay::as_str),
            ];
            if tx.prepare_cached(sql)?.execute(row)? == 0 {
                return Ok(false);
            }
            add_sqlite(tx, &cause.message(&Event::UserUpdated(UserUpdated { user })))?;
            Ok(true)
        });
        Ok(written.await?)
    }
}

fn taken(tx: &Connection, after: &Profile) -> Result<bool, SqliteError> {
    let sql = "SELECT 1 FROM users WHERE username = ?1 AND id <> ?2";
    let row = params![after.username, raw(after.id)];
    Ok(tx.prepare_cached(sql)?.exists(row)?)
}

fn write(tx: &Connection, after: &Profile) -> Result<(), SqliteError> {
    let sql = "UPDATE users SET name = ?2, username = ?3, bio = ?4 WHERE id = ?1";
    let row = params![raw(after.id), after.name, after.username, after.bio];
    tx.prepare_cached(sql)?.execute(row)?;
    tx.prepare_cached("DELETE FROM user_words WHERE user_id = ?1")?.execute([raw(after.id)])?;
    let mut statement =
        tx.prepare_cached("INSERT INTO user_words (word, user_id) VALUES (?1, ?2)")?;
    for word in words::of_profile(after.name.as_deref(), after.username.as_deref()) {
        statement.execute(params![word, raw(after.id)])?;
    }
    Ok(())
}

/// One statement for each number of prefixes, eight at most, so the cache of prepared ones serves all.
fn query(search: &Search) -> (String, Vec<Value>) {
    let mut sql = "SELECT * FROM users WHERE id > ?".to_owned();
    let after = search.after.map_or(Vec::new(), |user| raw(user).to_vec());
    let mut values = vec![Value::Blob(after)];
    for prefix in &search.prefixes {
        sql.push_str(" AND id IN (SELECT user_id FROM user_words WHERE word BETWEEN ? AND ?)");
        values.push(Value::Text(prefix.clone()));
        values.push(Value::Text(words::end_of(prefix)));
    }
    sql.push_str(" ORDER BY id LIMIT ?");
    values.push(Value::Integer(i64::from(search.limit)));
    (sql, values)
}

fn person(row: &sqlite::Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person { profile: profile(row)?, preferences: preferences(row)? })
}
