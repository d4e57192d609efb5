//! Changes of retention under way, beside the floor.

use kernel::{ConversationId, EntryId};
use sqlite::rusqlite::{self, Row};
use sqlite::{Connection, OptionalExtension, params};

use crate::conversations::Retention;
use crate::delivery::store::{Told, Turning};
use crate::sqlite::{blob, id, integer, name, number, time};

const COLUMNS: &str = "turning_to, turning_entry, turning_by, turning_begun, turning_told,
   turning_told_at";

pub(super) fn begin(
    tx: &Connection,
    id: ConversationId,
    turning: &Turning,
) -> rusqlite::Result<Option<Turning>> {
    let mut begin = tx.prepare_cached(
        "UPDATE chat_delivery
         SET turning_to = ?2, turning_entry = ?3, turning_by = ?4, turning_begun = ?5,
           turning_told = NULL, turning_told_at = NULL,
           retention = CASE ?2 WHEN 'archive' THEN ?2 ELSE retention END,
           unfinished = CASE ?2 WHEN 'archive' THEN 0 ELSE unfinished END
         WHERE conversation_id = ?1 AND
           (turning_entry IS NULL OR (turning_told IS NOT NULL AND turning_entry <> ?3))",
    )?;
    begin.execute(params![
        blob(id),
        turning.to.as_str(),
        blob(turning.entry),
        blob(turning.by),
        turning.begun.as_millis()
    ])?;
    let sql = format!(
        "SELECT {COLUMNS} FROM chat_delivery
         WHERE conversation_id = ?1 AND turning_entry IS NOT NULL"
    );
    tx.prepare_cached(&sql)?.query_row([blob(id)], read).optional()
}

pub(super) fn turned(
    tx: &Connection,
    id: ConversationId,
    turning: &Turning,
    told: Told,
) -> rusqlite::Result<()> {
    let mut turned = tx.prepare_cached(
        "UPDATE chat_delivery SET turning_told = ?3, turning_told_at = ?4
         WHERE conversation_id = ?1 AND turning_entry = ?2",
    )?;
    let (seq, at) = (integer(told.seq), told.at.as_millis());
    let found = turned.execute(params![blob(id), blob(turning.entry), seq, at])?;
    if found == 0 || turning.to == Retention::Archive {
        return Ok(());
    }
    let mut relay = tx.prepare_cached(
        "UPDATE chat_delivery SET retention = ?3, stripped_to = max(stripped_to, ?2),
           unfinished = max(stripped_to, ?2) < floor
         WHERE conversation_id = ?1",
    )?;
    relay.execute(params![blob(id), seq, turning.to.as_str()]).map(drop)
}

pub(super) fn settled(tx: &Connection, id: ConversationId, entry: EntryId) -> rusqlite::Result<()> {
    let mut settled = tx.prepare_cached(
        "UPDATE chat_delivery SET turning_to = NULL, turning_entry = NULL, turning_by = NULL,
           turning_begun = NULL, turning_told = NULL, turning_told_at = NULL
         WHERE conversation_id = ?1 AND turning_entry = ?2",
    )?;
    settled.execute([blob(id), blob(entry)]).map(drop)
}

pub(super) fn all(tx: &Connection, limit: u32) -> rusqlite::Result<Vec<(ConversationId, Turning)>> {
    let sql = format!(
        "SELECT {COLUMNS}, conversation_id FROM chat_delivery
         WHERE turning_entry IS NOT NULL LIMIT ?1"
    );
    let mut select = tx.prepare_cached(&sql)?;
    let rows = select.query_map([limit], |row| Ok((id(row, 6)?, read(row)?)))?;
    rows.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Turning> {
    let is_told = row.get::<_, Option<i64>>(4)?.is_some();
    let told = || Ok::<_, rusqlite::Error>(Told { seq: number(row, 4)?, at: time(row, 5)? });
    Ok(Turning {
        to: name(row, 0, Retention::from_name)?,
        entry: id(row, 1)?,
        by: id(row, 2)?,
        begun: time(row, 3)?,
        told: is_told.then(told).transpose()?,
    })
}
