//! New epochs in `MongoDB`.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use bson::{Document, doc};
use futures::{StreamExt, TryStreamExt, stream};
use kernel::{ConversationId, UserId};
use mongodb::{Collection, Database};
use serde::Deserialize;

use super::store::{EpochStore, Survey};
use crate::conversations::mongo::wrote;
use crate::delivery::mongo::{MongoDelivery, renew};
use crate::delivery::store::DeliveryStore;
use crate::log::store::Head;
use crate::mongo::{
    CONVERSATIONS, MEMBERS, MEMBERSHIPS, id as read_id, integer, number, pair, pairs_of,
    update_each, uuid, within,
};
use crate::store::StoreError;

/// Conversations that are read at once.
const AT_ONCE: usize = 8;
/// People whose read positions are read at once.
const PEOPLE: usize = 1_000;

#[derive(Debug, Deserialize)]
struct IdRow {
    #[serde(rename = "_id")]
    id: bson::Uuid,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlaceRow {
    user_id: bson::Uuid,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadRow {
    conversation_id: bson::Uuid,
    user_id: bson::Uuid,
    read_seq: i64,
    read_count: i64,
}

type Place = (ConversationId, UserId);

/// Epochs of all conversations, in one database.
#[derive(Debug)]
pub struct MongoEpochs {
    db: Database,
    delivery: MongoDelivery,
}

impl MongoEpochs {
    /// Keeps them in this database, which [`crate::mongo::open`] opened.
    pub fn new(db: &Database) -> Self {
        Self { db: db.clone(), delivery: MongoDelivery::new(db) }
    }
}

#[async_trait]
impl EpochStore for MongoEpochs {
    #[tracing::instrument(name = "epochs_page", level = "debug", skip_all, fields(limit = limit))]
    async fn page(
        &self,
        after: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<ConversationId>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new()); // no limit at all, to the server
        }
        let mut filter = doc! { "gone": { "$ne": true } };
        if let Some(after) = after {
            filter.insert("_id", doc! { "$gt": uuid(after) });
        }
        let conversations: Collection<IdRow> = self.db.collection(CONVERSATIONS);
        let find = conversations.find(filter).sort(doc! { "_id": 1 }).limit(i64::from(limit));
        let find = find.projection(doc! { "_id": 1 });
        let rows: Vec<IdRow> = within(async move { find.await?.try_collect().await }).await?;
        Ok(rows.into_iter().map(|row| read_id(row.id)).collect())
    }

    #[tracing::instrument(name = "epochs_survey", level = "debug", skip_all, fields(conversations = ends.len()))]
    async fn survey(&self, ends: &[(ConversationId, Head)]) -> Result<Survey, StoreError> {
        Ok(self.look(ends).await?.0)
    }

    #[tracing::instrument(name = "epochs_renew", level = "debug", skip_all, fields(conversations = ends.len()))]
    async fn renew(
        &self,
        ends: &[(ConversationId, Head)],
        epoch: &str,
    ) -> Result<Survey, StoreError> {
        let (found, ahead) = self.look(ends).await?;
        let ends_at: Vec<_> = ends.iter().map(|(id, end)| (*id, end.seq)).collect();
        renew(&self.db, &ends_at).await?;
        let lower = |((id, user), end): &(Place, Head)| {
            let end = doc! { "readSeq": integer(end.seq), "readCount": integer(end.count) };
            doc! { "q": { "_id": pair(*user, *id), "userId": uuid(*user) }, "u": { "$min": end } }
        };
        let lowered: Vec<Document> = ahead.iter().map(lower).collect();
        update_each(&self.db, MEMBERSHIPS, &lowered).await?;
        let begin = |(id, end): &(ConversationId, Head)| {
            let begun = doc! { "epoch": { "$literal": epoch }, "wrote": wrote::lower(*end) };
            doc! { "q": { "_id": uuid(*id) }, "u": [{ "$set": begun }] }
        };
        let begun: Vec<Document> = ends.iter().map(begin).collect();
        update_each(&self.db, CONVERSATIONS, &begun).await?;
        Ok(found)
    }
}

impl MongoEpochs {
    /// What there is, and who has read beyond the end.
    async fn look(
        &self,
        ends: &[(ConversationId, Head)],
    ) -> Result<(Survey, Vec<(Place, Head)>), StoreError> {
        let ends: HashMap<ConversationId, Head> = ends.iter().copied().collect();
        let ids: Vec<ConversationId> = ends.keys().copied().collect();
        let mut found = Survey { conversations: ids.len() as u64, ..Survey::default() };
        for (id, standing) in self.delivery.standings(&ids).await? {
            let end = ends.get(&id).map_or(0, |end| end.seq);
            let above = standing.cursors.iter().filter(|held| held.seq > end).count();
            let devices = standing.cursors.iter().filter(|held| held.device.is_some()).count();
            found.cursors += devices as u64;
            found.above += above as u64 + u64::from(standing.progress.floor > end);
        }
        let (mut ahead, wrote) = (Vec::new(), wrote::all(&self.db, &ids).await?);
        for places in self.people(&ids).await?.chunks(PEOPLE) {
            for (place, read) in self.reads(places).await? {
                let wrote = wrote.get(&place).copied().unwrap_or_default();
                let read = (read.0.max(wrote.0), read.1.max(wrote.1));
                let end = ends.get(&place.0).copied().unwrap_or_default();
                if read.0 > end.seq || read.1 > end.count {
                    ahead.push((place, end));
                }
            }
        }
        found.read_above = ahead.len() as u64;
        Ok((found, ahead))
    }

    /// Everyone in the conversations, those on their way out too.
    async fn people(&self, ids: &[ConversationId]) -> Result<Vec<Place>, StoreError> {
        let members: Collection<PlaceRow> = self.db.collection(MEMBERS);
        let all = stream::iter(ids.to_vec()).map(|id| {
            let find = members.find(doc! { "conversationId": uuid(id), "_id": pairs_of(id) });
            let find = find.projection(doc! { "_id": 0, "userId": 1 });
            within(async move {
                let rows: Vec<PlaceRow> = find.await?.try_collect().await?;
                Ok(rows.into_iter().map(|row| (id, read_id(row.user_id))).collect::<Vec<_>>())
            })
        });
        all.buffer_unordered(AT_ONCE).try_concat().await
    }

    async fn reads(&self, places: &[Place]) -> Result<Vec<(Place, (u64, u64))>, StoreError> {
        let users: BTreeSet<UserId> = places.iter().map(|(_, user)| *user).collect();
        let users: Vec<bson::Uuid> = users.into_iter().map(uuid).collect();
        let keys: Vec<bson::Binary> = places.iter().map(|(id, user)| pair(*user, *id)).collect();
        let memberships: Collection<ReadRow> = self.db.collection(MEMBERSHIPS);
        let filter = doc! { "userId": { "$in": users }, "_id": { "$in": keys } };
        let find = memberships.find(filter);
        let rows: Vec<ReadRow> = within(async move { find.await?.try_collect().await }).await?;
        let read = |row: ReadRow| {
            let place = (read_id(row.conversation_id), read_id(row.user_id));
            Ok((place, (number(row.read_seq)?, number(row.read_count)?)))
        };
        rows.into_iter().map(read).collect()
    }
}
