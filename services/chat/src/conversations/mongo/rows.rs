//! Conversations, members and memberships as they stand in MongoDB.

use std::collections::HashMap;

use bson::{Binary, Bson, DateTime, Document, doc};
use kernel::{ConversationId, UserId};
use serde::{Deserialize, Serialize};

use super::wrote::Wrote;
use crate::conversations::store::NewConversation;
use crate::conversations::switches::{Setting, Switch, Switches};
use crate::conversations::{Block, Conversation, Kind, Maker, Member, Membership, Retention, Role};
use crate::mongo::{binary, date, id, integer, name, number, pair, pairs_of, time, uuid};
use crate::store::StoreError;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConversationRow {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    retention: String,
    epoch: String,
    head_seq: i64,
    head_count: i64,
    head_mseq: i64,
    member_count: i64,
    created_at: DateTime,
    active_at: DateTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made_by: Option<bson::Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<Binary>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    blocks: Vec<BlockRow>,
}

#[derive(Debug, Serialize, Deserialize)]
struct BlockRow {
    by: bson::Uuid,
    at: DateTime,
    until: Option<i64>,
    delivered: i64,
    read: i64,
}

/// A conversation with what one person wrote in it.
#[derive(Debug, Deserialize)]
pub(crate) struct ViewRow {
    #[serde(flatten)]
    pub(super) row: ConversationRow,
    #[serde(default)]
    pub(super) wrote: Wrote,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberRow {
    conversation_id: bson::Uuid,
    user_id: bson::Uuid,
    role: String,
    joined_at: DateTime,
}

impl MemberRow {
    /// Where they are a member.
    pub(super) fn conversation(&self) -> ConversationId {
        id(self.conversation_id)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MembershipRow {
    conversation_id: bson::Uuid,
    read_seq: i64,
    read_count: i64,
    /// Marks by the names of the switches; absent is 0.
    #[serde(default)]
    switches: HashMap<String, i64>,
    #[serde(default)]
    hidden_at: i64,
}

/// What is read of a conversation: not what its many members wrote.
pub(crate) fn fields() -> Document {
    const FIELDS: [&str; 13] = [
        "kind",
        "title",
        "retention",
        "epoch",
        "headSeq",
        "headCount",
        "headMseq",
        "memberCount",
        "createdAt",
        "activeAt",
        "madeBy",
        "request",
        "blocks",
    ];
    FIELDS.into_iter().map(|field| (field.to_owned(), Bson::from(1))).collect()
}

/// The key of a person's own view of a conversation, with its shard key.
pub(crate) fn own(user: UserId, conversation: ConversationId) -> Document {
    doc! { "_id": pair(user, conversation), "userId": uuid(user) }
}

/// The key of a member, with its shard key.
pub(crate) fn member_key(conversation: ConversationId, user: UserId) -> Document {
    doc! { "_id": pair(conversation, user), "conversationId": uuid(conversation) }
}

/// Matches everyone in the conversation who is not on their way out.
pub(crate) fn is_in(conversation: ConversationId) -> Document {
    let mut filter = doc! { "conversationId": uuid(conversation), "_id": pairs_of(conversation) };
    filter.extend(stays());
    filter
}

/// Matches everyone in any of the conversations who is not on their way out.
pub(crate) fn is_in_any(conversations: &[ConversationId]) -> Document {
    let ids: Vec<bson::Uuid> = conversations.iter().copied().map(uuid).collect();
    let keys: Vec<Document> =
        conversations.iter().map(|id| doc! { "_id": pairs_of(*id) }).collect();
    let mut filter = doc! { "conversationId": { "$in": ids }, "$or": keys };
    filter.extend(stays());
    filter
}

/// The person in any of the conversations, unless they are on their way out.
pub(crate) fn is_there(user: UserId, conversations: &[ConversationId]) -> Document {
    let ids: Vec<bson::Uuid> = conversations.iter().copied().map(uuid).collect();
    let keys: Vec<Binary> = conversations.iter().map(|id| pair(*id, user)).collect();
    let mut filter = doc! { "conversationId": { "$in": ids }, "_id": { "$in": keys } };
    filter.extend(stays());
    filter
}

fn stays() -> Document {
    doc! { "pending.op": { "$nin": ["left", "removed"] } }
}

pub(crate) fn first_row(new: &NewConversation) -> ConversationRow {
    ConversationRow {
        id: uuid(new.id),
        kind: new.kind.as_str().to_owned(),
        title: new.title.clone(),
        retention: new.retention.as_str().to_owned(),
        epoch: new.epoch.clone(),
        head_seq: 0,
        head_count: 0,
        head_mseq: 0,
        member_count: i64::try_from(new.parties.len()).unwrap_or(i64::MAX),
        created_at: date(new.now),
        active_at: date(new.now),
        made_by: new.maker.map(|maker| uuid(maker.user)),
        request: new.maker.map(|maker| binary(maker.digest.to_vec())),
        blocks: Vec::new(),
    }
}

/// The first view that somebody has of a conversation.
pub(crate) fn first_view(conversation: ConversationId) -> Document {
    doc! { "conversationId": uuid(conversation), "readSeq": 0_i64, "readCount": 0_i64 }
}

/// Statements that write everybody's rows unless they are there.
pub(crate) fn rows_of_people(new: &NewConversation) -> (Vec<Document>, Vec<Document>) {
    let member = |user, role: Role| {
        let row = doc! { "userId": uuid(user), "role": role.as_str(), "joinedAt": date(new.now) };
        doc! { "q": member_key(new.id, user), "u": { "$setOnInsert": row }, "upsert": true }
    };
    let membership = |user| doc! { "q": own(user, new.id), "u": { "$setOnInsert": first_view(new.id) }, "upsert": true };
    let members = new.parties.iter().map(|party| member(party.user, party.role)).collect();
    (members, new.parties.iter().map(|party| membership(party.user)).collect())
}

pub(crate) fn conversation(row: ConversationRow) -> Result<Conversation, StoreError> {
    let member_count = u32::try_from(row.member_count)
        .map_err(|_| StoreError::Corrupt(format!("{} members", row.member_count)))?;
    let maker = match (row.made_by, row.request) {
        (Some(user), Some(request)) => {
            let corrupt = |_| StoreError::Corrupt("the digest of a request".to_owned());
            let digest = request.bytes.try_into().map_err(corrupt)?;
            Some(Maker { user: id(user), digest })
        }
        _ => None,
    };
    Ok(Conversation {
        id: id(row.id),
        kind: name(&row.kind, Kind::from_name)?,
        title: row.title,
        retention: name(&row.retention, Retention::from_name)?,
        epoch: row.epoch,
        head_seq: number(row.head_seq)?,
        head_count: number(row.head_count)?,
        head_mseq: number(row.head_mseq)?,
        member_count,
        created_at: time(row.created_at),
        active_at: time(row.active_at),
        maker,
        blocks: row.blocks.iter().map(block).collect::<Result<_, _>>()?,
    })
}

fn block(row: &BlockRow) -> Result<Block, StoreError> {
    Ok(Block {
        by: id(row.by),
        at: time(row.at),
        until: row.until.map(number).transpose()?,
        delivered: number(row.delivered)?,
        read: number(row.read)?,
    })
}

/// A block as it stands among those of the conversation.
pub(super) fn block_row(block: &Block) -> Document {
    doc! {
        "by": uuid(block.by),
        "at": date(block.at),
        "until": block.until.map(integer),
        "delivered": integer(block.delivered),
        "read": integer(block.read),
    }
}

pub(crate) fn member(row: &MemberRow) -> Result<Member, StoreError> {
    let role = name(&row.role, Role::from_name)?;
    Ok(Member { user: id(row.user_id), role, joined_at: time(row.joined_at) })
}

/// What a setting raises in the row.
pub(crate) fn marks(setting: &Setting) -> Document {
    let (marks, hidden_at) = setting.marks();
    let mark =
        |(switch, mark): (Switch, u64)| (format!("switches.{}", switch.as_str()), integer(mark));
    let mut raised: Document =
        marks.into_iter().map(mark).map(|(key, mark)| (key, mark.into())).collect();
    raised.insert("hiddenAt", integer(hidden_at));
    raised
}

pub(crate) fn membership(row: &MembershipRow) -> Result<Membership, StoreError> {
    let mut marks = [0; Switch::ALL.len()];
    for (mark, switch) in marks.iter_mut().zip(Switch::ALL) {
        *mark = number(row.switches.get(switch.as_str()).copied().unwrap_or_default())?;
    }
    Ok(Membership {
        conversation: id(row.conversation_id),
        read_seq: number(row.read_seq)?,
        read_count: number(row.read_count)?,
        switches: Switches::new(marks, number(row.hidden_at)?),
    })
}
