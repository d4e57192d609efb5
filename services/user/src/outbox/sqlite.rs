use async_trait::async_trait;
use bus::Message;
use sqlite::rusqlite;
use sqlite::{Connection, Database, Row, SqliteError, params};
use uuid::Uuid;

use super::Outbox;
use crate::store::StoreError;

/// Adds a message in the transaction that makes true what it tells.
pub(crate) fn add(tx: &Connection, message: &Message) -> Result<(), SqliteError> {
    let sql = "INSERT INTO user_outbox (id, topic, payload, traceparent) VALUES (?1, ?2, ?3, ?4)";
    let row =
        params![message.id.into_bytes(), message.topic, &*message.payload, message.traceparent];
    tx.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

/// The outbox in a SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteOutbox(pub(crate) Database);

#[async_trait]
impl Outbox for SqliteOutbox {
    async fn waiting(&self, limit: u32) -> Result<Vec<Message>, StoreError> {
        let rows = self.0.read(move |tx| {
            let sql = "SELECT * FROM user_outbox ORDER BY position LIMIT ?1";
            let mut statement = tx.prepare_cached(sql)?;
            let rows = statement.query_map([limit], message)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        });
        Ok(rows.await?)
    }

    async fn remove(&self, message: Uuid) -> Result<(), StoreError> {
        let removed = self.0.write(move |tx| {
            let sql = "DELETE FROM user_outbox WHERE id = ?1";
            Ok(tx.prepare_cached(sql)?.execute([message.into_bytes()]).map(drop)?)
        });
        Ok(removed.await?)
    }
}

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: Uuid::from_bytes(row.get("id")?),
        topic: row.get("topic")?,
        payload: row.get::<_, Vec<u8>>("payload")?.into(),
        traceparent: row.get("traceparent")?,
        ttl: None,
    })
}
