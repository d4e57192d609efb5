//! Conversations and who is in them, in MongoDB.

use async_trait::async_trait;
use bson::{DateTime, Document, doc};
use futures::TryStreamExt;
use kernel::{ConversationId, UserId};
use mongodb::options::ReturnDocument;
use mongodb::{Collection, Database};
use serde::{Deserialize, Serialize};

use super::store::{ConversationStore, NewConversation, Read};
use super::{Conversation, Kind, Member, Membership, Retention, Role};
use crate::mongo::{
    CONVERSATIONS, MEMBERS, MEMBERSHIPS, date, id, integer, is_duplicate, name, number, pair,
    pairs_of, time, update_each, uuid, within,
};
use crate::store::StoreError;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConversationRow {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    kind: String,
    retention: String,
    epoch: String,
    head_seq: i64,
    head_count: i64,
    head_mseq: i64,
    member_count: i64,
    created_at: DateTime,
    active_at: DateTime,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MemberRow {
    user_id: bson::Uuid,
    role: String,
    joined_at: DateTime,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MembershipRow {
    conversation_id: bson::Uuid,
    read_seq: i64,
    read_count: i64,
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
        if self.get(new.id).await?.is_some() {
            return Ok(false);
        }
        crate::delivery::mongo::begin(&self.db, new.id, &new.parties).await?;
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
        let row = within(self.conversations.find_one(doc! { "_id": uuid(id) })).await?;
        row.map(conversation).transpose()
    }

    #[tracing::instrument(name = "conversations_get_many", level = "debug", skip_all, fields(conversations = ids.len()))]
    async fn get_many(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>, StoreError> {
        let ids: Vec<bson::Uuid> = ids.iter().copied().map(uuid).collect();
        let find = self.conversations.find(doc! { "_id": { "$in": ids } });
        let rows: Vec<_> = within(async move { find.await?.try_collect().await }).await?;
        rows.into_iter().map(conversation).collect()
    }

    #[tracing::instrument(name = "conversations_members", level = "debug", skip_all, fields(conversation_id = %id))]
    async fn members(&self, id: ConversationId) -> Result<Vec<Member>, StoreError> {
        let filter = doc! { "conversationId": uuid(id), "_id": pairs_of(id) };
        let find = self.members.find(filter);
        let rows: Vec<MemberRow> = within(async move { find.await?.try_collect().await }).await?;
        rows.iter().map(member).collect()
    }

    #[tracing::instrument(name = "conversations_member", level = "debug", skip_all, fields(conversation_id = %id, user_id = %user))]
    async fn member(&self, id: ConversationId, user: UserId) -> Result<Option<Member>, StoreError> {
        let filter = doc! { "_id": pair(id, user), "conversationId": uuid(id) };
        within(self.members.find_one(filter)).await?.as_ref().map(member).transpose()
    }

    #[tracing::instrument(name = "conversations_memberships", level = "debug", skip_all, fields(user_id = %user, limit = limit))]
    async fn memberships(&self, user: UserId, limit: u32) -> Result<Vec<Membership>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new()); // no limit at all, to the server
        }
        let filter = doc! { "userId": uuid(user), "_id": pairs_of(user) };
        let find = self.memberships.find(filter).limit(i64::from(limit));
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
        let row = within(self.memberships.find_one(own(user, id))).await?;
        row.as_ref().map(membership).transpose()
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
            doc! { "q": own(read.user, read.conversation), "u": { "$max": raised } }
        };
        let raises: Vec<Document> = reads.iter().map(raise).collect();
        update_each(&self.db, MEMBERSHIPS, &raises).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        // A read, not the command `ping`: that one is answered also without a primary.
        self.get(ConversationId::from_uuid(uuid::Uuid::nil())).await.map(drop)
    }
}

fn own(user: UserId, conversation: ConversationId) -> Document {
    doc! { "_id": pair(user, conversation), "userId": uuid(user) }
}

fn first_row(new: &NewConversation) -> ConversationRow {
    ConversationRow {
        id: uuid(new.id),
        kind: new.kind.as_str().to_owned(),
        retention: new.retention.as_str().to_owned(),
        epoch: new.epoch.clone(),
        head_seq: 0,
        head_count: 0,
        head_mseq: 0,
        member_count: i64::try_from(new.parties.len()).unwrap_or(i64::MAX),
        created_at: date(new.now),
        active_at: date(new.now),
    }
}

/// Statements that write everyone's rows unless they are there.
fn rows_of_people(new: &NewConversation) -> (Vec<Document>, Vec<Document>) {
    let member = |user| {
        let row =
            doc! { "userId": uuid(user), "role": Role::Member.as_str(), "joinedAt": date(new.now) };
        let key = doc! { "_id": pair(new.id, user), "conversationId": uuid(new.id) };
        doc! { "q": key, "u": { "$setOnInsert": row }, "upsert": true }
    };
    let membership = |user| {
        let row = doc! { "conversationId": uuid(new.id), "readSeq": 0_i64, "readCount": 0_i64 };
        doc! { "q": own(user, new.id), "u": { "$setOnInsert": row }, "upsert": true }
    };
    let users = || new.parties.iter().map(|party| party.user);
    (users().map(member).collect(), users().map(membership).collect())
}

fn conversation(row: ConversationRow) -> Result<Conversation, StoreError> {
    let member_count = u32::try_from(row.member_count)
        .map_err(|_| StoreError::Corrupt(format!("{} members", row.member_count)))?;
    Ok(Conversation {
        id: id(row.id),
        kind: name(&row.kind, Kind::from_name)?,
        retention: name(&row.retention, Retention::from_name)?,
        epoch: row.epoch,
        head_seq: number(row.head_seq)?,
        head_count: number(row.head_count)?,
        head_mseq: number(row.head_mseq)?,
        member_count,
        created_at: time(row.created_at),
        active_at: time(row.active_at),
    })
}

fn member(row: &MemberRow) -> Result<Member, StoreError> {
    let role = name(&row.role, Role::from_name)?;
    Ok(Member { user: id(row.user_id), role, joined_at: time(row.joined_at) })
}

fn membership(row: &MembershipRow) -> Result<Membership, StoreError> {
    Ok(Membership {
        conversation: id(row.conversation_id),
        read_seq: number(row.read_seq)?,
        read_count: number(row.read_count)?,
    })
}
