//! Delivery cursors in MongoDB: one document for each conversation, so that the floor, joins and acknowledgements see each
//! other whole.

mod pipeline;
mod turning;

use std::collections::HashMap;

use async_trait::async_trait;
use bson::{Document, doc};
use futures::TryStreamExt;
use kernel::{ConversationId, DeviceId, EntryId, Timestamp, UserId};
use mongodb::options::ReturnDocument;
use mongodb::{Collection, Database};
use serde::Deserialize;

use super::store::{Ack, DeliveryStore, Owner, Progress, Standing, Stored, Told, Turning};
use crate::conversations::Retention;
use crate::conversations::store::Party;
use crate::mongo::{
    DELIVERY, DEVICES, date, id as read_id, is_duplicate, name, number, update_each, uuid, within,
};
use crate::store::StoreError;

/// More than a person has conversations: what belongs to all of them comes in one reply.
const ALL: u32 = 10_000;
/// How often an upsert is tried that another one was faster with.
const TRIES: u32 = 5;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProgressRow {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    floor: i64,
    stripped_to: i64,
    retention: String,
}

/// Delivery cursors of all conversations, in one database.
#[derive(Debug)]
pub struct MongoDelivery {
    db: Database,
    delivery: Collection<ProgressRow>,
    devices: Collection<Document>,
}

impl MongoDelivery {
    /// Keeps them in this database, which [`crate::mongo::open`] opened.
    pub fn new(db: &Database) -> Self {
        Self { db: db.clone(), delivery: db.collection(DELIVERY), devices: db.collection(DEVICES) }
    }
}

/// Writes the first cursors of a conversation, or adds those that an earlier call did not know of.
pub(crate) async fn begin(
    db: &Database,
    id: ConversationId,
    retention: Retention,
    parties: &[Party],
) -> Result<(), StoreError> {
    let delivery: Collection<ProgressRow> = db.collection(DELIVERY);
    let mut update = vec![pipeline::begin(retention)];
    for party in parties {
        update.extend(pipeline::join(party.user, &party.devices));
    }
    for _ in 0..TRIES {
        let upsert = delivery.update_one(doc! { "_id": uuid(id) }, update.clone()).upsert(true);
        match within(async move { Ok(upsert.await) }).await? {
            Ok(_) => return Ok(()),
            Err(error) if is_duplicate(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Unavailable("another one was faster each time".to_owned()))
}

/// Gives somebody who joins their cursors. Does nothing in a conversation that has no delivery state.
pub(crate) async fn join(
    db: &Database,
    id: ConversationId,
    user: UserId,
    devices: &[DeviceId],
) -> Result<(), StoreError> {
    let join = doc! { "q": { "_id": uuid(id) }, "u": pipeline::join(user, devices) };
    update_each(db, DELIVERY, &[join]).await
}

/// Takes everything away of somebody who is out; answers where the conversation then stands.
pub(crate) async fn leave(
    db: &Database,
    id: ConversationId,
    user: UserId,
) -> Result<Option<Progress>, StoreError> {
    let delivery: Collection<ProgressRow> = db.collection(DELIVERY);
    let update = delivery
        .find_one_and_update(doc! { "_id": uuid(id) }, pipeline::leave_for_good(user))
        .projection(standing())
        .return_document(ReturnDocument::After);
    within(update).await?.as_ref().map(progress).transpose()
}

/// Forgets who has stored what of a conversation that is gone.
pub(crate) async fn end(db: &Database, id: ConversationId) -> Result<(), StoreError> {
    let delivery: Collection<ProgressRow> = db.collection(DELIVERY);
    within(delivery.delete_one(doc! { "_id": uuid(id) })).await.map(drop)
}

/// Makes the cursors of these conversations, whose logs end there, those of an earlier epoch, as
/// [`crate::epochs::store::EpochStore::renew`] promises.
pub(crate) async fn renew(db: &Database, ends: &[(ConversationId, u64)]) -> Result<(), StoreError> {
    let one = |(id, end): &(ConversationId, u64)| doc! { "q": { "_id": uuid(*id) }, "u": pipeline::renew(*end) };
    update_each(db, DELIVERY, &ends.iter().map(one).collect::<Vec<_>>()).await
}

#[async_trait]
impl DeliveryStore for MongoDelivery {
    #[tracing::instrument(name = "delivery_acknowledge", level = "debug", skip_all, fields(conversations = all.len()))]
    async fn acknowledge_all(
        &self,
        all: &[(ConversationId, Vec<Ack>)],
    ) -> Result<Vec<Option<Progress>>, StoreError> {
        if let [(id, acks)] = all {
            return Ok(vec![self.acknowledge_one(*id, acks).await?]);
        }
        let raise = |(id, acks): &(ConversationId, Vec<Ack>)| {
            doc! { "q": { "_id": uuid(*id) }, "u": pipeline::acknowledge(acks) }
        };
        let raises: Vec<Document> = all.iter().map(raise).collect();
        update_each(&self.db, DELIVERY, &raises).await?;
        // Read afterwards, the positions may be higher than what these updates made them: they only rise.
        let ids: Vec<ConversationId> = all.iter().map(|(id, _)| *id).collect();
        let found = self.progress_of(&ids).await?;
        Ok(ids.iter().map(|id| found.get(id).copied()).collect())
    }

    #[tracing::instrument(name = "delivery_stripped", level = "debug", skip_all, fields(conversations = done.len()))]
    async fn stripped_all(&self, done: &[(ConversationId, u64)]) -> Result<(), StoreError> {
        let note = |(id, to): &(ConversationId, u64)| {
            doc! { "q": { "_id": uuid(*id) }, "u": pipeline::stripped(*to) }
        };
        let notes: Vec<Document> = done.iter().map(note).collect();
        update_each(&self.db, DELIVERY, &notes).await
    }

    #[tracing::instrument(name = "delivery_unfinished", level = "debug", skip_all, fields(limit = limit))]
    async fn unfinished(
        &self,
        after: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<(ConversationId, Progress)>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new()); // no limit at all, to the server
        }
        let mut marked = doc! { "dirty": true };
        if let Some(after) = after {
            marked.insert("_id", doc! { "$gt": uuid(after) });
        }
        let find = self.delivery.find(marked).sort(doc! { "_id": 1 }).limit(i64::from(limit));
        let find = find.projection(standing());
        let rows: Vec<ProgressRow> = within(async move { find.await?.try_collect().await }).await?;
        rows.iter().map(|row| Ok((read_id(row.id), progress(row)?))).collect()
    }

    #[tracing::instrument(name = "delivery_is_registered", level = "debug", skip_all, fields(device_id = %owner.device))]
    async fn is_registered(&self, owner: Owner) -> Result<bool, StoreError> {
        let filter = doc! { "_id": uuid(owner.device), "userId": uuid(owner.user) };
        Ok(within(self.devices.find_one(filter)).await?.is_some())
    }

    #[tracing::instrument(name = "delivery_register", level = "debug", skip_all, fields(user_id = %owner.user, device_id = %owner.device, conversations = ids.len()))]
    async fn register(
        &self,
        owner: Owner,
        ids: &[ConversationId],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let join = pipeline::join(owner.user, &[owner.device]);
        let joins: Vec<Document> =
            ids.iter().map(|id| doc! { "q": { "_id": uuid(*id) }, "u": join.clone() }).collect();
        update_each(&self.db, DELIVERY, &joins).await?;
        // Last: who finds it need not look at the cursors.
        let row = doc! { "$set": { "userId": uuid(owner.user), "registeredAt": date(now) } };
        update_each(
            &self.db,
            DEVICES,
            &[doc! { "q": { "_id": uuid(owner.device) }, "u": row, "upsert": true }],
        )
        .await
    }

    #[tracing::instrument(name = "delivery_remove", level = "debug", skip_all, fields(user_id = %owner.user, device_id = %owner.device, conversations = ids.len()))]
    async fn remove(
        &self,
        owner: Owner,
        ids: &[ConversationId],
    ) -> Result<Vec<(ConversationId, Progress)>, StoreError> {
        let leave = pipeline::leave(owner);
        let cursor = pipeline::cursor(owner.user, owner.device);
        let one = |id: &ConversationId| {
            let there = doc! { "_id": uuid(*id), &cursor: { "$exists": true } };
            doc! { "q": there, "u": leave.clone() }
        };
        let leaves: Vec<Document> = ids.iter().map(one).collect();
        update_each(&self.db, DELIVERY, &leaves).await?;
        let filter = doc! { "_id": uuid(owner.device), "userId": uuid(owner.user) };
        within(self.devices.delete_one(filter)).await?;
        let all = self.progress_of(ids).await?;
        Ok(all.into_iter().filter(|(_, progress)| progress.is_behind()).collect())
    }

    #[tracing::instrument(name = "delivery_stored", level = "debug", skip_all, fields(user_id = %owner.user, device_id = %owner.device, conversations = ids.len()))]
    async fn stored(
        &self,
        owner: Owner,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Stored>, StoreError> {
        let path = pipeline::cursor(owner.user, owner.device);
        let ids: Vec<bson::Uuid> = ids.iter().copied().map(uuid).collect();
        let there = doc! { "_id": { "$in": ids }, &path: { "$exists": true } };
        let seq = doc! { "seq": format!("${path}"), "floor": 1 };
        let delivery = self.delivery.clone_with_type::<CursorRow>();
        let find = delivery.find(there).projection(seq).batch_size(ALL);
        let rows: Vec<CursorRow> = within(async move { find.await?.try_collect().await }).await?;
        rows.into_iter().map(CursorRow::stored).collect()
    }

    #[tracing::instrument(name = "delivery_standings", level = "debug", skip_all, fields(conversations = ids.len()))]
    async fn standings(
        &self,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Standing>, StoreError> {
        let ids: Vec<bson::Uuid> = ids.iter().copied().map(uuid).collect();
        let delivery = self.delivery.clone_with_type::<StandingRow>();
        let find = delivery.find(doc! { "_id": { "$in": ids } });
        let find = find.projection(doc! { "floor": 1, "strippedTo": 1, "retention": 1, "d": 1 });
        let rows: Vec<StandingRow> = within(async move { find.await?.try_collect().await }).await?;
        rows.into_iter().map(StandingRow::standing).collect()
    }

    #[tracing::instrument(name = "delivery_turn", level = "debug", skip_all, fields(conversation_id = %id))]
    async fn turn(
        &self,
        id: ConversationId,
        turning: &Turning,
    ) -> Result<Option<Turning>, StoreError> {
        self.begin_turning(id, turning).await
    }

    #[tracing::instrument(name = "delivery_turned", level = "debug", skip_all, fields(conversation_id = %id, seq = told.seq))]
    async fn turned(
        &self,
        id: ConversationId,
        turning: &Turning,
        told: Told,
    ) -> Result<(), StoreError> {
        let same = turning::of(id, turning.entry);
        let update = self.delivery.update_one(same, pipeline::turned(turning, told));
        within(update).await.map(drop)
    }

    #[tracing::instrument(name = "delivery_settled", level = "debug", skip_all, fields(conversation_id = %id))]
    async fn settled(&self, id: ConversationId, entry: EntryId) -> Result<(), StoreError> {
        let done = doc! { "$unset": { "turning": "" } };
        within(self.delivery.update_one(turning::of(id, entry), done)).await.map(drop)
    }

    #[tracing::instrument(name = "delivery_turnings", level = "debug", skip_all, fields(limit = limit))]
    async fn turnings(&self, limit: u32) -> Result<Vec<(ConversationId, Turning)>, StoreError> {
        self.find_turnings(limit).await
    }

    #[tracing::instrument(name = "delivery_progress", level = "debug", skip_all, fields(conversations = ids.len()))]
    async fn progress_of(
        &self,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Progress>, StoreError> {
        let ids: Vec<bson::Uuid> = ids.iter().copied().map(uuid).collect();
        let find = self.delivery.find(doc! { "_id": { "$in": ids } }).projection(standing());
        let find = find.batch_size(ALL);
        let rows: Vec<ProgressRow> = within(async move { find.await?.try_collect().await }).await?;
        rows.iter().map(|row| Ok((read_id(row.id), progress(row)?))).collect()
    }
}

impl MongoDelivery {
    /// In one command instead of two.
    async fn acknowledge_one(
        &self,
        id: ConversationId,
        acks: &[Ack],
    ) -> Result<Option<Progress>, StoreError> {
        let update = self
            .delivery
            .find_one_and_update(doc! { "_id": uuid(id) }, pipeline::acknowledge(acks))
            .projection(standing())
            .return_document(ReturnDocument::After);
        within(update).await?.as_ref().map(progress).transpose()
    }
}

#[derive(Debug, Deserialize)]
struct CursorRow {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    seq: i64,
    floor: i64,
}

impl CursorRow {
    fn stored(self) -> Result<(ConversationId, Stored), StoreError> {
        let (seq, outdated) = pipeline::position(self.seq);
        Ok((read_id(self.id), Stored { seq, floor: number(self.floor)?, outdated }))
    }
}

#[derive(Debug, Deserialize)]
struct StandingRow {
    #[serde(flatten)]
    progress: ProgressRow,
    d: HashMap<String, i64>,
}

impl StandingRow {
    fn standing(self) -> Result<(ConversationId, Standing), StoreError> {
        let cursors = self.d.iter().map(|(key, seq)| pipeline::held(key, *seq));
        let cursors = cursors.collect::<Result<_, _>>()?;
        let progress = progress(&self.progress)?;
        Ok((read_id(self.progress.id), Standing { progress, cursors }))
    }
}

fn standing() -> Document {
    doc! { "floor": 1, "strippedTo": 1, "retention": 1 }
}

fn progress(row: &ProgressRow) -> Result<Progress, StoreError> {
    Ok(Progress {
        floor: number(row.floor)?,
        stripped_to: number(row.stripped_to)?,
        retention: name(&row.retention, Retention::from_name)?,
    })
}
