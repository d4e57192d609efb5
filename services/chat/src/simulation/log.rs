//! The log as several instances write it: the product's numbering, over inserts that a unique index arbitrates, as on
//! `MongoDB`. Everything else is the SQLite adapter's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use kernel::{ConversationId, EntryId, Random};
use sqlite::{Connection, Database, rusqlite};
use tokio::time::Instant;

use super::weather::{Broken, Weather};
use crate::log::entry::Entry;
use crate::log::numbering::{Ask, Fate, Inserted, Round};
use crate::log::sqlite::{self as table, SqliteLog};
use crate::log::store::{Appended, Draft, Head, LogStore, Part, Tail, Wanted};
use crate::store::StoreError;

/// How long the end of a log is believed.
const BELIEVED: Duration = Duration::from_mins(10);
/// Content that nobody calls for.
const KEEP: Duration = Duration::from_hours(24 * 33);

/// The logs, as one instance reaches them.
#[derive(Debug)]
pub struct RacedLog {
    pub db: Database,
    pub inner: SqliteLog,
    pub weather: Arc<Weather>,
    pub heads: Mutex<BTreeMap<ConversationId, (Head, Instant)>>,
}

impl RacedLog {
    fn believed(&self, id: ConversationId) -> Option<Head> {
        let heads = self.heads.lock().unwrap();
        let (head, at) = heads.get(&id)?;
        (at.elapsed() < BELIEVED).then_some(*head)
    }

    fn believe(&self, id: ConversationId, head: Option<Head>, at: Instant) {
        let mut heads = self.heads.lock().unwrap();
        match head {
            None => {
                heads.remove(&id);
            }
            Some(head) if heads.get(&id).is_some_and(|(seen, _)| seen.seq > head.seq) => {}
            Some(head) => {
                heads.insert(id, (head, at));
            }
        }
    }

    /// The drafts of one conversation, once.
    async fn lane(&self, id: ConversationId, drafts: &[Draft]) -> Vec<Appended> {
        let began = Instant::now();
        let head = match self.believed(id) {
            Some(head) => head,
            None => match self.inner.heads(&[id]).await {
                Ok(heads) => heads[0],
                Err(_) => return vec![Appended::Unavailable; drafts.len()],
            },
        };
        let mut round = Round::new(drafts.iter().map(Ask::from).collect(), head);
        let entries: Vec<Entry> =
            round.numbered().iter().map(|(at, place)| drafts[*at].at(*place)).collect();
        if !entries.is_empty() {
            round.inserted(self.insert(entries).await);
        }
        let mut found = BTreeMap::new();
        let unsure = round.unsure();
        if !unsure.is_empty() {
            self.look_up(id, drafts, &unsure, &mut round, &mut found).await;
        }
        let (fates, head) = round.finish();
        self.believe(id, head, began);
        let fate = |(at, fate)| match fate {
            Fate::Stored(place) => Appended::Stored(Draft::at(&drafts[at], place)),
            Fate::Existing => found.remove(&at).map_or(Appended::Unavailable, Appended::Existing),
            Fate::Conflict => Appended::Conflict,
            Fate::Stale => Appended::Stale,
            Fate::Raced => Appended::Raced,
            Fate::Refused => Appended::Refused,
            Fate::Unknown => Appended::Unavailable,
        };
        fates.into_iter().enumerate().map(fate).collect()
    }

    /// Now and then in two commands, so that what comes between them comes between the entries.
    async fn insert(&self, entries: Vec<Entry>) -> Inserted {
        let all = entries.len();
        let mut first = entries;
        let half = usize::try_from(self.weather.random.below(2)).unwrap_or(0) * all / 2;
        let second = first.split_off(all - half);
        let mut stored = 0;
        for part in [first, second] {
            let (size, unordered) = (part.len(), self.weather.is_broken(Broken::UnorderedInsert));
            let wrote = self.db.write(move |tx| Ok(insert_all(tx, &part, unordered)?)).await;
            match wrote {
                Ok(count) if count == size => stored += count,
                Ok(count) => return Inserted::Prefix(stored + count),
                Err(_) if self.weather.is_broken(Broken::TakesUnknownForStored) => stored += size,
                Err(_) => return Inserted::Prefix(stored),
            }
        }
        Inserted::All
    }

    async fn look_up(
        &self,
        id: ConversationId,
        drafts: &[Draft],
        unsure: &[usize],
        round: &mut Round,
        found: &mut BTreeMap<usize, Entry>,
    ) {
        let mids: Vec<EntryId> = unsure.iter().map(|at| drafts[*at].id).collect();
        let find = move |tx: &Connection| {
            let found = mids.iter().map(|mid| table::find(tx, id, *mid));
            Ok(found.collect::<Result<Vec<_>, _>>()?)
        };
        let Ok(entries) = self.db.read(find).await else {
            round.give_up();
            return;
        };
        for (at, entry) in unsure.iter().zip(entries) {
            let Some(entry) = entry else { continue };
            round.found(*at, drafts[*at].is_stored_as(&entry));
            found.insert(*at, entry);
        }
        round.looked_up();
    }
}

/// In order, up to the first whose place or id is taken. Says how many.
fn insert_all(tx: &Connection, entries: &[Entry], unordered: bool) -> rusqlite::Result<usize> {
    let mut stored = 0;
    let mut stopped = false;
    for entry in entries {
        match table::insert(tx, entry, Some(KEEP)) {
            Ok(()) => stored += usize::from(!stopped),
            Err(error) if is_taken(&error) && unordered => stopped = true,
            Err(error) if is_taken(&error) => return Ok(stored),
            Err(error) => return Err(error),
        }
    }
    Ok(stored)
}

fn is_taken(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}

#[async_trait]
impl LogStore for RacedLog {
    async fn append(&self, drafts: &[Draft]) -> Vec<Appended> {
        let mut lanes: BTreeMap<ConversationId, Vec<usize>> = BTreeMap::new();
        for (place, draft) in drafts.iter().enumerate() {
            lanes.entry(draft.conversation).or_default().push(place);
        }
        let work = lanes.into_iter().map(|(id, places)| async move {
            let own: Vec<Draft> = places.iter().map(|place| drafts[*place].clone()).collect();
            let fates = self.lane(id, &own).await;
            places.into_iter().zip(fates).collect::<Vec<_>>()
        });
        let mut outcome = vec![Appended::Unavailable; drafts.len()];
        for (place, fate) in futures::future::join_all(work).await.into_iter().flatten() {
            outcome[place] = fate;
        }
        outcome
    }

    fn seen(&self, id: ConversationId, head: Head) {
        self.believe(id, Some(head), Instant::now());
    }

    async fn raise_heads(&self, heads: &[(ConversationId, Head)]) -> Result<(), StoreError> {
        self.inner.raise_heads(heads).await
    }

    async fn heads(&self, ids: &[ConversationId]) -> Result<Vec<Head>, StoreError> {
        self.inner.heads(ids).await
    }

    async fn entries(
        &self,
        id: ConversationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        self.inner.entries(id, after, limit).await
    }

    async fn tails(&self, wanted: &[Wanted]) -> Result<Vec<Tail>, StoreError> {
        self.inner.tails(wanted).await
    }

    async fn strip_all(&self, parts: &[Part]) -> Result<(), StoreError> {
        self.inner.strip_all(parts).await
    }

    async fn remove_expired(&self) -> Result<u64, StoreError> {
        self.inner.remove_expired().await
    }
}
