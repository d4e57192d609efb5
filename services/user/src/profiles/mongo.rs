use async_trait::async_trait;
use bson::{Bson, DateTime, Document, doc};
use contracts::events::{Event, UserUpdated};
use contracts::{Discretion, Profile};
use futures::TryStreamExt;
use futures::future::{BoxFuture, FutureExt};
use kernel::UserId;
use mongodb::ClientSession;
use mongodb::error::Result as Answer;
use serde::{Deserialize, Serialize};

use super::words;
use super::{Changed, Person, ProfileChange, Profiles, Search};
use crate::mongo::{LOGINS, Mongo, USERNAMES, USERS, date, id, time, uuid, within};
use crate::outbox::{Cause, add_mongo};
use crate::preferences::{Preferences, PreferencesChange, WhoMay};
use crate::store::StoreError;

/// A person as they stand in `users`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserRow {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    name: Option<String>,
    username: Option<String>,
    bio: Option<String>,
    avatar_url: Option<String>,
    created_at: DateTime,
    words: Vec<String>,
    read_receipts: bool,
    last_seen: bool,
    discoverable_by_mail: bool,
    who_may_message_me: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnerRow {
    user_id: bson::Uuid,
}

impl UserRow {
    pub(crate) fn new(profile: Profile, chosen: Preferences) -> Self {
        Self {
            id: uuid(profile.id),
            words: words::of_profile(profile.name.as_deref(), profile.username.as_deref()),
            name: profile.name,
            username: profile.username,
            bio: profile.bio,
            avatar_url: profile.avatar_url,
            created_at: date(profile.created_at),
            read_receipts: chosen.read_receipts,
            last_seen: chosen.last_seen,
            discoverable_by_mail: chosen.discoverable_by_mail,
            who_may_message_me: chosen.who_may_message_me.as_str().to_owned(),
        }
    }
}

impl From<UserRow> for Profile {
    fn from(row: UserRow) -> Self {
        Self {
            id: id(row.id),
            name: row.name,
            username: row.username,
            bio: row.bio,
            avatar_url: row.avatar_url,
            created_at: time(row.created_at),
            discretion: Discretion {
                hides_reads: !row.read_receipts,
                hides_last_seen: !row.last_seen,
            },
        }
    }
}

impl From<UserRow> for Person {
    fn from(row: UserRow) -> Self {
        let preferences = Preferences {
            read_receipts: row.read_receipts,
            last_seen: row.last_seen,
            discoverable_by_mail: row.discoverable_by_mail,
            who_may_message_me: WhoMay::from_stored(&row.who_may_message_me),
        };
        Self { profile: row.into(), preferences }
    }
}

/// People in MongoDB.
#[derive(Debug)]
pub(crate) struct MongoProfiles(pub(crate) Mongo);

#[async_trait]
impl Profiles for MongoProfiles {
    async fn people(&self, users: &[UserId]) -> Result<Vec<Person>, StoreError> {
        let users: Vec<_> = users.iter().copied().map(uuid).collect();
        let rows = self.0.rows::<UserRow>(USERS);
        let find = async {
            rows.find(doc! { "_id": { "$in": users } }).await?.try_collect::<Vec<_>>().await
        };
        Ok(within(find).await?.into_iter().map(Person::from).collect())
    }

    #[tracing::instrument(skip(self, change, cause))]
    async fn change(
        &self,
        user: UserId,
        change: ProfileChange,
        cause: &Cause,
    ) -> Result<Changed, StoreError> {
        let context = Changing { mongo: self.0.clone(), user, change, cause: cause.clone() };
        self.0.transaction(context, run).await
    }

    async fn search(&self, search: &Search) -> Result<Vec<Profile>, StoreError> {
        // One element must lie between both ends; without `$elemMatch` two different ones would do.
        let begins = |prefix: &String| {
            let range = doc! { "$gte": prefix, "$lte": words::end_of(prefix) };
            doc! { "words": { "$elemMatch": range } }
        };
        let all: Vec<Document> = search.prefixes.iter().map(begins).collect();
        let mut filter = doc! { "$and": all };
        if let Some(after) = search.after {
            filter.insert("_id", doc! { "$gt": uuid(after) });
        }
        let rows = self.0.rows::<UserRow>(USERS);
        let find = async {
            let found = rows.find(filter).sort(doc! { "_id": 1 }).limit(i64::from(search.limit));
            found.await?.try_collect::<Vec<_>>().await
        };
        Ok(within(find).await?.into_iter().map(Profile::from).collect())
    }

    async fn by_address(&self, address: &str) -> Result<Option<Profile>, StoreError> {
        let logins = self.0.rows::<OwnerRow>(LOGINS);
        let login = within(logins.find_one(doc! { "_id": address })).await?;
        let Some(login) = login else { return Ok(None) };
        let filter = doc! { "_id": login.user_id, "discoverableByMail": true };
        let found = within(self.0.rows::<UserRow>(USERS).find_one(filter)).await?;
        Ok(found.map(Profile::from))
    }

    #[tracing::instrument(skip(self, change, cause))]
    async fn prefer(
        &self,
        user: UserId,
        change: PreferencesChange,
        cause: &Cause,
    ) -> Result<bool, StoreError> {
        let given = [
            ("readReceipts", change.read_receipts.map(Bson::from)),
            ("lastSeen", change.last_seen.map(Bson::from)),
            ("discoverableByMail", change.discoverable_by_mail.map(Bson::from)),
            ("whoMayMessageMe", change.who_may_message_me.map(|who| who.as_str().into())),
        ];
        let given = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let set = given.collect::<Document>();
        let context = Preferring { mongo: self.0.clone(), user, set, cause: cause.clone() };
        self.0.transaction(context, write_choices).await
    }
}

#[derive(Clone)]
struct Preferring {
    mongo: Mongo,
    user: UserId,
    set: Document,
    cause: Cause,
}

/// What a person chose, in the transaction.
fn write_choices<'b>(
    session: &'b mut ClientSession,
    preferring: &'b mut Preferring,
) -> BoxFuture<'b, Answer<bool>> {
    async move {
        let Preferring { mongo, user, set, cause } = preferring;
        let (filter, update) = (doc! { "_id": uuid(*user) }, doc! { "$set": set.clone() });
        let users = mongo.documents(USERS);
        let written = users.update_one(filter, update).session(&mut *session).await?;
        if written.matched_count == 0 {
            return Ok(false);
        }
        let event = Event::UserUpdated(UserUpdated { user: *user });
        add_mongo(mongo, session, cause, &event).await?;
        Ok(true)
    }
    .boxed()
}

#[derive(Clone)]
struct Changing {
    mongo: Mongo,
    user: UserId,
    change: ProfileChange,
    cause: Cause,
}

/// One change, in the transaction.
fn run<'b>(
    session: &'b mut ClientSession,
    changing: &'b mut Changing,
) -> BoxFuture<'b, Answer<Changed>> {
    async move {
        let Changing { mongo, user, change, cause } = changing;
        let filter = doc! { "_id": uuid(*user) };
        let rows = mongo.rows::<UserRow>(USERS);
        let found = rows.find_one(filter.clone()).session(&mut *session).await?;
        let Some(before) = found.map(Profile::from) else { return Ok(Changed::NoSuchUser) };
        let after = change.clone().apply(before.clone());
        if after == before {
            return Ok(Changed::Done(after));
        }
        if !move_username(mongo, session, &before, &after).await? {
            return Ok(Changed::UsernameTaken);
        }
        let update = doc! { "$set": {
            "name": after.name.as_deref(),
            "username": after.username.as_deref(),
            "bio": after.bio.as_deref(),
            "words": words::of_profile(after.name.as_deref(), after.username.as_deref()),
        } };
        rows.update_one(filter, update).session(&mut *session).await?;
        let event = Event::UserUpdated(UserUpdated { user: *user });
        add_mongo(mongo, session, cause, &event).await?;
        Ok(Changed::Done(after))
    }
    .boxed()
}

/// Takes the new username and gives the old one back. `false`, and nothing done, if somebody else has it.
async fn move_username(
    mongo: &Mongo,
    session: &mut ClientSession,
    before: &Profile,
    after: &Profile,
) -> Answer<bool> {
    if before.username == after.username {
        return Ok(true);
    }
    let usernames = mongo.documents(USERNAMES);
    if let Some(wanted) = &after.username {
        let owner = usernames.find_one(doc! { "_id": wanted }).session(&mut *session).await?;
        if owner.is_some() {
            return Ok(false);
        }
        let row = doc! { "_id": wanted, "userId": uuid(after.id) };
        usernames.insert_one(row).session(&mut *session).await?;
    }
    if let Some(left) = &before.username {
        let own = doc! { "_id": left, "userId": uuid(before.id) };
        usernames.delete_one(own).session(&mut *session).await?;
    }
    Ok(true)
}
