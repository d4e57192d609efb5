use kernel::{ManualClock, Random, SeededRandom};

use super::super::store::Most;
use super::*;
use crate::outbox::Cause;
use crate::testing::{START, user};

const CHANGES: [Change; 5] =
    [Change::Request, Change::Accept, Change::Remove, Change::Block, Change::Unblock];
const MOST: Most = Most { contacts: 10, requests: 10, blocks: 10 };

/// Two people, the moments passing.
struct Two {
    pair: Pair,
    clock: ManualClock,
    random: SeededRandom,
}

impl Two {
    fn new() -> Self {
        let clock = ManualClock::new(START);
        Self { pair: Pair::default(), clock, random: SeededRandom::new(1) }
    }

    fn wanted(&self, who: usize, change: Change) -> Wanted {
        let people = [user(1), user(2)];
        let (user, other) = (people[who], people[1 - who]);
        let cause = Cause::new(&self.clock, &self.random);
        Wanted { user, other, change, key: None, most: MOST, cause }
    }

    /// The first or the second of them does something; the sides are kept as the first one's pair.
    fn act(&mut self, who: usize, change: Change) -> Result<Decision, Refusal> {
        self.clock.advance(std::time::Duration::from_secs(1));
        let before = turned(self.pair, who);
        let decision = decide(&self.wanted(who, change), before, Tally::default());
        if let Ok(decision) = &decision {
            self.pair = turned(decision.after, who);
        }
        decision
    }

    fn standings(&self) -> [Option<Standing>; 2] {
        [self.pair.mine.standing, self.pair.theirs.standing]
    }
}

fn turned(pair: Pair, who: usize) -> Pair {
    if who == 0 { pair } else { Pair { mine: pair.theirs, theirs: pair.mine } }
}

#[test]
fn a_request_is_pending_until_accepted() {
    let mut two = Two::new();
    let made = two.act(0, Change::Request).unwrap().made;
    assert!(made.changed);
    assert_eq!(two.standings(), [Some(Standing::Outgoing), Some(Standing::Incoming)]);
    assert_eq!(two.act(0, Change::Accept), Err(Refusal::NoRequest), "one's own request");
    assert!(!two.act(0, Change::Request).unwrap().made.changed);
    two.act(1, Change::Accept).unwrap();
    assert_eq!(two.standings(), [Some(Standing::Accepted); 2]);
    assert!(!two.act(1, Change::Accept).unwrap().made.changed);
}

#[test]
fn asking_somebody_who_has_asked_accepts() {
    let mut two = Two::new();
    two.act(0, Change::Request).unwrap();
    let decision = two.act(1, Change::Request).unwrap();
    assert_eq!(decision.made.standing, Some(Standing::Accepted));
    assert_eq!(two.standings(), [Some(Standing::Accepted); 2]);
    assert_eq!(decision.events.len(), 2, "both are told");
}

#[test]
fn either_ends_it_at_any_point() {
    for who in [0, 1] {
        for accepted in [false, true] {
            let mut two = Two::new();
            two.act(0, Change::Request).unwrap();
            if accepted {
                two.act(1, Change::Accept).unwrap();
            }
            assert_eq!(two.act(who, Change::Remove).unwrap().events.len(), 2);
            assert_eq!(two.standings(), [None, None]);
            assert_eq!(two.act(who, Change::Remove).unwrap().events, []);
            assert_eq!(two.act(1, Change::Accept), Err(Refusal::NoRequest));
        }
    }
}

#[test]
fn a_block_ends_it_for_the_one_who_blocks_and_an_unblock_for_both() {
    let mut two = Two::new();
    two.act(0, Change::Request).unwrap();
    two.act(1, Change::Accept).unwrap();
    let blocked = two.act(0, Change::Block).unwrap();
    assert!(matches!(&blocked.events[..], [Event::UserBlocked(event)] if event.user == user(1)));
    assert_eq!(two.standings(), [Some(Standing::Blocked), Some(Standing::Accepted)]);
    assert_eq!(two.act(0, Change::Request), Err(Refusal::Blocking));
    assert_eq!(two.act(0, Change::Accept), Err(Refusal::NoRequest));
    assert_eq!(two.act(0, Change::Remove).unwrap().events, []);
    let unblocked = two.act(0, Change::Unblock).unwrap();
    assert_eq!(two.standings(), [None, None], "nothing is restored");
    let [Event::UserUnblocked(first), Event::ContactChanged(second)] = &unblocked.events[..] else {
        panic!("{unblocked:?}")
    };
    assert_eq!((first.user, second.user, second.state), (user(1), user(2), None));
}

#[test]
fn the_request_of_somebody_blocked_stays_with_them() {
    let mut two = Two::new();
    two.act(0, Change::Block).unwrap();
    let decision = two.act(1, Change::Request).unwrap();
    assert_eq!(decision.made.standing, Some(Standing::Outgoing));
    assert_eq!(decision.events.len(), 1, "the one who blocks is told nothing");
    assert_eq!(two.standings(), [Some(Standing::Blocked), Some(Standing::Outgoing)]);
    two.act(0, Change::Unblock).unwrap();
    assert_eq!(two.standings(), [None, None]);
    two.act(1, Change::Request).unwrap();
    assert_eq!(two.standings(), [Some(Standing::Incoming), Some(Standing::Outgoing)]);
}

#[test]
fn two_who_block_each_other_end_it_one_by_one() {
    let mut two = Two::new();
    two.act(0, Change::Block).unwrap();
    two.act(1, Change::Block).unwrap();
    two.act(0, Change::Unblock).unwrap();
    assert_eq!(two.standings(), [None, Some(Standing::Blocked)]);
    assert!(two.pair.mine.blocked_by);
    two.act(0, Change::Request).unwrap();
    two.act(1, Change::Unblock).unwrap();
    assert_eq!(two.standings(), [None, None]);
    assert!(two.pair.mine.is_blank() && two.pair.theirs.is_blank());
}

#[test]
fn limits_hold_what_would_be_one_too_many() {
    let two = Two::new();
    let incoming = Side { standing: Some(Standing::Incoming), ..Side::default() };
    let asked = Pair { mine: incoming, theirs: Side::default() };
    let full = Tally { contacts: 10, requests: 10, blocks: 10 };
    let last = Tally { contacts: 9, requests: 9, blocks: 9 };
    let cases = [
        (Change::Request, Pair::default(), full, Err(Refusal::ContactsFull)),
        (
            Change::Request,
            Pair::default(),
            Tally { contacts: 9, ..full },
            Err(Refusal::RequestsFull),
        ),
        (Change::Request, asked, full, Err(Refusal::ContactsFull)),
        (Change::Accept, asked, full, Err(Refusal::ContactsFull)),
        (Change::Block, Pair::default(), full, Err(Refusal::BlocksFull)),
        (Change::Request, Pair::default(), last, Ok(())),
        (Change::Request, asked, Tally { requests: 10, ..last }, Ok(())),
        (Change::Accept, asked, last, Ok(())),
        (Change::Block, Pair::default(), last, Ok(())),
        (Change::Remove, asked, full, Ok(())),
    ];
    for (change, before, tally, expected) in cases {
        let decided = decide(&two.wanted(0, change), before, tally).map(drop);
        assert_eq!(decided, expected, "{change:?} {before:?} {tally:?}");
    }
}

/// Whatever the two do: who blocks is noted on both sides, and without a block the sides are each other's mirror.
#[test]
fn sides_always_fit_together() {
    let mirror = |standing| match standing {
        Some(Standing::Outgoing) => Some(Standing::Incoming),
        Some(Standing::Incoming) => Some(Standing::Outgoing),
        other => other,
    };
    for seed in 0..200 {
        let random = SeededRandom::new(seed);
        let mut two = Two::new();
        for _ in 0..60 {
            let (who, change) = (draw(&random, 2), CHANGES[draw(&random, 5)]);
            let before = two.pair;
            let decision = two.act(who, change);
            if let Ok(decision) = decision {
                let changed = two.pair != before;
                assert_eq!(changed, decision.made.changed, "{decision:?}");
                assert_eq!(changed, !decision.events.is_empty(), "{decision:?}");
            }
            let [mine, theirs] = two.standings();
            let blocks = [mine, theirs].map(|standing| standing == Some(Standing::Blocked));
            assert_eq!([two.pair.theirs.blocked_by, two.pair.mine.blocked_by], blocks);
            if blocks == [false, false] {
                assert_eq!(theirs, mirror(mine), "seed {seed}");
            }
        }
    }
}

/// One world in which the first blocks the second, and one in which the first does nothing any more: whatever the second
/// does then, they are told and shown the same in both.
#[test]
fn nobody_can_tell_that_they_are_blocked() {
    for seed in 0..500 {
        let random = SeededRandom::new(seed);
        let (mut blocked, mut ignored) = (Two::new(), Two::new());
        for _ in 0..draw(&random, 8) {
            let (who, change) = (draw(&random, 2), CHANGES[draw(&random, 5)]);
            assert_eq!(blocked.act(who, change), ignored.act(who, change));
        }
        if blocked.pair.mine.standing == Some(Standing::Blocked) {
            continue;
        }
        blocked.act(0, Change::Block).unwrap();
        ignored.clock.advance(std::time::Duration::from_secs(1));
        for _ in 0..12 {
            let change = CHANGES[draw(&random, 5)];
            let seen = blocked.act(1, change).map(|decision| shown(&decision));
            let ignored_seen = ignored.act(1, change).map(|decision| shown(&decision));
            assert_eq!(seen, ignored_seen, "seed {seed}, {change:?}");
            let side = |two: &Two| (two.pair.theirs.standing, two.pair.theirs.since);
            assert_eq!(side(&blocked), side(&ignored), "seed {seed}, {change:?}");
        }
    }
}

/// What the second of them gets to know of a decision.
fn shown(decision: &Decision) -> (Made, Vec<Event>) {
    let theirs = |event: &&Event| match event {
        Event::UserBlocked(event) => event.user == user(2),
        Event::UserUnblocked(event) => event.user == user(2),
        Event::ContactChanged(event) => event.user == user(2),
        _ => false,
    };
    (decision.made, decision.events.iter().filter(theirs).cloned().collect())
}

fn draw(random: &SeededRandom, below: u64) -> usize {
    usize::try_from(random.below(below)).unwrap()
}
