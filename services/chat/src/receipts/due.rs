//! Which receipts are to be told when, without I/O: the first at once, those of the next moment together.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::{ConversationId, UserId};

use super::ticks::What;

/// How far people have come.
pub type Reached = BTreeMap<UserId, u64>;

/// How often, and how much may wait.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Between two tellings of each person's receipts in one conversation.
    pub single: Duration,
    /// Between two tellings of how many have come somewhere.
    pub counted: Duration,
    /// Receipts that may wait; further ones are not told live.
    pub waiting: usize,
}

#[derive(Debug)]
struct Row {
    large: bool,
    told: Option<Duration>,
    reached: Reached,
}

/// What waits to be told.
#[derive(Debug, Default)]
pub struct Due {
    rows: BTreeMap<(ConversationId, What), Row>,
    waiting: usize,
}

impl Due {
    /// Takes receipts in. Says whether there was room.
    pub fn add(
        &mut self,
        place: (ConversationId, What),
        large: bool,
        reached: &Reached,
        limits: &Limits,
    ) -> bool {
        if self.waiting + reached.len() > limits.waiting {
            return false;
        }
        let new = || Row { large, told: None, reached: Reached::new() };
        let row = self.rows.entry(place).or_insert_with(new);
        row.large = large;
        let before = row.reached.len();
        for (user, seq) in reached {
            let highest = row.reached.entry(*user).or_default();
            *highest = (*highest).max(*seq);
        }
        self.waiting += row.reached.len() - before;
        true
    }

    /// What is to be told of one conversation now.
    pub fn take(
        &mut self,
        place: (ConversationId, What),
        now: Duration,
        limits: &Limits,
    ) -> Option<(bool, Reached)> {
        let row = self.rows.get_mut(&place)?;
        let pause = if row.large { limits.counted } else { limits.single };
        let is_due = match row.told {
            Some(told) => now.saturating_sub(told) >= pause,
            // Of many people the first is never told alone.
            None => !row.large,
        };
        if !is_due {
            row.told.get_or_insert(now);
            return None;
        }
        if row.reached.is_empty() {
            self.rows.remove(&place);
            return None;
        }
        row.told = Some(now);
        let reached = std::mem::take(&mut row.reached);
        self.waiting -= reached.len();
        Some((row.large, reached))
    }

    /// Conversations about which something waits, or did a moment ago.
    pub fn places(&self) -> Vec<(ConversationId, What)> {
        self.rows.keys().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use kernel::{SeededRandom, Timestamp};

    use super::*;

    const LIMITS: Limits = Limits { single: at(200), counted: at(1_000), waiting: 5 };

    const fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn id<K>(seed: u64) -> kernel::Id<K> {
        kernel::Id::new_v7(Timestamp::from_millis(0), &SeededRandom::new(seed))
    }

    fn one(user: u64, seq: u64) -> Reached {
        Reached::from([(id(user), seq)])
    }

    #[test]
    fn the_first_is_told_at_once_and_the_next_together() {
        let mut due = Due::default();
        let place = (id(1), What::Read);
        assert!(due.add(place, false, &one(2, 5), &LIMITS));
        assert_eq!(due.take(place, at(1_000), &LIMITS), Some((false, one(2, 5))));
        assert!(due.add(place, false, &one(2, 7), &LIMITS));
        assert!(due.add(place, false, &one(2, 6), &LIMITS));
        assert!(due.add(place, false, &one(3, 4), &LIMITS));
        assert_eq!(due.take(place, at(1_199), &LIMITS), None);
        let both = Reached::from([(id(2), 7), (id(3), 4)]);
        assert_eq!(due.take(place, at(1_200), &LIMITS), Some((false, both)));
        assert_eq!(due.take(place, at(1_399), &LIMITS), None);
        assert_eq!(due.places(), [place]);
        assert_eq!(due.take(place, at(1_400), &LIMITS), None);
        assert!(due.places().is_empty(), "what is told is remembered");
    }

    #[test]
    fn of_many_people_even_the_first_waits() {
        let mut due = Due::default();
        let place = (id(1), What::Delivered);
        assert!(due.add(place, true, &one(2, 5), &LIMITS));
        assert_eq!(due.take(place, at(10), &LIMITS), None);
        assert!(due.add(place, true, &one(3, 5), &LIMITS));
        assert_eq!(due.take(place, at(1_009), &LIMITS), None);
        assert_eq!(due.take(place, at(1_010), &LIMITS).map(|(_, all)| all.len()), Some(2));
    }

    #[test]
    fn what_has_no_room_is_not_told() {
        let mut due = Due::default();
        let place = (id(1), What::Read);
        for user in 0..5 {
            assert!(due.add(place, true, &one(user, 1), &LIMITS));
        }
        assert!(!due.add(place, true, &one(6, 1), &LIMITS));
        assert_eq!(due.take(place, at(0), &LIMITS), None);
        assert!(due.take(place, at(1_000), &LIMITS).is_some());
        assert!(due.add(place, true, &one(6, 1), &LIMITS));
    }
}
