//! Changes of conversations themselves.

use kernel::EntryId;
use sqlite::rusqlite::{self, Row};
use sqlite::{Connection, OptionalExtension, params};

use crate::conversations::changes::store::{Begun, Fate, Turn};
use crate::sqlite::{blob, id, integer, time};

pub(super) const COLUMNS: &str =
    "id, pending_title, pending_by, pending_entry, pending_digest, pending_at";

pub(super) fn begin_turn(tx: &Connection, wanted: &Turn) -> rusqlite::Result<Begun<Turn>> {
    let mut select =
        tx.prepare_cached("SELECT gone, pending_entry FROM chat_conversations WHERE id = ?1")?;
    let state = |row: &Row<'_>| Ok((row.get::<_, bool>(0)?, row.get::<_, Option<[u8; 16]>>(1)?));
    let Some((gone, pending)) = select.query_row([blob(wanted.conversation)], state).optional()?
    else {
        return Ok(Begun::Nothing);
    };
    match pending.map(uuid::Uuid::from_bytes).map(EntryId::from_uuid) {
        Some(entry) if entry == wanted.entry => {
            let sql = format!("SELECT {COLUMNS} FROM chat_conversations WHERE id = ?1");
            let begun = tx.prepare_cached(&sql)?.query_row([blob(wanted.conversation)], read)?;
            return Ok(Begun::Yes(begun));
        }
        _ if gone => return Ok(Begun::Nothing),
        Some(_) if wanted.fate != Fate::Gone => return Ok(Begun::Busy),
        _ => {}
    }
    let title = match &wanted.fate {
        Fate::Title(title) => Some(title),
        Fate::Gone => None,
    };
    let mut mark = tx.prepare_cached(
        "UPDATE chat_conversations SET gone = ?2, pending_title = ?3, pending_by = ?4, pending_entry = ?5,
           pending_digest = ?6, pending_at = ?7
         WHERE id = ?1",
    )?;
    let (by, entry, at) = (blob(wanted.by), blob(wanted.entry), wanted.at.as_millis());
    let (id, gone) = (blob(wanted.conversation), title.is_none());
    mark.execute(params![id, gone, title, by, entry, wanted.digest, at])?;
    Ok(Begun::Yes(wanted.clone()))
}

pub(super) fn finish_turn(tx: &Connection, turn: &Turn, seq: u64) -> rusqlite::Result<()> {
    match &turn.fate {
        Fate::Title(title) => {
            let mut set = tx.prepare_cached(
                "UPDATE chat_conversations SET title = ?2, title_seq = ?3
                 WHERE id = ?1 AND title_seq < ?3 AND gone = 0",
            )?;
            set.execute(params![blob(turn.conversation), title, integer(seq)])?;
        }
        Fate::Gone => {
            crate::delivery::sqlite::end(tx, turn.conversation)?;
            let mut forget =
                tx.prepare_cached("UPDATE chat_conversations SET title = NULL WHERE id = ?1")?;
            forget.execute([blob(turn.conversation)])?;
        }
    }
    unmark_turn(tx, turn)
}

pub(super) fn unmark_turn(tx: &Connection, turn: &Turn) -> rusqlite::Result<()> {
    let mut unmark = tx.prepare_cached(
        "UPDATE chat_conversations SET pending_title = NULL, pending_by = NULL, pending_entry = NULL,
           pending_digest = NULL, pending_at = NULL
         WHERE id = ?1 AND pending_entry = ?2",
    )?;
    unmark.execute([blob(turn.conversation), blob(turn.entry)]).map(drop)
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Turn> {
    let title: Option<String> = row.get(1)?;
    Ok(Turn {
        conversation: id(row, 0)?,
        fate: title.map_or(Fate::Gone, Fate::Title),
        by: id(row, 2)?,
        entry: id(row, 3)?,
        digest: row.get(4)?,
        at: time(row, 5)?,
    })
}
