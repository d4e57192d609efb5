//! Conversations and who is in them, in MongoDB.

pub(super) mod rows;

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use kernel::{ConversationId, UserId};
use mongodb::options::ReturnDocument;
use mongodb::{Collection, Database};
use serde::Deserialize;

use self::rows::{
    ConversationRow, MemberRow, MembershipRow, conversation, first_row, is_in, marks, member,
    member_key, membership, own, rows_of_people,
};
use super::store::{ConversationStore, NewConversation, Read};
use super::switches::Setting;
use super::{Conversation, Member, Membership, Retention};
use crate::mongo::{
    CONVERSATIONS, Layout, MEMBERS, MEMBERSHIPS, integer, is_duplicate, pair, pairs_of,
    update_each, uuid, within,
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

/// Conversations, their members, and each person's list of them, in one database.
#[derive(Debug)]
pub struct MongoConversations {
    db: Database,
    layout: Layout,
    conversations: Collection<ConversationRow>,
    members: Collection<MemberRow>,
    memberships: Collection<MembershipRow>,
}

impl MongoConversations {
    /// Keeps them in this database, which [`crate::mongo::open`] opened.
    pub fn new(db: &Database, layout: Layout) -> Self {
        Self {
            db: db.clone(),
            layout,
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
        let row = within(self.conversations.find_one(filter)).await?;
        row.map(conversation).transpose()
    }

    #[tracing::instrument(name = "conversations_get_many", level = "debug", skip_all, fields(conversations = ids.len()))]
    async fn get_many(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>, StoreError> {
        let ids: Vec<bson::Uuid> = ids.iter().copied().map(uuid).collect();
        let find = self
            .conversations
            .find(doc! { "_id": { "$in": ids }, "gone": { "$ne": true } })
            .batch_size(ALL);
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

    #[tracing::instrument(name = "conversations_member", level = "debug", skip_all, fields(conversation_id = %id, user_id = %user))]
    async fn member(&self, id: ConversationId, user: UserId) -> Result<Option<Member>, StoreError> {
        let mut filter = is_in(id);
        filter.extend(member_key(id, user));
        within(self.members.find_one(filter)).await?.as_ref().map(member).transpose()
    }

    #[tracing::instrument(name = "conversations_memberships", level = "debug", skip_all, fields(user_id = %user, limit = limit))]
    async fn memberships(&self, user: UserId, limit: u32) -> Result<Vec<Membership>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new()); // no limit at all, to the server
        }
        let find = self.memberships.find(all_of(user)).limit(i64::from(limit)).batch_size(ALL);
        let rows: Vec<MembershipRow> =
            within(async move { find.await?.try_collect().await }).await?;
        rows.iter().map(membership).collect()
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
        row.as_ref().map(membership).transpose()
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
        let read = |row: ReadRow| {
            Ok(((read_id(row.conversation_id), read_id(row.user_id)), number(row.read_seq)?))
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
        Ok(before.is_some_and(|before| before.read_seq < seq))
    }

    #[tracing::instrument(name = "conversations_raise_reads", level = "debug", skip_all, fields(reads = reads.len()))]
    async fn raise_reads(&self, reads: &[Read]) -> Result<(), StoreError> {
        let raise = |read: &Read| {
            let raised = doc! { "readSeq": integer(read.seq), "readCount": integer(read.count) };
            let which = match self.layout {
                Layout::Whole => doc! { "_id": pair(read.user, read.conversation) },
                Layout::Sharded => own(read.user, read.conversation),
            };
            doc! { "q": which, "u": { "$max": raised } }
        };
        let raises: Vec<Document> = reads.iter().map(raise).collect();
        update_each(&self.db, MEMBERSHIPS, &raises).await
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

    async fn ping(&self) -> Result<(), StoreError> {
        // A read, not the command `ping`: that one is answered also without a primary.
        self.get(ConversationId::from_uuid(uuid::Uuid::nil())).await.map(drop)
    }
}

/// Matches everything that the person is in and not about to leave.
fn all_of(user: UserId) -> Document {
    doc! { "userId": uuid(user), "_id": pairs_of(user), "leaving": null }
}
