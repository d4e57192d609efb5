//! Three instances write to one log at the same time, over a store that loses replies and lands inserts late.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::tests::draft;
use super::*;
use crate::log::entry::Entry;

const WRITERS: usize = 3;
const DRAFTS: u64 = 12;
const IN_ONE_CALL: usize = 4;

/// The log as the database holds it: position and id are unique.
#[derive(Debug, Default)]
struct Store {
    entries: Vec<Entry>,
}

impl Store {
    fn insert(&mut self, entry: &Entry) -> bool {
        let taken = |other: &Entry| other.seq == entry.seq || other.id == entry.id;
        let free = !self.entries.iter().any(taken);
        if free {
            self.entries.push(entry.clone());
        }
        free
    }

    fn head(&self) -> Head {
        self.entries.iter().max_by_key(|entry| entry.seq).map(Head::at).unwrap_or_default()
    }
}

/// An ordered insert on its way: one entry lands with each step.
#[derive(Debug)]
struct Insert {
    entries: VecDeque<Entry>,
    landed: usize,
}

impl Insert {
    /// Lands the next entry. Some: it has ended, in this way.
    fn step(&mut self, store: &mut Store) -> Option<Inserted> {
        let Some(entry) = self.entries.pop_front() else { return Some(Inserted::All) };
        if !store.insert(&entry) {
            self.entries.clear();
            return Some(Inserted::Prefix(self.landed));
        }
        self.landed += 1;
        self.entries.is_empty().then_some(Inserted::All)
    }
}

/// One instance. Two people send through it, in turns; what did not get through is tried again first, and what is not
/// known to be stored is sent again, in order.
#[derive(Debug)]
struct Writer {
    unsent: VecDeque<Draft>,
    sent: Vec<Draft>,
    round: Option<Round>,
    insert: Option<Insert>,
    /// Left behind by a lost reply; may land at any time.
    strays: Vec<Insert>,
    believed: Option<Head>,
    acknowledged: Vec<Entry>,
}

impl Writer {
    fn new(number: u64) -> Self {
        let ids = 0..DRAFTS;
        let own = ids.map(|id| draft(1 + number * DRAFTS + id, 1_000 + number * 2 + id % 2));
        Self {
            unsent: own.collect(),
            sent: Vec::new(),
            round: None,
            insert: None,
            strays: Vec::new(),
            believed: None,
            acknowledged: Vec::new(),
        }
    }

    fn is_done(&self) -> bool {
        self.unsent.is_empty() && self.round.is_none()
    }

    /// Does the next thing. `fault` below 40 loses the reply of an insert, below 20 after which it goes on landing; from
    /// 40 to 50 a look-up fails.
    fn step(&mut self, store: &mut Store, fault: u8) {
        if fault.is_multiple_of(2)
            && let Some(stray) = self.strays.last_mut()
        {
            if stray.step(store).is_some() {
                self.strays.pop();
            }
            return;
        }
        let Some(round) = &mut self.round else { return self.begin(store) };
        if let Some(insert) = &mut self.insert {
            let ended = insert.step(store);
            if fault < 40 {
                let insert = self.insert.take();
                self.strays.extend(insert.filter(|_| fault < 20));
                round.inserted(Inserted::Prefix(0));
            } else if let Some(how) = ended {
                self.insert = None;
                round.inserted(how);
            }
            return;
        }
        if !round.unsure().is_empty() {
            if (40..50).contains(&fault) {
                return round.give_up();
            }
            for at in round.unsure() {
                if let Some(entry) = store.entries.iter().find(|entry| entry.id == self.sent[at].id)
                {
                    round.found(at, self.sent[at].is_stored_as(entry));
                }
            }
            return round.looked_up();
        }
        self.end(store);
    }

    fn begin(&mut self, store: &Store) {
        let count = self.unsent.len().min(IN_ONE_CALL);
        if count == 0 {
            return;
        }
        self.sent = self.unsent.drain(..count).collect();
        let head = self.believed.unwrap_or_else(|| store.head());
        let round = Round::new(self.sent.iter().map(Ask::from).collect(), head);
        let numbered = round.numbered().iter();
        let entries = numbered.map(|(at, place)| self.sent[*at].at(*place)).collect();
        self.insert = Some(Insert { entries, landed: 0 });
        self.round = Some(round);
    }

    fn end(&mut self, store: &Store) {
        let Some(round) = self.round.take() else { return };
        let (fates, believed) = round.finish();
        self.believed = believed;
        let mut again = Vec::new();
        for (draft, fate) in self.sent.drain(..).zip(fates) {
            match fate {
                Fate::Stored(place) => self.acknowledged.push(draft.at(place)),
                Fate::Existing => {
                    let found = store.entries.iter().find(|entry| entry.id == draft.id);
                    self.acknowledged.push(found.unwrap().clone());
                }
                Fate::Raced | Fate::Unknown => again.push(draft),
                Fate::Conflict | Fate::Stale | Fate::Refused => panic!("{fate:?}"),
            }
        }
        for draft in again.into_iter().rev() {
            self.unsent.push_front(draft);
        }
    }
}

fn check(store: &Store, writers: &[Writer]) {
    let mut log = store.entries.clone();
    log.sort_by_key(|entry| entry.seq);
    let written = WRITERS as u64 * DRAFTS;
    let places: Vec<_> = log.iter().map(|entry| (entry.seq, entry.count)).collect();
    assert_eq!(places, (1..=written).map(|seq| (seq, seq)).collect::<Vec<_>>(), "holes or counts");
    for (number, writer) in (0..).zip(writers) {
        assert_eq!(writer.acknowledged.len() as u64, DRAFTS);
        assert!(writer.acknowledged.iter().all(|entry| log.contains(entry)), "answered wrongly");
        for sender in Writer::new(number).unsent.iter().take(2).map(|draft| draft.sender) {
            let own = Writer::new(number).unsent.into_iter().filter(|draft| draft.sender == sender);
            let stored = log.iter().filter(|entry| entry.sender == sender).map(|entry| entry.id);
            assert!(stored.eq(own.map(|draft| draft.id)), "out of order");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn racing_writers_make_one_gapless_log(
        schedule in prop::collection::vec((0..WRITERS, any::<u8>()), 0..600),
    ) {
        let mut store = Store::default();
        let mut writers: Vec<Writer> = (0..WRITERS as u64).map(Writer::new).collect();
        for (writer, fault) in schedule {
            writers[writer].step(&mut store, fault);
        }
        // From here on nothing goes wrong any more, so everything must come to its end.
        for round in 0.. {
            assert!(round < 10_000, "stuck: {writers:?}");
            if writers.iter().all(Writer::is_done) {
                break;
            }
            // Odd: strays land no more before the writer is done; even: they do.
            for writer in &mut writers {
                writer.step(&mut store, 254 + u8::from(round % 2 == 0));
            }
        }
        check(&store, &writers);
    }
}
