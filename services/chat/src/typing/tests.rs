use kernel::{ConversationId, SeededRandom, Timestamp, UserId};

use super::own::Own;
use super::typists::{Limits, Typists};
use std::time::Duration;

const fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn id<K>(seed: u64) -> kernel::Id<K> {
    kernel::Id::new_v7(Timestamp::from_millis(0), &SeededRandom::new(seed))
}

const LIMITS: Limits = Limits { life: at(5_000), people: 2, all: 3 };

#[test]
fn one_socket_is_passed_on_now_and_then() {
    let own = Own::default();
    let (here, again): (ConversationId, _) = (id(1), at(3_000));
    assert!(own.start(here, at(0), again));
    assert!(!own.start(here, at(2_999), again));
    assert!(own.start(here, at(3_000), again));
    assert!(own.stop(here));
    assert!(!own.stop(here), "stopped twice");
    assert!(own.start(here, at(3_001), again), "stopped in between");
    assert_eq!(own.leave(), [here]);
}

#[test]
fn one_socket_cannot_write_everywhere_at_once() {
    let own = Own::default();
    let passed = (0..20).filter(|seed| own.start(id(*seed), at(0), at(3_000))).count();
    assert_eq!(passed, 8);
    assert!(own.start(id(20), at(3_000), at(3_000)), "the others have long stopped");
}

#[test]
fn it_ends_by_itself_unless_it_is_said_again() {
    let typists = Typists::new(LIMITS);
    let (here, anna, ben): (ConversationId, UserId, UserId) = (id(1), id(2), id(3));
    assert!(typists.start(here, anna, at(0)));
    assert!(typists.start(here, ben, at(1_000)));
    assert!(!typists.start(here, anna, at(3_000)), "told twice");
    assert!(typists.ended(at(5_999)).is_empty());
    assert_eq!(typists.ended(at(6_000)), [(here, ben)]);
    assert!(typists.stop(here, anna));
    assert!(!typists.stop(here, anna));
    assert!(typists.ended(at(60_000)).is_empty());
}

#[test]
fn what_is_too_much_is_not_passed_on() {
    let typists = Typists::new(LIMITS);
    let (here, there): (ConversationId, ConversationId) = (id(1), id(2));
    assert!(typists.start(here, id(3), at(0)));
    assert!(typists.start(here, id(4), at(0)));
    assert!(!typists.start(here, id(5), at(0)), "more people than may write here");
    assert!(typists.start(there, id(5), at(0)));
    assert!(!typists.start(there, id(6), at(0)), "more than are remembered");
    assert!(!typists.stop(there, id(6)));
}
