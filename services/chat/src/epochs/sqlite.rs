//! New epochs in SQLite: one transaction for each page.

use async_trait::async_trait;
use kernel::ConversationId;
use sqlite::rusqlite;
use sqlite::{Connection, Database, params};

use super::store::{EpochStore, Survey};
use crate::log::store::Head;
use crate::sqlite::{blob, id, integer};
use crate::store::StoreError;

/// Everyone in the conversation, those on their way out too.
const PEOPLE: &str = "conversation_id = ?1
   AND user_id IN (SELECT user_id FROM chat_members WHERE conversation_id = ?1)
   AND (read_seq > ?2 OR read_count > ?3)";

/// Epochs of all conversations, in one file.
#[derive(Debug)]
pub struct SqliteEpochs {
    db: Database,
}

impl SqliteEpochs {
    /// Keeps them in this database.
    pub const fn new(db: Database) -> Self {
        Self { db }
    }
}

#[async_trait]
impl EpochStore for SqliteEpochs {
    #[tracing::instrument(name = "epochs_page", level = "debug", skip_all, fields(limit = limit))]
    async fn page(
        &self,
        after: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<ConversationId>, StoreError> {
        // An empty blob sorts before every id.
        let after = after.map_or_else(Vec::new, |after| blob(after).to_vec());
        let page = move |tx: &Connection| {
            let mut select = tx.prepare_cached(
                "SELECT id FROM chat_conversations WHERE id > ?1 AND gone = 0 ORDER BY id LIMIT ?2",
            )?;
            let rows = select.query_map(params![after, limit], |row| id(row, 0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        Ok(self.db.read(page).await?)
    }

    #[tracing::instrument(name = "epochs_survey", level = "debug", skip_all, fields(conversations = ends.len()))]
    async fn survey(&self, ends: &[(ConversationId, Head)]) -> Result<Survey, StoreError> {
        let ends = ends.to_vec();
        let survey = move |tx: &Connection| {
            let mut all = Survey::default();
            for (id, end) in ends {
                all += survey(tx, id, end)?;
            }
            Ok(all)
        };
        Ok(self.db.read(survey).await?)
    }

    #[tracing::instrument(name = "epochs_renew", level = "debug", skip_all, fields(conversations = ends.len()))]
    async fn renew(
        &self,
        ends: &[(ConversationId, Head)],
        epoch: &str,
    ) -> Result<Survey, StoreError> {
        let (ends, epoch) = (ends.to_vec(), epoch.to_owned());
        let renew = move |tx: &Connection| {
            let mut all = Survey::default();
            for (id, end) in ends {
                all += survey(tx, id, end)?;
                renew(tx, id, end, &epoch)?;
            }
            Ok(all)
        };
        Ok(self.db.write(renew).await?)
    }
}

fn survey(tx: &Connection, id: ConversationId, end: Head) -> rusqlite::Result<Survey> {
    let count = |sql: &str, place: &[&dyn rusqlite::ToSql]| {
        tx.prepare_cached(sql)?.query_row(place, |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
    };
    let (id, seq, messages) = (blob(id), integer(end.seq), integer(end.count));
    let of_devices = "SELECT count(*) FROM chat_delivery_cursors
       WHERE conversation_id = ?1 AND device_id <> zeroblob(16)";
    let above = "SELECT (SELECT count(*) FROM chat_delivery_cursors
         WHERE conversation_id = ?1 AND (seq > ?2 OR seq < -1 - ?2))
       + (SELECT count(*) FROM chat_delivery WHERE conversation_id = ?1 AND floor > ?2)";
    let read = format!("SELECT count(*) FROM chat_memberships WHERE {PEOPLE}");
    Ok(Survey {
        conversations: 1,
        cursors: count(of_devices, &[&id])?,
        above: count(above, &[&id, &seq])?,
        read_above: count(&read, &[&id, &seq, &messages])?,
    })
}

fn renew(tx: &Connection, id: ConversationId, end: Head, epoch: &str) -> rusqlite::Result<()> {
    let (id, seq, messages) = (blob(id), integer(end.seq), integer(end.count));
    let mut outdate = tx.prepare_cached(
        "UPDATE chat_delivery_cursors SET seq = CASE
           WHEN device_id = zeroblob(16) THEN min(seq, ?2)
           WHEN seq < 0 THEN max(seq, -1 - ?2)
           ELSE -1 - min(seq, ?2) END
         WHERE conversation_id = ?1",
    )?;
    outdate.execute(params![id, seq])?;
    let mut lower = tx.prepare_cached(
        "UPDATE chat_delivery SET floor = min(floor, ?2), stripped_to = min(stripped_to, ?2), renewed = 1,
           unfinished = retention = 'relay' AND min(stripped_to, ?2) < min(floor, ?2)
         WHERE conversation_id = ?1",
    )?;
    lower.execute(params![id, seq])?;
    let read = format!(
        "UPDATE chat_memberships SET read_seq = min(read_seq, ?2), read_count = min(read_count, ?3)
         WHERE {PEOPLE}"
    );
    tx.prepare_cached(&read)?.execute(params![id, seq, messages])?;
    let mut begin = tx.prepare_cached("UPDATE chat_conversations SET epoch = ?2 WHERE id = ?1")?;
    begin.execute(params![id, epoch]).map(drop)
}
