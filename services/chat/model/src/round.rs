//! Runs the product's own numbering. What it says depends on nothing but what it is told, so it is asked once for each case.

use std::cell::RefCell;
use std::collections::HashMap;

use kernel::{EntryId, UserId};
use restante_chat::numbering::{self, Ask, Inserted, Round};
use uuid::Uuid;

use crate::config::Config;
use crate::world::{BATCH, Draft, Fate, NONE, Place};

/// How far a round has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Told {
    /// It has just begun.
    Nothing,
    /// The first so many are stored, of the others nothing is known.
    Inserted(u8),
    /// After that it was looked up, and these, as bits, were found.
    LookedUp(u8, u8),
    /// After that nobody could be asked.
    GaveUp(u8),
}

/// What it says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answer {
    /// Of every draft; open ones are to be inserted, or looked up.
    pub fates: [Fate; BATCH],
    /// The places that drafts were given.
    pub places: [Place; BATCH],
    /// What is to be looked up, as bits.
    pub unsure: u8,
    /// The end of the log, if that is certain.
    pub head: Option<Place>,
}

type Case = ([(u8, u8); BATCH], Place, Told);

/// Answers so far.
#[derive(Debug, Default)]
pub struct Rounds(RefCell<HashMap<Case, Answer>>);

impl Rounds {
    /// What the product's numbering makes of these drafts behind this head.
    pub fn run(&self, config: &Config, batch: &[Draft; BATCH], head: Place, told: Told) -> Answer {
        let asks = batch.map(|draft| (draft.message, draft.checked));
        let case = (asks, head, told);
        if let Some(answer) = self.0.borrow().get(&case) {
            return *answer;
        }
        let answer = run(config, case);
        self.0.borrow_mut().insert(case, answer);
        answer
    }
}

fn run(config: &Config, (asks, head, told): Case) -> Answer {
    let there = asks.iter().filter(|(message, _)| *message != NONE);
    let asks: Vec<Ask> = there.map(|(message, checked)| ask(config, *message, *checked)).collect();
    let mut round = Round::new(asks, head.head());
    let mut answer = Answer::default();
    for (at, place) in round.numbered() {
        answer.places[*at] = Place::of(*place);
    }
    let numbered: Vec<usize> = round.numbered().iter().map(|(at, _)| *at).collect();
    match told {
        Told::Nothing => {}
        Told::Inserted(stored) => insert(&mut round, stored),
        Told::LookedUp(stored, found) => {
            insert(&mut round, stored);
            for at in round.unsure() {
                if found >> at & 1 == 1 {
                    round.found(at, true);
                }
            }
            round.looked_up();
        }
        Told::GaveUp(stored) => {
            insert(&mut round, stored);
            round.give_up();
        }
    }
    answer.unsure = round.unsure().iter().map(|at| 1 << at).sum();
    match told {
        // Only what got no place has its fate already.
        Told::Nothing => round.inserted(Inserted::All),
        Told::Inserted(_) if answer.unsure != 0 => return answer,
        _ => {}
    }
    let (fates, head) = round.finish();
    for (at, fate) in fates.into_iter().enumerate() {
        let open = told == Told::Nothing && numbered.contains(&at);
        answer.fates[at] = if open { Fate::Open } else { small(fate) };
    }
    answer.head = head.map(Place::of);
    answer
}

fn insert(round: &mut Round, stored: u8) {
    let stored = usize::from(stored);
    round.inserted(if stored >= round.numbered().len() {
        Inserted::All
    } else {
        Inserted::Prefix(stored)
    });
}

fn small(fate: numbering::Fate) -> Fate {
    match fate {
        numbering::Fate::Stored(_) => Fate::Stored,
        numbering::Fate::Existing => Fate::Existing,
        numbering::Fate::Raced => Fate::Raced,
        numbering::Fate::Stale => Fate::Stale,
        numbering::Fate::Conflict => Fate::Done,
        numbering::Fate::Refused | numbering::Fate::Unknown => Fate::Failed,
    }
}

fn ask(config: &Config, message: u8, checked: u8) -> Ask {
    let what = config.message(message);
    let uuid = |number: u8| Uuid::from_u128(number.into());
    let checked = if checked == NONE { u64::MAX } else { checked.into() };
    Ask {
        id: EntryId::from_uuid(uuid(message)),
        kind: what.kind,
        sender: UserId::from_uuid(uuid(what.sender)),
        checked,
    }
}
