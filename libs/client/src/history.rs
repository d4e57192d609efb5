//! What a device has of one log, and what it still lacks.

use std::collections::BTreeMap;

use crate::protocol::Entry;
use crate::storage::Mark;

/// Entries kept above a gap while it is fetched; beyond them, later ones are fetched too.
const ABOVE: usize = 10_000;

/// One log as this device has it.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) mark: Mark,
    /// The server knows that everything up to here is stored.
    pub(crate) told: u64,
    /// Whether what is missing is being fetched.
    pub(crate) fetching: bool,
    /// Came before what is below them.
    above: BTreeMap<u64, Entry>,
    /// Last positions of runs that are gone, by their first.
    gone: BTreeMap<u64, u64>,
    /// The highest position heard of.
    heard: u64,
}

impl History {
    pub(crate) fn new(mark: Mark) -> Self {
        let (told, heard) = (0, mark.whole);
        Self { mark, told, fetching: false, above: BTreeMap::new(), gone: BTreeMap::new(), heard }
    }

    /// Takes in what came, in any order and any number of times; gives what now follows on what is stored, upwards. The mark
    /// is then that of the log with them stored.
    pub(crate) fn take(&mut self, entries: Vec<Entry>, gone: &[(u64, u64)]) -> Vec<Entry> {
        for (from, to) in gone {
            let last = self.gone.entry(*from).or_default();
            *last = (*last).max(*to);
            self.heard = self.heard.max(*to);
        }
        for entry in entries {
            self.heard = self.heard.max(entry.seq);
            if entry.seq > self.mark.whole {
                self.above.entry(entry.seq).or_insert(entry);
            }
            if self.above.len() > ABOVE {
                self.above.pop_last();
            }
        }
        let mut following = Vec::new();
        loop {
            let next = self.mark.whole + 1;
            if let Some(entry) = self.above.remove(&next) {
                following.push(entry);
                self.mark.whole = next;
            } else if let Some(to) = self.end_of_gone(next) {
                self.mark.whole = to;
            } else {
                break;
            }
        }
        self.above.retain(|seq, _| *seq > self.mark.whole);
        self.gone.retain(|_, to| *to > self.mark.whole);
        following
    }

    /// The end of the run of gone positions that this one lies in.
    fn end_of_gone(&self, seq: u64) -> Option<u64> {
        let (_, to) = self.gone.range(..=seq).next_back()?;
        Some(*to).filter(|to| *to >= seq)
    }

    /// First and last position of the lowest gap.
    pub(crate) fn missing(&self) -> Option<(u64, u64)> {
        if self.heard <= self.mark.whole {
            return None;
        }
        let to = self.above.keys().next().map_or(self.heard, |lowest| lowest - 1);
        Some((self.mark.whole + 1, to))
    }

    /// What was heard on a connection that is no more comes again, or is fetched, on the next.
    pub(crate) fn disconnected(&mut self) {
        self.above.clear();
        self.gone.clear();
        self.heard = self.mark.whole;
        self.told = 0;
        self.fetching = false;
    }
}

#[cfg(test)]
mod tests {
    use kernel::{ConversationId, EntryId, SeededRandom, Timestamp, UserId};

    use super::*;

    fn entry(seq: u64) -> Entry {
        let (now, random) = (Timestamp::default(), SeededRandom::new(seq));
        Entry {
            id: EntryId::new_v7(now, &random),
            conversation_id: ConversationId::new_v7(now, &random),
            seq,
            count: seq,
            kind: "message".to_owned(),
            sender_id: UserId::new_v7(now, &random),
            created_at: now,
            data: None,
        }
    }

    fn seqs(entries: &[Entry]) -> Vec<u64> {
        entries.iter().map(|entry| entry.seq).collect()
    }

    fn history() -> History {
        History::new(Mark { epoch: "e".to_owned(), whole: 2 })
    }

    #[test]
    fn gives_what_follows_on_in_order_and_once() {
        let mut history = history();
        assert_eq!(seqs(&history.take(vec![entry(2), entry(1)], &[])), [] as [u64; 0]);
        assert_eq!(seqs(&history.take(vec![entry(5), entry(4), entry(5)], &[])), [] as [u64; 0]);
        assert_eq!(history.missing(), Some((3, 3)));
        assert_eq!(seqs(&history.take(vec![entry(3)], &[])), [3, 4, 5]);
        assert_eq!(seqs(&history.take(vec![entry(3), entry(5)], &[])), [] as [u64; 0]);
        assert_eq!((history.mark.whole, history.missing()), (5, None));
    }

    #[test]
    fn passes_over_what_is_gone() {
        let mut history = history();
        assert_eq!(seqs(&history.take(vec![entry(9)], &[(1, 6)])), [] as [u64; 0]);
        assert_eq!((history.mark.whole, history.missing()), (6, Some((7, 8))));
        assert_eq!(seqs(&history.take(vec![entry(8)], &[(7, 7)])), [8, 9]);
        assert_eq!(seqs(&history.take(Vec::new(), &[(10, 12)])), [] as [u64; 0]);
        assert_eq!((history.mark.whole, history.missing()), (12, None));
    }

    #[test]
    fn a_lost_connection_leaves_only_what_is_stored() {
        let mut history = history();
        history.take(vec![entry(4)], &[]);
        history.disconnected();
        assert_eq!((history.mark.whole, history.missing()), (2, None));
        assert_eq!(seqs(&history.take(vec![entry(3), entry(4)], &[])), [3, 4]);
    }

    #[test]
    fn more_than_can_be_kept_above_a_gap_is_fetched() {
        let mut history = history();
        let many = u64::try_from(ABOVE).unwrap() + 10;
        history.take((4..4 + many).map(entry).collect(), &[]);
        history.take(vec![entry(3)], &[]);
        let kept = u64::try_from(ABOVE).unwrap() + 2;
        assert_eq!(history.missing(), Some((kept + 1, 3 + many)));
    }
}
