//! Ends of logs that are told once more when nothing came behind them for a moment, without I/O.
//!
//! An event that is lost is found by the next one of its conversation. Behind the last one comes nothing, so its place is told
//! again, twice: whoever heard it passes over that, and costs the store nothing.

use dashmap::DashMap;
use kernel::ConversationId;

/// The ticks after which it is told again. It may have been noted right before the first.
const ROUNDS: [u8; 2] = [2, 3];
/// Conversations that are remembered; for more, listeners find it out by reading.
const REMEMBERED: usize = 100_000;

/// Ends that this instance has told of lately.
#[derive(Debug, Default)]
pub struct Again {
    /// Each with the ticks since.
    ends: DashMap<ConversationId, (u64, u8)>,
}

impl Again {
    /// The log reaches up to there, and that was told.
    pub fn told(&self, id: ConversationId, seq: u64) {
        if self.ends.len() >= REMEMBERED && !self.ends.contains_key(&id) {
            return;
        }
        let mut end = self.ends.entry(id).or_default();
        if seq >= end.0 {
            *end = (seq, 0);
        }
    }

    /// Some time has passed: says which are to be told again now.
    pub fn tick(&self) -> Vec<(ConversationId, u64)> {
        let mut due = Vec::new();
        self.ends.retain(|id, (seq, ticks)| {
            *ticks += 1;
            if ROUNDS.contains(ticks) {
                due.push((*id, *seq));
            }
            Some(&*ticks) != ROUNDS.last()
        });
        // One order for every run, so that a simulation repeats itself.
        due.sort_unstable();
        due
    }
}

#[cfg(test)]
mod tests {
    use kernel::{SeededRandom, Timestamp};

    use super::*;

    #[test]
    fn an_end_is_told_twice_more_and_only_when_nothing_comes_behind_it() {
        let random = SeededRandom::new(1);
        let [one, other] = [(); 2].map(|()| ConversationId::new_v7(Timestamp::default(), &random));
        let again = Again::default();
        again.told(one, 4);
        assert_eq!(again.tick(), []);
        again.told(one, 5);
        again.told(one, 3);
        again.told(other, 1);
        assert_eq!(again.tick(), [], "something came behind it");
        let mut both = vec![(one, 5), (other, 1)];
        both.sort_unstable();
        assert_eq!(again.tick(), both);
        assert_eq!(again.tick(), both);
        assert_eq!(again.tick(), []);
        assert!(again.ends.is_empty());
    }
}
