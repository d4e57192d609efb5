use async_trait::async_trait;
use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, DateTime, doc};
use bus::Message;
use contracts::events::Event;
use futures::TryStreamExt;
use mongodb::ClientSession;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Cause, Outbox};
use crate::mongo::{Mongo, OUTBOX, date, within};
use crate::store::StoreError;

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    /// When it happened; what happened in one millisecond of one instance is told apart by `order`, which rises.
    at: DateTime,
    order: ObjectId,
    topic: String,
    payload: Binary,
    traceparent: Option<String>,
}

/// Adds an event in the transaction that makes true what it tells.
pub(crate) async fn add(
    mongo: &Mongo,
    session: &mut ClientSession,
    cause: &Cause,
    event: &Event,
) -> mongodb::error::Result<()> {
    let row = row(cause, event);
    mongo.rows::<Row>(OUTBOX).insert_one(row).session(session).await.map(drop)
}

/// Adds events, at least one, in the transaction that makes true what they tell. One statement, however many.
pub(crate) async fn add_all(
    mongo: &Mongo,
    session: &mut ClientSession,
    cause: &Cause,
    events: &[Event],
) -> mongodb::error::Result<()> {
    let rows: Vec<Row> = events.iter().map(|event| row(cause, event)).collect();
    mongo.rows::<Row>(OUTBOX).insert_many(rows).session(session).await.map(drop)
}

fn row(cause: &Cause, event: &Event) -> Row {
    let message = cause.message(event);
    Row {
        id: bson::Uuid::from_bytes(message.id.into_bytes()),
        at: date(cause.at),
        order: ObjectId::new(),
        topic: message.topic,
        payload: Binary { subtype: BinarySubtype::Generic, bytes: message.payload.to_vec() },
        traceparent: message.traceparent,
    }
}

/// The outbox in MongoDB.
#[derive(Debug)]
pub(crate) struct MongoOutbox(pub(crate) Mongo);

#[async_trait]
impl Outbox for MongoOutbox {
    async fn waiting(&self, limit: u32) -> Result<Vec<Message>, StoreError> {
        let rows = self.0.rows::<Row>(OUTBOX);
        let find = async {
            let oldest = rows.find(doc! {}).sort(doc! { "at": 1, "order": 1 });
            oldest.limit(i64::from(limit)).await?.try_collect::<Vec<_>>().await
        };
        Ok(within(find).await?.into_iter().map(message).collect())
    }

    async fn remove(&self, message: Uuid) -> Result<(), StoreError> {
        let id = bson::Uuid::from_bytes(message.into_bytes());
        within(self.0.documents(OUTBOX).delete_one(doc! { "_id": id })).await.map(drop)
    }
}

fn message(row: Row) -> Message {
    Message {
        id: Uuid::from_bytes(row.id.bytes()),
        topic: row.topic,
        payload: row.payload.bytes.into(),
        traceparent: row.traceparent,
        ttl: None,
    }
}
