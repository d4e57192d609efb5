//! An entry as it stands in MongoDB.

use std::time::Duration;

use bson::{Binary, DateTime, Document, doc};
use kernel::ConversationId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::log::entry::{Entry, EntryType};
use crate::log::store::Head;
use crate::mongo::{binary, date, id, integer, name, number, time, uuid};
use crate::store::StoreError;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    #[serde(rename = "_id")]
    key: Binary,
    conversation_id: bson::Uuid,
    seq: i64,
    mid: bson::Uuid,
    count: i64,
    mseq: i64,
    #[serde(rename = "type")]
    kind: String,
    sender: bson::Uuid,
    created_at: DateTime,
    digest: Binary,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<bson::Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    withheld_from: Option<bson::Uuid>,
    data: Option<String>,
    /// Never, if it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime>,
    /// Of a deletion: something may be left to be forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unfinished: Option<bool>,
}

impl Row {
    /// The row of an entry that goes by itself, if it is never stripped, `keep` after it was written; `None` is never.
    pub(super) fn new(entry: &Entry, keep: Option<Duration>) -> Self {
        Self {
            key: key(entry.conversation, entry.seq),
            conversation_id: uuid(entry.conversation),
            seq: integer(entry.seq),
            mid: uuid(entry.id),
            count: integer(entry.count),
            mseq: integer(entry.mseq),
            kind: entry.kind.as_str().to_owned(),
            sender: uuid(entry.sender),
            created_at: date(entry.created_at),
            digest: binary(entry.digest.to_vec()),
            target: entry.target.map(uuid),
            withheld_from: entry.withheld_from.map(uuid),
            data: entry.data.as_deref().map(|data| data.get().to_owned()),
            expires_at: keep.map(|keep| date(entry.created_at.plus(keep))),
            unfinished: (entry.kind == EntryType::Delete).then_some(true),
        }
    }

    /// Bytes of the entry on the wire, roughly.
    pub(super) fn weight(&self) -> usize {
        Entry::weight_of(self.data.as_deref())
    }

    pub(super) fn entry(self) -> Result<Entry, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("the {what} of an entry"));
        let data = self.data.map(RawValue::from_string).transpose();
        Ok(Entry {
            id: id(self.mid),
            conversation: id(self.conversation_id),
            seq: number(self.seq)?,
            count: number(self.count)?,
            mseq: number(self.mseq)?,
            kind: name(&self.kind, EntryType::from_name)?,
            sender: id(self.sender),
            created_at: time(self.created_at),
            digest: self.digest.bytes.try_into().map_err(|_| corrupt("digest"))?,
            target: self.target.map(id),
            withheld_from: self.withheld_from.map(id),
            data: data.map_err(|_| corrupt("data"))?,
        })
    }
}

/// The end of a log, as its last entry or as the conversation has it.
#[derive(Debug, Deserialize)]
pub(super) struct End {
    #[serde(alias = "headSeq")]
    seq: i64,
    #[serde(alias = "headCount")]
    count: i64,
    #[serde(alias = "headMseq")]
    mseq: i64,
}

impl End {
    pub(super) fn head(self) -> Result<Head, StoreError> {
        let (count, mseq) = (number(self.count)?, number(self.mseq)?);
        Ok(Head { seq: number(self.seq)?, count, mseq })
    }
}

/// Unique for each position, and in the order of positions within a conversation.
pub(super) fn key(conversation: ConversationId, seq: u64) -> Binary {
    binary([&conversation.uuid().into_bytes()[..], &seq.to_be_bytes()].concat())
}

/// Matches the entries with `after < seq <= to`. Names the conversation on its own too: it is the shard key.
pub(super) fn range(conversation: ConversationId, after: u64, to: u64) -> Document {
    let keys = doc! { "$gt": key(conversation, after), "$lte": key(conversation, to) };
    doc! { "conversationId": uuid(conversation), "_id": keys }
}
