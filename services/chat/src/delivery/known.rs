//! What this instance knows of the ends of logs, so that most acknowledgements are checked without asking the store.

use std::sync::Arc;

use kernel::ConversationId;
use quick_cache::sync::Cache;

/// Conversations that are remembered, about 150 bytes each; the least used goes first.
const REMEMBERED: usize = 100_000;

#[derive(Debug, Clone)]
struct Known {
    epoch: Arc<str>,
    /// The log has an entry there, for certain: a position that no fail-over takes back.
    end: u64,
}

/// Ends of logs. Epochs may be remembered for as long as the process lives: they change only while no instance runs.
#[derive(Debug)]
pub struct Ends {
    known: Cache<ConversationId, Known>,
}

impl Default for Ends {
    fn default() -> Self {
        Self { known: Cache::new(REMEMBERED) }
    }
}

impl Ends {
    /// Whether the log is known to have this position, in this epoch. If not, the store has to be asked.
    pub fn has(&self, id: ConversationId, seq: u64, epoch: &str) -> bool {
        self.known.get(&id).is_some_and(|known| seq <= known.end && *known.epoch == *epoch)
    }

    /// The store was asked.
    pub fn learn(&self, id: ConversationId, epoch: &str, end: u64) {
        let end = self.known.get(&id).map_or(end, |known| known.end.max(end));
        self.known.insert(id, Known { epoch: epoch.into(), end });
    }

    /// An entry was heard through the fan-out. A change of membership may end the conversation: the store is asked again
    /// after it.
    pub fn heard(&self, id: ConversationId, seq: u64, changes_members: bool) {
        let Some(known) = self.known.get(&id) else { return };
        if changes_members {
            self.known.remove(&id);
        } else if known.end < seq {
            self.known.insert(id, Known { end: seq, ..known });
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::{SeededRandom, Timestamp};

    use super::*;

    #[test]
    fn knows_what_was_read_and_what_was_heard_since() {
        let id = ConversationId::new_v7(Timestamp::default(), &SeededRandom::new(1));
        let ends = Ends::default();
        ends.heard(id, 9, false);
        assert!(!ends.has(id, 1, "a"), "nothing is known of a conversation that was never read");
        ends.learn(id, "a", 3);
        assert!(ends.has(id, 3, "a"));
        assert!(!ends.has(id, 4, "a"), "perhaps it is there by now");
        assert!(!ends.has(id, 3, "b"));
        ends.heard(id, 5, false);
        ends.heard(id, 4, false);
        ends.learn(id, "a", 2);
        assert!(ends.has(id, 5, "a"));
        ends.heard(id, 6, true);
        assert!(!ends.has(id, 1, "a"));
    }
}
