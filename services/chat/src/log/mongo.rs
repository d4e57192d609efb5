//! The logs in MongoDB. Any number of instances write; the unique index on the position arbitrates between them.

mod append;
mod heads;
mod row;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bson::{Document, doc};
use futures::{StreamExt, TryStreamExt, stream};
use kernel::{Clock, ConversationId, Random, Timestamp};
use mongodb::action::Find;
use mongodb::{Collection, Database};

use self::heads::Heads;
use self::row::{Row, range};
use super::entry::Entry;
use super::store::{Appended, Draft, Head, LogStore};
use crate::mongo::{CONVERSATIONS, ENTRIES, date, integer, update_each, uuid, within};
use crate::store::StoreError;

/// Conversations that one call works on at once.
const AT_ONCE: usize = 32;

/// What the log may take up, and how long it keeps things.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long the header of a stripped entry stays, by the database's clock.
    pub header: Duration,
    /// How long content stays that nobody calls for.
    pub cap: Duration,
    /// One append, all its tries included.
    pub append_timeout: Duration,
    /// How long the end of a log is believed without being confirmed. Far below `header`.
    pub head_cache: Duration,
}

/// The logs of all conversations, in one database.
#[derive(Debug)]
pub struct MongoLog {
    db: Database,
    entries: Collection<Row>,
    heads: Heads,
    limits: Limits,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl MongoLog {
    /// Keeps them in this database, which [`crate::mongo::open`] opened.
    pub fn new(
        db: &Database,
        limits: Limits,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let heads = Heads::new(limits.head_cache);
        Self { db: db.clone(), entries: db.collection(ENTRIES), heads, limits, clock, random }
    }
}

#[async_trait]
impl LogStore for MongoLog {
    async fn append(&self, drafts: &[Draft]) -> Vec<Appended> {
        let mut lanes: HashMap<ConversationId, Vec<usize>> = HashMap::new();
        for (place, draft) in drafts.iter().enumerate() {
            lanes.entry(draft.conversation).or_default().push(place);
        }
        let mut runs = stream::iter(lanes)
            .map(|(id, places)| async move {
                let own = places.iter().map(|place| drafts[*place].clone()).collect();
                (places, self.append_to(id, own).await)
            })
            .buffer_unordered(AT_ONCE);
        let mut outcome = vec![Appended::Unavailable; drafts.len()];
        while let Some((places, appended)) = runs.next().await {
            for (place, appended) in places.into_iter().zip(appended) {
                outcome[place] = appended;
            }
        }
        outcome
    }

    #[tracing::instrument(name = "log_raise_heads", level = "debug", skip_all, fields(conversations = heads.len()))]
    async fn raise_heads(
        &self,
        heads: &[(ConversationId, Head)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let raise = |(id, head): &(ConversationId, Head)| {
            let lower = doc! { "_id": uuid(*id), "headSeq": { "$lt": integer(head.seq) } };
            let raised = doc! {
                "headSeq": integer(head.seq),
                "headCount": integer(head.count),
                "headMseq": integer(head.mseq),
                "activeAt": date(now),
            };
            doc! { "q": lower, "u": { "$max": raised } }
        };
        let raises: Vec<Document> = heads.iter().map(raise).collect();
        update_each(&self.db, CONVERSATIONS, &raises).await
    }

    #[tracing::instrument(name = "log_heads", level = "debug", skip_all, fields(conversations = ids.len()))]
    async fn heads(&self, ids: &[ConversationId]) -> Result<Vec<Head>, StoreError> {
        let ids = ids.to_vec();
        stream::iter(ids).map(|id| self.head(id)).buffered(AT_ONCE).try_collect().await
    }

    #[tracing::instrument(name = "log_entries", level = "debug", skip_all, fields(conversation_id = %id, after = after, limit = limit))]
    async fn entries(
        &self,
        id: ConversationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new()); // no limit at all, to the server
        }
        let find = self.entries.find(range(id, after, u64::MAX)).sort(doc! { "_id": 1 });
        read_all(find.limit(i64::from(limit))).await
    }

    #[tracing::instrument(name = "log_strip", level = "debug", skip_all, fields(conversation_id = %id, from = from, to = to))]
    async fn strip(&self, id: ConversationId, from: u64, to: u64) -> Result<(), StoreError> {
        let mut written = range(id, from, to);
        written.insert("data", doc! { "$ne": null });
        let header = i64::try_from(self.limits.header.as_millis()).unwrap_or(i64::MAX);
        // The database's clock removes the header, so it also says from when on it counts.
        let expires = doc! { "$add": ["$$NOW", header] };
        let strip = vec![doc! { "$set": { "data": null, "expiresAt": expires } }];
        within(self.entries.update_many(written, strip)).await?;
        Ok(())
    }

    /// The database does it by itself.
    async fn remove_expired(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}

async fn read_all(find: Find<'_, Row>) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<Row> = within(async move { find.await?.try_collect().await }).await?;
    rows.into_iter().map(Row::entry).collect()
}
