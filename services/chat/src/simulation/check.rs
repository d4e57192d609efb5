//! What has to be true once everything has healed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kernel::{ConversationId, DeviceId, EntryId, UserId};
use sqlite::params;
use tokio::time::sleep;

use super::server::Server;
use super::story::Story;
use crate::sqlite::{blob, id, number};

/// How long everything may take to settle.
const PATIENCE: u32 = 240;

/// An entry of the log, as it lies in the database.
#[derive(Debug)]
struct Row {
    seq: u64,
    count: u64,
    mid: EntryId,
    written: bool,
}

/// A conversation, as it lies in the database.
#[derive(Debug)]
struct Counted {
    head: u64,
    count: u64,
    floor: u64,
    stripped: u64,
}

/// Conversations of a person, in truth.
pub fn members(server: &Server, user: UserId) -> Vec<ConversationId> {
    server.look(|tx| {
        let sql = "SELECT conversation_id FROM chat_members JOIN chat_conversations ON id = conversation_id
                   WHERE user_id = ?1 AND kind <> 'self' ORDER BY 1";
        let mut select = tx.prepare_cached(sql).unwrap();
        let rows = select.query_map([blob(user)], |row| id(row, 0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    })
}

/// From now on the floor does not wait for the device.
pub fn forget_device(server: &Server, device: DeviceId) {
    let hex = device.uuid().simple();
    let sql = format!(
        "DELETE FROM chat_delivery_cursors WHERE device_id = x'{hex}';
         CREATE TRIGGER forget AFTER INSERT ON chat_delivery_cursors WHEN NEW.device_id = x'{hex}'
         BEGIN DELETE FROM chat_delivery_cursors WHERE device_id = x'{hex}'; END;"
    );
    server.look(|tx| tx.execute_batch(&sql)).unwrap();
}

fn rows(server: &Server, talk: ConversationId) -> Vec<Row> {
    server.look(|tx| {
        let sql = "SELECT seq, count, mid, data IS NOT NULL FROM chat_entries
                   WHERE conversation_id = ?1 ORDER BY seq";
        let mut select = tx.prepare_cached(sql).unwrap();
        let row = |row: &sqlite::Row<'_>| {
            let (seq, count) = (number(row, 0)?, number(row, 1)?);
            Ok(Row { seq, count, mid: id(row, 2)?, written: row.get(3)? })
        };
        select.query_map([blob(talk)], row).unwrap().collect::<Result<_, _>>().unwrap()
    })
}

fn counted(server: &Server, talk: ConversationId) -> Counted {
    server.look(|tx| {
        let sql = "SELECT head_seq, head_count, floor, stripped_to FROM chat_conversations
                   JOIN chat_delivery ON conversation_id = id WHERE id = ?1";
        let row = |row: &sqlite::Row<'_>| {
            Ok(Counted {
                head: number(row, 0)?,
                count: number(row, 1)?,
                floor: number(row, 2)?,
                stripped: number(row, 3)?,
            })
        };
        tx.prepare_cached(sql).unwrap().query_row(params![blob(talk)], row).unwrap()
    })
}

/// Waits until every client has everything and nothing is left to be forgotten.
pub async fn settled(story: &Story) -> Result<(), String> {
    let mut open = String::new();
    for _ in 0..PATIENCE {
        // Once something is wrong it need not settle.
        story.common.weather.verdict()?;
        match open_ends(story) {
            None => return Ok(()),
            Some(what) => open = what,
        }
        sleep(Duration::from_secs(1)).await;
    }
    Err(format!("it does not settle: {open}"))
}

fn open_ends(story: &Story) -> Option<String> {
    let server = &story.common.server;
    for client in &story.clients {
        let disk = client.disk();
        if let Some(unsent) = disk.outbox.front() {
            return Some(format!(
                "{} has {} of {} unsent",
                disk.name,
                unsent.text,
                disk.outbox.len()
            ));
        }
        for talk in story.talks_of(client.identity.user) {
            let head = rows(server, talk).last().map_or(0, |row| row.seq);
            let Some(shelf) = disk.shelves.get(&talk) else {
                return Some(format!("{} does not know {talk}", disk.name));
            };
            if (shelf.cursor, shelf.acknowledged.max(shelf.start)) != (head, head) {
                let at = (shelf.cursor, shelf.acknowledged);
                return Some(format!("{} is at {at:?} of {head}", disk.name));
            }
        }
    }
    for talk in &story.talks {
        let counted = counted(server, *talk);
        if counted.stripped < counted.head {
            return Some(format!("not forgotten: {counted:?}"));
        }
    }
    None
}

/// Everything that was promised.
pub fn all(story: &Story) -> Result<(), String> {
    for talk in &story.talks {
        log(story, *talk)?;
        for number in 0..story.clients.len() {
            shelf(story, *talk, number)?;
        }
    }
    Ok(())
}

/// No hole, every number right, nothing left of what was written.
fn log(story: &Story, talk: ConversationId) -> Result<(), String> {
    let server = &story.common.server;
    let rows = rows(server, talk);
    let mut ids = BTreeSet::new();
    for (at, row) in (1_u64..).zip(&rows) {
        if row.seq != at || row.count != at {
            return Err(format!("{talk}: {row:?} stands where {at} should be"));
        }
        if !ids.insert(row.mid) {
            return Err(format!("{talk}: {} is there twice", row.mid));
        }
        if row.written {
            return Err(format!("{talk}: {at} was not forgotten"));
        }
    }
    let end = rows.len() as u64;
    let counted = counted(server, talk);
    if (counted.head, counted.count, counted.floor) != (end, end, end) {
        return Err(format!("{talk}: {counted:?}, should be {end}"));
    }
    Ok(())
}

/// A device has what the log has, in its order, and what it was told of its own messages is so.
fn shelf(story: &Story, talk: ConversationId, number: usize) -> Result<(), String> {
    let rows = rows(&story.common.server, talk);
    let places: BTreeMap<EntryId, (u64, u64)> =
        rows.iter().map(|row| (row.mid, (row.seq, row.count))).collect();
    let disk = story.clients[number].disk();
    for (id, (_, seq, count)) in disk.acknowledged.iter().filter(|(_, place)| place.0 == talk) {
        if places.get(id) != Some(&(*seq, *count)) {
            return Err(format!(
                "{}: {id} was taken as {seq} and is {:?}",
                disk.name,
                places.get(id)
            ));
        }
    }
    let Some(shelf) = disk.shelves.get(&talk) else { return Ok(()) };
    let expected = rows.iter().filter(|row| row.seq > shelf.start);
    let expected: Vec<_> = expected.map(|row| (row.seq, (row.mid, row.count))).collect();
    let stored: Vec<_> = shelf.stored.iter().map(|(seq, entry)| (*seq, *entry)).collect();
    if expected != stored {
        return Err(format!("{}: stored {stored:?}, should be {expected:?}", disk.name));
    }
    let own: Vec<u64> = disk
        .own
        .get(&talk)
        .into_iter()
        .flatten()
        .filter_map(|id| places.get(id))
        .map(|place| place.0)
        .collect();
    if own.len() != disk.own.get(&talk).map_or(0, Vec::len) {
        return Err(format!("{}: something it wrote is lost", disk.name));
    }
    if !own.is_sorted() {
        return Err(format!("{}: its messages stand as {own:?}", disk.name));
    }
    Ok(())
}
