mod change;
#[cfg(test)]
mod cost;
mod rows;

use async_trait::async_trait;
use bson::{Document, doc};
use contracts::Relations;
use futures::TryStreamExt;
use kernel::UserId;
use uuid::Uuid;

use super::store::{Answer, Answered, Contact, Contacts, List, Place, Side, Standing, Wanted};
use crate::mongo::{CONTACT_KEYS, CONTACTS, Mongo, date, id, uuid, within};
use crate::store::StoreError;
use rows::{KeyRow, Row};

/// Contacts in MongoDB.
#[derive(Debug)]
pub(crate) struct MongoContacts(pub(crate) Mongo);

#[async_trait]
impl Contacts for MongoContacts {
    #[tracing::instrument(skip_all, fields(user_id = %wanted.user, change = ?wanted.change))]
    async fn change(&self, wanted: Wanted) -> Result<Answer, StoreError> {
        self.0.transaction((self.0.clone(), wanted), change::run).await
    }

    async fn answered(&self, user: UserId, key: Uuid) -> Result<Option<Answered>, StoreError> {
        let rows = self.0.rows::<KeyRow>(CONTACT_KEYS);
        let found = within(rows.find_one(doc! { "_id": rows::key_id(user, key) })).await?;
        found.map(Answered::try_from).transpose()
    }

    async fn side(&self, user: UserId, other: UserId) -> Result<Side, StoreError> {
        let rows = self.0.rows::<Row>(CONTACTS);
        let found = within(rows.find_one(rows::of(user, other))).await?;
        found.map_or(Ok(Side::default()), Side::try_from)
    }

    async fn list(
        &self,
        user: UserId,
        list: List,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Vec<Contact>, StoreError> {
        let mut filter = standing(user, list.standings());
        if let Some(Place { since, other }) = after {
            let [earlier, same] = [doc! { "$lt": date(since) }, doc! { "$eq": date(since) }];
            let behind = doc! { "since": same, "otherId": { "$lt": uuid(other) } };
            filter.insert("$or", vec![doc! { "since": earlier }, behind]);
        }
        let rows = self.0.rows::<Row>(CONTACTS);
        let newest = doc! { "since": -1, "otherId": -1 };
        let find = async {
            let found = rows.find(filter).sort(newest).limit(i64::from(limit));
            found.await?.try_collect::<Vec<_>>().await
        };
        within(find).await?.into_iter().map(Contact::try_from).collect()
    }

    async fn relations(&self, user: UserId) -> Result<Relations, StoreError> {
        let known = vec![Standing::Accepted.as_str(), Standing::Blocked.as_str()];
        let either = vec![doc! { "standing": { "$in": known } }, doc! { "blockedBy": true }];
        let filter = doc! { "userId": uuid(user), "$or": either };
        let rows = self.0.rows::<Row>(CONTACTS);
        let find = async { rows.find(filter).await?.try_collect::<Vec<_>>().await };
        let mut relations = Relations::default();
        for row in within(find).await? {
            let other = id(row.other_id);
            Side::try_from(row)?.relate(other, &mut relations);
        }
        Ok(relations)
    }
}

/// Those who are one of these to this person.
fn standing(user: UserId, standings: &[Standing]) -> Document {
    let standings: Vec<_> = standings.iter().map(|standing| standing.as_str()).collect();
    doc! { "userId": uuid(user), "standing": { "$in": standings } }
}
