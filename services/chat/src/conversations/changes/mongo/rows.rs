//! Marks of changes as they stand in MongoDB.

use bson::{Binary, DateTime, Document, doc};
use kernel::{ConversationId, UserId};
use serde::Deserialize;

use crate::conversations::Role;
use crate::conversations::changes::store::{Change, Fate, Op, Turn};
use crate::log::entry::Digest;
use crate::mongo::{binary, date, id, name, time, uuid};
use crate::store::StoreError;

/// A member's row, as far as changes go.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MarkedMember {
    conversation_id: bson::Uuid,
    user_id: bson::Uuid,
    role: String,
    pending: Option<Mark>,
}

#[derive(Debug, Deserialize)]
struct Mark {
    op: String,
    was: Option<String>,
    by: bson::Uuid,
    entry: bson::Uuid,
    digest: Binary,
    at: DateTime,
}

/// A conversation's row, as far as changes go.
#[derive(Debug, Deserialize)]
pub(super) struct MarkedTurn {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    pending: Option<TurnMark>,
}

#[derive(Debug, Deserialize)]
struct TurnMark {
    /// None: the conversation is to be gone.
    title: Option<String>,
    by: bson::Uuid,
    entry: bson::Uuid,
    digest: Binary,
    at: DateTime,
}

impl MarkedMember {
    pub(super) fn conversation(&self) -> ConversationId {
        id(self.conversation_id)
    }

    pub(super) fn user(&self) -> UserId {
        id(self.user_id)
    }

    /// The change that is under way.
    pub(super) fn change(
        &self,
        conversation: ConversationId,
    ) -> Result<Option<Change>, StoreError> {
        let Some(mark) = &self.pending else { return Ok(None) };
        let role = name(&self.role, Role::from_name)?;
        let was = mark.was.as_deref().map(|was| name(was, Role::from_name)).transpose()?;
        Ok(Some(Change {
            conversation,
            user: id(self.user_id),
            op: name(&mark.op, Op::from_name)?,
            role,
            was: was.unwrap_or(role),
            by: id(mark.by),
            entry: id(mark.entry),
            digest: digest(&mark.digest)?,
            at: time(mark.at),
        }))
    }
}

impl MarkedTurn {
    /// The change that is under way.
    pub(super) fn turn(self) -> Result<Option<Turn>, StoreError> {
        let Some(mark) = self.pending else { return Ok(None) };
        Ok(Some(Turn {
            conversation: id(self.id),
            fate: mark.title.map_or(Fate::Gone, Fate::Title),
            by: id(mark.by),
            entry: id(mark.entry),
            digest: digest(&mark.digest)?,
            at: time(mark.at),
        }))
    }
}

/// The mark of a change; the role before it is filled in by the update that sets it.
pub(super) fn mark(change: &Change) -> Document {
    doc! {
        "op": change.op.as_str(),
        "by": uuid(change.by),
        "entry": uuid(change.entry),
        "digest": binary(change.digest.to_vec()),
        "at": date(change.at),
    }
}

pub(super) fn turn_mark(turn: &Turn) -> Document {
    let mut mark = doc! {
        "by": uuid(turn.by),
        "entry": uuid(turn.entry),
        "digest": binary(turn.digest.to_vec()),
        "at": date(turn.at),
    };
    if let Fate::Title(title) = &turn.fate {
        mark.insert("title", title);
    }
    mark
}

fn digest(stored: &Binary) -> Result<Digest, StoreError> {
    let corrupt = |_| StoreError::Corrupt("the digest of a change".to_owned());
    stored.bytes.clone().try_into().map_err(corrupt)
}
