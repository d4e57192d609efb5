//! Keeps the order of one person's messages over a failure.

use std::time::Duration;

use dashmap::DashMap;
use kernel::{ConversationId, EntryId, UserId};

/// How long a message that failed is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// People who are waited for; beyond that order is not kept over a failure.
const REMEMBERED: usize = 100_000;

/// After a message failed, whatever the same person has under way in that conversation must not be stored before the retry
/// of it. Until that comes, or too long has passed, everything else of theirs there is refused.
#[derive(Debug, Default)]
pub struct Order {
    failed: DashMap<(ConversationId, UserId), (EntryId, Duration)>,
}

impl Order {
    /// The message failed at this moment of the monotonic clock. Of several the first one counts.
    pub fn failed(&self, place: (ConversationId, UserId), id: EntryId, now: Duration) {
        if self.failed.len() >= REMEMBERED {
            self.failed.retain(|_, (_, at)| now.saturating_sub(*at) < PATIENCE);
        }
        if self.failed.len() < REMEMBERED {
            self.failed.entry(place).or_insert((id, now));
        }
    }

    /// Whether the message may go on whose call came in at that moment of the monotonic clock. It counts when it came in and not
    /// how late it is by now: whoever sent it did not know yet that the other one failed.
    pub fn admits(&self, place: (ConversationId, UserId), id: EntryId, arrived: Duration) -> bool {
        if self.failed.is_empty() {
            return true;
        }
        let over = |(failed, at): &(EntryId, Duration)| {
            *failed == id || arrived.saturating_sub(*at) >= PATIENCE
        };
        self.failed.remove_if(&place, |_, failed| over(failed)).is_some()
            || !self.failed.contains_key(&place)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> EntryId {
        EntryId::from_uuid(Uuid::from_u128(number))
    }

    fn place(user: u128) -> (ConversationId, UserId) {
        (ConversationId::from_uuid(Uuid::from_u128(1)), UserId::from_uuid(Uuid::from_u128(user)))
    }

    #[test]
    fn later_messages_wait_for_the_retry_of_the_one_that_failed() {
        let order = Order::default();
        let now = Duration::from_secs(5);
        assert!(order.admits(place(1), id(1), now));
        order.failed(place(1), id(1), now);
        assert!(!order.admits(place(1), id(2), now));
        assert!(order.admits(place(2), id(3), now), "somebody else's do not wait");
        assert!(order.admits(place(1), id(1), now));
        assert!(order.admits(place(1), id(2), now));
    }

    #[test]
    fn a_retry_that_never_comes_is_not_waited_for_for_ever() {
        let order = Order::default();
        order.failed(place(1), id(1), Duration::ZERO);
        assert!(
            !order.admits(place(1), id(2), PATIENCE / 2),
            "it may have been sent before its sender knew"
        );
        assert!(order.admits(place(1), id(2), PATIENCE));
    }

    #[test]
    fn what_came_in_before_the_failure_waits_however_late_it_is_by_now() {
        let order = Order::default();
        order.failed(place(1), id(1), PATIENCE);
        assert!(!order.admits(place(1), id(2), PATIENCE / 2));
        assert!(!order.admits(place(1), id(2), PATIENCE + PATIENCE / 2));
        assert!(order.admits(place(1), id(2), PATIENCE * 2));
    }
}
