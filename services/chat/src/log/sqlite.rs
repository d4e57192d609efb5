//! The logs in SQLite. The process has one writer, so positions are handed out inside the transaction.

mod single;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Clock, ConversationId, EntryId, UserId};
use serde_json::value::RawValue;
use sqlite::rusqlite::{self, Row};
use sqlite::{Connection, Database, OptionalExtension, SqliteError, params};

use super::entry::{Entry, EntryType};
use super::store::{AFTER_CAP, Appended, Draft, Head, LogStore, Part, Tail, Wanted};
use crate::conversations::Retention;
use crate::conversations::sqlite::raise_head;
use crate::sqlite::{blob, id, integer, name, nonsense, number, time};
use crate::store::StoreError;

/// Headers that one call of [`LogStore::remove_expired`] removes at most, so that no commit takes long.
const REMOVED_AT_ONCE: u32 = 1_000;

/// Stands where the time of expiry stands, for what is kept for good.
const NEVER: i64 = i64::MAX;

const COLUMNS: &str = "mid, conversation_id, seq, count, mseq, type, sender, created_at, digest, target, data, withheld_from";

/// The logs of all conversations, in one file.
#[derive(Debug)]
pub struct SqliteLog {
    db: Database,
    header: Duration,
    cap: Duration,
    clock: Arc<dyn Clock>,
}

impl SqliteLog {
    /// `header` is how long a stripped entry's header stays, `cap` how long content stays that nobody calls for.
    pub fn new(db: Database, header: Duration, cap: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { db, header, cap, clock }
    }
}

#[async_trait]
impl LogStore for SqliteLog {
    #[tracing::instrument(name = "log_append", level = "debug", skip_all, fields(drafts = drafts.len()))]
    async fn append(&self, drafts: &[Draft]) -> Vec<Appended> {
        let batch = drafts.to_vec();
        let keep = self.cap + AFTER_CAP;
        let appended = self.db.write(move |tx| append_all(tx, &batch, keep)).await;
        appended.unwrap_or_else(|error| {
            tracing::warn!(%error, "entries were not appended");
            vec![Appended::Unavailable; drafts.len()]
        })
    }

    /// Heads are read inside the transaction.
    fn seen(&self, _: ConversationId, _: Head) {}

    #[tracing::instrument(name = "log_raise_heads", level = "debug", skip_all, fields(conversations = heads.len()))]
    async fn raise_heads(&self, heads: &[(ConversationId, Head)]) -> Result<(), StoreError> {
        let heads = heads.to_vec();
        let raise = move |tx: &Connection| {
            Ok(heads.iter().try_for_each(|(id, head)| raise_head(tx, *id, *head, i64::MIN))?)
        };
        Ok(self.db.write(raise).await?)
    }

    #[tracing::instrument(name = "log_heads", level = "debug", skip_all, fields(conversations = ids.len()))]
    async fn heads(&self, ids: &[ConversationId]) -> Result<Vec<Head>, StoreError> {
        let ids = ids.to_vec();
        let heads = move |tx: &Connection| {
            Ok(ids.iter().map(|id| head(tx, *id)).collect::<Result<_, _>>()?)
        };
        Ok(self.db.read(heads).await?)
    }

    #[tracing::instrument(name = "log_entries", level = "debug", skip_all, fields(conversation_id = %id, after = after, limit = limit))]
    async fn entries(
        &self,
        id: ConversationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM chat_entries WHERE conversation_id = ?1 AND seq > ?2
             ORDER BY seq LIMIT ?3"
        );
        let entries = move |tx: &Connection| {
            let mut select = tx.prepare_cached(&sql)?;
            let rows = select.query_map(params![blob(id), integer(after), limit], entry)?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        Ok(self.db.read(entries).await?)
    }

    #[tracing::instrument(name = "log_tails", level = "debug", skip_all, fields(conversations = wanted.len()))]
    async fn tails(&self, wanted: &[Wanted]) -> Result<Vec<Tail>, StoreError> {
        let wanted = wanted.to_vec();
        let tails = move |tx: &Connection| {
            let tails = wanted.iter().map(|wanted| tail(tx, wanted));
            Ok(tails.collect::<rusqlite::Result<_>>()?)
        };
        Ok(self.db.read(tails).await?)
    }

    #[tracing::instrument(name = "log_strip", level = "debug", skip_all, fields(parts = parts.len()))]
    async fn strip_all(&self, parts: &[Part]) -> Result<(), StoreError> {
        let expires = self.clock.now().plus(self.header).as_millis();
        let parts = parts.to_vec();
        let strip = move |tx: &Connection| {
            let mut strip = tx.prepare_cached(
                "UPDATE chat_entries SET data = NULL, expires_at = ?4
                 WHERE conversation_id = ?1 AND seq > ?2 AND seq <= ?3 AND data IS NOT NULL",
            )?;
            for Part { id, from, to } in &parts {
                strip.execute(params![blob(*id), integer(*from), integer(*to), expires])?;
            }
            Ok(())
        };
        Ok(self.db.write(strip).await?)
    }

    async fn remove_expired(&self) -> Result<u64, StoreError> {
        let now = self.clock.now().as_millis();
        let remove = move |tx: &Connection| {
            let mut remove = tx.prepare_cached(
                "DELETE FROM chat_entries WHERE (conversation_id, seq) IN
                   (SELECT conversation_id, seq FROM chat_entries WHERE expires_at <= ?1 LIMIT ?2)",
            )?;
            Ok(remove.execute(params![now, REMOVED_AT_ONCE])?)
        };
        let removed = self.db.write(remove).await?;
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }
}

/// Drafts of a sender who has to be looked at again, and everything that the sender wrote after them.
type Stale = HashSet<(ConversationId, UserId)>;

/// A later draft sees what an earlier one of the same call stored, so an id that comes twice is found the second time.
fn append_all(
    tx: &Connection,
    drafts: &[Draft],
    keep: Duration,
) -> Result<Vec<Appended>, SqliteError> {
    let mut heads = HashMap::new();
    let mut stale = Stale::new();
    let mut appended = Vec::with_capacity(drafts.len());
    for draft in drafts {
        if let Some(entry) = find(tx, draft.conversation, draft.id)? {
            let same = draft.is_stored_as(&entry);
            appended.push(if same { Appended::Existing(entry) } else { Appended::Conflict });
            continue;
        }
        let last = match heads.get(&draft.conversation) {
            Some(last) => *last,
            None => head(tx, draft.conversation)?,
        };
        let place = (draft.conversation, draft.sender);
        if draft.checked < last.mseq || stale.contains(&place) {
            stale.insert(place);
            appended.push(Appended::Stale);
            continue;
        }
        let entry = draft.after(last);
        insert(tx, &entry, (draft.retention == Retention::Relay).then_some(keep))?;
        heads.insert(draft.conversation, Head::at(&entry));
        appended.push(Appended::Stored(entry));
    }
    Ok(appended)
}

/// Fails if the place or the id is taken.
pub(crate) fn insert(
    tx: &Connection,
    entry: &Entry,
    keep: Option<Duration>,
) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO chat_entries (conversation_id, seq, mid, count, mseq, type, sender, created_at,
           digest, target, data, expires_at, unfinished, withheld_from)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?;
    insert.execute(params![
        blob(entry.conversation),
        integer(entry.seq),
        blob(entry.id),
        integer(entry.count),
        integer(entry.mseq),
        entry.kind.as_str(),
        blob(entry.sender),
        entry.created_at.as_millis(),
        entry.digest,
        entry.target.map(blob),
        entry.data.as_deref().map(RawValue::get),
        keep.map_or(NEVER, |keep| entry.created_at.plus(keep).as_millis()),
        entry.kind == EntryType::Delete,
        entry.withheld_from.map(blob),
    ])?;
    Ok(())
}

/// The end of the log: its last entry, or what the conversation counts if entries at the end are gone already.
fn head(tx: &Connection, id: ConversationId) -> rusqlite::Result<Head> {
    let last = "SELECT seq, count, mseq FROM chat_entries WHERE conversation_id = ?1
                ORDER BY seq DESC LIMIT 1";
    let counted = "SELECT head_seq, head_count, head_mseq FROM chat_conversations WHERE id = ?1";
    let read = |sql| {
        let mut select = tx.prepare_cached(sql)?;
        select
            .query_row([blob(id)], |row| {
                Ok(Head { seq: number(row, 0)?, count: number(row, 1)?, mseq: number(row, 2)? })
            })
            .optional()
    };
    let (last, counted) = (read(last)?.unwrap_or_default(), read(counted)?.unwrap_or_default());
    Ok(if counted.seq > last.seq { counted } else { last })
}

/// Head and entries are of one transaction, so of one moment.
fn tail(tx: &Connection, wanted: &Wanted) -> rusqlite::Result<Tail> {
    let Wanted { conversation, after, to, entries: most, bytes } = *wanted;
    let sql = format!(
        "SELECT {COLUMNS} FROM chat_entries WHERE conversation_id = ?1 AND seq > ?2 AND seq <= ?3
         ORDER BY seq LIMIT ?4"
    );
    let mut select = tx.prepare_cached(&sql)?;
    let rows = params![blob(conversation), integer(after), integer(to), most];
    let mut tail = Tail { head: head(tx, conversation)?.seq, ..Tail::default() };
    let mut weight = 0;
    for row in select.query_map(rows, entry)? {
        let row = row?;
        weight += row.weight();
        tail.entries.push(row);
        if weight > bytes {
            tail.full = true;
            return Ok(tail);
        }
    }
    tail.full = tail.entries.len() >= most as usize;
    Ok(tail)
}

/// The entry of that id, if its header is still there.
pub(crate) fn find(
    tx: &Connection,
    id: ConversationId,
    mid: EntryId,
) -> rusqlite::Result<Option<Entry>> {
    let sql = format!("SELECT {COLUMNS} FROM chat_entries WHERE conversation_id = ?1 AND mid = ?2");
    tx.prepare_cached(&sql)?.query_row([blob(id), blob(mid)], entry).optional()
}

fn maybe_id<K>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<kernel::Id<K>>> {
    let bytes: Option<[u8; 16]> = row.get(column)?;
    Ok(bytes.map(uuid::Uuid::from_bytes).map(kernel::Id::from_uuid))
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let data: Option<String> = row.get(10)?;
    let data = data.map(RawValue::from_string).transpose();
    Ok(Entry {
        id: id(row, 0)?,
        conversation: id(row, 1)?,
        seq: number(row, 2)?,
        count: number(row, 3)?,
        mseq: number(row, 4)?,
        kind: name(row, 5, EntryType::from_name)?,
        sender: id(row, 6)?,
        created_at: time(row, 7)?,
        digest: row.get(8)?,
        target: maybe_id(row, 9)?,
        withheld_from: maybe_id(row, 11)?,
        data: data.map_err(|error| nonsense(10, error.into()))?,
    })
}
