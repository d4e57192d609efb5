//! Whose presence is to be told and when, without I/O: changes of a moment are told once, and not all at the same time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use kernel::{DeviceId, UserId};

use super::status::Shown;

/// What this instance has to tell of its people, and what it has told.
#[derive(Debug, Default)]
pub struct Due {
    /// In an order of its own, so that a test repeats itself.
    when: BTreeMap<UserId, Duration>,
    told: HashMap<UserId, Told>,
}

#[derive(Debug, Default)]
struct Told {
    shown: Option<Shown>,
    /// Devices whose leases were taken here.
    devices: BTreeSet<DeviceId>,
}

impl Due {
    /// Something has changed that is to be told at that time; a later change decides anew.
    pub fn set(&mut self, user: UserId, at: Duration) {
        self.when.insert(user, at);
    }

    /// As [`Due::set`], unless something else of theirs is to be told anyway.
    pub fn set_if_none(&mut self, user: UserId, at: Duration) {
        self.when.entry(user).or_insert(at);
    }

    /// Whose time has come, at most `most`; they are due no more.
    pub fn take(&mut self, now: Duration, most: usize) -> Vec<UserId> {
        let due = self.when.iter().filter(|(_, at)| **at <= now);
        let due: Vec<UserId> = due.map(|(user, _)| *user).take(most).collect();
        for user in &due {
            self.when.remove(user);
        }
        due
    }

    /// The person's devices here are these now. Answers those whose leases are to be given back.
    pub fn hold(&mut self, user: UserId, devices: BTreeSet<DeviceId>) -> Vec<DeviceId> {
        let told = self.told.entry(user).or_default();
        let ended = told.devices.difference(&devices).copied().collect();
        told.devices = devices;
        ended
    }

    /// Whether this is news.
    pub fn is_news(&self, user: UserId, shown: Shown) -> bool {
        self.told.get(&user).and_then(|told| told.shown) != Some(shown)
    }

    /// It was told. Nobody is remembered who has no device here.
    pub fn told(&mut self, user: UserId, shown: Shown) {
        if let Some(told) = self.told.get_mut(&user) {
            told.shown = Some(shown);
            if told.devices.is_empty() {
                self.told.remove(&user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::{SeededRandom, Timestamp};

    use super::*;

    const fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn user(seed: u64) -> UserId {
        UserId::new_v7(Timestamp::from_millis(0), &SeededRandom::new(seed))
    }

    #[test]
    fn changes_of_a_moment_are_told_once_and_in_portions() {
        let mut due = Due::default();
        let people: Vec<UserId> = (0..5).map(user).collect();
        for person in &people {
            due.set(*person, at(5));
            due.set(*person, at(10));
        }
        assert!(due.take(at(9), 10).is_empty());
        assert_eq!(due.take(at(10), 3).len(), 3);
        assert_eq!(due.take(at(10), 3).len(), 2);
        due.set_if_none(people[0], at(20));
        due.set_if_none(people[0], at(30));
        assert_eq!(due.take(at(20), 3), [people[0]]);
    }

    #[test]
    fn who_comes_back_at_once_is_no_news() {
        let (mut due, user) = (Due::default(), user(1));
        let device = DeviceId::new_v7(Timestamp::from_millis(0), &SeededRandom::new(2));
        assert!(due.hold(user, BTreeSet::from([device])).is_empty());
        assert!(due.is_news(user, Shown::Online));
        due.told(user, Shown::Online);
        assert!(!due.is_news(user, Shown::Online));
        assert_eq!(due.hold(user, BTreeSet::new()), [device]);
        assert!(due.is_news(user, Shown::Offline));
        due.told(user, Shown::Offline);
        assert!(due.told.is_empty(), "somebody who has left is remembered");
    }
}
