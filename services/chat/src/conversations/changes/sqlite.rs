//! Changes of members and conversations in SQLite. The mark is in the member's row, or in the conversation's.

mod turns;

use async_trait::async_trait;
use kernel::{ConversationId, DeviceId, Timestamp, UserId};
use sqlite::rusqlite::{self, Row};
use sqlite::{Connection, Database, OptionalExtension, params};

use super::store::{Begun, Change, ChangeStore, Op, Turn};
use crate::conversations::Role;
use crate::conversations::sqlite::IS_IN;
use crate::delivery::store::Progress;
use crate::sqlite::{blob, id, name, time};
use crate::store::StoreError;

const CHANGE: &str = "conversation_id, user_id, pending_op, role, pending_was, pending_by, pending_entry, pending_digest,
   pending_at";

/// Changes of members and conversations, in one file.
#[derive(Debug)]
pub struct SqliteChanges {
    db: Database,
}

impl SqliteChanges {
    /// Keeps them in this database.
    pub const fn new(db: Database) -> Self {
        Self { db }
    }
}

#[async_trait]
impl ChangeStore for SqliteChanges {
    #[tracing::instrument(name = "changes_begin", level = "debug", skip_all, fields(conversation_id = %change.conversation, user_id = %change.user))]
    async fn begin(
        &self,
        change: &Change,
        devices: &[DeviceId],
    ) -> Result<Begun<Change>, StoreError> {
        let (change, devices) = (change.clone(), devices.to_vec());
        Ok(self.db.write(move |tx| Ok(begin(tx, &change, &devices)?)).await?)
    }

    #[tracing::instrument(name = "changes_finish", level = "debug", skip_all, fields(conversation_id = %change.conversation, user_id = %change.user))]
    async fn finish(&self, change: &Change, _: u64) -> Result<Option<Progress>, StoreError> {
        let change = change.clone();
        let finish = move |tx: &Connection| {
            if !is_pending(tx, &change)? {
                return Ok(None);
            }
            let progress = if change.op.takes_out() {
                take_out(tx, &change)?
            } else {
                unmark(tx, &change)?;
                None
            };
            count(tx, change.conversation)?;
            Ok(progress)
        };
        Ok(self.db.write(finish).await?)
    }

    #[tracing::instrument(name = "changes_undo", level = "debug", skip_all, fields(conversation_id = %change.conversation, user_id = %change.user))]
    async fn undo(&self, change: &Change) -> Result<(), StoreError> {
        let change = change.clone();
        Ok(self.db.write(move |tx| Ok(undo(tx, &change)?)).await?)
    }

    #[tracing::instrument(name = "changes_pending", level = "debug", skip_all, fields(conversation_id = %id, user_id = %user))]
    async fn pending(
        &self,
        id: ConversationId,
        user: UserId,
    ) -> Result<Option<Change>, StoreError> {
        Ok(self.db.read(move |tx| Ok(pending(tx, id, user)?)).await?)
    }

    #[tracing::instrument(name = "changes_unfinished", level = "debug", skip_all, fields(limit = limit))]
    async fn unfinished(&self, before: Timestamp, limit: u32) -> Result<Vec<Change>, StoreError> {
        let sql = format!("SELECT {CHANGE} FROM chat_members WHERE pending_at < ?1 LIMIT ?2");
        let unfinished = move |tx: &Connection| {
            let mut select = tx.prepare_cached(&sql)?;
            let rows = select.query_map(params![before.as_millis(), limit], change)?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        Ok(self.db.read(unfinished).await?)
    }

    #[tracing::instrument(name = "changes_begin_turn", level = "debug", skip_all, fields(conversation_id = %turn.conversation))]
    async fn begin_turn(&self, turn: &Turn) -> Result<Begun<Turn>, StoreError> {
        let turn = turn.clone();
        Ok(self.db.write(move |tx| Ok(turns::begin_turn(tx, &turn)?)).await?)
    }

    #[tracing::instrument(name = "changes_finish_turn", level = "debug", skip_all, fields(conversation_id = %turn.conversation))]
    async fn finish_turn(&self, turn: &Turn, seq: u64) -> Result<(), StoreError> {
        let turn = turn.clone();
        Ok(self.db.write(move |tx| Ok(turns::finish_turn(tx, &turn, seq)?)).await?)
    }

    #[tracing::instrument(name = "changes_undo_turn", level = "debug", skip_all, fields(conversation_id = %turn.conversation))]
    async fn undo_turn(&self, turn: &Turn) -> Result<(), StoreError> {
        let turn = turn.clone();
        Ok(self.db.write(move |tx| Ok(turns::unmark_turn(tx, &turn)?)).await?)
    }

    #[tracing::instrument(name = "changes_unfinished_turns", level = "debug", skip_all, fields(limit = limit))]
    async fn unfinished_turns(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Turn>, StoreError> {
        let sql = format!(
            "SELECT {} FROM chat_conversations WHERE pending_at < ?1 LIMIT ?2",
            turns::COLUMNS
        );
        let unfinished = move |tx: &Connection| {
            let mut select = tx.prepare_cached(&sql)?;
            let rows = select.query_map(params![before.as_millis(), limit], turns::read)?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        Ok(self.db.read(unfinished).await?)
    }

    #[tracing::instrument(name = "changes_everyone", level = "debug", skip_all, fields(conversation_id = %conversation, limit = limit))]
    async fn everyone(
        &self,
        conversation: ConversationId,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        let everyone = move |tx: &Connection| {
            let mut select = tx.prepare_cached(
                "SELECT user_id FROM chat_members WHERE conversation_id = ?1 LIMIT ?2",
            )?;
            let rows = select.query_map(params![blob(conversation), limit], |row| id(row, 0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        Ok(self.db.read(everyone).await?)
    }

    #[tracing::instrument(name = "changes_clear", level = "debug", skip_all, fields(conversation_id = %id, people = users.len()))]
    async fn clear(&self, id: ConversationId, users: &[UserId]) -> Result<(), StoreError> {
        let users = users.to_vec();
        let clear = move |tx: &Connection| {
            for user in users {
                delete_rows(tx, id, user)?;
            }
            Ok(())
        };
        Ok(self.db.write(clear).await?)
    }
}

fn begin(
    tx: &Connection,
    wanted: &Change,
    devices: &[DeviceId],
) -> rusqlite::Result<Begun<Change>> {
    let (id, user) = (wanted.conversation, wanted.user);
    if let Some(pending) = pending(tx, id, user)? {
        let same = pending.entry == wanted.entry;
        return Ok(if same { Begun::Yes(pending) } else { Begun::Busy });
    }
    let role = {
        let mut select = tx.prepare_cached(
            "SELECT role FROM chat_members WHERE conversation_id = ?1 AND user_id = ?2",
        )?;
        let read = |row: &Row<'_>| name(row, 0, Role::from_name);
        select.query_row([blob(id), blob(user)], read).optional()?
    };
    match (wanted.op, role) {
        (Op::Joined, None) => {
            let mut member = tx.prepare_cached(
                "INSERT INTO chat_members (conversation_id, user_id, role, joined_at)
                 VALUES (?1, ?2, ?3, ?4)",
            )?;
            let (role, at) = (wanted.role.as_str(), wanted.at.as_millis());
            member.execute(params![blob(id), blob(user), role, at])?;
            crate::delivery::sqlite::join(tx, id, user, devices)?;
            let mut view = tx.prepare_cached(
                "INSERT INTO chat_memberships (user_id, conversation_id) VALUES (?1, ?2)
                 ON CONFLICT DO NOTHING",
            )?;
            view.execute([blob(user), blob(id)])?;
        }
        (Op::Left | Op::Removed, Some(_)) => leaving(tx, wanted, true)?,
        (Op::Role, Some(role)) if role != wanted.role => set_role(tx, wanted, wanted.role)?,
        _ => return Ok(Begun::Nothing),
    }
    mark(tx, wanted, role.unwrap_or(wanted.role))?;
    Ok(pending(tx, id, user)?.map_or(Begun::Nothing, Begun::Yes))
}

fn mark(tx: &Connection, change: &Change, was: Role) -> rusqlite::Result<()> {
    let mut mark = tx.prepare_cached(
        "UPDATE chat_members SET pending_op = ?3, pending_was = ?4, pending_by = ?5, pending_entry = ?6,
           pending_digest = ?7, pending_at = ?8
         WHERE conversation_id = ?1 AND user_id = ?2",
    )?;
    let (id, user) = (blob(change.conversation), blob(change.user));
    let (by, entry, at) = (blob(change.by), blob(change.entry), change.at.as_millis());
    mark.execute(params![
        id,
        user,
        change.op.as_str(),
        was.as_str(),
        by,
        entry,
        change.digest,
        at
    ])?;
    Ok(())
}

fn unmark(tx: &Connection, change: &Change) -> rusqlite::Result<()> {
    let mut unmark = tx.prepare_cached(
        "UPDATE chat_members SET pending_op = NULL, pending_was = NULL, pending_by = NULL,
           pending_entry = NULL, pending_digest = NULL, pending_at = NULL
         WHERE conversation_id = ?1 AND user_id = ?2",
    )?;
    unmark.execute([blob(change.conversation), blob(change.user)]).map(drop)
}

fn undo(tx: &Connection, change: &Change) -> rusqlite::Result<()> {
    if !is_pending(tx, change)? {
        return Ok(());
    }
    match change.op {
        Op::Joined => return take_out(tx, change).map(drop),
        Op::Left | Op::Removed => leaving(tx, change, false)?,
        Op::Role => set_role(tx, change, change.was)?,
    }
    unmark(tx, change)
}

fn set_role(tx: &Connection, change: &Change, role: Role) -> rusqlite::Result<()> {
    let mut set = tx.prepare_cached(
        "UPDATE chat_members SET role = ?3 WHERE conversation_id = ?1 AND user_id = ?2",
    )?;
    set.execute(params![blob(change.conversation), blob(change.user), role.as_str()]).map(drop)
}

fn leaving(tx: &Connection, change: &Change, leaving: bool) -> rusqlite::Result<()> {
    let mut set = tx.prepare_cached(
        "UPDATE chat_memberships SET leaving = ?3 WHERE user_id = ?1 AND conversation_id = ?2",
    )?;
    set.execute(params![blob(change.user), blob(change.conversation), leaving]).map(drop)
}

fn take_out(tx: &Connection, change: &Change) -> rusqlite::Result<Option<Progress>> {
    let (id, user) = (change.conversation, change.user);
    delete_rows(tx, id, user)?;
    crate::delivery::sqlite::leave(tx, id, user)
}

fn delete_rows(tx: &Connection, id: ConversationId, user: UserId) -> rusqlite::Result<()> {
    for table in ["chat_memberships", "chat_members"] {
        let sql = format!("DELETE FROM {table} WHERE conversation_id = ?1 AND user_id = ?2");
        tx.prepare_cached(&sql)?.execute([blob(id), blob(user)])?;
    }
    Ok(())
}

fn count(tx: &Connection, id: ConversationId) -> rusqlite::Result<()> {
    let sql = format!(
        "UPDATE chat_conversations SET member_count =
           (SELECT count(*) FROM chat_members WHERE conversation_id = ?1 AND {IS_IN})
         WHERE id = ?1"
    );
    tx.prepare_cached(&sql)?.execute([blob(id)]).map(drop)
}

fn is_pending(tx: &Connection, change: &Change) -> rusqlite::Result<bool> {
    let pending = pending(tx, change.conversation, change.user)?;
    Ok(pending.is_some_and(|pending| pending.entry == change.entry))
}

fn pending(tx: &Connection, id: ConversationId, user: UserId) -> rusqlite::Result<Option<Change>> {
    let sql = format!(
        "SELECT {CHANGE} FROM chat_members
         WHERE conversation_id = ?1 AND user_id = ?2 AND pending_at IS NOT NULL"
    );
    tx.prepare_cached(&sql)?.query_row([blob(id), blob(user)], change).optional()
}

fn change(row: &Row<'_>) -> rusqlite::Result<Change> {
    Ok(Change {
        conversation: id(row, 0)?,
        user: id(row, 1)?,
        op: name(row, 2, Op::from_name)?,
        role: name(row, 3, Role::from_name)?,
        was: name(row, 4, Role::from_name)?,
        by: id(row, 5)?,
        entry: id(row, 6)?,
        digest: row.get(7)?,
        at: time(row, 8)?,
    })
}
