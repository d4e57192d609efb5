//! Single entries of the logs in SQLite.

use std::collections::HashMap;

use async_trait::async_trait;
use kernel::{ConversationId, EntryId, Timestamp};
use serde_json::value::RawValue;
use sqlite::rusqlite::{self, Params};
use sqlite::{Connection, params};

use super::{COLUMNS, NEVER, SqliteLog, entry, find};
use crate::log::entry::Entry;
use crate::log::store::{AFTER_CAP, EntryStore, Span};
use crate::sqlite::{blob, id as read_id, integer, number};
use crate::store::StoreError;

/// How many ids one statement asks for: statements are prepared for that many.
const TARGETS: usize = 200;

#[async_trait]
impl EntryStore for SqliteLog {
    #[tracing::instrument(name = "entry_find", level = "debug", skip_all, fields(conversation_id = %id, entry_id = %mid))]
    async fn find(&self, id: ConversationId, mid: EntryId) -> Result<Option<Entry>, StoreError> {
        Ok(self.db.read(move |tx| Ok(find(tx, id, mid)?)).await?)
    }

    #[tracing::instrument(name = "entry_messages", level = "debug", skip_all, fields(conversation_id = %id, limit = limit))]
    async fn messages(
        &self,
        id: ConversationId,
        span: Span,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let order = if span.newest_first { "DESC" } else { "ASC" };
        let which = format!(
            "conversation_id = ?1 AND seq > ?2 AND seq <= ?3 AND type = 'message'
             ORDER BY seq {order} LIMIT ?4"
        );
        let messages = move |tx: &Connection| {
            let (after, to) = (integer(span.after), integer(span.to));
            Ok(select(tx, &which, params![blob(id), after, to, limit])?)
        };
        Ok(self.db.read(messages).await?)
    }

    #[tracing::instrument(name = "entry_changes", level = "debug", skip_all, fields(conversation_id = %id, targets = targets.len()))]
    async fn changes(
        &self,
        id: ConversationId,
        targets: &[EntryId],
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let targets = targets.to_vec();
        Ok(self.db.read(move |tx| Ok(changes(tx, id, &targets, limit)?)).await?)
    }

    #[tracing::instrument(name = "entry_is_deleted", level = "debug", skip_all, fields(conversation_id = %id, entry_id = %target))]
    async fn is_deleted(&self, id: ConversationId, target: EntryId) -> Result<bool, StoreError> {
        let exists = move |tx: &Connection| {
            let mut select = tx.prepare_cached(
                "SELECT 1 FROM chat_entries
                 WHERE conversation_id = ?1 AND target = ?2 AND type = 'delete'",
            )?;
            Ok(select.exists([blob(id), blob(target)])?)
        };
        Ok(self.db.read(exists).await?)
    }

    #[tracing::instrument(name = "entry_answers", level = "debug", skip_all, fields(conversation_id = %id, entry_id = %target))]
    async fn answers(
        &self,
        id: ConversationId,
        target: EntryId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let which = "conversation_id = ?1 AND target = ?2 AND seq > ?3 AND type = 'message'
                     AND data IS NOT NULL ORDER BY seq LIMIT ?4";
        let answers = move |tx: &Connection| {
            Ok(select(tx, which, params![blob(id), blob(target), integer(after), limit])?)
        };
        Ok(self.db.read(answers).await?)
    }

    #[tracing::instrument(name = "entry_forget", level = "debug", skip_all, fields(conversation_id = %id, entry_id = %target))]
    async fn forget(&self, id: ConversationId, target: EntryId) -> Result<(), StoreError> {
        let forget = move |tx: &Connection| {
            for which in ["mid = ?2", "target = ?2 AND type = 'edit'"] {
                let sql = format!(
                    "UPDATE chat_entries SET data = NULL
                     WHERE conversation_id = ?1 AND {which} AND data IS NOT NULL"
                );
                tx.prepare_cached(&sql)?.execute([blob(id), blob(target)])?;
            }
            Ok(())
        };
        Ok(self.db.write(forget).await?)
    }

    #[tracing::instrument(name = "entry_rewrite", level = "debug", skip_all, fields(conversation_id = %id, seq = seq))]
    async fn rewrite(
        &self,
        id: ConversationId,
        seq: u64,
        data: &RawValue,
    ) -> Result<(), StoreError> {
        let data = data.get().to_owned();
        let rewrite = move |tx: &Connection| {
            let mut rewrite = tx.prepare_cached(
                "UPDATE chat_entries SET data = ?3
                 WHERE conversation_id = ?1 AND seq = ?2 AND data IS NOT NULL",
            )?;
            Ok(rewrite.execute(params![blob(id), integer(seq), data]).map(drop)?)
        };
        Ok(self.db.write(rewrite).await?)
    }

    #[tracing::instrument(name = "entry_unfinished_deletions", level = "debug", skip_all, fields(limit = limit))]
    async fn unfinished_deletions(&self, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let unfinished =
            move |tx: &Connection| Ok(select(tx, "unfinished = 1 LIMIT ?1", params![limit])?);
        Ok(self.db.read(unfinished).await?)
    }

    #[tracing::instrument(name = "entry_finish_deletion", level = "debug", skip_all, fields(conversation_id = %id, seq = seq))]
    async fn finish_deletion(&self, id: ConversationId, seq: u64) -> Result<(), StoreError> {
        let finish = move |tx: &Connection| {
            let mut finish = tx.prepare_cached(
                "UPDATE chat_entries SET unfinished = 0 WHERE conversation_id = ?1 AND seq = ?2",
            )?;
            Ok(finish.execute(params![blob(id), integer(seq)]).map(drop)?)
        };
        Ok(self.db.write(finish).await?)
    }

    /// Expiry tells them from headers, which go earlier, so that these are not read.
    #[tracing::instrument(name = "entry_overdue", level = "debug", skip_all, fields(limit = limit))]
    async fn overdue(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(ConversationId, u64)>, StoreError> {
        let above = if self.header < AFTER_CAP { self.header } else { <_>::default() };
        let (above, to) = (now.plus(above).as_millis(), now.plus(AFTER_CAP).as_millis());
        let overdue = move |tx: &Connection| {
            let mut select = tx.prepare_cached(
                "SELECT conversation_id, seq FROM chat_entries
                 WHERE expires_at > ?1 AND expires_at <= ?2 AND data IS NOT NULL
                 ORDER BY expires_at LIMIT ?3",
            )?;
            let places = select.query_map(params![above, to, limit], |row| {
                Ok((read_id(row, 0)?, number(row, 1)?))
            })?;
            let mut last: HashMap<ConversationId, u64> = HashMap::new();
            for place in places {
                let (id, seq) = place?;
                let last = last.entry(id).or_default();
                *last = (*last).max(seq);
            }
            Ok(last.into_iter().collect())
        };
        Ok(self.db.read(overdue).await?)
    }

    #[tracing::instrument(name = "entry_keep", level = "debug", skip_all, fields(conversation_id = %id, after = after, to = to))]
    async fn keep(&self, id: ConversationId, after: u64, to: u64) -> Result<(), StoreError> {
        let keep = move |tx: &Connection| {
            let mut keep = tx.prepare_cached(
                "UPDATE chat_entries SET expires_at = ?4
                 WHERE conversation_id = ?1 AND seq > ?2 AND seq <= ?3
                   AND data IS NOT NULL AND expires_at <> ?4",
            )?;
            Ok(keep.execute(params![blob(id), integer(after), integer(to), NEVER]).map(drop)?)
        };
        Ok(self.db.write(keep).await?)
    }

    #[tracing::instrument(name = "entry_unkeep", level = "debug", skip_all, fields(conversation_id = %id, after = after))]
    async fn unkeep(&self, id: ConversationId, after: u64) -> Result<(), StoreError> {
        let keep = (self.cap + AFTER_CAP).as_millis();
        let keep = i64::try_from(keep).unwrap_or(i64::MAX);
        let unkeep = move |tx: &Connection| {
            let mut unkeep = tx.prepare_cached(
                "UPDATE chat_entries SET expires_at = created_at + ?3
                 WHERE conversation_id = ?1 AND seq > ?2 AND data IS NOT NULL AND expires_at = ?4",
            )?;
            Ok(unkeep.execute(params![blob(id), integer(after), keep, NEVER]).map(drop)?)
        };
        Ok(self.db.write(unkeep).await?)
    }
}

fn select(tx: &Connection, which: &str, params: impl Params) -> rusqlite::Result<Vec<Entry>> {
    let sql = format!("SELECT {COLUMNS} FROM chat_entries WHERE {which}");
    tx.prepare_cached(&sql)?.query_map(params, entry)?.collect()
}

/// One statement for each two hundred of them; what is in none of the targets fills the last one up.
fn changes(
    tx: &Connection,
    id: ConversationId,
    targets: &[EntryId],
    limit: u32,
) -> rusqlite::Result<Vec<Entry>> {
    let marks = vec!["?"; TARGETS].join(", ");
    let which = format!(
        "conversation_id = ? AND target IN ({marks}) AND type IN ('edit', 'delete', 'reaction')
         ORDER BY seq DESC LIMIT ?"
    );
    let mut found = Vec::new();
    for targets in targets.chunks(TARGETS) {
        let mut values: Vec<rusqlite::types::Value> = vec![blob(id).to_vec().into()];
        let named = targets.iter().map(|target| blob(*target).to_vec().into());
        let spare = std::iter::repeat_n(rusqlite::types::Value::Null, TARGETS - targets.len());
        values.extend(named.chain(spare));
        values.push(i64::from(limit).into());
        found.extend(select(tx, &which, rusqlite::params_from_iter(values))?);
    }
    found.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
    found.truncate(limit as usize);
    Ok(found)
}
