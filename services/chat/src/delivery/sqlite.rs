//! Delivery cursors in SQLite: a row for each device in each conversation, the floor beside them.
//!
//! A cursor of an earlier epoch stands as `-1 - seq`, below all others: it holds the floor, and an acknowledgement goes over it.

mod turning;

use std::collections::HashMap;

use async_trait::async_trait;
use kernel::{ConversationId, DeviceId, EntryId, Timestamp, UserId};
use sqlite::rusqlite::{self, Row};
use sqlite::{Connection, Database, OptionalExtension, params};

use super::store::{Ack, DeliveryStore, Held, Owner, Progress, Standing, Stored, Told, Turning};
use crate::conversations::Retention;
use crate::sqlite::{blob, id as read_id, integer, name, number};
use crate::store::StoreError;

/// Stands where a device's id stands, for a person without a device.
const PLACEHOLDER: [u8; 16] = [0; 16];

/// Delivery cursors of all conversations, in one file.
#[derive(Debug)]
pub struct SqliteDelivery {
    db: Database,
}

impl SqliteDelivery {
    /// Keeps them in this database.
    pub const fn new(db: Database) -> Self {
        Self { db }
    }
}

#[async_trait]
impl DeliveryStore for SqliteDelivery {
    #[tracing::instrument(name = "delivery_acknowledge", level = "debug", skip_all, fields(conversations = all.len()))]
    async fn acknowledge_all(
        &self,
        all: &[(ConversationId, Vec<Ack>)],
    ) -> Result<Vec<Option<Progress>>, StoreError> {
        let all = all.to_vec();
        let raise = move |tx: &Connection| {
            let each = all.iter().map(|(id, acks)| acknowledge(tx, *id, acks));
            Ok(each.collect::<Result<_, _>>()?)
        };
        Ok(self.db.write(raise).await?)
    }

    #[tracing::instrument(name = "delivery_stripped", level = "debug", skip_all, fields(conversations = done.len()))]
    async fn stripped_all(&self, done: &[(ConversationId, u64)]) -> Result<(), StoreError> {
        let done = done.to_vec();
        let note = move |tx: &Connection| {
            let mut note = tx.prepare_cached(
                "UPDATE chat_delivery SET stripped_to = max(stripped_to, min(?2, floor)),
                   unfinished = retention = 'relay' AND max(stripped_to, min(?2, floor)) < floor
                 WHERE conversation_id = ?1",
            )?;
            for (id, to) in &done {
                note.execute(params![blob(*id), integer(*to)])?;
            }
            Ok(())
        };
        Ok(self.db.write(note).await?)
    }

    #[tracing::instrument(name = "delivery_unfinished", level = "debug", skip_all, fields(limit = limit))]
    async fn unfinished(
        &self,
        after: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<(ConversationId, Progress)>, StoreError> {
        let after = after.map(blob);
        let unfinished = move |tx: &Connection| {
            let mut select = tx.prepare_cached(
                "SELECT floor, stripped_to, retention, conversation_id FROM chat_delivery
                 WHERE unfinished = 1 AND (?1 IS NULL OR conversation_id > ?1)
                 ORDER BY conversation_id LIMIT ?2",
            )?;
            let rows = select.query_map(params![after, limit], |row| {
                Ok((read_id(row, 3)?, read_progress(row)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        Ok(self.db.read(unfinished).await?)
    }

    #[tracing::instrument(name = "delivery_is_registered", level = "debug", skip_all, fields(device_id = %owner.device))]
    async fn is_registered(&self, owner: Owner) -> Result<bool, StoreError> {
        let exists = move |tx: &Connection| {
            let mut select = tx.prepare_cached(
                "SELECT 1 FROM chat_devices WHERE device_id = ?1 AND user_id = ?2",
            )?;
            Ok(select.exists([blob(owner.device), blob(owner.user)])?)
        };
        Ok(self.db.read(exists).await?)
    }

    #[tracing::instrument(name = "delivery_register", level = "debug", skip_all, fields(user_id = %owner.user, device_id = %owner.device, conversations = ids.len()))]
    async fn register(
        &self,
        owner: Owner,
        ids: &[ConversationId],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let ids = ids.to_vec();
        let register = move |tx: &Connection| {
            for id in ids {
                join(tx, id, owner.user, &[owner.device])?;
            }
            let mut note = tx.prepare_cached(
                "INSERT INTO chat_devices (device_id, user_id, registered_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET user_id = ?2",
            )?;
            note.execute(params![blob(owner.device), blob(owner.user), now.as_millis()])?;
            Ok(())
        };
        Ok(self.db.write(register).await?)
    }

    #[tracing::instrument(name = "delivery_remove", level = "debug", skip_all, fields(user_id = %owner.user, device_id = %owner.device, conversations = ids.len()))]
    async fn remove(
        &self,
        owner: Owner,
        ids: &[ConversationId],
    ) -> Result<Vec<(ConversationId, Progress)>, StoreError> {
        let ids = ids.to_vec();
        let remove = move |tx: &Connection| {
            let mut behind = Vec::new();
            for id in ids {
                take_away(tx, id, owner)?;
                settle(tx, id)?;
                let progress = progress(tx, id)?.filter(|progress| progress.is_behind());
                behind.extend(progress.map(|progress| (id, progress)));
            }
            let mut forget = tx
                .prepare_cached("DELETE FROM chat_devices WHERE device_id = ?1 AND user_id = ?2")?;
            forget.execute([blob(owner.device), blob(owner.user)])?;
            Ok(behind)
        };
        Ok(self.db.write(remove).await?)
    }

    #[tracing::instrument(name = "delivery_stored", level = "debug", skip_all, fields(device_id = %owner.device, conversations = ids.len()))]
    async fn stored(
        &self,
        owner: Owner,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Stored>, StoreError> {
        let ids = ids.to_vec();
        let stored = move |tx: &Connection| {
            let found = ids.iter().filter_map(|id| {
                let stored = stored(tx, *id, owner).transpose()?;
                Some(stored.map(|stored| (*id, stored)))
            });
            Ok(found.collect::<Result<_, _>>()?)
        };
        Ok(self.db.read(stored).await?)
    }

    #[tracing::instrument(name = "delivery_standings", level = "debug", skip_all, fields(conversations = ids.len()))]
    async fn standings(
        &self,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Standing>, StoreError> {
        let ids = ids.to_vec();
        let standings = move |tx: &Connection| {
            let found = ids.iter().filter_map(|id| {
                let found = standing(tx, *id).transpose()?;
                Some(found.map(|standing| (*id, standing)))
            });
            Ok(found.collect::<Result<_, _>>()?)
        };
        Ok(self.db.read(standings).await?)
    }

    #[tracing::instrument(name = "delivery_turn", level = "debug", skip_all, fields(conversation_id = %id))]
    async fn turn(
        &self,
        id: ConversationId,
        turning: &Turning,
    ) -> Result<Option<Turning>, StoreError> {
        let turning = *turning;
        Ok(self.db.write(move |tx| Ok(turning::begin(tx, id, &turning)?)).await?)
    }

    #[tracing::instrument(name = "delivery_turned", level = "debug", skip_all, fields(conversation_id = %id, seq = told.seq))]
    async fn turned(
        &self,
        id: ConversationId,
        turning: &Turning,
        told: Told,
    ) -> Result<(), StoreError> {
        let turning = *turning;
        Ok(self.db.write(move |tx| Ok(turning::turned(tx, id, &turning, told)?)).await?)
    }

    #[tracing::instrument(name = "delivery_settled", level = "debug", skip_all, fields(conversation_id = %id))]
    async fn settled(&self, id: ConversationId, entry: EntryId) -> Result<(), StoreError> {
        Ok(self.db.write(move |tx| Ok(turning::settled(tx, id, entry)?)).await?)
    }

    #[tracing::instrument(name = "delivery_turnings", level = "debug", skip_all, fields(limit = limit))]
    async fn turnings(&self, limit: u32) -> Result<Vec<(ConversationId, Turning)>, StoreError> {
        Ok(self.db.read(move |tx| Ok(turning::all(tx, limit)?)).await?)
    }

    #[tracing::instrument(name = "delivery_progress", level = "debug", skip_all, fields(conversations = ids.len()))]
    async fn progress_of(
        &self,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Progress>, StoreError> {
        let ids = ids.to_vec();
        let all = move |tx: &Connection| {
            let one = |id: ConversationId| Ok(progress(tx, id)?.map(|progress| (id, progress)));
            Ok(ids
                .into_iter()
                .filter_map(|id| one(id).transpose())
                .collect::<Result<_, rusqlite::Error>>()?)
        };
        Ok(self.db.read(all).await?)
    }
}

fn acknowledge(
    tx: &Connection,
    id: ConversationId,
    acks: &[Ack],
) -> rusqlite::Result<Option<Progress>> {
    let mut raise = tx.prepare_cached(
        "UPDATE chat_delivery_cursors SET seq = max(seq, ?4)
         WHERE conversation_id = ?1 AND user_id = ?2 AND device_id = ?3",
    )?;
    for Ack { owner, seq } in acks {
        raise.execute(params![blob(id), blob(owner.user), blob(owner.device), integer(*seq)])?;
    }
    settle(tx, id)?;
    progress(tx, id)
}

/// Gives the devices of a person cursors in a conversation where they have none: the placeholder's, else the floor. Does
/// nothing in a conversation that has no delivery state.
pub(crate) fn join(
    tx: &Connection,
    id: ConversationId,
    user: UserId,
    devices: &[DeviceId],
) -> rusqlite::Result<()> {
    let Some(progress) = progress(tx, id)? else { return Ok(()) };
    let held = cursor(tx, id, user, PLACEHOLDER)?;
    let start = held.unwrap_or_else(|| integer(progress.floor));
    let first = if was_renewed(tx, id)? { -1 - start } else { start };
    let mut insert = tx.prepare_cached(
        "INSERT INTO chat_delivery_cursors (conversation_id, user_id, device_id, seq)
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    for device in devices {
        insert.execute(params![blob(id), blob(user), blob(*device), first])?;
    }
    if devices.is_empty() {
        insert.execute(params![blob(id), blob(user), PLACEHOLDER, start])?;
    } else if held.is_some() {
        delete_cursor(tx, id, user, PLACEHOLDER)?;
    }
    Ok(())
}

/// Takes everything away of somebody who is out; answers where the conversation then stands.
pub(crate) fn leave(
    tx: &Connection,
    id: ConversationId,
    user: UserId,
) -> rusqlite::Result<Option<Progress>> {
    let mut delete = tx.prepare_cached(
        "DELETE FROM chat_delivery_cursors WHERE conversation_id = ?1 AND user_id = ?2",
    )?;
    delete.execute([blob(id), blob(user)])?;
    settle(tx, id)?;
    progress(tx, id)
}

/// Forgets who has stored what of a conversation that is gone.
pub(crate) fn end(tx: &Connection, id: ConversationId) -> rusqlite::Result<()> {
    for table in ["chat_delivery_cursors", "chat_delivery"] {
        let sql = format!("DELETE FROM {table} WHERE conversation_id = ?1");
        tx.prepare_cached(&sql)?.execute([blob(id)])?;
    }
    Ok(())
}

fn take_away(tx: &Connection, id: ConversationId, owner: Owner) -> rusqlite::Result<()> {
    let Some(seq) = cursor(tx, id, owner.user, blob(owner.device))? else { return Ok(()) };
    delete_cursor(tx, id, owner.user, blob(owner.device))?;
    let mut place = tx.prepare_cached(
        "INSERT INTO chat_delivery_cursors (conversation_id, user_id, device_id, seq)
         SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS
           (SELECT 1 FROM chat_delivery_cursors WHERE conversation_id = ?1 AND user_id = ?2)",
    )?;
    place.execute(params![blob(id), blob(owner.user), PLACEHOLDER, position(seq).0])?;
    Ok(())
}

/// Lets the floor follow the cursors. Without any it stays where it is.
fn settle(tx: &Connection, id: ConversationId) -> rusqlite::Result<()> {
    let mut lowest =
        tx.prepare_cached("SELECT min(seq) FROM chat_delivery_cursors WHERE conversation_id = ?1")?;
    let lowest: Option<i64> = lowest.query_row([blob(id)], |row| row.get(0))?;
    let mut settle = tx.prepare_cached(
        "UPDATE chat_delivery SET floor = max(floor, ?2),
           unfinished = retention = 'relay' AND stripped_to < max(floor, ?2)
         WHERE conversation_id = ?1",
    )?;
    settle.execute(params![blob(id), lowest.unwrap_or(0)])?;
    Ok(())
}

fn was_renewed(tx: &Connection, id: ConversationId) -> rusqlite::Result<bool> {
    let mut select = tx
        .prepare_cached("SELECT 1 FROM chat_delivery WHERE conversation_id = ?1 AND renewed = 1")?;
    select.exists([blob(id)])
}

/// A cursor as it stands in a row: the position, and whether it is of an earlier epoch.
const fn position(cursor: i64) -> (i64, bool) {
    if cursor < 0 { (-1 - cursor, true) } else { (cursor, false) }
}

fn stored(tx: &Connection, id: ConversationId, owner: Owner) -> rusqlite::Result<Option<Stored>> {
    let mut select = tx.prepare_cached(
        "SELECT c.seq, d.floor FROM chat_delivery_cursors c
         JOIN chat_delivery d ON d.conversation_id = c.conversation_id
         WHERE c.conversation_id = ?1 AND c.user_id = ?2 AND c.device_id = ?3",
    )?;
    let place = [blob(id), blob(owner.user), blob(owner.device)];
    let stored = |row: &Row<'_>| {
        let (seq, outdated) = position(row.get(0)?);
        Ok(Stored { seq: seq.unsigned_abs(), floor: number(row, 1)?, outdated })
    };
    select.query_row(place, stored).optional()
}

fn cursor(
    tx: &Connection,
    id: ConversationId,
    user: UserId,
    device: [u8; 16],
) -> rusqlite::Result<Option<i64>> {
    let mut select = tx.prepare_cached(
        "SELECT seq FROM chat_delivery_cursors
         WHERE conversation_id = ?1 AND user_id = ?2 AND device_id = ?3",
    )?;
    select.query_row([blob(id), blob(user), device], |row| row.get(0)).optional()
}

fn standing(tx: &Connection, id: ConversationId) -> rusqlite::Result<Option<Standing>> {
    let Some(progress) = progress(tx, id)? else { return Ok(None) };
    let mut select = tx.prepare_cached(
        "SELECT user_id, device_id, seq FROM chat_delivery_cursors WHERE conversation_id = ?1",
    )?;
    let rows = select.query_map([blob(id)], |row| {
        let device = (row.get::<_, [u8; 16]>(1)? != PLACEHOLDER).then(|| read_id(row, 1));
        let seq = position(row.get(2)?).0.unsigned_abs();
        Ok(Held { user: read_id(row, 0)?, device: device.transpose()?, seq })
    })?;
    Ok(Some(Standing { progress, cursors: rows.collect::<Result<_, _>>()? }))
}

fn delete_cursor(
    tx: &Connection,
    id: ConversationId,
    user: UserId,
    device: [u8; 16],
) -> rusqlite::Result<()> {
    let mut delete = tx.prepare_cached(
        "DELETE FROM chat_delivery_cursors
         WHERE conversation_id = ?1 AND user_id = ?2 AND device_id = ?3",
    )?;
    delete.execute([blob(id), blob(user), device]).map(drop)
}

fn progress(tx: &Connection, id: ConversationId) -> rusqlite::Result<Option<Progress>> {
    let mut select = tx.prepare_cached(
        "SELECT floor, stripped_to, retention FROM chat_delivery WHERE conversation_id = ?1",
    )?;
    select.query_row([blob(id)], read_progress).optional()
}

fn read_progress(row: &Row<'_>) -> rusqlite::Result<Progress> {
    let retention = name(row, 2, Retention::from_name)?;
    Ok(Progress { floor: number(row, 0)?, stripped_to: number(row, 1)?, retention })
}
