//! Ends of logs that this instance has seen, believed for a while.

use std::time::Duration;

use kernel::{Clock, ConversationId, Timestamp};
use quick_cache::sync::Cache;

use crate::log::store::Head;

/// Conversations whose head is remembered; the least used goes first.
const CAPACITY: usize = 100_000;

/// A moment by both clocks: the wall clock may jump, the other stands still while the machine sleeps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    wall: Timestamp,
    monotonic: Duration,
}

impl Moment {
    pub(super) fn now(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), monotonic: clock.monotonic() }
    }

    /// How long ago it was, by the clock that says longer.
    pub(super) fn age(self, clock: &dyn Clock) -> Duration {
        clock.now().since(self.wall).max(clock.monotonic().saturating_sub(self.monotonic))
    }
}

/// An old head is harmless as long as the entries after it still have their headers, which keep their positions taken:
/// the insert fails and the head is loaded. So it must not get nearly as old as headers do.
#[derive(Debug)]
pub(super) struct Heads {
    seen: Cache<ConversationId, (Head, Moment)>,
    oldest: Duration,
}

impl Heads {
    pub(super) fn new(oldest: Duration) -> Self {
        Self { seen: Cache::new(CAPACITY), oldest }
    }

    pub(super) fn get(&self, id: ConversationId, clock: &dyn Clock) -> Option<Head> {
        let (head, confirmed) = self.seen.get(&id)?;
        if confirmed.age(clock) < self.oldest {
            return Some(head);
        }
        self.forget(id, head);
        None
    }

    /// Remembers what an insert that began at `confirmed` has shown.
    pub(super) fn confirm(&self, id: ConversationId, head: Head, confirmed: Moment) {
        let newer = |(seen, _): (Head, Moment)| seen.seq > head.seq;
        if !self.seen.get(&id).is_some_and(newer) {
            self.seen.insert(id, (head, confirmed));
        }
    }

    /// Believes no end up to this one any more. What was heard of since is a later one, and stays.
    pub(super) fn forget(&self, id: ConversationId, upto: Head) {
        self.seen.remove_if(&id, |(seen, _)| seen.seq <= upto.seq);
    }
}

#[cfg(test)]
mod tests {
    use kernel::{ManualClock, SeededRandom};

    use super::*;

    /// A clock whose two hands a test moves apart.
    #[derive(Debug)]
    struct Hands(ManualClock, ManualClock);

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            self.0.now()
        }
        fn monotonic(&self) -> Duration {
            self.1.monotonic()
        }
    }

    fn head(seq: u64) -> Head {
        Head { seq, count: seq, mseq: 0 }
    }

    #[test]
    fn a_head_is_believed_until_one_of_the_clocks_says_it_is_too_old() {
        let id = ConversationId::new_v7(Timestamp::default(), &SeededRandom::new(1));
        for hand in [0, 1] {
            let clock = Hands(ManualClock::default(), ManualClock::default());
            let heads = Heads::new(Duration::from_mins(10));
            heads.confirm(id, head(7), Moment::now(&clock));
            let moves = if hand == 0 { &clock.0 } else { &clock.1 };
            moves.advance(Duration::from_secs(599));
            assert_eq!(heads.get(id, &clock), Some(head(7)));
            moves.advance(Duration::from_secs(1));
            assert_eq!(heads.get(id, &clock), None);
        }
    }

    #[test]
    fn the_slower_of_two_inserts_does_not_bring_the_head_back() {
        let id = ConversationId::new_v7(Timestamp::default(), &SeededRandom::new(1));
        let clock = ManualClock::default();
        let heads = Heads::new(Duration::from_mins(10));
        heads.confirm(id, head(7), Moment::now(&clock));
        heads.confirm(id, head(5), Moment::now(&clock));
        assert_eq!(heads.get(id, &clock), Some(head(7)));
        heads.forget(id, head(6));
        assert_eq!(heads.get(id, &clock), Some(head(7)), "heard of after the one that was wrong");
        heads.forget(id, head(7));
        assert_eq!(heads.get(id, &clock), None);
    }
}
