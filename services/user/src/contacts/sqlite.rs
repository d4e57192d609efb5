use async_trait::async_trait;
use contracts::Relations;
use kernel::{Timestamp, UserId};
use sqlite::rusqlite;
use sqlite::rusqlite::types::{Type, Value};
use sqlite::{Connection, Database, OptionalExtension, Row, SqliteError, params};
use uuid::Uuid;

use super::rules::{Made, Pair, Refusal, Tally, decide};
use super::store::{
    Answer, Answered, Change, Contact, Contacts, KEYS_KEPT, List, Place, Side, Standing, Wanted,
};
use crate::outbox::add_sqlite;
use crate::sqlite::{id, moment, raw};
use crate::store::StoreError;

/// Old answers that one request clears away.
const CLEARED: u32 = 16;

/// Contacts in a SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteContacts(pub(crate) Database);

#[async_trait]
impl Contacts for SqliteContacts {
    #[tracing::instrument(skip_all, fields(user_id = %wanted.user, change = ?wanted.change))]
    async fn change(&self, wanted: Wanted) -> Result<Answer, StoreError> {
        Ok(self.0.write(move |tx| run(tx, &wanted)).await?)
    }

    async fn answered(&self, user: UserId, key: Uuid) -> Result<Option<Answered>, StoreError> {
        Ok(self.0.read(move |tx| find_answered(tx, user, key)).await?)
    }

    async fn side(&self, user: UserId, other: UserId) -> Result<Side, StoreError> {
        Ok(self.0.read(move |tx| find(tx, user, other)).await?)
    }

    async fn list(
        &self,
        user: UserId,
        list: List,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Vec<Contact>, StoreError> {
        let page = self.0.read(move |tx| {
            let (sql, values) = page(user, list, after, limit);
            let mut statement = tx.prepare_cached(&sql)?;
            let rows = statement.query_map(rusqlite::params_from_iter(values), contact)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        });
        Ok(page.await?)
    }

    async fn relations(&self, user: UserId) -> Result<Relations, StoreError> {
        let relations = self.0.read(move |tx| {
            let sql = "SELECT * FROM user_contacts WHERE user_id = ?1
                 AND (standing IN ('accepted', 'blocked') OR blocked_by)";
            let mut statement = tx.prepare_cached(sql)?;
            let mut rows = statement.query([raw(user)])?;
            let mut relations = Relations::default();
            while let Some(row) = rows.next()? {
                side(row)?.relate(id(row, "other_id")?, &mut relations);
            }
            Ok(relations)
        });
        Ok(relations.await?)
    }
}

/// One change, in the transaction.
fn run(tx: &Connection, wanted: &Wanted) -> Result<Answer, SqliteError> {
    let Wanted { user, other, ref cause, .. } = *wanted;
    if let Some(key) = wanted.key
        && let Some(answered) = find_answered(tx, user, key)?
    {
        let same = answered.other == other;
        let taken = Answer::Refused(Refusal::KeyTaken);
        return Ok(if same { Answer::Done(answered.made) } else { taken });
    }
    let before = Pair { mine: find(tx, user, other)?, theirs: find(tx, other, user)? };
    let decision = match decide(wanted, before, count(tx, wanted)?) {
        Ok(decision) => decision,
        Err(refusal) => return Ok(Answer::Refused(refusal)),
    };
    if decision.made.changed {
        write(tx, user, other, decision.after.mine)?;
        write(tx, other, user, decision.after.theirs)?;
        for event in &decision.events {
            add_sqlite(tx, &cause.message(event))?;
        }
    }
    if let Some(key) = wanted.key {
        clear_answered(tx, cause.at)?;
        keep_answered(tx, wanted, key, decision.made)?;
    }
    Ok(Answer::Done(decision.made))
}

fn find(tx: &Connection, user: UserId, other: UserId) -> Result<Side, SqliteError> {
    let sql = "SELECT * FROM user_contacts WHERE user_id = ?1 AND other_id = ?2";
    let found = tx.prepare_cached(sql)?.query_row([raw(user), raw(other)], side).optional()?;
    Ok(found.unwrap_or_default())
}

/// Counts what the change may come up against.
fn count(tx: &Connection, wanted: &Wanted) -> Result<Tally, SqliteError> {
    let rows = |user: UserId, standings: [Standing; 2]| -> Result<u32, SqliteError> {
        let sql = "SELECT count(*) FROM user_contacts WHERE user_id = ?1 AND standing IN (?2, ?3)";
        let row = params![raw(user), standings[0].as_str(), standings[1].as_str()];
        Ok(tx.prepare_cached(sql)?.query_row(row, |row| row.get(0))?)
    };
    let mut tally = Tally::default();
    if matches!(wanted.change, Change::Request | Change::Accept) {
        tally.contacts = rows(wanted.user, [Standing::Accepted, Standing::Outgoing])?;
    }
    if wanted.change == Change::Request {
        tally.requests = rows(wanted.other, [Standing::Incoming; 2])?;
    }
    if wanted.change == Change::Block {
        tally.blocks = rows(wanted.user, [Standing::Blocked; 2])?;
    }
    Ok(tally)
}

/// Writes one side; a blank one goes.
fn write(tx: &Connection, user: UserId, other: UserId, side: Side) -> Result<(), SqliteError> {
    if side.is_blank() {
        let sql = "DELETE FROM user_contacts WHERE user_id = ?1 AND other_id = ?2";
        tx.prepare_cached(sql)?.execute([raw(user), raw(other)])?;
        return Ok(());
    }
    let sql = "INSERT OR REPLACE INTO user_contacts
         (user_id, other_id, standing, blocked_by, since) VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.prepare_cached(sql)?.execute(params![
        raw(user),
        raw(other),
        side.standing.map(Standing::as_str),
        side.blocked_by,
        side.since.as_millis(),
    ])?;
    Ok(())
}

fn find_answered(
    tx: &Connection,
    user: UserId,
    key: Uuid,
) -> Result<Option<Answered>, SqliteError> {
    let sql = "SELECT * FROM user_contact_keys WHERE user_id = ?1 AND key = ?2";
    let mut statement = tx.prepare_cached(sql)?;
    Ok(statement.query_row([raw(user), key.into_bytes()], answered).optional()?)
}

fn keep_answered(
    tx: &Connection,
    wanted: &Wanted,
    key: Uuid,
    made: Made,
) -> Result<(), SqliteError> {
    let sql = "INSERT INTO user_contact_keys (user_id, key, other_id, standing, since, changed, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    tx.prepare_cached(sql)?.execute(params![
        raw(wanted.user),
        key.into_bytes(),
        raw(wanted.other),
        made.standing.map(Standing::as_str),
        made.since.as_millis(),
        made.changed,
        wanted.cause.at.as_millis(),
    ])?;
    Ok(())
}

fn clear_answered(tx: &Connection, now: Timestamp) -> Result<(), SqliteError> {
    let sql = "DELETE FROM user_contact_keys WHERE (user_id, key) IN
         (SELECT user_id, key FROM user_contact_keys WHERE at <= ?1 ORDER BY at LIMIT ?2)";
    tx.prepare_cached(sql)?.execute(params![now.minus(KEYS_KEPT).as_millis(), CLEARED])?;
    Ok(())
}

fn page(user: UserId, list: List, after: Option<Place>, limit: u32) -> (String, Vec<Value>) {
    let mut values = vec![Value::Blob(raw(user).to_vec())];
    let standings = list.standings().iter();
    values.extend(standings.map(|standing| Value::Text(standing.as_str().to_owned())));
    let marks = vec!["?"; list.standings().len()].join(", ");
    let mut sql =
        format!("SELECT * FROM user_contacts WHERE user_id = ? AND standing IN ({marks})");
    if let Some(Place { since, other }) = after {
        sql.push_str(" AND (since, other_id) < (?, ?)");
        values.extend([Value::Integer(since.as_millis()), Value::Blob(raw(other).to_vec())]);
    }
    sql.push_str(" ORDER BY since DESC, other_id DESC LIMIT ?");
    values.push(Value::Integer(i64::from(limit)));
    (sql, values)
}

fn standing(row: &Row<'_>) -> rusqlite::Result<Option<Standing>> {
    let stored: Option<String> = row.get("standing")?;
    let read = stored.map(|stored| Standing::from_stored(&stored)).transpose();
    read.map_err(|error| {
        let column = row.as_ref().column_index("standing").unwrap_or_default();
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}

fn side(row: &Row<'_>) -> rusqlite::Result<Side> {
    let blocked_by = row.get("blocked_by")?;
    Ok(Side { standing: standing(row)?, blocked_by, since: moment(row, "since")? })
}

fn contact(row: &Row<'_>) -> rusqlite::Result<Contact> {
    let standing = standing(row)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    Ok(Contact { other: id(row, "other_id")?, standing, since: moment(row, "since")? })
}

fn answered(row: &Row<'_>) -> rusqlite::Result<Answered> {
    let (standing, since) = (standing(row)?, moment(row, "since")?);
    let made = Made { standing, since, changed: row.get("changed")? };
    Ok(Answered { other: id(row, "other_id")?, made })
}
