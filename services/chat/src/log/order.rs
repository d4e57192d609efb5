//! Keeps the order of one person's messages over a failure.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use kernel::{ConversationId, EntryId, UserId};

/// How long a message that failed is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Messages of one person in one conversation that are waited for, the first of them: more come after these anyhow.
const OF_ONE: usize = 1_000;
/// Messages that are waited for in all; beyond that order is not kept over a failure.
const IN_ALL: usize = 100_000;
/// While there is no room for more, what is over is looked for this often.
const SWEEP: Duration = Duration::from_secs(1);

/// Where a person writes.
pub type Place = (ConversationId, UserId);

/// The messages that failed or were refused, and have not come again. Until they do, or too long has passed, what the same
/// person sent after them in that conversation is refused.
///
/// What was sent after what is told by the ids, which ascend on a device (docs/client-rules.md). It does not show in the order
/// in which calls come: one that was made before a failure may come to its end long after the retry of it. Of ids that have no
/// order, such as the service's own, nothing is waited for.
#[derive(Debug, Default)]
pub struct Order {
    /// Since when each is waited for, by the monotonic clock.
    missing: HashMap<Place, BTreeMap<EntryId, Duration>>,
    /// Of all places.
    count: usize,
    /// When what is over was looked for last.
    swept: Duration,
}

impl Order {
    /// From now on the message is waited for: it failed, or was refused.
    pub fn missing(&mut self, place: Place, id: EntryId, now: Duration) {
        if !id.is_v7() {
            return;
        }
        if self.count >= IN_ALL && now.saturating_sub(self.swept) >= SWEEP {
            self.forget_what_is_over(now);
        }
        if self.count >= IN_ALL {
            return;
        }
        let ids = self.missing.entry(place).or_default();
        self.count -= ids.len();
        ids.insert(id, now);
        if ids.len() > OF_ONE {
            ids.pop_last();
        }
        self.count += ids.len();
    }

    /// The message is not waited for any more.
    pub fn arrived(&mut self, place: Place, id: EntryId) {
        let Some(ids) = self.missing.get_mut(&place) else { return };
        self.count -= usize::from(ids.remove(&id).is_some());
        if ids.is_empty() {
            self.missing.remove(&place);
        }
    }

    /// Whether the message may go on whose call came in at that moment of the monotonic clock. It counts when it came in and not
    /// how late it is by now: whoever sent it did not know yet that the other one failed.
    pub fn admits(&mut self, place: Place, id: EntryId, arrived: Duration) -> bool {
        let Some(ids) = self.missing.get_mut(&place) else { return true };
        while let Some(first) = ids.first_entry() {
            if !id.is_v7() || *first.key() >= id {
                break;
            }
            if !is_over(*first.get(), arrived) {
                return false;
            }
            first.remove();
            self.count -= 1;
        }
        self.arrived(place, id);
        true
    }

    fn forget_what_is_over(&mut self, now: Duration) {
        self.missing.retain(|_, ids| {
            ids.retain(|_, since| !is_over(*since, now));
            !ids.is_empty()
        });
        self.swept = now;
        self.count = self.missing.values().map(BTreeMap::len).sum();
    }
}

fn is_over(since: Duration, now: Duration) -> bool {
    now.saturating_sub(since) >= PATIENCE
}

#[cfg(test)]
mod tests {
    use kernel::{SeededRandom, Timestamp};
    use uuid::Uuid;

    use super::*;

    const EARLIER: Duration = Duration::from_secs(65);
    const NOW: Duration = Duration::from_secs(70);

    fn id(number: i64) -> EntryId {
        EntryId::new_v7(Timestamp::from_millis(number), &SeededRandom::new(1))
    }

    fn place(user: u128) -> Place {
        (ConversationId::from_uuid(Uuid::from_u128(1)), UserId::from_uuid(Uuid::from_u128(user)))
    }

    #[test]
    fn later_messages_wait_for_the_one_that_failed_and_earlier_ones_do_not() {
        let mut order = Order::default();
        order.missing(place(1), id(2), NOW);
        assert!(order.admits(place(1), id(1), NOW));
        assert!(!order.admits(place(1), id(3), NOW));
        assert!(order.admits(place(2), id(3), NOW), "somebody else's do not wait");
        assert!(order.admits(place(1), id(2), NOW));
        assert!(order.admits(place(1), id(3), NOW));
        assert_eq!((order.count, order.missing.len()), (0, 0));
    }

    #[test]
    fn each_that_failed_is_waited_for_in_whatever_order_they_did() {
        let mut order = Order::default();
        for failed in [4, 1, 3] {
            order.missing(place(1), id(failed), NOW);
        }
        for (next, behind) in [(1, 2), (2, 4), (3, 5), (4, 5)] {
            assert!(
                next == 2 || !order.admits(place(1), id(behind), NOW),
                "{behind} before {next}"
            );
            assert!(order.admits(place(1), id(next), NOW));
        }
        assert!(order.admits(place(1), id(5), NOW));
    }

    #[test]
    fn what_comes_to_an_end_is_not_waited_for() {
        let mut order = Order::default();
        order.missing(place(1), id(1), NOW);
        order.arrived(place(1), id(1));
        assert!(order.admits(place(1), id(2), NOW));
    }

    #[test]
    fn a_retry_that_never_comes_is_not_waited_for_for_ever() {
        let mut order = Order::default();
        order.missing(place(1), id(1), NOW);
        assert!(
            !order.admits(place(1), id(2), NOW + PATIENCE / 2),
            "it may have been sent before its sender knew"
        );
        assert!(order.admits(place(1), id(2), NOW + PATIENCE));
    }

    #[test]
    fn what_came_in_before_the_failure_waits_however_late_it_is_by_now() {
        let mut order = Order::default();
        order.missing(place(1), id(1), NOW);
        assert!(!order.admits(place(1), id(2), EARLIER));
        assert!(order.admits(place(1), id(2), NOW + PATIENCE));
    }

    #[test]
    fn ids_without_an_order_do_not_wait_and_are_not_waited_for() {
        let mut order = Order::default();
        let own = EntryId::from_uuid(Uuid::new_v5(&Uuid::nil(), b"a note"));
        order.missing(place(1), own, NOW);
        assert!(order.admits(place(1), id(1), NOW));
        order.missing(place(1), id(1), NOW);
        assert!(order.admits(place(1), own, NOW));
        assert!(!order.admits(place(1), id(2), NOW));
    }

    #[test]
    fn remembers_the_first_of_too_many_of_one_person() {
        let mut order = Order::default();
        let most = i64::try_from(OF_ONE).unwrap();
        for number in (1..=most + 5).rev() {
            order.missing(place(1), id(number), NOW);
        }
        assert_eq!(order.count, OF_ONE);
        for number in 1..=most {
            assert!(!order.admits(place(1), id(most + 5), NOW));
            assert!(order.admits(place(1), id(number), NOW));
        }
        assert!(order.admits(place(1), id(most + 5), NOW));
    }

    #[test]
    fn what_is_over_makes_room() {
        let mut order = Order::default();
        for user in 0..IN_ALL {
            order.missing(place(user as u128), id(1), NOW);
        }
        let newcomer = place(u128::MAX);
        order.missing(newcomer, id(1), NOW + PATIENCE / 2);
        assert!(order.admits(newcomer, id(2), NOW + PATIENCE / 2), "there was no room");
        order.missing(newcomer, id(1), NOW + PATIENCE);
        assert!(!order.admits(newcomer, id(2), NOW + PATIENCE));
        assert_eq!(order.count, 1);
    }
}
