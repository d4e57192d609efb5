mod idle;
mod live;
mod room;
mod rows;
mod sign_in;

use async_trait::async_trait;
use bson::{Document, doc};
use contracts::LiveDevice;
use contracts::events::{DeviceRemoved, Event, SessionRevoked};
use futures::TryStreamExt;
use futures::future::{BoxFuture, FutureExt};
use kernel::{DeviceId, SessionId, Timestamp, UserId};
use mongodb::ClientSession;
use mongodb::error::Result as Answer;

use super::store::SEEN_STEP;
use super::{Accounts, Device, Ended, Owned, Rotation, SeenSince, Session, SignIn, SignedIn};
use crate::mongo::{DEVICES, Mongo, SESSIONS, date, uuid, within};
use crate::outbox::{Cause, add_mongo};
use crate::store::StoreError;
use rows::{DeviceRow, SessionRow};

/// Tries of a refresh that meets another of the same session. Each that fails means that another got through.
const TRIES: u32 = 16;

/// Accounts in MongoDB.
#[derive(Debug)]
pub(crate) struct MongoAccounts(pub(crate) Mongo);

#[async_trait]
impl Accounts for MongoAccounts {
    #[tracing::instrument(skip_all, fields(session = %sign_in.session.id))]
    async fn sign_in(&self, sign_in: SignIn) -> Result<SignedIn, StoreError> {
        self.0.transaction((self.0.clone(), sign_in), sign_in::run).await
    }

    async fn session(&self, session: SessionId) -> Result<Option<Session>, StoreError> {
        let rows = self.0.rows::<SessionRow>(SESSIONS);
        let row = within(rows.find_one(doc! { "_id": uuid(session) })).await?;
        row.map(Session::try_from).transpose()
    }

    #[tracing::instrument(skip(self, expires_at, cause))]
    async fn rotate(
        &self,
        session: SessionId,
        n: u64,
        expires_at: Timestamp,
        cause: &Cause,
    ) -> Result<Rotation, StoreError> {
        for _ in 0..TRIES {
            let found = self.session(session).await?;
            let open = found.filter(|f| f.revoked_at.is_none() && f.expires_at > cause.at);
            let Some(found) = open else { return Ok(Rotation::Ended) };
            if n < found.used {
                let ended = self.end_session(found.user, session, cause).await?;
                return Ok(ended.map_or(Rotation::Ended, |_| Rotation::Reused));
            }
            if n > found.used + 1 {
                return Ok(Rotation::Ended);
            }
            // The device first: a session that goes on has a device that was seen.
            self.see(found.device, cause.at).await?;
            if self.use_token(&found, n, expires_at, cause.at).await? {
                return Ok(Rotation::Rotated);
            }
        }
        Err(StoreError("too many refreshes of one session at once".to_owned()))
    }

    #[tracing::instrument(skip(self, cause))]
    async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        cause: &Cause,
    ) -> Result<Option<Ended>, StoreError> {
        let filter = doc! { "_id": uuid(session), "userId": uuid(user), "revokedAt": null };
        let context = Ending { mongo: self.0.clone(), filter, cause: cause.clone() };
        let ended = self.0.transaction(context, end_all).await?;
        Ok(ended.into_iter().next())
    }

    async fn sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let rows = self.0.rows::<SessionRow>(SESSIONS);
        let filter = doc! {
            "userId": uuid(user), "revokedAt": null, "expiresAt": { "$gt": date(now) },
        };
        let find = async {
            let newest = doc! { "createdAt": -1, "_id": -1 };
            rows.find(filter).sort(newest).await?.try_collect::<Vec<_>>().await
        };
        within(find).await?.into_iter().map(Session::try_from).collect()
    }

    async fn devices(&self, user: UserId) -> Result<Vec<Device>, StoreError> {
        let rows = self.0.rows::<DeviceRow>(DEVICES);
        let find = async {
            let newest = doc! { "lastSeenAt": -1, "_id": -1 };
            rows.find(doc! { "userId": uuid(user) }).sort(newest).await?.try_collect().await
        };
        let rows: Vec<DeviceRow> = within(find).await?;
        Ok(rows.into_iter().map(Device::from).collect())
    }

    #[tracing::instrument(skip(self, unseen, cause))]
    async fn remove_device(
        &self,
        user: UserId,
        device: DeviceId,
        unseen: Option<SeenSince>,
        cause: &Cause,
    ) -> Result<Option<Vec<Ended>>, StoreError> {
        let mut filter = doc! { "_id": uuid(device), "userId": uuid(user) };
        filter.extend(unseen.map(idle::unseen).unwrap_or_default());
        let owned = Owned { user, device };
        let context = Removing { mongo: self.0.clone(), owned, filter, cause: cause.clone() };
        self.0.transaction(context, remove).await
    }

    async fn idle_devices(&self, since: SeenSince, limit: u32) -> Result<Vec<Owned>, StoreError> {
        idle::find(&self.0, since, limit).await
    }

    async fn live_devices(
        &self,
        users: &[UserId],
        since: SeenSince,
    ) -> Result<Vec<LiveDevice>, StoreError> {
        live::find(&self.0, users, since).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.0.ping().await
    }
}

impl MongoAccounts {
    /// Marks token `n` as used unless another call got in between.
    async fn use_token(
        &self,
        found: &Session,
        n: u64,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let filter =
            doc! { "_id": uuid(found.id), "used": found.used.cast_signed(), "revokedAt": null };
        let update = doc! { "$set": {
            "used": n.cast_signed(), "lastUsedAt": date(now), "expiresAt": date(expires_at),
        } };
        let updated = within(self.0.documents(SESSIONS).update_one(filter, update)).await?;
        Ok(updated.matched_count == 1)
    }

    async fn see(&self, device: DeviceId, now: Timestamp) -> Result<(), StoreError> {
        let stale = doc! { "$lte": date(now.minus(SEEN_STEP)) };
        let filter = doc! { "_id": uuid(device), "lastSeenAt": stale };
        let update = doc! { "$set": { "lastSeenAt": date(now) } };
        within(self.0.documents(DEVICES).update_one(filter, update)).await.map(drop)
    }
}

#[derive(Clone)]
struct Ending {
    mongo: Mongo,
    /// Which sessions; matches none that has ended.
    filter: Document,
    cause: Cause,
}

/// Ends sessions and tells it, in the transaction.
fn end_all<'b>(
    session: &'b mut ClientSession,
    ending: &'b mut Ending,
) -> BoxFuture<'b, Answer<Vec<Ended>>> {
    let Ending { mongo, filter, cause } = ending;
    async move {
        let rows = mongo.rows::<SessionRow>(SESSIONS);
        let mut found = rows.find(filter.clone()).session(&mut *session).await?;
        let found: Vec<SessionRow> = found.stream(&mut *session).try_collect().await?;
        let mut ended = Vec::with_capacity(found.len());
        for row in found {
            let update = doc! { "$set": { "revokedAt": date(cause.at) } };
            rows.update_one(doc! { "_id": row.id }, update).session(&mut *session).await?;
            let told = row.ended();
            let event = Event::SessionRevoked(SessionRevoked {
                user: row.user(),
                session: told.session,
                device: told.device,
                at: cause.at,
            });
            add_mongo(mongo, session, cause, &event).await?;
            ended.push(told);
        }
        Ok(ended)
    }
    .boxed()
}

#[derive(Clone)]
struct Removing {
    mongo: Mongo,
    owned: Owned,
    /// The device, if it is to go.
    filter: Document,
    cause: Cause,
}

fn remove<'b>(
    session: &'b mut ClientSession,
    removing: &'b mut Removing,
) -> BoxFuture<'b, Answer<Option<Vec<Ended>>>> {
    async move {
        let Removing { mongo, owned: Owned { user, device }, filter, cause } = removing;
        let devices = mongo.documents(DEVICES);
        let deleted = devices.delete_one(filter.clone()).session(&mut *session).await?;
        if deleted.deleted_count == 0 {
            return Ok(None);
        }
        let filter = doc! { "deviceId": uuid(*device), "revokedAt": null };
        let mut ending = Ending { mongo: mongo.clone(), filter, cause: cause.clone() };
        let ended = end_all(session, &mut ending).await?;
        let event = Event::DeviceRemoved(DeviceRemoved { user: *user, device: *device });
        add_mongo(mongo, session, cause, &event).await?;
        Ok(Some(ended))
    }
    .boxed()
}
