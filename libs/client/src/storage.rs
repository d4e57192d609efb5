use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kernel::{ConversationId, EntryId};

use tokio::sync::watch;

use crate::protocol::Entry;

/// How far a log is whole on this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The conversation's epoch.
    pub epoch: String,
    /// Everything up to here is stored, or was gone before it could be.
    pub whole: u64,
}

/// Something the person wrote that the server has not acknowledged.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The entry's id: the same on every try.
    pub id: EntryId,
    /// To whom.
    pub conversation: ConversationId,
    /// What.
    pub text: String,
}

/// The device could not store something. Nothing is acknowledged that is not stored.
#[derive(Debug, thiserror::Error)]
#[error("the device cannot store: {0}")]
pub struct StorageError(pub String);

/// Where a device keeps what it has. What a call has answered outlives the program.
pub trait Storage: Send + Sync + fmt::Debug {
    /// How far each log is whole.
    fn marks(&self) -> Result<Vec<(ConversationId, Mark)>, StorageError>;

    /// Stores entries, upwards, and how far the log is whole with them, both or neither. An entry whose id is there already
    /// is left out.
    fn store(&self, id: ConversationId, mark: &Mark, entries: &[Entry])
    -> Result<(), StorageError>;

    /// The log begins anew under another epoch: positions so far mean nothing. What people have written may stay.
    fn begin_anew(&self, id: ConversationId, mark: &Mark) -> Result<(), StorageError>;

    /// The person is no longer there.
    fn leave(&self, id: ConversationId) -> Result<(), StorageError>;

    /// Letters that are not acknowledged, in the order of writing.
    fn outbox(&self) -> Result<Vec<Letter>, StorageError>;

    /// Keeps a letter.
    fn post(&self, letter: &Letter) -> Result<(), StorageError>;

    /// The letter is acknowledged, or refused for good.
    fn settle(&self, letter: EntryId) -> Result<(), StorageError>;
}

/// A device that keeps everything in memory: for tests and for programs that need no memory of their own.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    marks: HashMap<ConversationId, Mark>,
    entries: HashMap<ConversationId, BTreeMap<u64, Entry>>,
    /// Of earlier epochs, and not come again since.
    earlier: HashMap<ConversationId, HashMap<EntryId, Entry>>,
    seqs: HashMap<(ConversationId, EntryId), u64>,
    outbox: Vec<Letter>,
    repeated: u64,
    followed: HashMap<ConversationId, watch::Sender<u64>>,
}

impl Memory {
    /// Entries of that conversation, upwards.
    pub fn entries(&self, id: ConversationId) -> Vec<Entry> {
        self.kept().entries.get(&id).map(|log| log.values().cloned().collect()).unwrap_or_default()
    }

    /// Entries of that conversation that have no position any more: from before it began anew.
    pub fn earlier(&self, id: ConversationId) -> Vec<Entry> {
        let kept = self.kept();
        kept.earlier.get(&id).map(|entries| entries.values().cloned().collect()).unwrap_or_default()
    }

    /// How far that log is whole.
    pub fn whole(&self, id: ConversationId) -> u64 {
        self.kept().marks.get(&id).map_or(0, |mark| mark.whole)
    }

    /// As [`Memory::whole`], and each change of it.
    pub fn follow(&self, id: ConversationId) -> watch::Receiver<u64> {
        let kept = &mut *self.kept();
        let whole = kept.marks.get(&id).map_or(0, |mark| mark.whole);
        kept.followed.entry(id).or_insert_with(|| watch::Sender::new(whole)).subscribe()
    }

    /// Entries that came once more under another position: the server must not let that happen.
    pub fn repeated(&self) -> u64 {
        self.kept().repeated
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for Memory {
    fn marks(&self) -> Result<Vec<(ConversationId, Mark)>, StorageError> {
        Ok(self.kept().marks.iter().map(|(id, mark)| (*id, mark.clone())).collect())
    }

    fn store(
        &self,
        id: ConversationId,
        mark: &Mark,
        entries: &[Entry],
    ) -> Result<(), StorageError> {
        let kept = &mut *self.kept();
        kept.marks.insert(id, mark.clone());
        let log = kept.entries.entry(id).or_default();
        for entry in entries {
            if kept.seqs.contains_key(&(id, entry.id)) {
                kept.repeated += 1;
                continue;
            }
            kept.seqs.insert((id, entry.id), entry.seq);
            let earlier = kept.earlier.get_mut(&id).and_then(|earlier| earlier.remove(&entry.id));
            let mut entry = entry.clone();
            // The server may have forgotten by now what this device was told.
            entry.data = entry.data.or_else(|| earlier.and_then(|earlier| earlier.data));
            log.insert(entry.seq, entry);
        }
        if let Some(follower) = kept.followed.get(&id) {
            follower.send_replace(mark.whole);
        }
        Ok(())
    }

    fn begin_anew(&self, id: ConversationId, mark: &Mark) -> Result<(), StorageError> {
        let kept = &mut *self.kept();
        kept.marks.insert(id, mark.clone());
        let earlier = kept.earlier.entry(id).or_default();
        for entry in kept.entries.remove(&id).unwrap_or_default().into_values() {
            kept.seqs.remove(&(id, entry.id));
            earlier.insert(entry.id, entry);
        }
        if let Some(follower) = kept.followed.get(&id) {
            follower.send_replace(mark.whole);
        }
        Ok(())
    }

    fn leave(&self, id: ConversationId) -> Result<(), StorageError> {
        self.kept().marks.remove(&id);
        Ok(())
    }

    fn outbox(&self) -> Result<Vec<Letter>, StorageError> {
        Ok(self.kept().outbox.clone())
    }

    fn post(&self, letter: &Letter) -> Result<(), StorageError> {
        self.kept().outbox.push(letter.clone());
        Ok(())
    }

    fn settle(&self, letter: EntryId) -> Result<(), StorageError> {
        self.kept().outbox.retain(|other| other.id != letter);
        Ok(())
    }
}
