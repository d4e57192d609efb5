//! Conversations and who is in them, in MongoDB.

pub(super) mod rows;
pub(crate) mod wrote;

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use kernel::{ConversationId, Timestamp, UserId};
use mongodb::options::ReturnDocument;
use mongodb::{Collection, Database};
use serde::Deserialize;

use self::rows::{
    ConversationRow, MemberRow, MembershipRow, ViewRow, block_row, conversation, fields, first_row,
    is_in, is_in_any, is_there, marks, member, membership, own, rows_of_people,
};
use super::store::{ConversationStore, Counted, NewConversation};
use super::switches::Setting;
use super::{Block, Conversation, Member, Membership, Retention};
use crate::mongo::{
    CONVERSATIONS, MEMBERS, MEMBERSHIPS, date, integer, is_duplicate, pair, pairs_of, update_each,
    uuid, within,
};
use crate::mongo::{id as read_id, number};
use crate::store::StoreError;

/// People whose first delivery cursors are written in one update: a pipeline has a limit of stages.
const JOINS: usize = 100;
/// More than a person has conversations: what belongs to all of them comes in one reply.
const ALL: u32 = 10_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadRow {
    user_id: bson::Uuid,
    conversation_id: bson::Uuid,
    read_seq: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlaceRow {
    user_id: bson::Uuid,
    conversation_id: bson::Uuid,
}

/// Conversations, their members, and each person's list of them, in one database.
#[derive(Debug)]
pub struct MongoConversations {
    db: Database,
    conversations: Collection<ConversationRow>,
    members: Collection<MemberRow>,
    memberships: Collection<MembershipRow>,
}

impl MongoConversations {
    /// Keeps them in this database, which [`crate::mongo::open`] opened.
    pub fn new(db: &Database) -> Self {
        Self {
            db: db.clone(),
            conversations: db.collection(CONVERSATIONS),
            members: db.collection(MEMBERS),
            memberships: db.collection(MEMBERSHIPS),
        }
    }
}

#[async_trait]
impl ConversationStore for MongoConversations {
    /// The conversation itself comes last and makes it visible. Everything before can be repeated by whoever comes next.
    #[tracing::instrument(name = "conversations_create", level = "debug", skip_all, fields(conversation_id = %new.id))]
    async fn create(&self, new: &NewConversation) -> Result<bool, StoreError> {
        let taken = self.conversations.clone_with_type::<Document>();
        let taken = taken.find_one(doc! { "_id": uuid(new.id) }).projection(doc! { "_id": 1 });
        if within(taken).await?.is_some() {
            return Ok(false);
        }
        for parties in new.parties.chunks(JOINS) {
            crate::delivery::mongo::begin(&self.db, new.id, new.retention, parties).await?;
        }
        let (members, memberships) = rows_of_people(new);
        update_each(&self.db, MEMBERS, &members).await?;
        update_each(&self.db, MEMBERSHIPS, &memberships).await?;
        let insert = self.conversations.insert_one(first_row(new));
        match within(async move { Ok(insert.await) }).await? {
            Ok(_) => Ok(true),
            Err(error) if is_duplicate(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    #[tracing::instrument(name = "conversations_get", level = "debug", skip_all, fields(conversation_id = %id))]
    async fn get(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        let filter = doc! { "_id": uuid(id), "gone": { "$ne": true } };
        let row = within(self.conversations.find_one(filter).projection(fields())).await?;
        row.map(conversation).transpose()
    }

    #[tracing::instrument(name = "conversations_get_many", level = "debug", skip_all, fields(conversations = ids.len()))]
    async fn get_many(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>, StoreError> {
        let find = self.conversations.find(those(ids)).projection(fields()).batch_size(ALL);
        let rows: Vec<_> = within(async move { find.await?.try_collect().await }).await?;
        rows.into_iter().map(conversation).collect()
    }

    #[tracing::instrument(name = "conversations_members", level = "debug", skip_all, fields(conversation_id = %id, limit = limit))]
    async fn members(
        &self,
        id: ConversationId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Member>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new()); // no limit at all, to the server
        }
        let mut filter = is_in(id);
        let mut keys = pairs_of(id);
        if let Some(after) = after {
            keys.remove("$gte");
            keys.insert("$gt", pair(id, after));
        }
        filter.insert("_id", keys);
        let find = self.members.find(filter).sort(doc! { "_id": 1 }).limit(i64::from(limit));
        let rows: Vec<MemberRow> = within(async move { find.await?.try_collect().await }).await?;
        rows.iter().map(member).collect()
    }

    #[tracing::instrument(name = "conversations_members_of", level = "debug", skip_all, fields(conversations = ids.len()))]
    async fn members_of(
        &self,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Vec<Member>>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let find = self.members.find(is_in_any(ids)).sort(doc! { "_id": 1 }).batch_size(ALL);
        let rows: Vec<MemberRow> = within(async move { find.await?.try_collect().await }).await?;
        let mut members: HashMap<_, Vec<Member>> = HashMap::with_capacity(ids.len());
        for row in &rows {
            members.entry(row.conversation()).or_default().push(member(row)?);
        }
        Ok(members)
    }

    #[tracing::instrument(name = "conversations_member_in", level = "debug", skip_all, fields(user_id = %user, conversations = ids.len()))]
    async fn member_in(
        &self,
        user: UserId,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Member>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let find = self.members.find(is_there(user, ids)).batch_size(ALL);
        let rows: Vec<MemberRow> = within(async move { find.await?.try_collect().await }).await?;
        rows.iter().map(|row| Ok((row.conversation(), member(row)?))).collect()
    }

    #[tracing::instrument(name = "conversations_of", level = "debug", skip_all, fields(user_id = %user, limit = limit))]
    async fn conversations_of(
        &self,
        user: UserId,
        limit: u32,
    ) -> Result<Vec<ConversationId>, StoreError> {
        Ok(self.all_of(user, limit).await?.iter().map(|own| own.conversation).collect())
    }

    #[tracing::instrument(name = "conversations_of_each", level = "debug", skip_all, fields(users = users.len()))]
    async fn conversations_of_each(
        &self,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Vec<ConversationId>>, StoreError> {
        if users.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<bson::Uuid> = users.iter().copied().map(uuid).collect();
        let keys: Vec<Document> =
            users.iter().map(|user| doc! { "_id": pairs_of(*user) }).collect();
        let all = doc! { "userId": { "$in": ids }, "$or": keys, "leaving": null };
        let places = self.memberships.clone_with_type::<PlaceRow>();
        let find = places.find(all).batch_size(ALL);
        let find = find.projection(doc! { "_id": 0, "userId": 1, "conversationId": 1 });
        let rows: Vec<PlaceRow> = within(async move { find.await?.try_collect().await }).await?;
        let mut ids: HashMap<_, Vec<ConversationId>> = HashMap::with_capacity(users.len());
        for row in rows {
            ids.entry(read_id(row.user_id)).or_default().push(read_id(row.conversation_id));
        }
        Ok(ids)
    }

    #[tracing::instrument(name = "conversations_views", level = "debug", skip_all, fields(user_id = %user, limit = limit))]
    async fn views_of(
        &self,
        user: UserId,
        limit: u32,
    ) -> Result<Vec<(Conversation, Membership)>, StoreError> {
        let own = self.all_of(user, limit).await?;
        let ids: Vec<ConversationId> = own.iter().map(|own| own.conversation).collect();
        let mut fields = fields();
        fields.insert(wrote::path(user), 1);
        let rows = self.conversations.clone_with_type::<ViewRow>();
        let find = rows.find(those(&ids));
        let find = find.projection(fields).batch_size(ALL);
        let rows: Vec<ViewRow> = within(async move { find.await?.try_collect().await }).await?;
        let mut found = HashMap::with_capacity(rows.len());
        for ViewRow { row, wrote } in rows {
            let conversation = conversation(row)?;
            found.insert(conversation.id, (conversation, wrote::of(&wrote, user)?));
        }
        let view = |own: Membership| {
            let (conversation, reached) = found.remove(&own.conversation)?;
            Some((conversation, wrote::read_by_writing(own, reached)))
        };
        Ok(own.into_iter().filter_map(view).collect())
    }

    #[tracing::instrument(name = "conversations_membership", level = "debug", skip_all, fields(conversation_id = %id, user_id = %user))]
    async fn membership(
        &self,
        user: UserId,
        id: ConversationId,
    ) -> Result<Option<Membership>, StoreError> {
        let mut filter = own(user, id);
        filter.insert("leaving", Bson::Null);
        let row = within(self.memberships.find_one(filter)).await?;
        let Some(view) = row.as_ref().map(membership).transpose()? else { return Ok(None) };
        Ok(Some(wrote::read_by_writing(view, wrote::one(&self.db, id, user).await?)))
    }

    #[tracing::instrument(name = "conversations_reads", level = "debug", skip_all, fields(places = places.len()))]
    async fn reads(
        &self,
        places: &[(ConversationId, UserId)],
    ) -> Result<HashMap<(ConversationId, UserId), u64>, StoreError> {
        if places.is_empty() {
            return Ok(HashMap::new());
        }
        let users: BTreeSet<UserId> = places.iter().map(|(_, user)| *user).collect();
        let users: Vec<bson::Uuid> = users.into_iter().map(uuid).collect();
        let keys: Vec<bson::Binary> = places.iter().map(|(id, user)| pair(*user, *id)).collect();
        let filter = doc! { "userId": { "$in": users }, "_id": { "$in": keys } };
        let rows = self.memberships.clone_with_type::<ReadRow>();
        let find = rows.find(filter).batch_size(ALL);
        let find =
            find.projection(doc! { "_id": 0, "userId": 1, "conversationId": 1, "readSeq": 1 });
        let rows: Vec<ReadRow> = within(async move { find.await?.try_collect().await }).await?;
        let ids: BTreeSet<ConversationId> = places.iter().map(|(id, _)| *id).collect();
        let wrote = wrote::all(&self.db, &ids.into_iter().collect::<Vec<_>>()).await?;
        let read = |row: ReadRow| {
            let place = (read_id(row.conversation_id), read_id(row.user_id));
            let (seq, _) = wrote.get(&place).copied().unwrap_or_default();
            Ok((place, number(row.read_seq)?.max(seq)))
        };
        rows.into_iter().map(read).collect()
    }

    #[tracing::instrument(name = "conversations_raise_read", level = "debug", skip_all, fields(conversation_id = %id, user_id = %user, seq = seq))]
    async fn raise_read(
        &self,
        user: UserId,
        id: ConversationId,
        seq: u64,
        count: u64,
    ) -> Result<bool, StoreError> {
        let raised = doc! { "readSeq": integer(seq), "readCount": integer(count) };
        let raise = self
            .memberships
            .find_one_and_update(own(user, id), doc! { "$max": raised })
            .return_document(ReturnDocument::Before);
        let before = within(raise).await?.as_ref().map(membership).transpose()?;
        if before.is_none_or(|before| before.read_seq >= seq) {
            return Ok(false);
        }
        let (wrote, _) = wrote::one(&self.db, id, user).await?;
        Ok(wrote < seq)
    }

    #[tracing::instrument(name = "conversations_count", level = "debug", skip_all, fields(conversations = all.len()))]
    async fn count(&self, all: &[Counted], now: Timestamp) -> Result<(), StoreError> {
        let counts: Vec<Document> = all.iter().map(|counted| wrote::count(counted, now)).collect();
        update_each(&self.db, CONVERSATIONS, &counts).await
    }

    #[tracing::instrument(name = "conversations_set_switches", level = "debug", skip_all, fields(conversation_id = %id, user_id = %user))]
    async fn set_switches(
        &self,
        user: UserId,
        id: ConversationId,
        setting: &Setting,
    ) -> Result<bool, StoreError> {
        let mut filter = own(user, id);
        filter.insert("leaving", Bson::Null);
        let set = self.memberships.update_one(filter, doc! { "$max": marks(setting) });
        Ok(within(set).await?.matched_count > 0)
    }

    #[tracing::instrument(name = "conversations_set_retention", level = "debug", skip_all, fields(conversation_id = %id, seq = seq))]
    async fn set_retention(
        &self,
        id: ConversationId,
        retention: Retention,
        seq: u64,
    ) -> Result<(), StoreError> {
        let later = doc! { "retentionSeq": { "$gte": integer(seq) } };
        let filter = doc! { "_id": uuid(id), "$nor": [later] };
        let set = doc! { "retention": retention.as_str(), "retentionSeq": integer(seq) };
        within(self.conversations.update_one(filter, doc! { "$set": set })).await.map(drop)
    }

    #[tracing::instrument(name = "conversations_set_block", level = "debug", skip_all, fields(conversation_id = %id))]
    async fn set_block(&self, id: ConversationId, block: &Block) -> Result<bool, StoreError> {
        let (row, by, at) = (block_row(block), uuid(block.by), date(block.at));
        let older = doc! { "$elemMatch": { "by": by, "at": { "$lt": at } } };
        let filter = doc! { "_id": uuid(id), "gone": { "$ne": true }, "blocks": older };
        let replace = doc! { "$set": { "blocks.$": row.clone() } };
        if within(self.conversations.update_one(filter, replace)).await?.matched_count > 0 {
            return Ok(true);
        }
        let filter = doc! { "_id": uuid(id), "gone": { "$ne": true }, "blocks.by": { "$ne": by } };
        let add = doc! { "$push": { "blocks": row } };
        Ok(within(self.conversations.update_one(filter, add)).await?.matched_count > 0)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        // A read, not the command `ping`: that one is answered also without a primary.
        self.get(ConversationId::from_uuid(uuid::Uuid::nil())).await.map(drop)
    }
}

impl MongoConversations {
    /// Everything that the person is in and not about to leave.
    async fn all_of(&self, user: UserId, limit: u32) -> Result<Vec<Membership>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new()); // no limit at all, to the server
        }
        let all = doc! { "userId": uuid(user), "_id": pairs_of(user), "leaving": null };
        let find = self.memberships.find(all).limit(i64::from(limit)).batch_size(ALL);
        let rows: Vec<MembershipRow> =
            within(async move { find.await?.try_collect().await }).await?;
        rows.iter().map(membership).collect()
    }
}

/// Matches those of the conversations that exist.
fn those(ids: &[ConversationId]) -> Document {
    let ids: Vec<bson::Uuid> = ids.iter().copied().map(uuid).collect();
    doc! { "_id": { "$in": ids }, "gone": { "$ne": true } }
}
