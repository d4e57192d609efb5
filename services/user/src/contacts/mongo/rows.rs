use bson::spec::BinarySubtype;
use bson::{Binary, DateTime, Document, doc};
use kernel::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::rules::Made;
use super::super::store::{Answered, Contact, Side, Standing};
use crate::mongo::{date, id, time, uuid};
use crate::store::StoreError;

/// One person's side of two people. `_id` is the person's id and the other's, so there is one of each pair.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    #[serde(rename = "_id")]
    id: Binary,
    user_id: bson::Uuid,
    pub(super) other_id: bson::Uuid,
    standing: Option<String>,
    blocked_by: bool,
    since: DateTime,
    /// When either last did something about the other. Nobody reads it: it makes a write of what would else be none, so that
    /// a change costs the same whether or not the other blocks.
    touched_at: DateTime,
}

impl Row {
    pub(super) fn new(user: UserId, other: UserId, side: Side, at: Timestamp) -> Self {
        Self {
            id: both(user, other.uuid()),
            user_id: uuid(user),
            other_id: uuid(other),
            standing: side.standing.map(|standing| standing.as_str().to_owned()),
            blocked_by: side.blocked_by,
            since: date(side.since),
            touched_at: date(at),
        }
    }
}

impl TryFrom<Row> for Side {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let standing = row.standing.as_deref().map(Standing::from_stored).transpose()?;
        Ok(Self { standing, blocked_by: row.blocked_by, since: time(row.since) })
    }
}

impl TryFrom<Row> for Contact {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let standing = Standing::from_stored(row.standing.as_deref().unwrap_or_default())?;
        Ok(Self { other: id(row.other_id), standing, since: time(row.since) })
    }
}

/// The answer to a request, for whoever asks again with its key. `_id` is the person's id and the key.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyRow {
    #[serde(rename = "_id")]
    id: Binary,
    other_id: bson::Uuid,
    standing: Option<String>,
    since: DateTime,
    changed: bool,
    /// When it was made; it goes by this.
    at: DateTime,
}

impl KeyRow {
    pub(super) fn new(user: UserId, key: Uuid, answered: Answered, at: Timestamp) -> Self {
        let Answered { other, made } = answered;
        Self {
            id: key_id(user, key),
            other_id: uuid(other),
            standing: made.standing.map(|standing| standing.as_str().to_owned()),
            since: date(made.since),
            changed: made.changed,
            at: date(at),
        }
    }
}

impl TryFrom<KeyRow> for Answered {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Self, StoreError> {
        let standing = row.standing.as_deref().map(Standing::from_stored).transpose()?;
        let made = Made { standing, since: time(row.since), changed: row.changed };
        Ok(Self { other: id(row.other_id), made })
    }
}

/// This person's side of the two: by the shard key, and by the only one of that name.
pub(super) fn of(user: UserId, other: UserId) -> Document {
    doc! { "_id": both(user, other.uuid()), "userId": uuid(user) }
}

pub(super) fn key_id(user: UserId, key: Uuid) -> Binary {
    both(user, key)
}

fn both(user: UserId, then: Uuid) -> Binary {
    let bytes = [user.uuid().into_bytes(), then.into_bytes()].concat();
    Binary { subtype: BinarySubtype::Generic, bytes }
}
