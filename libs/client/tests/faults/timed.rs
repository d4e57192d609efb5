//! A device's storage that notes when it stored what.

use std::collections::HashMap;
use std::sync::Mutex;

use client::protocol::Entry;
use client::{Letter, Mark, Memory, Storage, StorageError};
use kernel::{ConversationId, EntryId};
use tokio::time::Instant;

#[derive(Debug, Default)]
pub(crate) struct Timed {
    pub(crate) memory: Memory,
    at: Mutex<HashMap<(ConversationId, u64), Instant>>,
}

impl Timed {
    /// When that entry was stored.
    pub(crate) fn at(&self, id: ConversationId, seq: u64) -> Option<Instant> {
        self.at.lock().unwrap().get(&(id, seq)).copied()
    }
}

impl Storage for Timed {
    fn marks(&self) -> Result<Vec<(ConversationId, Mark)>, StorageError> {
        self.memory.marks()
    }

    fn store(
        &self,
        id: ConversationId,
        mark: &Mark,
        entries: &[Entry],
    ) -> Result<(), StorageError> {
        self.memory.store(id, mark, entries)?;
        let (now, mut at) = (Instant::now(), self.at.lock().unwrap());
        at.extend(entries.iter().map(|entry| ((id, entry.seq), now)));
        Ok(())
    }

    fn begin_anew(&self, id: ConversationId, mark: &Mark) -> Result<(), StorageError> {
        self.memory.begin_anew(id, mark)
    }

    fn leave(&self, id: ConversationId) -> Result<(), StorageError> {
        self.memory.leave(id)
    }

    fn outbox(&self) -> Result<Vec<Letter>, StorageError> {
        self.memory.outbox()
    }

    fn post(&self, letter: &Letter) -> Result<(), StorageError> {
        self.memory.post(letter)
    }

    fn settle(&self, letter: EntryId) -> Result<(), StorageError> {
        self.memory.settle(letter)
    }
}
