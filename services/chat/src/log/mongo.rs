//! The logs in MongoDB. Any number of instances write; the unique index on the position arbitrates between them.

mod append;
mod ends;
mod heads;
mod insert;
mod row;
mod single;
mod strip;
mod tails;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bson::{Document, doc};
use futures::TryStreamExt;
use futures::future::try_join;
use kernel::{Clock, ConversationId};
use mongodb::action::Find;
use mongodb::{Collection, Database};

use self::heads::{Heads, Moment};
use self::row::{End, Row, range};
use super::entry::Entry;
use super::store::{Appended, Draft, Head, LogStore, Part, Tail, Wanted};
use crate::conversations::mongo::wrote::raise;
use crate::mongo::{CONVERSATIONS, ENTRIES, Layout, update_each, uuid, within};
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
    /// One round of an append.
    pub append_timeout: Duration,
    /// How long the end of a log is believed without being confirmed. Far below `header`.
    pub head_cache: Duration,
}

/// The logs of all conversations, in one database.
#[derive(Debug)]
pub struct MongoLog {
    db: Database,
    layout: Layout,
    entries: Collection<Row>,
    heads: Heads,
    limits: Limits,
    clock: Arc<dyn Clock>,
}

impl MongoLog {
    /// Keeps them in this database, which [`crate::mongo::open`] opened.
    pub fn new(db: &Database, layout: Layout, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let heads = Heads::new(limits.head_cache);
        Self { db: db.clone(), layout, entries: db.collection(ENTRIES), heads, limits, clock }
    }

    /// The end of the log: its last entry, or what the conversation counts if entries at the end are gone already.
    async fn head(&self, id: ConversationId) -> Result<Head, StoreError> {
        let conversations = self.db.collection::<End>(CONVERSATIONS);
        let counted = doc! { "headSeq": 1, "headCount": 1, "headMseq": 1 };
        let counted = conversations.find_one(doc! { "_id": uuid(id) }).projection(counted);
        let entries = self.entries.clone_with_type::<End>();
        let last = entries.find_one(range(id, 0, u64::MAX)).sort(doc! { "_id": -1 });
        let last = last.projection(doc! { "seq": 1, "count": 1, "mseq": 1 });
        let both = try_join(counted.into_future(), last.into_future());
        let (counted, last) = within(both).await?;
        let counted = counted.map(End::head).transpose()?.unwrap_or_default();
        let last = last.map(End::head).transpose()?.unwrap_or_default();
        Ok(if counted.seq > last.seq { counted } else { last })
    }
}

#[async_trait]
impl LogStore for MongoLog {
    #[tracing::instrument(name = "log_append", level = "debug", skip_all, fields(drafts = drafts.len()))]
    async fn append(&self, drafts: &[Draft]) -> Vec<Appended> {
        self.append_all(drafts).await
    }

    fn seen(&self, id: ConversationId, head: Head) {
        self.heads.confirm(id, head, Moment::now(&*self.clock));
    }

    #[tracing::instrument(name = "log_raise_heads", level = "debug", skip_all, fields(conversations = heads.len()))]
    async fn raise_heads(&self, heads: &[(ConversationId, Head)]) -> Result<(), StoreError> {
        let one = |(id, head): &(ConversationId, Head)| {
            doc! { "q": { "_id": uuid(*id) }, "u": { "$max": raise(*head) } }
        };
        let raises: Vec<Document> = heads.iter().map(one).collect();
        update_each(&self.db, CONVERSATIONS, &raises).await
    }

    #[tracing::instrument(name = "log_heads", level = "debug", skip_all, fields(conversations = ids.len()))]
    async fn heads(&self, ids: &[ConversationId]) -> Result<Vec<Head>, StoreError> {
        match ids {
            [id] => Ok(vec![self.head(*id).await?]),
            _ => self.heads_of(ids).await,
        }
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

    #[tracing::instrument(name = "log_tails", level = "debug", skip_all, fields(conversations = wanted.len()))]
    async fn tails(&self, wanted: &[Wanted]) -> Result<Vec<Tail>, StoreError> {
        tails::read(&self.db, &self.entries, wanted).await
    }

    #[tracing::instrument(name = "log_strip", level = "debug", skip_all, fields(parts = parts.len()))]
    async fn strip_all(&self, parts: &[Part]) -> Result<(), StoreError> {
        let header = i64::try_from(self.limits.header.as_millis()).unwrap_or(i64::MAX);
        // The database's clock removes the header, so it also says from when on it counts.
        let expires = doc! { "$add": ["$$NOW", header] };
        let forget = vec![doc! { "$set": { "data": null, "expiresAt": expires } }];
        let strip = |mut which: Document| {
            which.insert("data", doc! { "$ne": null });
            doc! { "q": which, "u": forget.clone(), "multi": true }
        };
        let strips: Vec<Document> =
            strip::which(self.layout, parts).into_iter().map(strip).collect();
        update_each(&self.db, ENTRIES, &strips).await
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
