//! The checker itself, and what it takes for granted.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::*;
use crate::config::Device;
use crate::join::Join;
use crate::step::Step;
use crate::world::World;

/// Tells all worlds apart that differ in anything.
struct Exact(Log);

impl Model for Exact {
    type State = World;
    type Step = Step;
    type Flaw = Flaw;

    fn start(&self) -> World {
        self.0.start()
    }
    fn steps(&self, world: &World, steps: &mut Vec<Step>) {
        self.0.steps(world, steps);
    }
    fn take(&self, world: &World, step: Step) -> World {
        self.0.take(world, step)
    }
    fn is_optional(&self, step: Step) -> bool {
        self.0.is_optional(step)
    }
    fn fingerprint(&self, world: &World) -> u64 {
        let mut hasher = DefaultHasher::new();
        world.hash(&mut hasher);
        hasher.finish()
    }
    fn flaws(&self, world: &World, end: bool, flaws: &mut Vec<Flaw>) {
        self.0.flaws(world, end, flaws);
    }
    fn show(&self, world: &World) -> String {
        self.0.show(world)
    }
}

#[test]
fn fingerprints_leave_out_nothing_that_matters() {
    // In order, so that instances are not interchangeable.
    let config = Config { messages: &[MESSAGE, OTHERS], in_order: true, batch: 2, ..Config::CALM };
    let comes = [Device::Live, Device::Absent, Device::New];
    for config in [
        Config { failovers: 1, lost_replies: 1, late: true, ..config },
        Config { crashes: 1, attempts: 2, losses: 1, ..config },
        Config { retention: true, warm: true, devices: comes, ..config },
        Config { retention: true, cap: true, cuts: 1, split_load: true, ..config },
        Config { messages: &[MESSAGE, REMOVAL, OTHERS], ..config },
    ] {
        let exact = search(&Exact(Log::new(config)), Search::all());
        let printed = search(&Log::new(config), Search::all());
        assert_eq!(exact.states, printed.states);
        assert_eq!((exact.depth, exact.ends), (printed.depth, printed.ends));
    }
}

#[test]
fn instances_that_change_places_are_one_state() {
    let config = Config { messages: &[MESSAGE, EDIT], instances: 3, crashes: 1, ..Config::CALM };
    let exact = search(&Exact(Log::new(config)), Search::all());
    let printed = search(&Log::new(config), Search::all());
    assert!(exact.found.is_none() && printed.found.is_none());
    assert!(printed.states * 3 < exact.states, "{} of {}", printed.states, exact.states);
    assert_eq!(exact.depth, printed.depth);
}

#[test]
fn a_join_with_every_rule_is_sound() {
    let report = search(&Join { one_document: true, cursor_first: true }, Search::all());
    assert!(report.exhausted && report.found.is_none(), "{:?}", report.found);
}

#[test]
fn a_search_can_be_cut_short() {
    let config = Config { messages: &[MESSAGE, EDIT], ..Config::CALM };
    let report = search(&Log::new(config), Search { most: 100, ..Search::all() });
    assert!(!report.exhausted && report.states >= 100);
}

/// Counts to three, and then for ever between one and two or to an end, as asked.
struct Circle {
    escapes: bool,
}

impl Model for Circle {
    type State = u8;
    type Step = u8;
    type Flaw = Flaw;

    fn start(&self) -> u8 {
        0
    }
    fn steps(&self, at: &u8, steps: &mut Vec<u8>) {
        steps.extend(match at {
            0 => vec![1, 3],
            1 => vec![2],
            2 if self.escapes => vec![1, 3],
            2 => vec![1],
            _ => vec![],
        });
    }
    fn take(&self, _: &u8, step: u8) -> u8 {
        step
    }
    fn is_optional(&self, _: u8) -> bool {
        false
    }
    fn fingerprint(&self, at: &u8) -> u64 {
        u64::from(*at) + 1
    }
    fn flaws(&self, _: &u8, _: bool, _: &mut Vec<Flaw>) {}
    fn show(&self, at: &u8) -> String {
        at.to_string()
    }
}

#[test]
fn going_round_in_circles_is_noticed() {
    let how = Search { ends_reachable: Some(Flaw::Stuck), ..Search::all() };
    assert!(search(&Circle { escapes: true }, how).found.is_none());
    let (flaw, trace) = search(&Circle { escapes: false }, how).found.unwrap();
    assert_eq!((flaw, trace.len()), (Flaw::Stuck, 2), "{trace:?}");
}
