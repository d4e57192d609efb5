//! Keeps the order of one person's messages over a failure.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use kernel::{ConversationId, EntryId, UserId};

/// How long a message that failed or was refused is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long after a failure anything is waited for because of it. So messages that are given up, each after it was refused
/// because of the one before, do not hold each other up for ever.
const CHAIN: Duration = Duration::from_secs(30);
/// Messages of one person in one conversation that are waited for, the first of them: more come after these anyhow.
const OF_ONE: usize = 200;
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
    missing: HashMap<Place, BTreeMap<EntryId, Missing>>,
    /// Of all places.
    count: usize,
    /// When what is over was looked for last.
    swept: Duration,
}

/// By the monotonic clock.
#[derive(Debug, Clone, Copy)]
struct Missing {
    /// When it failed or was refused last.
    since: Duration,
    /// When the last failure was, of this one or of one because of which it was refused.
    failure: Duration,
}

impl Missing {
    fn is_over(self, now: Duration) -> bool {
        now.saturating_sub(self.since) >= PATIENCE || now.saturating_sub(self.failure) >= CHAIN
    }
}

impl Order {
    /// The message failed at this moment of the monotonic clock: it is waited for from now on.
    pub fn wait_for(&mut self, place: Place, id: EntryId, now: Duration) {
        self.note(place, id, Missing { since: now, failure: now });
    }

    fn note(&mut self, place: Place, id: EntryId, missing: Missing) {
        if !id.is_v7() {
            return;
        }
        let now = missing.since;
        if self.count >= IN_ALL && now.saturating_sub(self.swept) >= SWEEP {
            self.forget_what_is_over(now);
        }
        if self.count >= IN_ALL {
            return;
        }
        let ids = self.missing.entry(place).or_default();
        self.count -= ids.len();
        let known = ids.entry(id).or_insert(missing);
        known.since = known.since.max(missing.since);
        known.failure = known.failure.max(missing.failure);
        if ids.len() > OF_ONE {
            ids.retain(|_, missing| !missing.is_over(now));
        }
        if ids.len() > OF_ONE {
            ids.pop_last();
        }
        self.count += ids.len();
    }

    /// The message is not waited for any more.
    pub fn forget(&mut self, place: Place, id: EntryId) {
        let Some(ids) = self.missing.get_mut(&place) else { return };
        self.count -= usize::from(ids.remove(&id).is_some());
        if ids.is_empty() {
            self.missing.remove(&place);
        }
    }

    /// Whether the message is waited for at this moment of the monotonic clock.
    pub fn is_missing(&self, place: Place, id: EntryId, now: Duration) -> bool {
        let missing = self.missing.get(&place).and_then(|ids| ids.get(&id));
        missing.is_some_and(|missing| !missing.is_over(now))
    }

    /// Whether the message may go on whose call came in at that moment of the monotonic clock. It counts when it came in and not
    /// how late it is by now: whoever sent it did not know yet that the other one failed. One that may not is waited for as well.
    pub fn admits(
        &mut self,
        place: Place,
        id: EntryId,
        (arrived, now): (Duration, Duration),
    ) -> bool {
        let Some(ids) = self.missing.get(&place) else { return true };
        if !id.is_v7() {
            return true;
        }
        let before = ids.range(..id).map(|(_, missing)| missing);
        let before = before.filter(|missing| !missing.is_over(arrived));
        let failure = before.map(|missing| missing.failure).max();
        match failure {
            Some(failure) => self.note(place, id, Missing { since: now, failure }),
            None => self.forget(place, id),
        }
        failure.is_none()
    }

    fn forget_what_is_over(&mut self, now: Duration) {
        self.missing.retain(|_, ids| {
            ids.retain(|_, missing| !missing.is_over(now));
            !ids.is_empty()
        });
        self.swept = now;
        self.count = self.missing.values().map(BTreeMap::len).sum();
    }
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

    /// A call that comes in at that moment.
    fn admits(order: &mut Order, place: Place, id: EntryId, now: Duration) -> bool {
        order.admits(place, id, (now, now))
    }

    #[test]
    fn later_messages_wait_for_the_one_that_failed_and_earlier_ones_do_not() {
        let mut order = Order::default();
        order.wait_for(place(1), id(2), NOW);
        assert!(admits(&mut order, place(1), id(1), NOW));
        assert!(!admits(&mut order, place(1), id(3), NOW));
        assert!(admits(&mut order, place(2), id(3), NOW), "somebody else's do not wait");
        assert!(admits(&mut order, place(1), id(2), NOW));
        assert!(admits(&mut order, place(1), id(3), NOW));
        assert_eq!((order.count, order.missing.len()), (0, 0));
    }

    #[test]
    fn each_that_failed_is_waited_for_in_whatever_order_they_did() {
        let mut order = Order::default();
        for failed in [4, 1, 3] {
            order.wait_for(place(1), id(failed), NOW);
        }
        for (next, behind) in [(1, 2), (2, 4), (3, 5), (4, 5)] {
            assert!(
                next == 2 || !admits(&mut order, place(1), id(behind), NOW),
                "{behind} before {next}"
            );
            assert!(admits(&mut order, place(1), id(next), NOW));
        }
        assert!(admits(&mut order, place(1), id(5), NOW));
    }

    #[test]
    fn what_comes_to_an_end_is_not_waited_for() {
        let mut order = Order::default();
        order.wait_for(place(1), id(1), NOW);
        order.forget(place(1), id(1));
        assert!(admits(&mut order, place(1), id(2), NOW));
    }

    #[test]
    fn messages_that_are_given_up_do_not_hold_each_other_up_for_ever() {
        let mut order = Order::default();
        order.wait_for(place(1), id(0), NOW);
        let mut seconds = 1..;
        let through = seconds.find(|second: &i64| {
            let now = NOW + Duration::from_secs(second.cast_unsigned());
            admits(&mut order, place(1), id(*second), now)
        });
        assert_eq!(through, Some(CHAIN.as_secs().cast_signed()));
    }

    #[test]
    fn what_was_refused_last_of_all_is_waited_for_when_the_failure_is_over() {
        let mut order = Order::default();
        order.wait_for(place(1), id(1), NOW);
        let over = NOW + PATIENCE;
        assert!(!admits(&mut order, place(1), id(2), over.saturating_sub(Duration::from_nanos(1))));
        assert!(!admits(&mut order, place(1), id(3), over), "2 has not come again");
        assert!(admits(&mut order, place(1), id(2), over));
        assert!(admits(&mut order, place(1), id(3), over));
    }

    #[test]
    fn what_is_over_takes_no_place_from_what_fails() {
        let mut order = Order::default();
        let most = i64::try_from(OF_ONE).unwrap();
        for number in 1..=most {
            order.wait_for(place(1), id(number), NOW);
        }
        order.wait_for(place(1), id(most + 1), NOW + PATIENCE);
        assert!(!admits(&mut order, place(1), id(most + 2), NOW + PATIENCE));
    }

    #[test]
    fn what_is_over_is_not_missing_any_more() {
        let mut order = Order::default();
        order.wait_for(place(1), id(1), NOW);
        assert!(order.is_missing(place(1), id(1), NOW));
        assert!(!order.is_missing(place(1), id(2), NOW) && !order.is_missing(place(2), id(1), NOW));
        assert!(!order.is_missing(place(1), id(1), NOW + PATIENCE));
    }

    #[test]
    fn a_retry_that_never_comes_is_not_waited_for_for_ever() {
        let mut order = Order::default();
        order.wait_for(place(1), id(1), NOW);
        assert!(
            !admits(&mut order, place(1), id(2), NOW + PATIENCE / 2),
            "it may have been sent before its sender knew"
        );
        assert!(admits(&mut order, place(1), id(2), NOW + PATIENCE));
    }

    #[test]
    fn what_came_in_before_the_failure_waits_however_late_it_is_by_now() {
        let mut order = Order::default();
        order.wait_for(place(1), id(1), NOW);
        assert!(!admits(&mut order, place(1), id(2), EARLIER));
        assert!(admits(&mut order, place(1), id(2), NOW + PATIENCE));
    }

    #[test]
    fn ids_without_an_order_do_not_wait_and_are_not_waited_for() {
        let mut order = Order::default();
        let own = EntryId::from_uuid(Uuid::new_v5(&Uuid::nil(), b"a note"));
        order.wait_for(place(1), own, NOW);
        assert!(admits(&mut order, place(1), id(1), NOW));
        order.wait_for(place(1), id(1), NOW);
        assert!(admits(&mut order, place(1), own, NOW));
        assert!(!admits(&mut order, place(1), id(2), NOW));
    }

    #[test]
    fn remembers_the_first_of_too_many_of_one_person() {
        let mut order = Order::default();
        let most = i64::try_from(OF_ONE).unwrap();
        for number in (1..=most + 5).rev() {
            order.wait_for(place(1), id(number), NOW);
        }
        assert_eq!(order.count, OF_ONE);
        for number in 1..=most {
            assert!(!admits(&mut order, place(1), id(most + 5), NOW));
            assert!(admits(&mut order, place(1), id(number), NOW));
        }
        assert!(admits(&mut order, place(1), id(most + 5), NOW));
    }

    #[test]
    fn what_is_over_makes_room() {
        let mut order = Order::default();
        for user in 0..IN_ALL {
            order.wait_for(place(user as u128), id(1), NOW);
        }
        let newcomer = place(u128::MAX);
        order.wait_for(newcomer, id(1), NOW + PATIENCE / 2);
        assert!(admits(&mut order, newcomer, id(2), NOW + PATIENCE / 2), "there was no room");
        order.wait_for(newcomer, id(1), NOW + PATIENCE);
        assert!(!admits(&mut order, newcomer, id(2), NOW + PATIENCE));
        assert_eq!(order.count, 2);
    }
}
