//! Single entries of the logs in MongoDB.

use std::collections::HashMap;

use async_trait::async_trait;
use bson::{Document, doc};
use futures::TryStreamExt;
use kernel::{ConversationId, EntryId, Timestamp};
use mongodb::Collection;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::row::{Row, range};
use super::{MongoLog, read_all};
use crate::log::entry::{Entry, EntryType};
use crate::log::store::{AFTER_CAP, EntryStore, Span};
use crate::mongo::{date, id as read_id, integer, number, uuid, within};
use crate::store::StoreError;

/// Where an entry is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    conversation_id: bson::Uuid,
    seq: i64,
}

#[async_trait]
impl EntryStore for MongoLog {
    #[tracing::instrument(name = "entry_find", level = "debug", skip_all, fields(conversation_id = %id, entry_id = %entry))]
    async fn find(&self, id: ConversationId, entry: EntryId) -> Result<Option<Entry>, StoreError> {
        let row = within(self.entries.find_one(named(id, entry))).await?;
        row.map(Row::entry).transpose()
    }

    #[tracing::instrument(name = "entry_messages", level = "debug", skip_all, fields(conversation_id = %id, limit = limit))]
    async fn messages(
        &self,
        id: ConversationId,
        span: Span,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new()); // no limit at all, to the server
        }
        let mut filter = range(id, span.after, span.to);
        filter.insert("type", EntryType::Message.as_str());
        let order = if span.newest_first { -1 } else { 1 };
        let find = self.entries.find(filter).sort(doc! { "_id": order });
        read_all(find.limit(i64::from(limit))).await
    }

    #[tracing::instrument(name = "entry_changes", level = "debug", skip_all, fields(conversation_id = %id, targets = targets.len()))]
    async fn changes(
        &self,
        id: ConversationId,
        targets: &[EntryId],
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        if targets.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let targets: Vec<bson::Uuid> = targets.iter().copied().map(uuid).collect();
        let kinds = [EntryType::Edit, EntryType::Delete, EntryType::Reaction];
        let filter = doc! {
            "conversationId": uuid(id),
            "target": { "$in": targets },
            "type": { "$in": kinds.map(EntryType::as_str).to_vec() },
        };
        let find = self.entries.find(filter).sort(doc! { "seq": -1 });
        read_all(find.limit(i64::from(limit))).await
    }

    #[tracing::instrument(name = "entry_is_deleted", level = "debug", skip_all, fields(conversation_id = %id, entry_id = %target))]
    async fn is_deleted(&self, id: ConversationId, target: EntryId) -> Result<bool, StoreError> {
        let deletion = about(id, target, EntryType::Delete);
        Ok(within(self.entries.find_one(deletion)).await?.is_some())
    }

    #[tracing::instrument(name = "entry_answers", level = "debug", skip_all, fields(conversation_id = %id, entry_id = %target))]
    async fn answers(
        &self,
        id: ConversationId,
        target: EntryId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new()); // no limit at all, to the server
        }
        let mut filter = about(id, target, EntryType::Message);
        filter.insert("seq", doc! { "$gt": integer(after) });
        filter.insert("data", doc! { "$ne": null });
        let find = self.entries.find(filter).sort(doc! { "seq": 1 });
        read_all(find.limit(i64::from(limit))).await
    }

    #[tracing::instrument(name = "entry_forget", level = "debug", skip_all, fields(conversation_id = %id, entry_id = %target))]
    async fn forget(&self, id: ConversationId, target: EntryId) -> Result<(), StoreError> {
        // One statement each, so that each finds its index.
        for mut written in [named(id, target), about(id, target, EntryType::Edit)] {
            written.insert("data", doc! { "$ne": null });
            let forget = doc! { "$set": { "data": null } };
            within(self.entries.update_many(written, forget)).await?;
        }
        Ok(())
    }

    #[tracing::instrument(name = "entry_rewrite", level = "debug", skip_all, fields(conversation_id = %id, seq = seq))]
    async fn rewrite(
        &self,
        id: ConversationId,
        seq: u64,
        data: &RawValue,
    ) -> Result<(), StoreError> {
        let mut written = range(id, seq.saturating_sub(1), seq);
        written.insert("data", doc! { "$ne": null });
        let rewrite = doc! { "$set": { "data": data.get() } };
        within(self.entries.update_one(written, rewrite)).await.map(drop)
    }

    #[tracing::instrument(name = "entry_unfinished_deletions", level = "debug", skip_all, fields(limit = limit))]
    async fn unfinished_deletions(&self, limit: u32) -> Result<Vec<Entry>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new()); // no limit at all, to the server
        }
        read_all(self.entries.find(doc! { "unfinished": true }).limit(i64::from(limit))).await
    }

    #[tracing::instrument(name = "entry_finish_deletion", level = "debug", skip_all, fields(conversation_id = %id, seq = seq))]
    async fn finish_deletion(&self, id: ConversationId, seq: u64) -> Result<(), StoreError> {
        let deletion = range(id, seq.saturating_sub(1), seq);
        let done = doc! { "$unset": { "unfinished": "" } };
        within(self.entries.update_one(deletion, done)).await.map(drop)
    }

    /// Expiry tells them from headers, which go earlier, so that these are not read.
    #[tracing::instrument(name = "entry_overdue", level = "debug", skip_all, fields(limit = limit))]
    async fn overdue(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(ConversationId, u64)>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new()); // no limit at all, to the server
        }
        let above =
            if self.limits.header < AFTER_CAP { self.limits.header } else { <_>::default() };
        let due = doc! { "$gt": date(now.plus(above)), "$lte": date(now.plus(AFTER_CAP)) };
        let places: Collection<Place> = self.entries.clone_with_type();
        let find = places.find(doc! { "expiresAt": due, "data": { "$ne": null } });
        let find = find.sort(doc! { "expiresAt": 1 }).limit(i64::from(limit));
        let find = find.projection(doc! { "conversationId": 1, "seq": 1 });
        let found: Vec<Place> = within(async move { find.await?.try_collect().await }).await?;
        let mut last: HashMap<ConversationId, u64> = HashMap::new();
        for place in found {
            let last = last.entry(read_id(place.conversation_id)).or_default();
            *last = (*last).max(number(place.seq)?);
        }
        Ok(last.into_iter().collect())
    }

    #[tracing::instrument(name = "entry_keep", level = "debug", skip_all, fields(conversation_id = %id, after = after, to = to))]
    async fn keep(&self, id: ConversationId, after: u64, to: u64) -> Result<(), StoreError> {
        let mut written = range(id, after, to);
        written.insert("data", doc! { "$ne": null });
        written.insert("expiresAt", doc! { "$exists": true });
        let keep = doc! { "$unset": { "expiresAt": "" } };
        within(self.entries.update_many(written, keep)).await.map(drop)
    }

    #[tracing::instrument(name = "entry_unkeep", level = "debug", skip_all, fields(conversation_id = %id, after = after))]
    async fn unkeep(&self, id: ConversationId, after: u64) -> Result<(), StoreError> {
        let mut written = range(id, after, u64::MAX);
        written.insert("data", doc! { "$ne": null });
        written.insert("expiresAt", doc! { "$exists": false });
        let keep = (self.limits.cap + AFTER_CAP).as_millis();
        let keep = i64::try_from(keep).unwrap_or(i64::MAX);
        let unkeep = vec![doc! { "$set": { "expiresAt": { "$add": ["$createdAt", keep] } } }];
        within(self.entries.update_many(written, unkeep)).await.map(drop)
    }
}

fn named(id: ConversationId, entry: EntryId) -> Document {
    doc! { "conversationId": uuid(id), "mid": uuid(entry) }
}

fn about(id: ConversationId, target: EntryId, kind: EntryType) -> Document {
    doc! { "conversationId": uuid(id), "target": uuid(target), "type": kind.as_str() }
}
