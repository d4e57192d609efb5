//! Changes of retention under way, as part of the delivery document.

use bson::{DateTime, Document, doc};
use futures::TryStreamExt;
use kernel::{ConversationId, EntryId};
use mongodb::Collection;
use mongodb::options::ReturnDocument;
use serde::{Deserialize, Serialize};

use super::{MongoDelivery, pipeline};
use crate::conversations::Retention;
use crate::delivery::store::{Told, Turning};
use crate::mongo::{date, id as read_id, name, number, time, uuid, within};
use crate::store::StoreError;

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    to: String,
    entry: bson::Uuid,
    by: bson::Uuid,
    begun: DateTime,
    #[serde(default)]
    told: Option<ToldRow>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct ToldRow {
    seq: i64,
    at: DateTime,
}

#[derive(Debug, Deserialize)]
struct Holder {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    turning: Option<Row>,
}

impl Row {
    fn turning(self) -> Result<Turning, StoreError> {
        Ok(Turning {
            to: name(&self.to, Retention::from_name)?,
            entry: read_id(self.entry),
            by: read_id(self.by),
            begun: time(self.begun),
            told: self.told.map(told).transpose()?,
        })
    }
}

fn told(row: ToldRow) -> Result<Told, StoreError> {
    Ok(Told { seq: number(row.seq)?, at: time(row.at) })
}

/// Matches the conversation while the change that this entry tells of is under way.
pub(super) fn of(id: ConversationId, entry: EntryId) -> Document {
    doc! { "_id": uuid(id), "turning.entry": uuid(entry) }
}

impl MongoDelivery {
    pub(super) async fn begin_turning(
        &self,
        id: ConversationId,
        turning: &Turning,
    ) -> Result<Option<Turning>, StoreError> {
        let row = doc! {
            "to": turning.to.as_str(),
            "entry": uuid(turning.entry),
            "by": uuid(turning.by),
            "begun": date(turning.begun),
        };
        let told_other = doc! {
            "turning.told": { "$exists": true },
            "turning.entry": { "$ne": uuid(turning.entry) },
        };
        let none = doc! { "turning": { "$exists": false } };
        let free = doc! { "_id": uuid(id), "$or": [none, told_other] };
        let holders: Collection<Holder> = self.delivery.clone_with_type();
        let update = holders
            .find_one_and_update(free, pipeline::turn(row, turning.to))
            .projection(doc! { "turning": 1 })
            .return_document(ReturnDocument::After);
        let holder = if let Some(holder) = within(update).await? {
            Some(holder)
        } else {
            let find = holders.find_one(doc! { "_id": uuid(id) });
            within(find.projection(doc! { "turning": 1 })).await?
        };
        holder.and_then(|holder| holder.turning).map(Row::turning).transpose()
    }

    pub(super) async fn find_turnings(
        &self,
        limit: u32,
    ) -> Result<Vec<(ConversationId, Turning)>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new()); // no limit at all, to the server
        }
        let holders: Collection<Holder> = self.delivery.clone_with_type();
        let find = holders.find(doc! { "turning.entry": { "$exists": true } });
        let find = find.projection(doc! { "turning": 1 }).limit(i64::from(limit));
        let rows: Vec<Holder> = within(async move { find.await?.try_collect().await }).await?;
        let under_way = rows.into_iter().filter_map(|row| Some((row.id, row.turning?)));
        under_way.map(|(id, row)| Ok((read_id(id), row.turning()?))).collect()
    }
}
