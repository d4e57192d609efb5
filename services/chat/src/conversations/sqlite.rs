//! Conversations and who is in them, in SQLite.

mod together;

use std::collections::HashMap;

use async_trait::async_trait;
use kernel::{ConversationId, Timestamp, UserId};
use sqlite::rusqlite::{self, Row};
use sqlite::{Connection, Database, OptionalExtension, params};

use super::store::{ConversationStore, Counted, NewConversation, Party};
use super::switches::{Setting, Switch, Switches};
use super::{Block, Conversation, Kind, Maker, Member, Membership, Retention, Role};
use crate::log::store::Head;
use crate::sqlite::{blob, id, integer, name, nonsense, number, time};
use crate::store::StoreError;

const COLUMNS: &str = "id, kind, retention, epoch, head_seq, head_count, head_mseq, member_count, created_at, active_at,
   title, made_by, request, blocks";

/// The marks in the order of [`Switch::ALL`].
const MEMBERSHIP: &str = "conversation_id, read_seq, read_count, muted, pinned, hidden, archived, marked_unread, hidden_at";

/// Holds for a member's row whose person is not on their way out.
pub(super) const IS_IN: &str = "(pending_op IS NULL OR pending_op NOT IN ('left', 'removed'))";

/// Conversations, their members, and each person's list of them, in one file.
#[derive(Debug)]
pub struct SqliteConversations {
    db: Database,
}

impl SqliteConversations {
    /// Keeps them in this database.
    pub const fn new(db: Database) -> Self {
        Self { db }
    }
}

#[async_trait]
impl ConversationStore for SqliteConversations {
    #[tracing::instrument(name = "conversations_create", level = "debug", skip_all, fields(conversation_id = %new.id))]
    async fn create(&self, new: &NewConversation) -> Result<bool, StoreError> {
        let new = new.clone();
        Ok(self.db.write(move |tx| Ok(create(tx, &new)?)).await?)
    }

    #[tracing::instrument(name = "conversations_get", level = "debug", skip_all, fields(conversation_id = %id))]
    async fn get(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        Ok(self.db.read(move |tx| Ok(get(tx, id)?)).await?)
    }

    #[tracing::instrument(name = "conversations_get_many", level = "debug", skip_all, fields(conversations = ids.len()))]
    async fn get_many(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>, StoreError> {
        let ids = ids.to_vec();
        Ok(self.db.read(move |tx| Ok(together::get(tx, &ids)?)).await?)
    }

    #[tracing::instrument(name = "conversations_members", level = "debug", skip_all, fields(conversation_id = %conversation, limit = limit))]
    async fn members(
        &self,
        conversation: ConversationId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Member>, StoreError> {
        let sql = format!(
            "SELECT user_id, role, joined_at FROM chat_members
             WHERE conversation_id = ?1 AND user_id > ?2 AND {IS_IN} ORDER BY user_id LIMIT ?3"
        );
        // An empty blob sorts before every id.
        let after = after.map_or_else(Vec::new, |after| blob(after).to_vec());
        let members = move |tx: &Connection| {
            let mut select = tx.prepare_cached(&sql)?;
            let rows = select.query_map(params![blob(conversation), after, limit], member)?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        Ok(self.db.read(members).await?)
    }

    #[tracing::instrument(name = "conversations_members_of", level = "debug", skip_all, fields(conversations = ids.len()))]
    async fn members_of(
        &self,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Vec<Member>>, StoreError> {
        let ids = ids.to_vec();
        Ok(self.db.read(move |tx| Ok(together::members(tx, &ids)?)).await?)
    }

    #[tracing::instrument(name = "conversations_member_in", level = "debug", skip_all, fields(user_id = %user, conversations = ids.len()))]
    async fn member_in(
        &self,
        user: UserId,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Member>, StoreError> {
        let ids = ids.to_vec();
        Ok(self.db.read(move |tx| Ok(together::member_in(tx, user, &ids)?)).await?)
    }

    #[tracing::instrument(name = "conversations_of", level = "debug", skip_all, fields(user_id = %user, limit = limit))]
    async fn conversations_of(
        &self,
        user: UserId,
        limit: u32,
    ) -> Result<Vec<ConversationId>, StoreError> {
        let ids = move |tx: &Connection| {
            let mut select = tx.prepare_cached(
                "SELECT conversation_id FROM chat_memberships
                 WHERE user_id = ?1 AND leaving = 0 LIMIT ?2",
            )?;
            let rows = select.query_map(params![blob(user), limit], |row| id(row, 0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        Ok(self.db.read(ids).await?)
    }

    #[tracing::instrument(name = "conversations_of_each", level = "debug", skip_all, fields(users = users.len()))]
    async fn conversations_of_each(
        &self,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Vec<ConversationId>>, StoreError> {
        let users = users.to_vec();
        Ok(self.db.read(move |tx| Ok(together::conversations(tx, &users)?)).await?)
    }

    #[tracing::instrument(name = "conversations_views", level = "debug", skip_all, fields(user_id = %user, limit = limit))]
    async fn views_of(
        &self,
        user: UserId,
        limit: u32,
    ) -> Result<Vec<(Conversation, Membership)>, StoreError> {
        let views = move |tx: &Connection| {
            let mut select = tx.prepare_cached(&format!(
                "SELECT {MEMBERSHIP} FROM chat_memberships
                 WHERE user_id = ?1 AND leaving = 0 LIMIT ?2",
            ))?;
            let mut views = Vec::new();
            for own in select.query_map(params![blob(user), limit], membership)? {
                let own = own?;
                views.extend(get(tx, own.conversation)?.map(|conversation| (conversation, own)));
            }
            Ok(views)
        };
        Ok(self.db.read(views).await?)
    }

    #[tracing::instrument(name = "conversations_membership", level = "debug", skip_all, fields(conversation_id = %id, user_id = %user))]
    async fn membership(
        &self,
        user: UserId,
        id: ConversationId,
    ) -> Result<Option<Membership>, StoreError> {
        let one = move |tx: &Connection| {
            let mut select = tx.prepare_cached(&format!(
                "SELECT {MEMBERSHIP} FROM chat_memberships
                 WHERE user_id = ?1 AND conversation_id = ?2 AND leaving = 0",
            ))?;
            Ok(select.query_row([blob(user), blob(id)], membership).optional()?)
        };
        Ok(self.db.read(one).await?)
    }

    #[tracing::instrument(name = "conversations_reads", level = "debug", skip_all, fields(places = places.len()))]
    async fn reads(
        &self,
        places: &[(ConversationId, UserId)],
    ) -> Result<HashMap<(ConversationId, UserId), u64>, StoreError> {
        let places = places.to_vec();
        Ok(self.db.read(move |tx| Ok(together::reads(tx, &places)?)).await?)
    }

    #[tracing::instrument(name = "conversations_raise_read", level = "debug", skip_all, fields(conversation_id = %id, user_id = %user, seq = seq))]
    async fn raise_read(
        &self,
        user: UserId,
        id: ConversationId,
        seq: u64,
        count: u64,
    ) -> Result<bool, StoreError> {
        Ok(self.db.write(move |tx| Ok(raise_read(tx, user, id, (seq, count))?)).await?)
    }

    #[tracing::instrument(name = "conversations_count", level = "debug", skip_all, fields(conversations = all.len()))]
    async fn count(&self, all: &[Counted], now: Timestamp) -> Result<(), StoreError> {
        let all = all.to_vec();
        let count = move |tx: &Connection| {
            for Counted { id, head, wrote } in &all {
                raise_head(tx, *id, *head, now.as_millis())?;
                for (user, seq, count) in wrote {
                    raise_read(tx, *user, *id, (*seq, *count))?;
                }
            }
            Ok(())
        };
        Ok(self.db.write(count).await?)
    }

    #[tracing::instrument(name = "conversations_set_switches", level = "debug", skip_all, fields(conversation_id = %id, user_id = %user))]
    async fn set_switches(
        &self,
        user: UserId,
        id: ConversationId,
        setting: &Setting,
    ) -> Result<bool, StoreError> {
        let setting = setting.clone();
        Ok(self.db.write(move |tx| Ok(set_switches(tx, user, id, &setting)?)).await?)
    }

    #[tracing::instrument(name = "conversations_set_retention", level = "debug", skip_all, fields(conversation_id = %id, seq = seq))]
    async fn set_retention(
        &self,
        id: ConversationId,
        retention: Retention,
        seq: u64,
    ) -> Result<(), StoreError> {
        let set = move |tx: &Connection| {
            let mut set = tx.prepare_cached(
                "UPDATE chat_conversations SET retention = ?2, retention_seq = ?3
                 WHERE id = ?1 AND retention_seq < ?3",
            )?;
            Ok(set.execute(params![blob(id), retention.as_str(), integer(seq)]).map(drop)?)
        };
        Ok(self.db.write(set).await?)
    }

    #[tracing::instrument(name = "conversations_set_block", level = "debug", skip_all, fields(conversation_id = %id))]
    async fn set_block(&self, id: ConversationId, block: &Block) -> Result<bool, StoreError> {
        let block = *block;
        Ok(self.db.write(move |tx| Ok(set_block(tx, id, block)?)).await?)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let ping = |tx: &Connection| Ok(tx.query_row("SELECT 1", [], |_| Ok(()))?);
        Ok(self.db.read(ping).await?)
    }
}

/// All of it in the transaction of the caller, so the row of the conversation says whether it is there.
fn create(tx: &Connection, new: &NewConversation) -> rusqlite::Result<bool> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO chat_conversations (id, kind, retention, epoch, member_count, created_at, active_at,
           title, made_by, request)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
    )?;
    let made = insert.execute(params![
        blob(new.id),
        new.kind.as_str(),
        new.retention.as_str(),
        new.epoch,
        i64::try_from(new.parties.len()).unwrap_or(i64::MAX),
        new.now.as_millis(),
        new.title,
        new.maker.map(|maker| blob(maker.user)),
        new.maker.map(|maker| maker.digest),
    ])?;
    if made == 0 {
        return Ok(false);
    }
    let mut begin = tx
        .prepare_cached("INSERT INTO chat_delivery (conversation_id, retention) VALUES (?1, ?2)")?;
    begin.execute(params![blob(new.id), new.retention.as_str()])?;
    for party in &new.parties {
        join(tx, new, party)?;
    }
    Ok(true)
}

fn join(tx: &Connection, new: &NewConversation, party: &Party) -> rusqlite::Result<()> {
    let (id, user) = (blob(new.id), blob(party.user));
    let mut member = tx.prepare_cached(
        "INSERT INTO chat_members (conversation_id, user_id, role, joined_at) VALUES (?1, ?2, ?3, ?4)",
    )?;
    member.execute(params![id, user, party.role.as_str(), new.now.as_millis()])?;
    let mut membership = tx.prepare_cached(
        "INSERT INTO chat_memberships (user_id, conversation_id) VALUES (?1, ?2)",
    )?;
    membership.execute([user, id])?;
    crate::delivery::sqlite::join(tx, new.id, party.user, &party.devices)
}

/// Raises the head that the conversation counts, and when it was last active, in milliseconds.
pub(crate) fn raise_head(
    tx: &Connection,
    id: ConversationId,
    head: Head,
    active: i64,
) -> rusqlite::Result<()> {
    let mut raise = tx.prepare_cached(
        "UPDATE chat_conversations SET head_seq = max(head_seq, ?2),
           head_count = max(head_count, ?3), head_mseq = max(head_mseq, ?4),
           active_at = max(active_at, ?5)
         WHERE id = ?1 AND (head_seq < ?2 OR active_at < ?5)",
    )?;
    let (seq, count, mseq) = (integer(head.seq), integer(head.count), integer(head.mseq));
    raise.execute(params![blob(id), seq, count, mseq, active]).map(drop)
}

fn raise_read(
    tx: &Connection,
    user: UserId,
    id: ConversationId,
    (seq, count): (u64, u64),
) -> rusqlite::Result<bool> {
    let place = params![blob(user), blob(id), integer(seq)];
    let mut below = tx.prepare_cached(
        "SELECT 1 FROM chat_memberships WHERE user_id = ?1 AND conversation_id = ?2 AND read_seq < ?3",
    )?;
    let rises = below.exists(place)?;
    let mut raise = tx.prepare_cached(
        "UPDATE chat_memberships SET read_seq = max(read_seq, ?3), read_count = max(read_count, ?4)
         WHERE user_id = ?1 AND conversation_id = ?2",
    )?;
    raise.execute(params![blob(user), blob(id), integer(seq), integer(count)])?;
    Ok(rises)
}

fn set_switches(
    tx: &Connection,
    user: UserId,
    id: ConversationId,
    setting: &Setting,
) -> rusqlite::Result<bool> {
    let mut mark = [0; Switch::ALL.len()];
    let (marks, hidden_at) = setting.marks();
    for (switch, one) in marks {
        mark[switch as usize] = integer(one);
    }
    let [muted, pinned, hidden, archived, marked_unread] = mark;
    let mut set = tx.prepare_cached(
        "UPDATE chat_memberships SET muted = max(muted, ?3), pinned = max(pinned, ?4), hidden = max(hidden, ?5),
           archived = max(archived, ?6), marked_unread = max(marked_unread, ?7), hidden_at = max(hidden_at, ?8)
         WHERE user_id = ?1 AND conversation_id = ?2 AND leaving = 0",
    )?;
    let (user, id, at) = (blob(user), blob(id), integer(hidden_at));
    let set = set.execute(params![user, id, muted, pinned, hidden, archived, marked_unread, at])?;
    Ok(set > 0)
}

fn set_block(tx: &Connection, id: ConversationId, block: Block) -> rusqlite::Result<bool> {
    let Some(Conversation { mut blocks, .. }) = get(tx, id)? else { return Ok(false) };
    if blocks.iter().any(|other| other.by == block.by && other.at >= block.at) {
        return Ok(false);
    }
    blocks.retain(|other| other.by != block.by);
    blocks.push(block);
    let json = serde_json::to_string(&blocks).map_err(|error| nonsense(13, error.into()))?;
    let mut set = tx.prepare_cached("UPDATE chat_conversations SET blocks = ?2 WHERE id = ?1")?;
    set.execute(params![blob(id), json])?;
    Ok(true)
}

fn get(tx: &Connection, id: ConversationId) -> rusqlite::Result<Option<Conversation>> {
    let sql = format!("SELECT {COLUMNS} FROM chat_conversations WHERE id = ?1 AND gone = 0");
    tx.prepare_cached(&sql)?.query_row([blob(id)], conversation).optional()
}

fn conversation(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    let made_by: Option<[u8; 16]> = row.get(11)?;
    let digest: Option<[u8; 32]> = row.get(12)?;
    let user = made_by.map(uuid::Uuid::from_bytes).map(UserId::from_uuid);
    let blocks: Option<String> = row.get(13)?;
    let blocks = blocks.map_or_else(|| Ok(Vec::new()), |json| serde_json::from_str(&json));
    Ok(Conversation {
        id: id(row, 0)?,
        kind: name(row, 1, Kind::from_name)?,
        retention: name(row, 2, Retention::from_name)?,
        epoch: row.get(3)?,
        head_seq: number(row, 4)?,
        head_count: number(row, 5)?,
        head_mseq: number(row, 6)?,
        member_count: row.get(7)?,
        created_at: time(row, 8)?,
        active_at: time(row, 9)?,
        title: row.get(10)?,
        maker: user.zip(digest).map(|(user, digest)| Maker { user, digest }),
        blocks: blocks.map_err(|error| nonsense(13, error.into()))?,
    })
}

fn membership(row: &Row<'_>) -> rusqlite::Result<Membership> {
    let (read_seq, read_count) = (number(row, 1)?, number(row, 2)?);
    let mut marks = [0; Switch::ALL.len()];
    for (mark, column) in marks.iter_mut().zip(3..) {
        *mark = number(row, column)?;
    }
    let switches = Switches::new(marks, number(row, 8)?);
    Ok(Membership { conversation: id(row, 0)?, read_seq, read_count, switches })
}

fn member(row: &Row<'_>) -> rusqlite::Result<Member> {
    let role = name(row, 1, Role::from_name)?;
    Ok(Member { user: id(row, 0)?, role, joined_at: time(row, 2)? })
}
