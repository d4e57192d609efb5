//! What a client keeps, over reconnects: what it stored, how far, and what it still has to send.

use std::collections::{BTreeMap, VecDeque};

use kernel::{Ascending, ConversationId, EntryId};
use serde::Deserialize;

use super::weather::Weather;

/// An entry as it comes over the wire.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    pub id: EntryId,
    pub conversation_id: ConversationId,
    pub seq: u64,
    pub count: u64,
    pub data: Option<serde_json::Value>,
}

/// A message that is not known to be stored.
#[derive(Debug, Clone)]
pub struct Unsent {
    pub id: EntryId,
    pub conversation: ConversationId,
    pub text: String,
    /// It is on its way, over this connection.
    pub asked: bool,
}

/// One conversation on a device.
#[derive(Debug, Default)]
pub struct Shelf {
    pub epoch: String,
    /// Where it began.
    pub start: u64,
    /// Everything up to here is stored.
    pub cursor: u64,
    /// Up to here the server knows.
    pub acknowledged: u64,
    pub stored: BTreeMap<u64, (EntryId, u64)>,
    pub ids: BTreeMap<EntryId, u64>,
}

/// What came of an entry.
#[derive(Debug, PartialEq, Eq)]
pub enum Put {
    Stored,
    Known,
    /// Something before it is missing.
    Gap,
}

/// Everything on a device.
#[derive(Debug, Default)]
pub struct Disk {
    pub name: String,
    pub shelves: BTreeMap<ConversationId, Shelf>,
    pub outbox: VecDeque<Unsent>,
    /// What the server said of messages that it took.
    pub acknowledged: BTreeMap<EntryId, (ConversationId, u64, u64)>,
    pub written: u32,
    /// For what is written here.
    pub ids: Ascending,
    /// Everything that was ever written here, in order.
    pub own: BTreeMap<ConversationId, Vec<EntryId>>,
}

impl Disk {
    /// Stores an entry if it is the next one.
    pub fn put(&mut self, entry: &Told, weather: &Weather) -> Put {
        let name = &self.name;
        let Some(kept) = self.shelves.get_mut(&entry.conversation_id) else { return Put::Known };
        let (seq, id) = (entry.seq, entry.id);
        if let Some(other) = kept.ids.get(&id)
            && *other != seq
        {
            weather.wrong(format_args!("{name}: {id} came as {other} and as {seq}"));
        }
        if let Some((other, _)) = kept.stored.get(&seq)
            && *other != id
        {
            weather.wrong(format_args!("{name}: {seq} is {other} and {id}"));
        }
        if seq <= kept.cursor {
            return Put::Known;
        }
        if seq > kept.cursor + 1 {
            return Put::Gap;
        }
        if entry.data.is_none() {
            weather.wrong(format_args!("{name}: {seq} was forgotten before it was stored"));
        }
        kept.stored.insert(seq, (id, entry.count));
        kept.ids.insert(id, seq);
        kept.cursor = seq;
        Put::Stored
    }

    /// Positions that the server says are gone.
    pub fn gone(&mut self, id: ConversationId, runs: &[(u64, u64)], weather: &Weather) {
        let Some(kept) = self.shelves.get(&id) else { return };
        if let Some((first, last)) = runs.iter().find(|(_, last)| *last > kept.cursor) {
            weather.wrong(format_args!("{}: {first} to {last} are gone unseen", self.name));
        }
    }

    /// The server took a message.
    pub fn taken(&mut self, entry: &Told, weather: &Weather) {
        let place = (entry.conversation_id, entry.seq, entry.count);
        let before = self.acknowledged.insert(entry.id, place);
        if before.is_some_and(|before| before != place) {
            weather.wrong(format_args!("{}: {} taken twice: {before:?}", self.name, entry.id));
        }
        self.outbox.retain(|unsent| unsent.id != entry.id);
    }

    /// What is stored needs not be sent again.
    pub fn reconcile(&mut self) {
        let shelves = &self.shelves;
        self.outbox.retain(|unsent| {
            shelves.get(&unsent.conversation).is_none_or(|kept| !kept.ids.contains_key(&unsent.id))
        });
        for unsent in &mut self.outbox {
            unsent.asked = false;
        }
    }

    /// What came by itself needs no answer any more, unless it is on its way.
    pub fn forget_stored(&mut self) {
        let shelves = &self.shelves;
        self.outbox.retain(|unsent| {
            let kept = shelves.get(&unsent.conversation);
            unsent.asked || kept.is_none_or(|kept| !kept.ids.contains_key(&unsent.id))
        });
    }

    /// Nothing is under way any more.
    pub fn is_settled(&self) -> bool {
        self.outbox.is_empty() && self.shelves.values().all(|kept| kept.acknowledged == kept.cursor)
    }
}
